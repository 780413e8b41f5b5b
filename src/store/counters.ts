/** Sliding windows by items, refusals, locks and the short history of targets, over a state. Pure: the state is the only thing changed. */
import type { ChainLink } from '../operation.ts';
import type { HistoryEntry, SpentEntry, State } from './state.ts';
import type { Budget, Spending, Spent } from './types.ts';

const DECLINES_MS = 60 * 60_000;
/** Of one target and kind; the newest stay, so that many of one kind can't push out the other. */
const MAX_LINKS = 20;

const keyOf = (budget: Budget, of: string): string => `${budget} ${of}`;
const sum = (entries: readonly SpentEntry[]): number => entries.reduce((total, it) => total + it.items, 0);
/** Entries of the future (the clock was set back) count. */
const within = <T extends { readonly at: number }>(entries: readonly T[], windowMs: number, now: number): readonly T[] =>
  entries.filter((it) => it.at > now - windowMs);

export function spend(state: State, spendings: readonly Spending[], now: number): Spent {
  const draft = new Map<string, readonly SpentEntry[]>();
  let left = Number.MAX_SAFE_INTEGER;
  for (const { budget, of, items, limit, windowMs } of spendings) {
    if (!Number.isSafeInteger(items) || items < 0) throw new RangeError('a budget is spent by whole items');
    const key = keyOf(budget, of);
    const entries = draft.get(key) ?? state.spent.get(key) ?? [];
    const counted = within(entries, windowMs, now);
    const after = sum(counted) + items;
    if (!(after <= limit)) return { ok: false, budget, limit, freesAt: freesAt(counted, { room: limit - items, windowMs, now }) };
    left = Math.min(left, limit - after);
    draft.set(key, items === 0 ? entries : [...entries, { at: now, items, until: now + windowMs }]);
  }
  for (const [key, entries] of draft) if (entries.length > 0) state.spent.set(key, entries);
  return { ok: true, left };
}

/** When so much has left the window that what remains is at most `room`; where that never is, when a whole window has passed. */
function freesAt(
  counted: readonly SpentEntry[],
  { room, windowMs, now }: { readonly room: number; readonly windowMs: number; readonly now: number },
): number {
  if (!(room >= 0)) return now + windowMs;
  const oldestFirst = [...counted].sort((a, b) => a.at - b.at);
  let total = sum(counted);
  for (const { at, items } of oldestFirst) {
    total -= items;
    if (total <= room) return at + windowMs;
  }
  return now + windowMs;
}

export const used = (
  state: State,
  { budget, of, windowMs, now }: { readonly budget: Budget; readonly of: string; readonly windowMs: number; readonly now: number },
): number => sum(within(state.spent.get(keyOf(budget, of)) ?? [], windowMs, now));

/** Takes back from the newest on, and no more than is there. */
export function refund(state: State, spendings: readonly Spending[]): void {
  for (const { budget, of, items } of spendings) {
    const key = keyOf(budget, of);
    const left: SpentEntry[] = [];
    let back = items;
    for (const entry of [...(state.spent.get(key) ?? [])].reverse()) {
      const taken = Math.min(entry.items, Math.max(0, back));
      back -= taken;
      if (entry.items > taken) left.unshift({ ...entry, items: entry.items - taken });
    }
    if (left.length > 0) state.spent.set(key, left);
    else state.spent.delete(key);
  }
}

export function declined(state: State, principal: string, { limit, now }: { readonly limit: number; readonly now: number }): boolean {
  const all = [...(state.declines.get(principal) ?? []), now];
  state.declines.set(principal, all);
  const recent = all.filter((at) => at > now - DECLINES_MS).length;
  if (recent < limit || state.locks.has(principal)) return false;
  lock(state, principal, now);
  return true;
}

export function lock(state: State, principal: string, now: number): void {
  if (!state.locks.has(principal)) state.locks.set(principal, now);
}

/** Also forgets the refusals that led to it: the next one must not lock again. */
export function unlock(state: State, principal: string): void {
  state.locks.delete(principal);
  state.declines.delete(principal);
}

export const locked = (state: State): readonly { readonly principal: string; readonly since: number }[] =>
  [...state.locks].map(([principal, since]) => ({ principal, since })).sort((a, b) => b.since - a.since);

export function remember(state: State, target: string, { link, now }: { readonly link: ChainLink; readonly now: number }): void {
  const known = state.history.get(target) ?? [];
  const alike = known.filter((it) => it.link === link).slice(1 - MAX_LINKS);
  state.history.set(target, [...known.filter((it) => it.link !== link), ...alike, { link, at: now }]);
}

export const remembered = (
  state: State,
  target: string,
  { windowMs, now }: { readonly windowMs: number; readonly now: number },
): readonly HistoryEntry[] => within(state.history.get(target) ?? [], windowMs, now);
