import { describe, expect, test } from 'vitest';
import { nextToken, totalCount } from '../../src/client/pages.ts';

describe('the token of the next page', () => {
  test('is read from the Link header that Kratos sends', () => {
    const link =
      '</admin/identities?page_size=2&page_token=00000000-0000-0000-0000-000000000000>; rel="first",</admin/identities?page_size=2&page_token=9f4c2a7e>; rel="next"';
    expect(nextToken(link)).toBe('9f4c2a7e');
  });

  test.each([
    ['an absolute address', '<https://slug.projects.oryapis.com/admin/sessions?page_token=abc%3D&x=1>; rel="next"', 'abc='],
    ['an address that must not be followed', '<http://169.254.169.254/latest?page_token=t>; rel=next', 't'],
    ['other parameters and cases', '</a?page_token=x>; title="rel"; REL = "prev NEXT"', 'x'],
    ['a plus that was encoded', '</a?page_token=a%2Bb%2Fc>;rel="next"', 'a+b/c'],
    ['commas in the address', '</a?ids=1,2,3&page_token=x>; rel="first",</a?ids=1,2,3&page_token=y>; rel="next"', 'y'],
    ['a fragment', '</a?page_token=x#page_token=y>; rel="next"', 'x'],
  ])('is found behind %s', (_, link, token) => {
    expect(nextToken(link)).toBe(token);
  });

  test.each([
    ['no header', undefined],
    ['an empty header', ''],
    ['only a first page', '</a?page_token=x>; rel="first"'],
    ['a last page of the numbered scheme', '</a?page=1&per_page=2>; rel="next"'],
    ['an empty token', '</a?page_token=>; rel="next"'],
    ['a next that is not a relation', '</a?page_token=x>; title="next"'],
    ['garbage', '<<<>>>;;; rel=next,, rel="next" <'],
  ])('is missing with %s', (_, link) => {
    expect(nextToken(link)).toBeUndefined();
  });

  test('costs little, however large and strange the header is', () => {
    const at = performance.now();
    for (const piece of ['<', '<>', '; rel=', '<a>; rel="', '<a?page_token=x>;'.padEnd(40, ' ')])
      nextToken(piece.repeat(64 * 1024).slice(0, 64 * 1024));
    expect(performance.now() - at).toBeLessThan(1000);
  });
});

test('a total is a count or nothing', () => {
  expect(totalCount('42')).toBe(42);
  for (const text of [undefined, '', '-1', '1e3', 'many', '9'.repeat(30)]) expect(totalCount(text)).toBeUndefined();
});
