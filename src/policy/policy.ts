/** A policy as it is judged by: a preset alone, or a file that adds rules to one. Plain data; `file.ts` reads it, `judge.ts` applies it. */
import type { ChangeEffect, RecoverySettings, Subject } from '../operation.ts';
import type { PresetName } from './presets.ts';

export type Verdict = 'allow' | 'confirm' | 'approve' | 'deny';

/** What a rule looks for; a condition that is left out holds for every call. */
export interface Conditions {
  /** Tool names, globs (`delete_*`). */
  readonly tools?: readonly string[];
  readonly effects?: readonly ('read' | ChangeEffect)[];
  readonly target?: TargetConditions;
  readonly count?: { readonly over: number };
  /** Globs over the principal, for example `os:1000:*`; instead of claims. */
  readonly principals?: readonly string[];
  /** Dotted path of a claim of the caller's token → globs for its value (of a list: for any of its members). All of it must hold. */
  readonly claims?: readonly ClaimCondition[];
  /** Globs over the client's own name and version: self-reported, so such a rule may only raise. */
  readonly clients?: readonly string[];
  readonly time?: TimeWindow;
}

export interface ClaimCondition {
  readonly path: readonly string[];
  readonly globs: readonly string[];
}

export interface TargetConditions {
  readonly id?: readonly string[];
  readonly state?: readonly string[];
  readonly schema_id?: readonly string[];
  readonly organization_id?: readonly string[];
  readonly verified?: boolean;
  /** A dotted path below traits, metadata_public or metadata_admin, and globs for its value: `traits.email: ['*@example.com']`. */
  readonly values?: readonly { readonly path: readonly string[]; readonly globs: readonly string[] }[];
  /** Globs over the dotted paths of what the call changes; a rule on them is about those differences alone. */
  readonly changes?: readonly string[];
}

/** `from` and `to` in minutes since midnight; over midnight where `to` is smaller. Days: 0 is Sunday. In `zone` (an IANA name). */
export interface TimeWindow {
  readonly days?: readonly number[];
  readonly from: number;
  readonly to: number;
  readonly zone: string;
}

/** What the person enters with the yes, not the model. */
export interface Requirements {
  readonly reason: boolean;
  /** A regular expression that the ticket's number matches as a whole. Undefined: none is asked for. */
  readonly ticket: string | undefined;
}

export interface Rule {
  /** As people find it in the file: its name, else `rule 3`. */
  readonly name: string;
  /** Where it stands; 1 is the first line. */
  readonly line: number;
  readonly when: Conditions;
  readonly verdict: Verdict;
  /** With `approve`: how many different approvers. */
  readonly approvals: 1 | 2;
  readonly requires: Requirements;
  /** With `approve`: not the requester. On stdio the two can't be told apart; over HTTP both are known. */
  readonly others: boolean;
  readonly confirmBy: 'form' | 'page' | undefined;
}

/** Per principal and hour where nothing else is said; 0 refuses all. SECURITY: counted at the claim and by items. */
export interface Limits {
  readonly asked: number;
  readonly waiting: number;
  readonly waitingInAll: number;
  readonly destructive: number;
  readonly takeover: number;
  /** Per target, in 24 hours. */
  readonly recoveryPerTarget: number;
  /** Changes that nobody is asked about, in 10 minutes: above it, one is asked about. */
  readonly allowedIn10Min: number;
  readonly batchItems: number;
  /** Share of all identities (0–1) that batches may touch in a day before two approvers are needed; not looked at below `massAtLeast` items. */
  readonly massShare: number;
  readonly massAtLeast: number;
  /** Refusals on the page within an hour that lock the changes of a principal. */
  readonly declines: number;
  /** Minutes that a declined call is not asked about again. */
  readonly coolDownMinutes: number;
  /** Identities shown. */
  readonly identitiesRead: number;
  /** Hours within which a change of contact data and a recovery of the same account count as one pattern. */
  readonly chainHours: number;
}

export interface ApproverPolicy {
  /** Hours after enrolment from which an approver counts for `approve`. Not looked at from level L1 up. */
  readonly waitHours: number;
  /** Whether a typed phrase without any approver may answer a confirm-class call on the page. */
  readonly phrase: boolean;
  /** Minutes that a question on the page stands. */
  readonly pageMinutes: number;
  /** Over HTTP: whose sign-in with the identity provider makes them an approver, by claims; any of these suffices. Empty: nobody's. */
  readonly who: readonly (readonly ClaimCondition[])[];
}

export interface Policy {
  /** `preset "standard"`, or the file's path. */
  readonly name: string;
  /** SHA-256 over the policy's content, hexadecimal: in every record of a call. */
  readonly hash: string;
  readonly preset: PresetName;
  readonly rules: readonly Rule[];
  /** Accounts that no call may change. Each with the name that people find it by. */
  readonly protected: readonly { readonly name: string; readonly line: number; readonly target: TargetConditions }[];
  readonly confirmBy: 'form' | 'page';
  readonly limits: Limits;
  /** Dotted paths that are dropped from every result. */
  readonly hide: readonly (readonly string[])[];
  /** Undefined: the setting decides. */
  readonly recovery: RecoverySettings | undefined;
  readonly approvers: ApproverPolicy;
}

/** One call as it is judged. */
export interface Judged {
  readonly tool: string;
  readonly effects: readonly ChangeEffect[];
  /** All that the operation can be; an effect beyond them is denied. */
  readonly listed: readonly ChangeEffect[];
  readonly subjects: readonly Subject[];
  readonly differences: readonly { readonly path: readonly string[]; readonly effect: ChangeEffect }[];
  readonly count: number;
  readonly principal: string;
  /** Of the caller's token; none on stdio. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly client: string;
  readonly at: Date;
}

export interface Decision {
  readonly kind: Verdict;
  /** How many approvers: 0 where `kind` is below `approve`. */
  readonly approvals: 0 | 1 | 2;
  /** What decided: `standard/takeover`, `policy.yaml:14 (help desk)`, `protected/…`; sealed into the plan. */
  readonly rule: string;
  /** The same for people, a sentence or two. */
  readonly because: string;
  readonly requires: Requirements;
  readonly others: boolean;
  readonly confirmBy: 'form' | 'page';
}

/** A rule that was looked at and did not apply, and why; for `policy explain`. */
export interface PassedOver {
  readonly rule: string;
  readonly why: string;
}
