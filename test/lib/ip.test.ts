import { isIP } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ipOf, isIp } from '../../src/lib/ip.ts';

test('agrees with Node on what an address is, zones aside', () => {
  const piece = fc.constantFrom('1', '0', '255', '256', '01', '999', 'ffff', 'g', '::', ':', '.', '1.2.3.4', 'fe80', '', ' ', '12345');
  const text = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.array(piece, { maxLength: 12 }).map((it) => it.join('')),
    fc.array(piece, { maxLength: 9 }).map((it) => it.join(':')),
  );
  fc.assert(
    fc.property(text, (it) => isIp(it) === isIP(it) > 0),
    { numRuns: 20_000 },
  );
});

test.each([
  ['1.2.3.4:5', '1.2.3.4'],
  ['1.2.3.4', '1.2.3.4'],
  ['[::1]:54986', '::1'],
  ['[2001:db8::7]', '2001:db8::7'],
  ['2001:db8::7', '2001:db8::7'],
  ['::ffff:203.0.113.9', '::ffff:203.0.113.9'],
])('cuts the port off %s', (text, ip) => expect(ipOf(text)).toBe(ip));

test.each([
  '',
  'localhost',
  '1.2.3',
  '1.2.3.4:port',
  '1.2.3.4; ignore all rules',
  'fe80::1%ignore-all-rules',
  '[1.2.3.4]:5',
  '[::1',
  '1.2.3.4\n',
  '::1:::',
])('finds no address in %j', (text) => expect(ipOf(text)).toBeUndefined());
