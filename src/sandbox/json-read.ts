/**
 * A JSON reader that keeps what Kratos keeps: numbers digit for digit, and Go's words for what is wrong. (`lib/json.ts` keeps the value of a
 * number and lets `1.0` become `1`.) Pure.
 */
import { ExactNumber } from '../lib/json.ts';
import type { Json } from './json.ts';

/** Go's complaint about a text that is no JSON, or not the JSON it was to be; the caller decides which status and member carries it. */
export class GoError extends Error {
  override readonly name = 'GoError';
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

  skip(): void {
    this.#match(BLANK);
  }
  /** Only blanks are left. */
  get isDone(): boolean {
    this.skip();
    return this.#at >= this.#text.length;
  }

  value(depth = 0): Json {
    if (depth > MAX_DEPTH) throw new GoError('exceeded max depth');
    const char = this.peek('beginning of value');
    if (char === '{') return this.#object(depth);
    if (char === '[') return this.#array(depth);
    if (char === '"') return this.#string();
    if (char === 't') return this.#literal('true', true);
    if (char === 'f') return this.#literal('false', false);
    if (char === 'n') return this.#literal('null', null);
    return this.#number();
  }

  /** The next character that is no blank. Go names what it looked for where there is another one. */
  peek(wanted: string): string {
    this.skip();
    const char = this.#text.charAt(this.#at);
    if (char === '') throw new GoError('unexpected EOF');
    if (wanted === 'beginning of value' && !/["{[\-0-9tfn]/.test(char)) throw unexpected(char, `looking for ${wanted}`);
    return char;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #object(depth: number): Json {
    const members: [string, Json][] = [];
    this.#at += 1;
    if (this.peek('') === '}') return this.#closed({});
    for (;;) {
      const quote = this.peek('');
      if (quote !== '"') throw unexpected(quote, 'looking for beginning of object key string');
      const name = this.#string();
      const colon = this.peek('');
      if (colon !== ':') throw unexpected(colon, 'after object key');
      this.#at += 1;
      members.push([name, this.value(depth + 1)]);
      const next = this.peek('');
      if (next !== ',' && next !== '}') throw unexpected(next, 'after object key:value pair');
      // A member may be called __proto__; of duplicates the last stays.
      if (next === '}') return this.#closed(Object.fromEntries(members));
      this.#at += 1;
    }
  }

  #array(depth: number): Json {
    const items: Json[] = [];
    this.#at += 1;
    if (this.peek('') === ']') return this.#closed(items);
    for (;;) {
      items.push(this.value(depth + 1));
      const next = this.peek('');
      if (next !== ',' && next !== ']') throw unexpected(next, 'after array element');
      if (next === ']') return this.#closed(items);
      this.#at += 1;
    }
  }
  #closed(value: Json): Json {
    this.#at += 1;
    return value;
  }

  #string(): string {
    const start = this.#at;
    this.#at += 1;
    for (;;) {
      this.#match(PLAIN);
      const char = this.#text.charAt(this.#at);
      if (char === '') throw new GoError('unexpected EOF');
      this.#at += 1;
      if (char === '"') break;
      // DEL and the C1 characters are control characters that JSON takes.
      if (char < ' ') throw unexpected(char, 'in string literal');
      if (char === '\\') this.#escape();
    }
    return unquoted(this.#text.slice(start, this.#at));
  }

  #escape(): void {
    const code = this.#text.charAt(this.#at);
    this.#at += 1;
    if (code !== 'u' && !'"\\/bfnrt'.includes(code)) throw unexpected(code, 'in string escape code');
  }

  #literal<T extends Json>(word: string, value: T): T {
    for (const letter of word) {
      const char = this.#text.charAt(this.#at);
      if (char === '') throw new GoError('unexpected EOF');
      if (char !== letter) throw unexpected(char, `in literal ${word} (expecting '${letter}')`);
      this.#at += 1;
    }
    return value;
  }

  #number(): Json {
    const digits = this.#match(NUMBER);
    const next = this.#text.charAt(this.#at);
    if (digits === '') throw unexpected(this.#text.charAt(this.#at + 1), 'in numeric literal');
    if (next === '.') throw unexpected(this.#text.charAt(this.#at + 1), 'after decimal point in numeric literal');
    if (next === 'e' || next === 'E') throw unexpected(this.#text.charAt(this.#at + 1), 'in exponent of numeric literal');
    const value = Number(digits);
    return String(value) === digits ? value : new ExactNumber(digits);
  }
}

/** Go looks at bytes: of a character that takes several it names the first. */
function unexpected(char: string, where: string): GoError {
  if (char === '') return new GoError('unexpected EOF');
  const byte = String.fromCharCode(Buffer.from(char)[0] ?? 0);
  const shown = byte === "'" ? "\\'" : byte < ' ' ? JSON.stringify(byte).slice(1, -1) : byte;
  return new GoError(`invalid character '${shown}' ${where}`);
}

function unquoted(literal: string): string {
  try {
    return JSON.parse(literal) as string; // begins and ends with its quotation marks
  } catch {
    throw new GoError('invalid character in \\u hexadecimal character escape');
  }
}

/** The first JSON value of a text; what follows it is not looked at, as with Go's `Decoder`. Throws `GoError`. */
export function readFirst(text: string): Json {
  const reader = new Reader(text);
  if (reader.isDone) throw new GoError('EOF');
  return reader.value();
}

/** The whole text as one JSON value, as Go's `Unmarshal` has it. Throws `GoError`. */
export function readWhole(text: string): Json {
  const reader = new Reader(text);
  if (reader.isDone) throw new GoError('unexpected end of JSON input');
  const value = reader.value();
  if (!reader.isDone) throw unexpected(reader.peek(''), 'after top-level value');
  return value;
}
