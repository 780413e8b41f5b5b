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
export const MAX_FAILED = 5;
export const WINDOW_MS = 15 * 60_000;
const TRY_MS = 10_000;
/** 25 minutes of steps used without a break: far more than a clock is off. */
const MAX_STEPS = 50;

/** Those of the future (the clock was set back) count. */
const recent = ({ failed, begun }: Tries, now: number) => ({
  failed: failed.filter((at) => at > now - WINDOW_MS),
  begun: begun.filter((at) => Math.abs(now - at) < TRY_MS),
});

/** Whether a code may be looked at. */
export function begin(of: Tries, now: number): readonly [Tries, boolean] {
  const { failed, begun } = recent(of, now);
  if (failed.length + begun.length >= MAX_FAILED) return [of, false];
  return [{ ...of, failed, begun: [...begun, now] }, true];
}

/** A right code ends a try; it counts once, and not while too many were wrong. */
export function use(of: Tries, step: number, now: number): readonly [Tries, boolean] {
  const { failed, begun } = recent(of, now);
  if (failed.length >= MAX_FAILED || !Number.isSafeInteger(step) || of.steps.includes(step)) return [of, false];
  return [{ failed, begun: begun.slice(1), steps: [...of.steps, step].slice(-MAX_STEPS) }, true];
}

export function fail(of: Tries, now: number): Tries {
  const { failed, begun } = recent(of, now);
  return { ...of, begun: begun.slice(1), failed: [...failed, now].slice(-2 * MAX_FAILED) };
}
