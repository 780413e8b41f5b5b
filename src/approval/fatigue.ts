/** Whether people still read what they agree to: almost everything approved, or approved faster than anybody reads. */
import type { PlanRecord } from '../store/types.ts';

export interface FatigueWatch {
  /** What the operator should know, at most once an hour for a principal; undefined where nothing stands out. */
  readonly look: (plans: readonly PlanRecord[], principal: string) => string | undefined;
}

const LAST = 50;
const MOST_APPROVED = 0.98;
const READING_MS = 2_000;
const HOUR_MS = 3_600_000;

export function createFatigueWatch(now: () => number): FatigueWatch {
  const told = new Map<string, number>();
  return {
    look(plans, principal) {
      const text = fatigueIn(plans.filter((it) => it.principal === principal));
      if (text === undefined || (told.get(principal) ?? 0) > now() - HOUR_MS) return undefined;
      told.set(principal, now());
      return text;
    },
  };
}

/** Of the last decisions of one principal, newest first. */
export function fatigueIn(plans: readonly PlanRecord[]): string | undefined {
  const decided = plans.filter((it) => it.channel !== 'none' && (it.decided.length > 0 || it.state === 'declined')).slice(0, LAST);
  if (decided.length < LAST) return undefined;
  const approved = decided.filter((it) => it.state !== 'declined' && it.decided.length > 0);
  const times = approved.map((it) => (it.decided.at(-1)?.at ?? it.created) - it.created).sort((a, b) => a - b);
  const median = times[Math.floor(times.length / 2)] ?? Infinity;
  if (median < READING_MS)
    return `Half of the last ${LAST} questions were answered with a yes in less than 2 seconds: nobody reads them in that time.`;
  if (approved.length > LAST * MOST_APPROVED)
    return `More than 98 % of the last ${LAST} questions were answered with a yes: are they still read?`;
  return undefined;
}
