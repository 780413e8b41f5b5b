/** What of a token may stand in a log: cleaned, cut, and never anything that names a person. Pure. */
import { clean } from '../lib/text.ts';

const CAP = 200;

/** A value as operators see it; of a list its members. */
export function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? typeof value);
  return text === '' ? 'an empty text' : cut(text);
}

/** For values that may name a person: their shape alone. */
export function shapeOf(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return value === '' ? 'an empty text' : `a text of ${value.length} characters`;
  return value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
}

/** At most `CAP` characters, the mark of the cut included. */
export function cut(text: string): string {
  const { text: whole } = clean(text.slice(0, 4 * CAP), 2 * CAP);
  const points = Array.from(whole);
  return points.length <= CAP ? whole : `${points.slice(0, CAP - 1).join('')}…`;
}
