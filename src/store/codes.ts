/** One-time codes of one approver: each 30-second step once, and few wrong ones. Pure. */

export interface Tries {
  /** Steps whose code was used; the latest used stay. */
  readonly steps: readonly number[];
  /** When codes were wrong, oldest first. */
  readonly failed: readonly number[];
  /** When tries began whose end is not known yet. They count as long as one takes, so that many at once are no more than one by one. */
  readonly begun: readonly number[];
}

export const NONE: Tries = { steps: [], failed: [], begun: [] };
const MAX_FAILED = 5;
export const WINDOW_MS = 15 * 60_000;
/** Three codes of a million are right at a time: whoever guesses on and on needs 45 years on average, and without this one two. */
const MAX_FAILED_A_DAY = 20;
export const DAY_MS = 24 * 60 * 60_000;
const TRY_MS = 10_000;
/** 25 minutes of steps used without a break: far more than a clock is off. */
const MAX_STEPS = 50;

/** Those of the future (the clock was set back) count. */
const recent = ({ failed, begun }: Tries, now: number) => ({
  failed: failed.filter((at) => at > now - DAY_MS),
  begun: begun.filter((at) => Math.abs(now - at) < TRY_MS),
});

const tooMany = (failed: readonly number[], under: number, now: number): boolean =>
  failed.filter((at) => at > now - WINDOW_MS).length + under >= MAX_FAILED || failed.length + under >= MAX_FAILED_A_DAY;

/** Whether a code may be looked at. */
export function begin(of: Tries, now: number): readonly [Tries, boolean] {
  const { failed, begun } = recent(of, now);
  if (tooMany(failed, begun.length, now)) return [of, false];
  return [{ ...of, failed, begun: [...begun, now] }, true];
}

/** A right code ends a try; it counts once, and not while too many were wrong. */
export function use(of: Tries, step: number, now: number): readonly [Tries, boolean] {
  const { failed, begun } = recent(of, now);
  if (tooMany(failed, 0, now) || !Number.isSafeInteger(step) || of.steps.includes(step)) return [of, false];
  return [{ failed, begun: begun.slice(1), steps: [...of.steps, step].slice(-MAX_STEPS) }, true];
}

export function fail(of: Tries, now: number): Tries {
  const { failed, begun } = recent(of, now);
  return { ...of, begun: begun.slice(1), failed: [...failed, now].slice(-MAX_FAILED_A_DAY) };
}
