/** What stands in a freeze: since when and why, a line for each time that somebody froze. Pure. */
import type { Freeze } from './types.ts';

/** What a shared store keeps of it. */
export const MOST_WHY = 4_000;

/** As the command writes it, each line begins with its time; by hand it may be anything. `at`: when it was made, where that is known otherwise. */
export function freezeOf(text: string, at?: number): Freeze {
  const lines = text
    .split('\n')
    .map((it) => it.trim())
    .filter((it) => it !== '');
  const since = timeIn(lines[0] ?? '') ?? at;
  return { why: lines.join('\n'), ...(since !== undefined && { since }) };
}

/** A further reason beside those that are there. */
export const withWhy = (before: string | undefined, why: string): string =>
  before === undefined ? why : `${before}\n${why}`.slice(0, MOST_WHY);

function timeIn(line: string): number | undefined {
  const at = Date.parse(/^\d{4}-\d\d-\d\dT[\d:.]+Z(?= |$)/.exec(line)?.[0] ?? '');
  return Number.isNaN(at) ? undefined : at;
}
