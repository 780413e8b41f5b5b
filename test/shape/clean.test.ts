import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseJson } from '../../src/lib/json.ts';
import { cleanTree } from '../../src/shape/clean.ts';

/** Spelt out here, on purpose not shared with the source: what must never come out. */
const BANNED =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}]|[\u2028\u2029]|\u034F|\u115F|\u1160|\u17B4|\u17B5|\u180E|\u3164|\uFFA0|[\u{FE00}-\u{FE0F}]|[\u{E0000}-\u{E007F}]|[\u{E0100}-\u{E01EF}]/u;
const NASTY = [
  '\u202E',
  '\u2066',
  '\u200B',
  '\u200D',
  '\uFEFF',
  '\u00AD',
  '\u{E0041}',
  '\u{E0100}',
  '\uFE0F',
  '\u3164',
  '\u0000',
  '\u001B[31m',
  '\r\n',
  '\u2028',
  '\uD800',
  '\uDC00',
  '\u061C',
  '\u2060',
  '\u{F0000}',
  '\uFFFF',
];

const strings = (value: unknown): readonly string[] => {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, member]: [string, unknown]) => [...(Array.isArray(value) ? [] : [key]), ...strings(member)]);
};

describe('cleanTree', () => {
  test('leaves no character in 120,000 texts that a reader could not see, and has nothing to do the second time', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.array(fc.oneof(fc.constantFrom(...NASTY), fc.string({ maxLength: 3 })), { maxLength: 30 }).map((it) => it.join('')),
      fc.string({ unit: 'grapheme', minLength: 150, maxLength: 400 }),
      fc.array(fc.nat(0xff_ff), { maxLength: 20 }).map((units) => String.fromCharCode(...units)), // lone surrogates too
    );
    let seen = 0;
    fc.assert(
      fc.property(fc.array(text, { minLength: 40, maxLength: 40, size: 'max' }), fc.boolean(), (texts, full) => {
        seen += texts.length;
        const once = cleanTree(texts, { full });
        expect(strings(once.value).find((it) => BANNED.test(it))).toBeUndefined();
        const twice = cleanTree(once.value, { full });
        expect(twice).toEqual({ value: once.value, removed: 0, cut: 0 });
      }),
      { numRuns: 3_000 },
    );
    expect(seen).toBe(120_000);
  });

  test('cleans any JSON to the last leaf and key, and twice is once', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'binary' }), (json) => {
        const once = cleanTree(json);
        expect(strings(once.value).find((it) => BANNED.test(it))).toBeUndefined();
        expect(cleanTree(once.value).value).toEqual(once.value);
      }),
      { numRuns: 3_000 },
    );
  });

  test('counts what it removed, in keys too', () => {
    expect(cleanTree({ 'na\u200Bme': 'A\u202Eda', list: ['\u{E0041}x'] })).toEqual({
      value: { name: 'Ada', list: ['x'] },
      removed: 3,
      cut: 0,
    });
  });

  test('caps texts, more generously in full, and counts the cuts', () => {
    const prose = 'word '.repeat(1_000);
    const short = cleanTree({ prose });
    expect(short.cut).toBe(1);
    expect(strings(short.value)[1]).toMatch(/^.{186}…\(\+4814\)$/u);
    expect(strings(cleanTree({ prose }, { full: true }).value)[1]).toHaveLength(1_986 + '…(+3014)'.length);
  });

  test('keeps addresses, ids and the token of the next page whole', () => {
    const email = `${'a'.repeat(64)}@${'b'.repeat(180)}.example.com`;
    const next_page_token = 'x'.repeat(3_000);
    const value = { traits: { email }, page: { next_page_token } };
    expect(cleanTree(value)).toEqual({ value, removed: 0, cut: 0 });
    expect(strings(cleanTree({ traits: { next_page_token } }).value)[2]).toMatch(/^x{306}…/);
  });

  test('gives numbers that a double can’t carry as the text that was sent', () => {
    expect(cleanTree(parseJson('{"a":9007199254740993,"b":1e400,"c":1.5}')).value).toEqual({ a: '9007199254740993', b: '1e400', c: 1.5 });
  });

  test('keeps members that cleaning made equal apart', () => {
    expect(cleanTree({ a: 1, 'a\u200B': 2, '\u200Ba': 3 }).value).toEqual({ a: 1, 'a (2)': 2, 'a (3)': 3 });
  });

  test('treats __proto__ as a name like any other', () => {
    const { value } = cleanTree(JSON.parse('{"__proto__":{"polluted":"yes"},"constructor":1}'));
    expect(JSON.stringify(value)).toBe('{"__proto__":{"polluted":"yes"},"constructor":1}');
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });

  test('stops at a depth that can still be written', () => {
    let deep: unknown = 'bottom';
    for (let i = 0; i < 5_000; i += 1) deep = [deep];
    expect(JSON.stringify(cleanTree(deep).value)).toContain('(nested too deep)');
  });

  test('leaves out what is no JSON', () => {
    expect(cleanTree({ a: undefined, b: () => 1, c: Number.NaN, d: [undefined] }).value).toEqual({ c: 'NaN', d: [null] });
  });
});
