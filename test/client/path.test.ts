import { describe, expect, test } from 'vitest';
import { buildQuery } from '../../src/client/path.ts';
import { InputError } from '../../src/errors.ts';

describe('the query', () => {
  test('leaves out what is undefined and repeats what is a list', () => {
    expect(buildQuery({ ids: ['a', 'b'], page_size: 2, active: false, page_token: undefined })).toBe(
      '?ids=a&ids=b&page_size=2&active=false',
    );
    expect(buildQuery()).toBe('');
    expect(buildQuery({ ids: undefined })).toBe('');
  });

  test('keeps every value whole', () => {
    const value = 'a;b&c=d#e%zz +4930 ü "x"';
    const text = buildQuery({ credentials_identifier: value });
    expect(new URL(`http://k.invalid/x${text}`).searchParams.get('credentials_identifier')).toBe(value);
    expect(text).not.toMatch(/[; "#]/);
  });

  test.each([
    ['an empty text', { credentials_identifier: '' }],
    ['an empty list', { ids: [] }],
    ['a list with a gap', { ids: ['a', ''] }],
    ['half a character', { credentials_identifier: 'a\ud800' }],
  ])('refuses %s', (_, query) => {
    expect(() => buildQuery(query)).toThrow(InputError);
  });

  test('says why an empty filter is refused', () => {
    expect(() => buildQuery({ credentials_identifier: '' })).toThrow(/`credentials_identifier` is empty.*lists everybody/);
  });
});
