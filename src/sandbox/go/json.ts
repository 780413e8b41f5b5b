/**
 * JSON as Kratos (Go) reads and prints it: numbers digit for digit, and Go's words for what is wrong. (`lib/json.ts` keeps the value of a
 * number and lets `1.0` become `1`.) Pure.
 */
import { ExactNumber } from '../../lib/json.ts';

export type Json = null | boolean | number | string | ExactNumber | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ExactNumber);

/** What the schema validator calls a value. */
export function kindOf(value: unknown): 'null' | 'boolean' | 'number' | 'string' | 'array' | 'object' {
  if (value === null || value === undefined) return 'null';
  if (Array.isArray(value)) return 'array';
  if (value instanceof ExactNumber || typeof value === 'number') return 'number';
  if (typeof value === 'boolean') return 'boolean';
  return typeof value === 'string' ? 'string' : 'object';
}
/** What Go's JSON calls it. */
export const goKindOf = (value: Json): string => (typeof value === 'boolean' ? 'bool' : kindOf(value));

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

/** Go's complaint about a text that is no JSON, or not the JSON it was to be; the caller decides which status and member carries it. */
export class GoError extends Error {
  override readonly name = 'GoError';
}

/** The first JSON value of a text; what follows is not looked at, as Go's `Decoder` has it. Throws `GoError`. */
export function readFirst(text: string): Json {
  const reader = new Reader(text);
  if (reader.isDone) throw new GoError('EOF');
  return reader.value();
}

/** The whole text as one JSON value. Throws `GoError`. */
export function readWhole(text: string): Json {
  const reader = new Reader(text);
  const value = reader.value();
  if (!reader.isDone) throw new GoError('more than one JSON value');
  return value;
}

/** Deep enough for every identity, and flat enough for V8's stack. Go stops at 10000. */
const MAX_DEPTH = 500;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const BLANK = /[ \t\r\n]*/y;
// As much of a string as needs no look: no quotation mark, backslash or control character.
const PLAIN = /[^"\\\p{Cc}]*/uy;

class Reader {
  readonly #text: string;
  #at = 0;
  constructor(text: string) {
    this.#text = text;
  }

  /** Only blanks are left. */
  get isDone(): boolean {
    this.#match(BLANK);
    return this.#at >= this.#text.length;
  }

  value(depth = 0): Json {
    if (depth > MAX_DEPTH) throw new GoError('exceeded max depth');
    const char = this.#peek();
    if (char === '{') {
      // A member may be called __proto__; of duplicates the last stays.
      return Object.fromEntries(this.#items('}', 'after object key:value pair', () => this.#member(depth)));
    }
    if (char === '[') return this.#items(']', 'after array element', () => this.value(depth + 1));
    if (char === '"') return this.#string();
    if (char === 't') return this.#literal('true', true);
    if (char === 'f') return this.#literal('false', false);
    if (char === 'n') return this.#literal('null', null);
    if (/[-\d]/.test(char)) return this.#number();
    throw unexpected(char, 'looking for beginning of value');
  }

  /** The next character that is no blank. */
  #peek(): string {
    if (this.isDone) throw new GoError('unexpected EOF');
    return this.#text.charAt(this.#at);
  }
  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }
  /** The next character, taken. */
  #next(): string {
    const char = this.#text.charAt(this.#at);
    this.#at += 1;
    return char;
  }

  #items<T>(close: '}' | ']', after: string, item: () => T): T[] {
    const items: T[] = [];
    this.#at += 1;
    for (let next = this.#peek(); next !== close; next = this.#peek()) {
      if (items.length > 0) {
        if (next !== ',') throw unexpected(next, after);
        this.#at += 1;
      }
      items.push(item());
    }
    this.#at += 1;
    return items;
  }

  #member(depth: number): [string, Json] {
    const quote = this.#peek();
    if (quote !== '"') throw unexpected(quote, 'looking for beginning of object key string');
    const name = this.#string();
    const colon = this.#peek();
    if (colon !== ':') throw unexpected(colon, 'after object key');
    this.#at += 1;
    return [name, this.value(depth + 1)];
  }

  #string(): string {
    const start = this.#at;
    this.#at += 1;
    for (;;) {
      this.#match(PLAIN);
      const char = this.#next();
      if (char === '"') break;
      // DEL and the C1 characters are control characters that JSON takes.
      if (char < ' ') throw unexpected(char, 'in string literal');
      if (char === '\\') this.#escape();
    }
    return JSON.parse(this.#text.slice(start, this.#at)) as string; // a literal that was just read
  }
  #escape(): void {
    const code = this.#next();
    if (code === '' || !'"\\/bfnrtu'.includes(code)) throw unexpected(code, 'in string escape code');
    for (let left = code === 'u' ? 4 : 0; left > 0; left -= 1) {
      const digit = this.#next();
      if (!/^[0-9a-f]$/i.test(digit)) throw unexpected(digit, 'in \\u hexadecimal character escape');
    }
  }

  #literal<T extends Json>(word: string, value: T): T {
    for (const letter of word) {
      const char = this.#next();
      if (char !== letter) throw unexpected(char, `in literal ${word} (expecting '${letter}')`);
    }
    return value;
  }

  #number(): Json {
    const digits = this.#match(NUMBER);
    const [here, next] = [this.#text.charAt(this.#at), this.#text.charAt(this.#at + 1)];
    if (digits === '') throw unexpected(next, 'in numeric literal');
    if (here === '.') throw unexpected(next, 'after decimal point in numeric literal');
    if (here === 'e' || here === 'E') throw unexpected(next, 'in exponent of numeric literal');
    const value = Number(digits);
    return String(value) === digits ? value : new ExactNumber(digits);
  }
}

/** Go looks at bytes, of a character that takes several at the first, and quotes it as it quotes text. Empty: the text has ended. */
function unexpected(char: string, where: string): GoError {
  if (char === '') return new GoError('unexpected EOF');
  const byte = String.fromCharCode(Buffer.from(char)[0] ?? 0);
  const at = "\x07\b\t\n\v\f\r\\'".indexOf(byte);
  const shown = at < 0 ? byte.replace(/\p{Cc}/u, hex) : `\\${"abtnvfr\\'".charAt(at)}`;
  return new GoError(`invalid character '${shown}' ${where}`);
}
const hex = (byte: string): string => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
