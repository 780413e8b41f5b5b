/** What no argument may hold, whatever its schema allows: checked on the raw JSON, before a schema has dropped or changed anything. Pure. */

const MAX_DEPTH = 32;
const MAX_KEYS = 2_000;
const MAX_STRING = 64 * 1024;
const REPARENTING = new Set(['__proto__', 'constructor', 'prototype']);

/** Stands in for arguments that held a number which JSON.parse would have changed; put there where the text was still at hand. */
export const LOSSY_KEY = '\u0000lossy number';

/** The first thing wrong with a JSON value, as a sentence that says what to do; undefined if nothing is. `batchKey` names a member whose items are counted each for itself. */
export function problemWith(value: unknown, batchKey = 'identities'): string | undefined {
  const budget = { keys: MAX_KEYS };
  if (!isObject(value)) return inspect(value, [], budget);
  for (const [key, member] of Object.entries(value)) {
    const own = key === batchKey && Array.isArray(member);
    const problem = problemWithKey(key, member, []) ?? (own ? items(member, key) : inspect(member, [key], budget));
    if (problem) return problem;
  }
  return undefined;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function items(list: readonly unknown[], key: string): string | undefined {
  for (const [index, item] of list.entries()) {
    const problem = inspect(item, [key, String(index)], { keys: MAX_KEYS });
    if (problem) return problem;
  }
  return undefined;
}

function inspect(value: unknown, path: readonly string[], budget: { keys: number }): string | undefined {
  if (path.length > MAX_DEPTH) return `arguments are nested deeper than ${MAX_DEPTH}; flatten them`;
  if (typeof value === 'number') return problemWithNumber(value, path);
  if (typeof value === 'string') return problemWithString(value, path);
  if (typeof value !== 'object' || value === null) return undefined;
  for (const [key, member] of Object.entries(value)) {
    budget.keys -= 1;
    if (budget.keys < 0) return `arguments hold more than ${MAX_KEYS} values; split the call`;
    const problem = problemWithKey(key, member, path) ?? inspect(member, [...path, key], budget);
    if (problem) return problem;
  }
  return undefined;
}

function problemWithKey(key: string, member: unknown, path: readonly string[]): string | undefined {
  if (key === LOSSY_KEY) return `the number ${String(member)} cannot be carried exactly; send it as a string, or leave it out`;
  if (REPARENTING.has(key)) return `the member name ${key} at ${pointer(path)} is not accepted; rename it`;
  return problemWithString(key, path);
}

function problemWithNumber(value: number, path: readonly string[]): string | undefined {
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)) || Object.is(value, -0)) {
    return `the number at ${pointer(path)} cannot be carried exactly; send it as a string, or leave it out`;
  }
  return undefined;
}

function problemWithString(value: string, path: readonly string[]): string | undefined {
  if (value.length > MAX_STRING) return `the text at ${pointer(path)} is longer than ${MAX_STRING} characters; shorten it`;
  if (/\p{Cs}/u.test(value)) return `the text at ${pointer(path)} holds half of a surrogate pair; send well-formed Unicode`;
  return undefined;
}

const pointer = (path: readonly string[]) => `/${path.join('/')}`.slice(0, 200);
