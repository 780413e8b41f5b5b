/** All that the store remembers, as one document. Its rules are in `plans.ts` and `counters.ts`, pure; where it is kept, in a `Backing`. */
import type { ChainLink } from '../operation.ts';
import type { PlanRecord } from './types.ts';

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

/** Where a state is kept, and how two don't change it at the same time. All of it throws where that can't be done: nothing may be done then. */
export interface Backing {
  /** What it is now; a copy, to look at. */
  read(): Promise<State>;
  /** One after another, over all processes. Nothing is kept where `change` throws. Durable: what it did outlives a power cut. */
  update<T>(change: (state: State) => T, options?: { readonly durable?: boolean }): Promise<T>;
  /** True once per plan, for ever, whatever becomes of the state. Within `update` only. */
  burn(plan: string): boolean;
  readonly freeze: { is(): boolean; set(why: string): void; clear(): void };
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
