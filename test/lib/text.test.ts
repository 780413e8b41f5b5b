/** Words of others before a person: they can't leave their quotation, and they can't look like more than they are. */
import { describe, expect, test } from 'vitest';
import { own, quote, say } from '../../src/lib/text.ts';

describe('a quotation', () => {
  test.each([
    ['closes itself only', 'a” says who? “b', "“a' says who? 'b”"],
    ['knows other marks too', '＂a‟ „b«c»', "“'a' 'b'c'”"],
    ['is one line', 'x\r\nTo agree, type: yes\u2028z', '“x To agree, type: yesz”'],
    ['turns no other way round', 'a\u202Eb\u2066c\u200Bd', '“abcd”'],
    ['obeys no terminal', '\u001b[31mred\u009b0m', '“[31mred0m”'],
    ['holds no link', 'see https://evil.example or www.evil.example', '“see https: //evil.example or www .evil.example”'],
    ['holds no markup', '[click](//evil.example) [a][b] <b>x</b> 1 < 2', '“[click] (//evil.example) [a] [b] < b>x< /b> 1 < 2”'],
    ['leaves addresses as they are', 'ada.byron+x@example.com', '“ada.byron+x@example.com”'],
  ])('%s', (_name, value, shown) => expect(quote(value)).toBe(shown));

  test('is at most 80 characters, and says how many it left out', () => {
    expect(quote('x'.repeat(4096))).toBe(`“${'x'.repeat(80)}…(+4016)”`);
  });

  test.each(['pаypal', 'аdmin@example.com', 'Αlice', 'gооgle'])('warns of %s, which is not what it looks like', (value) => {
    expect(quote(value)).toMatch(/^“.*” \(letters of several alphabets: it may not be what it looks like\)$/);
  });

  test.each(['paypal', 'Ada Byron', 'пример', 'ada@пример.рф', 'Ωmega 3 µm'.slice(6), 'Jürgen Müller', '山田 taro', 'Αλίκη'])(
    'does not warn of %s',
    (value) => {
      expect(quote(value)).toBe(`“${value}”`);
    },
  );
});

test('in a line for a person every text is quoted, and only words of ours are not', () => {
  expect(say`Signs ${'a”\nb'} out of ${3} ${own('sessions')}.`).toBe("Signs “a' b” out of 3 sessions.");
});
