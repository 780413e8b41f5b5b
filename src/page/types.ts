/** What the approvals page stands on, and what it is to the rest of the program. */
import type { Level } from '../assurance.ts';
import type { Ledger } from '../audit/record.ts';
import type { ApproverPolicy, Limits } from '../policy/policy.ts';
import type { Approvers, Kept, Reveals, Store } from '../store/types.ts';

export interface PagePorts {
  /** 0: any free one. */
  readonly port: number;
  readonly store: Store;
  readonly approvers: Approvers;
  readonly kept: Kept;
  readonly reveals: Reveals;
  readonly ledger: Ledger;
  /** Which Kratos, for people. */
  readonly environment: string;
  readonly level: Level;
  readonly policy: () => { readonly approvers: ApproverPolicy; readonly limits: Limits };
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Left out: looked for in the file system. */
  readonly inContainer?: () => boolean;
  /** Hears that an answer failed by a fault of ours; its text may hold what no log may. */
  readonly failed?: () => void;
}

export interface Page {
  /** Opens the page when first called: the address of a plan on it. Throws `PageUnavailable`. */
  readonly addressOf: (plan: string) => Promise<string>;
  readonly close: () => Promise<void>;
}

/** The agent and the person read it: no page can be opened here, and what to do about it. */
export class PageUnavailable extends Error {
  override readonly name = 'PageUnavailable';
}
