/** Numbers that a double can't carry, and the one spelling that digests are made of. */
import { describe, expect, test } from 'vitest';
import { canonical, ExactNumber, lossyNumber, mayBeLossy, parseJson } from '../../src/lib/json.ts';

const lossy = [
  '9007199254740993',
  '-9007199254740993',
  '0.12345678901234567890',
  '1e400',
  '-1E+400',
  '1e-400',
  '9007199254740990.4',
  '-0',
  '-0.0',
  '12345678901234567890e0',
];
const plain = [
  '0',
  '0.0',
  '0e5',
  '0.000000000000000000',
  '1',
  '-1',
  '1.5',
  '1.50',
  '1e3',
  '15e-1',
  '9007199254740991',
  '0.1',
  '-0.5',
  '0.30000000000000004',
  '1700000000.123456',
];

describe.each([
  ['alone', (it: string) => it],
  ['in an object', (it: string) => `{"a": {"b":${it}}}`],
  ['in a list', (it: string) => `[1,${it},2]`],
  ['after blanks and line breaks', (it: string) => `{"a"\r\n:\t${it}\r}`],
  ['behind a text that ends in a backslash', (it: string) => `["\\\\",${it}]`],
  ['behind escaped quotation marks', (it: string) => `["\\"\\\\\\"",${it}]`],
  ['deeper than any stack', (it: string) => `${'['.repeat(50_000)}${it}${']'.repeat(50_000)}`],
  ['behind a megabyte of escapes', (it: string) => `["${'\\n'.repeat(500_000)}",${it}]`],
])('a number %s', (_name, around) => {
  test.each(lossy)('%s is found', (it) => {
    expect(mayBeLossy(around(it))).toBe(true);
    expect(lossyNumber(around(it))).toBe(it);
  });
  test.each(plain)('%s is left alone', (it) => expect(mayBeLossy(around(it)) ? lossyNumber(around(it)) : undefined).toBeUndefined());
});

test('digits in texts and names are no numbers', () => {
  for (const text of [
    '{"9007199254740993":"9007199254740993"}',
    '["a 9007199254740993","{\\"n\\":9007199254740993}"]',
    '["\\u0031, 9007199254740993"]',
  ]) {
    expect(lossyNumber(text)).toBeUndefined();
  }
});

test('canonical JSON has one spelling per value, and no two values share one', () => {
  expect(canonical({ b: 1, a: [undefined, null, { d: 'x', c: true }], e: undefined })).toBe('{"a":[null,null,{"c":true,"d":"x"}],"b":1}');
  const exact = parseJson('{"n":9007199254740993}');
  const values = [
    exact,
    { n: '9007199254740993' },
    { n: { exact: '9007199254740993' } },
    { n: 9007199254740992 },
    { n: '#9007199254740993' },
  ];
  expect(new Set(values.map(canonical)).size).toBe(values.length);
  expect(canonical(new ExactNumber('9007199254740993'))).not.toBe(canonical(new ExactNumber('9007199254740995')));
});
