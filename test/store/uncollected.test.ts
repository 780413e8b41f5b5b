import { expect, test } from 'vitest';
import { createKept } from '../../src/store/kept.ts';
import { createUncollected } from '../../src/store/uncollected.ts';

test('an outcome is told once, for the same call, within ten minutes', async () => {
  let time = 0;
  const kept = createUncollected<string>(createKept(() => time));
  await kept.keep('a call', 'executed');
  expect(await kept.take('another call')).toBeUndefined();
  expect(await kept.take('a call')).toBe('executed');
  expect(await kept.take('a call')).toBeUndefined();
  await kept.keep('a call', 'executed');
  time = 10 * 60_000;
  expect(await kept.take('a call')).toBeUndefined();
});

test('the later outcome of the same call counts', async () => {
  const kept = createUncollected<string>(createKept(() => 0));
  await kept.keep('a call', 'unknown');
  await kept.keep('a call', 'executed');
  expect(await kept.take('a call')).toBe('executed');
});
