import { expect, test } from 'vitest';
import { createUncollected } from '../../src/store/uncollected.ts';

test('an outcome is told once, for the same call, within ten minutes', () => {
  let time = 0;
  const kept = createUncollected<string>(() => time);
  kept.keep('a call', 'executed');
  expect(kept.take('another call')).toBeUndefined();
  expect(kept.take('a call')).toBe('executed');
  expect(kept.take('a call')).toBeUndefined();
  kept.keep('a call', 'executed');
  time = 10 * 60_000;
  expect(kept.take('a call')).toBeUndefined();
});

test('no more than a hundred are kept, the newest among them', () => {
  const kept = createUncollected<number>(() => 0);
  for (let number = 0; number <= 1_000; number += 1) kept.keep(String(number), number);
  const left = Array.from({ length: 1_001 }, (_, number) => kept.take(String(number))).filter((it) => it !== undefined);
  expect(left.length).toBeLessThanOrEqual(100);
  expect(left.at(-1)).toBe(1_000);
});
