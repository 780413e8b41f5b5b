/** How an asking goes and ends: the words that both channels share. */
import type { InputRequiredResult } from '@modelcontextprotocol/server';
import type { Level } from '../assurance.ts';
import type { ApproverPolicy, Limits } from '../policy/policy.ts';
import type { Approver, NewPlan, PlanRecord, Store } from '../store/types.ts';
import type { Asker } from './ask.ts';
import type { Question } from './question.ts';
import type { Sealer } from './seal.ts';

export type Refused = 'declined' | 'expired' | 'stale' | 'denied' | 'pending';
export type Settled =
  | { readonly kind: 'approved'; readonly plan: PlanRecord; readonly fresh: boolean }
  | { readonly kind: 'ask'; readonly plan: PlanRecord; readonly result: InputRequiredResult }
  | {
      readonly kind: 'refused';
      readonly outcome: Refused;
      readonly text: string;
      readonly plan?: PlanRecord;
      readonly byClient?: true;
      readonly code?: string;
    };

export interface Asking {
  readonly asker: Asker;
  readonly plan: Omit<NewPlan, 'channel' | 'lifetimeMs'>;
  readonly question: Question;
  /** The form is no way to answer this call, whatever the client can. */
  readonly pageOnly: boolean;
  /** Ends with the client's request. */
  readonly signal: AbortSignal;
}

export interface SettlePorts {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly page: PageChannel;
  /** Of the policy in force. */
  readonly limits: Limits;
  readonly approvers: ApproverPolicy;
  /** How long a form stays open. */
  readonly formMs: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export const refused = (outcome: Refused, text: string, more: { plan?: PlanRecord; byClient?: true; code?: string } = {}): Settled => ({
  kind: 'refused',
  outcome,
  text,
  ...more,
});

/** Below the 60 seconds after which clients, and proxies before a server, give a call up. */
export const PAGE_WAIT_MS = 40_000;

export interface PageChannel {
  /** The address of a plan; opens the page when first called. Throws an error with a text for the agent where no page can be had. */
  readonly addressOf: (plan: string) => Promise<string>;
  readonly approvers: () => Promise<readonly Approver[]>;
  /** Approvers sign in with an identity provider, and count as the policy says; then nobody is enrolled. */
  readonly signIn?: boolean;
  /** A part of a server that tells requesters apart; on stdio it can't. */
  readonly isMounted?: boolean;
  /** Hears of each fresh question on the page, and holds nothing up. */
  readonly asked?: (plan: PlanRecord, address: string) => void;
  readonly level: Level;
  /** The exact command of this installation that enrols an approver. */
  readonly enrol: string;
  /** How long a call waits for the person before it answers `pending`: below the clients' own time-outs. */
  readonly waitMs: number;
}

export const coolingText = (minutes: number): string =>
  `A person has said no to this very call; it is not asked again for ${minutes} more minutes.`;
