/** Objects of JSON, read and built member by member. Pure. */
import { ExactNumber } from '../lib/json.ts';

export type Json = Readonly<Record<string, unknown>>;

/** An object with members; no array, no null, and no number that is carried as its text. */
export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);

export const textOf = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/** The members that are there: null and undefined are left out. `fromEntries` makes even a `__proto__` plain data. */
export function present(members: Json): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null));
}
