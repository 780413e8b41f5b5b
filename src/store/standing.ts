/** Whether an approver's yes counts for a plan: an agent with a shell must not be able to enrol itself and agree at once. Pure. */
import type { Level } from '../assurance.ts';
import type { Approver } from './types.ts';

export interface StandingFacts {
  /** Milliseconds since 1970, as `now`. */
  readonly planCreated: number;
  readonly kind: 'confirm' | 'approve';
  /** Hours after enrolment from which an approver counts for `approve`; not looked at from level L1 up. */
  readonly waitHours: number;
  readonly level: Level;
  readonly now: number;
}

export type Standing =
  | 'counts'
  /** `countsFrom`: milliseconds since 1970; undefined: never for this plan. */
  | { readonly not: 'enrolled after the question' | 'too new'; readonly countsFrom?: number };

/** Of commands and locks. No policy lowers it: whoever runs a command names the policy, too. */
export const LEAST_WAIT_HOURS = 24;

const HOUR_MS = 3_600_000;

export function standingOf(
  { enrolledAt }: Pick<Approver, 'enrolledAt'>,
  { planCreated, kind, waitHours, level, now }: StandingFacts,
): Standing {
  if (!(enrolledAt <= planCreated)) return { not: 'enrolled after the question' };
  if (kind === 'confirm' || level !== 'L0') return 'counts';
  const countsFrom = enrolledAt + waitHours * HOUR_MS;
  return now >= countsFrom ? 'counts' : { not: 'too new', countsFrom };
}
