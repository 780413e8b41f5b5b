/** What no argument may hold. Numbers and members that are gone once a line is parsed: test/server/stdio.test.ts. */
import { expect, test } from 'vitest';
import { LOSSY_KEY, problemWith } from '../../src/lib/arguments.ts';

const nested = (depth: number): unknown => (depth === 0 ? 'x' : { a: nested(depth - 1) });
const json = (text: string): unknown => JSON.parse(text);

test.each([
  ['a number mark', { [LOSSY_KEY]: '1e400' }, /the number 1e400 cannot be carried exactly/],
  ['an integer beyond what is safe', { a: [9007199254740992] }, /the number at \/a\/0 cannot/],
  ['a negative zero', { a: -0 }, /the number at \/a cannot/],
  ['__proto__', json('{"a":{"__proto__":1}}'), /__proto__ at \/a is not accepted/],
  ['constructor', { a: [{ constructor: 1 }] }, /constructor at \/a\/0 is not accepted/],
  ['prototype at the top', { prototype: 1 }, /prototype at \/ is not accepted/],
  ['__proto__ in an item of a batch', json('{"identities":[{"create":{"__proto__":1}}]}'), /__proto__ at \/identities\/0\/create/],
  ['half of a character', { a: '\ud800' }, /half of a surrogate pair/],
  ['half of a character in a name', { '\udc00': 1 }, /half of a surrogate pair/],
  ['a text beyond 64 KiB', { a: 'x'.repeat(65_537) }, /longer than 65536 characters/],
  ['more than 2,000 values', { a: Array(2_001).fill(1) }, /more than 2000 values/],
  ['more than 2,000 values in one item of a batch', { identities: [{ create: Array(2_001).fill(1) }] }, /more than 2000 values/],
  ['nesting beyond 32', { a: nested(32) }, /nested deeper than 32/],
])('%s is refused by name', (_name, value, problem) => expect(problemWith(value)).toMatch(problem));

test.each([
  ['everything up to its limit', { a: nested(31), b: 'x'.repeat(65_536), c: Array(1_900).fill(1), d: 9007199254740991, e: 'é😀' }],
  ['many items of a batch', { identities: Array(1_000).fill({ create: { traits: { a: 1, b: 2 } } }) }],
  ['no arguments', undefined],
])('%s is taken', (_name, value) => expect(problemWith(value)).toBeUndefined());
