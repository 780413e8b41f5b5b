/** All that the store remembers, as one document. Its rules are in `plans.ts` and `counters.ts`, pure; where it is kept, in a `Backing`. */
import type { ChainLink } from '../operation.ts';
import type { Freeze, PlanRecord } from './types.ts';

/** Tables whose values are replaced, never changed in place. Times in milliseconds since 1970. */
export interface State {
  readonly plans: Map<string, PlanRecord>;
  /** Until when a call is not asked about, by its request digest. */
  readonly cooling: Map<string, number>;
  readonly wrong: Map<string, { readonly count: number; readonly until: number }>;
  /** By budget and whose it is, oldest first. */
  readonly spent: Map<string, readonly SpentEntry[]>;
  /** When a principal's questions were refused on the page. */
  readonly declines: Map<string, readonly number[]>;
  readonly locks: Map<string, number>;
  readonly history: Map<string, readonly HistoryEntry[]>;
}
export interface SpentEntry {
  readonly at: number;
  readonly items: number;
  /** When it may be forgotten. */
  readonly until: number;
}
export interface HistoryEntry {
  readonly link: ChainLink;
  readonly at: number;
}

/** The caller reads it: what was remembered is gone or can't be read or written while we run, so nothing may be done. */
export class StateLost extends Error {
  override readonly name = 'StateLost';
}

export type Owner = NonNullable<PlanRecord['owner']>;

/** A copy, to look at. */
export interface Seen {
  readonly state: State;
  /** Milliseconds since 1970, by the clock that all who share the state go by. */
  readonly now: number;
}

/** True once per plan, for ever, whatever becomes of the state; kept with the change within which it is called, or not at all. */
export type Burn = (plan: string) => boolean;

/** Where a state is kept, and how two don't change it at the same time. All of it throws where that can't be done: nothing may be done then. */
export interface Backing {
  read(): Promise<Seen>;
  /**
   * One after another, over all processes. Nothing is kept where `change` throws. It may be called again, over a newer state, where others
   * were faster. Durable: what it did outlives a power cut, or the loss of the machine that keeps it, as far as there is another one.
   */
  update<T>(change: (state: State, now: number, burn: Burn) => T, options?: { readonly durable?: boolean }): Promise<T>;
  readonly freeze: {
    is(): boolean | Promise<boolean>;
    why(): Freeze | undefined | Promise<Freeze | undefined>;
    set(why: string): void | Promise<void>;
    clear(): void | Promise<void>;
  };
  /** Whether one that claimed plans runs no more. Left out: it ran on this machine, and its process id says so. */
  isGone?(owner: Owner): Promise<boolean>;
  close?(): Promise<void>;
}

export const emptyState = (): State => ({
  plans: new Map(),
  cooling: new Map(),
  wrong: new Map(),
  spent: new Map(),
  declines: new Map(),
  locks: new Map(),
  history: new Map(),
});

export const copyOf = (state: State): State => ({
  plans: new Map(state.plans),
  cooling: new Map(state.cooling),
  wrong: new Map(state.wrong),
  spent: new Map(state.spent),
  declines: new Map(state.declines),
  locks: new Map(state.locks),
  history: new Map(state.history),
});
