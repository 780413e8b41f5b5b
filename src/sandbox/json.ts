/** JSON as Kratos (Go) reads and prints it. Pure. */
import { ExactNumber } from '../lib/json.ts';

export type Json = null | boolean | number | string | ExactNumber | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);

/** What Go's JSON calls a value, in its own errors and in those of the schema validator. */
export function kindOf(value: unknown): 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object' {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (value instanceof ExactNumber || typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' ? 'string' : 'object';
}

/** Prints as Go's encoder does: `<`, `>`, `&` and the two line separators escaped, exact numbers digit for digit, `undefined` members left out. */
export const write = (value: unknown): string =>
  writeUnescaped(value).replace(/[<>&\u2028\u2029]/g, (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, '0')}`);

/** The same without the HTML escapes: what the two recovery endpoints do, so that their links stay readable. */
export function writeUnescaped(value: unknown): string {
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map((it) => writeUnescaped(it)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value).filter(([, it]) => it !== undefined);
  return `{${members.map(([name, it]) => `${JSON.stringify(name)}:${writeUnescaped(it)}`).join(',')}}`;
}
