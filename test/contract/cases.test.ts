// The suite promises 85 numbered cases; this counts them in its sources, so that none is lost or doubled.
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const sources = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.test.ts'))
  .map((file) => readFileSync(`${import.meta.dirname}/${file}`, 'utf8'));
const numbers = (pattern: RegExp) => sources.flatMap((source) => [...source.matchAll(pattern)].map((match) => Number(match[1])));

test('every case from 1 to 85 is there, once', () => {
  const cases = numbers(/^ *test(?:\..*)?\(['`](\d+)\. /gm).sort((a, b) => a - b);
  expect(cases).toEqual(Array.from({ length: 85 }, (_, index) => index + 1));
});

test('only case 80 may be skipped, and says why', () => {
  expect(numbers(/^ *test\.(?:skip|todo|only|skipIf|runIf|fails).*\(['`](\d+)\. /gm)).toEqual([80]);
  expect(sources.join('\n')).toMatch(/`80\. [^`]*\$\{noVariant\}`/);
});
