/** What time alone does to a state. Every look at it begins here, so that what has once been seen as expired stays so. Pure. */
import { deepFreeze } from '../lib/freeze.ts';
import type { State } from './state.ts';
import type { PlanRecord } from './types.ts';

const MINUTE_MS = 60_000;
const WEEK_MS = 7 * 24 * 60 * MINUTE_MS;
/** How far a clock may be set back without a question becoming one of the future, which nobody can tell the age of. */
const STEP_BACK_MS = MINUTE_MS;
/** Longer than needed, so that a clock that was set forward and back has not made us forget. */
export const SLACK_MS = 15 * MINUTE_MS;
/** More nobody looks at on a page, and the ledger has them all; each is written again with every change of the state. */
export const MAX_ENDED = 60;
export const HISTORY_MS = WEEK_MS;

export const isOpen = ({ state }: PlanRecord): boolean => state === 'waiting' || state === 'approved';
export const hasEnded = (plan: PlanRecord): boolean => !isOpen(plan) && plan.state !== 'claimed';

/** True where a plan expired: then the state must be kept, not only looked at. */
export function sweep(state: State, now: number): boolean {
  let expired = false;
  for (const plan of state.plans.values()) {
    if (!isOpen(plan) || !isOver(plan, now)) continue;
    state.plans.set(plan.id, ended(plan, { state: 'expired', outcome: 'expired', now }));
    expired = true;
  }
  forgetEnded(state, now);
  prune(state, now);
  return expired;
}

/** `shown`, the phrase and the path parameters end with it. */
export function ended(
  { shown: _shown, phrase: _phrase, ids: _ids, ...rest }: PlanRecord,
  { state, outcome, now }: { readonly state: PlanRecord['state']; readonly outcome: string; readonly now: number },
): PlanRecord {
  return deepFreeze({ ...rest, phrase: '', ids: {}, state, outcome, endedAt: now });
}

function isOver({ created, expires, decided }: PlanRecord, now: number): boolean {
  const latest = Math.max(created, ...decided.map((it) => it.at));
  return !(now < expires && now > latest - STEP_BACK_MS);
}

function forgetEnded(state: State, now: number): void {
  const over = [...state.plans.values()].filter(hasEnded).sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0));
  for (const [index, { id, endedAt = 0 }] of over.entries()) {
    if (index >= MAX_ENDED || endedAt <= now - WEEK_MS) state.plans.delete(id);
  }
}

function prune(state: State, now: number): void {
  const gone = now - SLACK_MS;
  for (const [request, until] of state.cooling) if (until <= gone) state.cooling.delete(request);
  for (const [request, { until }] of state.wrong) if (until <= gone) state.wrong.delete(request);
  keepEntries(state.spent, (it) => it.until > gone);
  keepEntries(state.declines, (at) => at > gone - 60 * MINUTE_MS);
  keepEntries(state.history, (it) => it.at > gone - HISTORY_MS);
}

function keepEntries<T>(table: Map<string, readonly T[]>, keep: (entry: T) => boolean): void {
  for (const [key, entries] of table) {
    if (entries.every(keep)) continue;
    const left = entries.filter(keep);
    if (left.length > 0) table.set(key, left);
    else table.delete(key);
  }
}
