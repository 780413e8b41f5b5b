/** What is remembered between calls, behind one interface: in memory, in files, later elsewhere. The only thing that grants a claim. */
import type { ChainLink, ChangeEffect } from '../operation.ts';
import type { Locks } from '../lib/mutex.ts';
import type { Secret } from '../lib/secret.ts';
import type { Limits, Requirements } from '../policy/policy.ts';

/** What a person is shown on the page, ready to be printed: every word of others is cleaned and quoted already. */
export interface Shown {
  /** Which Kratos. */
  readonly environment: string;
  readonly tool: string;
  readonly title: string;
  readonly requester: string;
  /** Self-reported. */
  readonly client: string;
  readonly effects: readonly string[];
  /** Whom it concerns, a line each. */
  readonly concerns: readonly string[];
  readonly says: readonly string[];
  readonly irreversible?: string;
  /** Why a person is asked, and by which rule. */
  readonly why: string;
  readonly rule: string;
  /** A pattern that made this call stricter than its rule, in a sentence. */
  readonly pattern?: string;
  /** Value by value: path and values as JSON text; undefined: not there. */
  readonly differences: readonly { readonly path: string; readonly before?: string; readonly after?: string }[];
  /** The requests that a yes sends; secrets in a body are replaced by a word. */
  readonly requests: readonly { readonly method: string; readonly path: string; readonly body?: string }[];
}

export interface Decided {
  /** An approver's id; `form` for the client's form, `phrase` for a phrase typed on the page. */
  readonly by: string;
  /** How people know them. */
  readonly name: string;
  readonly method: 'passkey' | 'totp' | 'phrase' | 'form' | 'oidc';
  readonly at: number;
  readonly reason?: string;
  readonly ticket?: string;
}

/**
 * waiting → approved → claimed → done; before the claim also declined, expired, void (cancelled, stale, frozen, superseded).
 * Only approved → claimed permits a write.
 */
export type PlanState = 'waiting' | 'approved' | 'claimed' | 'done' | 'declined' | 'expired' | 'void';

export interface NewPlan {
  readonly digest: string;
  readonly request: string;
  readonly principal: string;
  /** Which person the principal is, where that is known: `Caller.person`. */
  readonly person?: string;
  readonly client: string;
  /** Which Kratos it is about, where several servers share a state folder. */
  readonly kratos?: string;
  readonly tool: string;
  readonly effects: readonly ChangeEffect[];
  /** Ids of the identities concerned. */
  readonly targets: readonly string[];
  /** The path parameters of its first call: all that is left to read by after a crash. */
  readonly ids: Readonly<Record<string, string>>;
  readonly channel: 'form' | 'page' | 'none';
  readonly kind: 'allow' | 'confirm' | 'approve';
  /** Different approvers that must say yes. 0: the typed phrase alone (a form; the page only where policy says so). */
  readonly approvals: 0 | 1 | 2;
  readonly others: boolean;
  /**
   * How many hours after enrolment an approver counts for this one, by the policy that asked: a page of another process, whose policy may
   * be another one, can only raise it. Left out: 0.
   */
  readonly waitHours?: number;
  readonly phrase: string;
  readonly requires: Requirements;
  /** Of the policy that asked, and of what people are shown: for the records of the page. */
  readonly policyHash?: string;
  readonly renderHash?: string;
  /** Undefined for a form and for an allowed change: nothing is kept that a person reads. */
  readonly shown?: Shown;
  /** Milliseconds that the question stands. */
  readonly lifetimeMs: number;
}

export interface PlanRecord extends NewPlan {
  /** 128 bits, base64url: a name, no authority. */
  readonly id: string;
  /** Four characters that the person finds in the tool's answer. */
  readonly code: string;
  /** Milliseconds since 1970, by the store's clock. */
  readonly created: number;
  readonly expires: number;
  readonly state: PlanState;
  readonly decided: readonly Decided[];
  /** How it ended, where it has: `executed`, `failed`, `unknown`, `stale`, `declined`, … */
  readonly outcome?: string;
  readonly endedAt?: number;
  /** Who carries it out. */
  readonly owner?: { readonly pid: number; readonly instance: string };
}

