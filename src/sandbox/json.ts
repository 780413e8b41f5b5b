/** JSON as Kratos (Go) reads and prints it. Pure. */
import { ExactNumber, parseJson } from '../lib/json.ts';

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

/** Go's complaint about a text that is no JSON; the caller decides which status and which member carries it. */
export class GoError extends Error {
  override readonly name = 'GoError';
}

/** The first JSON value of a text; what follows it is not looked at, as with Go's `Decoder`. Throws `GoError`. */
export function readFirst(text: string): Json {
  const start = text.search(/[^ \t\r\n]/);
  if (start < 0) throw new GoError('EOF');
  const end = endOfValue(text, start);
  if (end === undefined) throw new GoError(complaint(text.slice(start)) ?? 'unexpected EOF');
  return parsed(text.slice(start, end));
}

/** The whole text as one JSON value, as Go's `Unmarshal` has it. Throws `GoError`. */
export const readWhole = (text: string): Json => parsed(text);

function parsed(text: string): Json {
  try {
    return parseJson(text) as Json; // JSON.parse gives nothing but Json
  } catch {
    throw new GoError(complaint(text) ?? 'invalid character in JSON text');
  }
}

/** Go's words for the commonest mistakes. */
function complaint(text: string): string | undefined {
  const first = /[^ \t\r\n]/.exec(text)?.[0] ?? '';
  if (!/["{[\-0-9tfn]/.test(first)) return `invalid character '${first}' looking for beginning of value`;
  const key = /^\s*\{\s*([^\s"}])/.exec(text)?.[1];
  if (key !== undefined) return `invalid character '${key}' looking for beginning of object key string`;
  return undefined;
}

/** Where the value that begins at `start` ends; undefined if the text ends first. */
function endOfValue(text: string, start: number): number | undefined {
  const opening = text.charAt(start);
  if (opening !== '{' && opening !== '[' && opening !== '"') {
    const length = text.slice(start).search(/[\s,{}[\]"]/);
    return length < 0 ? text.length : start + Math.max(length, 1);
  }
  let depth = 0;
  let inString = false;
  for (let i = start; i < text.length; i += 1) {
    const char = text.charCodeAt(i);
    if (inString) {
      if (char === 92) i += 1; // a backslash: what it escapes ends nothing
      else if (char === 34) inString = false;
    } else if (char === 34) inString = true;
    else if (char === 123 || char === 91) depth += 1;
    else if (char === 125 || char === 93) depth -= 1;
    if (depth === 0 && !inString) return i + 1;
  }
  return undefined;
}
