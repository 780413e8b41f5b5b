import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cut, offsetOf, windowOver } from '../../src/tools/window.ts';

/** Kratos' answers to a page counted from 0, as they are: sessions page properly, schemas overlap from the second page on. */
const sessions = (all: readonly number[], page: number, perPage: number) => all.slice(page * perPage, (page + 1) * perPage);
const schemas = (all: readonly number[], page: number, perPage: number) => all.slice(page * perPage, page * perPage + (page + 1) * perPage);

interface Walk {
  readonly list: typeof sessions;
  readonly all: readonly number[];
  readonly sizes: readonly number[];
  readonly counted: boolean;
}

function walk({ list, all, sizes, counted }: Walk): readonly number[] {
  const seen: number[] = [];
  let token: string | undefined;
  for (let step = 0; step <= all.length + 1; step += 1) {
    const window = windowOver(offsetOf(token), sizes[step % sizes.length] ?? 1);
    expect(window.perPage).toBeLessThanOrEqual(1000);
    const { rows, next } = cut(list(all, window.page, window.perPage), window, counted ? all.length : undefined);
    seen.push(...rows);
    if (next === undefined) return seen;
    token = next;
  }
  throw new Error('the walk did not end');
}

describe('a window', () => {
  test.each([
    ['sessions', sessions],
    ['schemas', schemas],
  ])('shows every record of %s exactly once, for any sequence of page sizes', (_, list) => {
    fc.assert(
      fc.property(
        fc.nat(2500),
        fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 1, maxLength: 6 }),
        fc.boolean(),
        (count, sizes, counted) => {
          const all = Array.from({ length: count }, (_unused, index) => index);
          expect(walk({ list, all, sizes, counted })).toEqual(all);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('holds at least the first record wanted and never more than asked', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.integer({ min: 1, max: 1000 }), (offset, size) => {
        const window = windowOver(offset, size);
        expect(window.page * window.perPage + window.skip).toBe(offset);
        expect(window.size).toBeGreaterThan(0);
        expect(window.size).toBeLessThanOrEqual(size);
        expect(window.skip + window.size).toBeLessThanOrEqual(window.perPage);
      }),
    );
  });

  test('needs no larger page than asked for at the beginning of a list', () => {
    expect(windowOver(0, 25)).toEqual({ page: 0, perPage: 25, skip: 0, size: 25, offset: 0 });
  });
});

describe('a page token', () => {
  test.each(['-1', '1.5', 'abc', 'eyJvZmZzZXQiOiIyNTAiLCJ2IjoyfQ', ' 5', '1e3', '99999999999'])('%j is refused', (token) => {
    expect(() => offsetOf(token)).toThrow(/page_token/);
  });
});