export type Asked =
  | { readonly kind: 'plan'; readonly plan: PlanRecord; readonly fresh: boolean }
  /** The same call waits or was approved with other contents: that plan is ended. */
  | { readonly kind: 'stale' }
  | { readonly kind: 'crowded'; readonly limit: number }
  /** Asking is limited itself, and that limit is reached. */
  | { readonly kind: 'over'; readonly spent: NoRoom };

/** `more`: taken, and another approver is needed. `over`: no such plan waits. `same`: this approver has said yes already. */
export type Taken = 'approved' | 'more' | 'over' | 'same';

export interface Plans {
  /** The unfinished plan of this principal with this digest and channel, or a new one; `asking` is counted with it: on the page once for a plan, by form each time. */
  ask(plan: NewPlan, limits: Pick<Limits, 'waiting' | 'waitingInAll'>, asking?: Spending): Promise<Asked>;
  /** Also an ended one, while it is kept; its expiry has been looked at. */
  find(id: string): Promise<PlanRecord | undefined>;
  /** Newest first: what waits, and what ended within a week. */
  list(): Promise<readonly PlanRecord[]>;
  answer(id: string, decided: Decided): Promise<Taken>;
  /**
   * approved → claimed, once: true for exactly one caller, for an equal digest and principal, before it expires, and where there is room
   * for all `spendings`, which are counted with it. Durable when it resolves.
   */
  claim(id: string, match: { readonly digest: string; readonly principal: string }, spendings?: readonly Spending[]): Promise<boolean>;
  /** An allowed change: claimed from the start, so that a crash leaves a trace. Durable when it resolves. */
  begin(plan: NewPlan): Promise<PlanRecord>;
  /** claimed → done. An allowed change is forgotten with that. Where it can't be kept, this process tries again with each look for orphans. */
  finish(id: string, outcome: string): Promise<void>;
  /** Before the claim only: nobody can answer it any more. */
  end(id: string, state: 'declined' | 'expired' | 'void', outcome: string): Promise<void>;
  /** Claimed, without outcome, by a process that is gone. */
  orphans(): Promise<readonly PlanRecord[]>;
  /** Whether another process has claimed this very call and has not said how it ended: it is at it, or has died over it. */
  isUnderWay(request: string): Promise<boolean>;
  /** Keeps the same call from being asked about for a while, and ends what was asked about it already. */
  coolDown(request: string, minutes: number): Promise<void>;
  /** Counts a wrong phrase for the same call; the third cools it down. */
  wrongPhrase(request: string, minutes: number): Promise<void>;
  /** Milliseconds until the same call may be asked about again; 0: now. */
  coolingMs(request: string): Promise<number>;
}

export type Budget = 'asked' | 'destructive' | 'takeover' | 'recovery' | 'allowed' | 'mass';
export interface Spending {
  readonly budget: Budget;
  /** Whose: a principal, or a target's id where the budget is per target. */
  readonly of: string;
  readonly items: number;
  readonly limit: number;
  readonly windowMs: number;
}
export type Spent = { readonly ok: true; readonly left: number } | NoRoom;
/** Nothing of any was counted. `freesAt`: milliseconds since 1970. */
export interface NoRoom {
  readonly ok: false;
  readonly budget: Budget;
  readonly limit: number;
  readonly freesAt: number;
}

/** Sliding windows and the short history of targets. */
export interface Counters {
  /** All of them or none, at once. */
  spend(spendings: readonly Spending[]): Promise<Spent>;
  /** Without counting. */
  used(budget: Budget, of: string, windowMs: number): Promise<number>;
  /** A failed call gives its budget back. */
  refund(spendings: readonly Spending[]): Promise<void>;
  /** A refusal on the page; true where it is the one that locks the principal's changes. */
  declined(principal: string, limit: number): Promise<boolean>;
  /** Since when the principal's changes are locked, until an approver unlocks them. */
  lockedSince(principal: string): Promise<number | undefined>;
  lock(principal: string): Promise<void>;
  unlock(principal: string): Promise<void>;
  locked(): Promise<readonly { readonly principal: string; readonly since: number }[]>;
  /** What was done to a target. */
  remember(target: string, link: ChainLink): Promise<void>;
  remembered(target: string, windowMs: number): Promise<readonly { readonly link: ChainLink; readonly at: number }[]>;
}

