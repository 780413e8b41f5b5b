/** JSON in and out where `JSON.parse` would change numbers. Pure. */
import { parse as losslessParse } from 'lossless-json';

/** A number that a double can't carry, as the text that was sent. */
export class ExactNumber {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  /** Results give it as text. */
  toJSON(): string {
    return this.text;
  }
}

/** Deeper than this no answer of Kratos is: V8 overflows its stack on what can be parsed but not written again. */
export const MAX_DEPTH = 64;

// A cheap scan decides whether the slow parser is needed: where a number may begin, 16 digits (a point among them or not), an exponent,
// or a negative zero. UUIDs and times don't match.
const SUSPECT = /(?:^|[:,[\s])-?(?:[\d.]{16}|\d[\d.]*[eE]|(?<=-)0(?:\.0*)?(?![\d.]))/;

/** Whether the number, as written, survives `JSON.parse` and `JSON.stringify` with its value intact. */
function survives(text: string): boolean {
  const value = Number(text);
  if (!Number.isFinite(value) || Object.is(value, -0)) return false;
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return false;
  return digits(text) === digits(String(value));
}

/** Significant digits and exponent, so that `1.50`, `15e-1` and `1.5` are alike. */
function digits(text: string): string {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().replace(/^-/, '').split('e');
  const [whole = '', fraction = ''] = mantissa.split('.');
  const all = (whole + fraction).replace(/^0+/, '');
  const significant = all.replace(/0+$/, '');
  if (significant === '') return '0';
  return `${significant}e${Number(exponent) - fraction.length + (all.length - significant.length)}`;
}

/** Parses JSON; numbers that a double can't carry become `ExactNumber`s. Throws `SyntaxError`, also for nesting beyond `MAX_DEPTH`. */
export function parseJson(text: string): unknown {
  if (depthOf(text) > MAX_DEPTH) throw new SyntaxError(`nested deeper than ${MAX_DEPTH}`);
  if (!SUSPECT.test(text)) return JSON.parse(text);
  return losslessParse(text, undefined, {
    parseNumber: (it) => (survives(it) ? Number(it) : new ExactNumber(it)),
    onDuplicateKey: ({ newValue }) => newValue, // as JSON.parse and Kratos do
  });
}

/** Whether a JSON text has to be looked at for numbers that a double can't carry. */
export const mayBeLossy = (text: string): boolean => SUSPECT.test(text);

/** The first number in a valid JSON text that a double can't carry, as written. Needs no stack, so that no nesting can hide one. */
export function lossyNumber(text: string): string | undefined {
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g)) {
    if (!token.startsWith('"') && !survives(token)) return token;
  }
  return undefined;
}

/** The deepest nesting of a JSON text, without parsing it. */
export function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (inString) {
      if (code === 92) i += 1; // backslash: the next character is escaped
      else if (code === 34) inString = false;
    } else if (code === 34) inString = true;
    else if (code === 123 || code === 91) deepest = Math.max(deepest, ++depth);
    else if (code === 125 || code === 93) depth -= 1;
  }
  return deepest;
}

/** Canonical JSON (RFC 8785): members sorted by UTF-16 code units, no blanks. Two equal values give the same bytes. */
export function canonical(value: unknown): string {
  if (value === undefined) return 'null';
  if (value instanceof ExactNumber) return `#${value.text}`; // like no JSON value
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, it]) => it !== undefined);
    members.sort(([a], [b]) => (a < b ? -1 : 1));
    return `{${members.map(([key, it]) => `${JSON.stringify(key)}:${canonical(it)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

/** A copy of the object that a text of ours holds; undefined for anything else. */
export function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}