export interface Freeze {
  /** Milliseconds since 1970; left out: nobody knows. */
  readonly since?: number;
  /** What was given as the reason, a line for each time; may be empty, and may hold anything. */
  readonly why: string;
}

export interface Store {
  readonly plans: Plans;
  readonly counters: Counters;
  /** By identity: writes to one go one after another, whoever shares the store. */
  readonly locks: Locks;
  /** All changes are off, whoever asks; looked at right before a claim. */
  isFrozen(): Promise<boolean>;
  /** Undefined: nothing is frozen. */
  whyFrozen(): Promise<Freeze | undefined>;
  freeze(why: string): Promise<void>;
  thaw(): Promise<void>;
  close(): Promise<void>;
}

/** A person who may answer on the page. */
export interface Approver {
  readonly id: string;
  readonly name: string;
  readonly method: 'passkey' | 'totp';
  /** Milliseconds since 1970. */
  readonly enrolledAt: number;
  /** The approver who let them in; undefined for the first. */
  readonly enrolledBy: string | undefined;
  readonly passkey?: { readonly id: string; readonly publicKey: string; readonly counter: number; readonly transports?: readonly string[] };
  /** Base32. */
  readonly totp?: { readonly secret: string };
}

export interface Approvers {
  /** Read afresh each time, so that an enrolment takes effect at once. Throws where the file's seal does not fit. */
  list(): Promise<readonly Approver[]>;
  /** Also those of removed ones, newest first: every page shows the last week's. */
  enrolments(): Promise<readonly { readonly name: string; readonly method: string; readonly at: number; readonly removedAt?: number }[]>;
  add(approver: Approver): Promise<void>;
  remove(id: string): Promise<boolean>;
  /** After a passkey was used. */
  counted(id: string, counter: number): Promise<void>;
  /** The code was right: true once per approver and 30-second step, and not while too many failed; true ends the try. */
  useCode(id: string, step: number): Promise<boolean>;
  /** Begins a try, right before a code is looked at: false while too many failed (5 in 15 minutes, 20 in a day), those under way included. */
  mayTry(id: string): Promise<boolean>;
  /** The code was wrong, which ends the try and counts. */
  failed(id: string): Promise<void>;
}

/**
 * Short-lived values by name, for this process or, where replicas share a store, for all of them; there they are sealed under the state
 * key. Everything throws where the store can't be had.
 */
export interface Kept {
  /** False where there is one by that name already, or no room: then nothing was kept. */
  put(name: string, value: string, lifetimeMs: number): Promise<boolean>;
  get(name: string): Promise<string | undefined>;
  /** Once: of several that take at the same time, one gets it. */
  take(name: string): Promise<string | undefined>;
}

export interface WaitingReveal {
  readonly values: Readonly<Record<string, Secret>>;
  /** Whose account it is for, ready to be printed: with two that wait, the wrong customer must not get one. */
  readonly about: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

/** Recovery codes and links that wait for the person who approved them. */
export interface Reveals {
  keep(plan: string, secret: WaitingReveal): Promise<void>;
  /** Undefined: there is none, it expired, or it was revealed. */
  waiting(plan: string): Promise<Omit<WaitingReveal, 'values'> | undefined>;
  /** Once. */
  take(plan: string): Promise<Readonly<Record<string, Secret>> | undefined>;
}

/** Outcomes whose caller had gone by the time they were known: the same call made again gets its outcome once, instead of a second execution. */
export interface Uncollected<Answer> {
  keep(request: string, answer: Answer): Promise<void>;
  take(request: string): Promise<Answer | undefined>;
}
