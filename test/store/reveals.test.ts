import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from '../../src/lib/secret.ts';
import { createKept } from '../../src/store/kept.ts';
import { createReveals } from '../../src/store/reveals.ts';
import { clock, MINUTE } from './support.ts';

const values = { 'Recovery code': new Secret('518 209') };

test('a secret is seen once', async () => {
  const time = clock();
  const reveals = createReveals(createKept(time.now), time.now);
  const expiresAt = time.now() + MINUTE;
  await reveals.keep('plan', { values, about: 'ada', expiresAt });
  expect(await reveals.waiting('plan')).toEqual({ about: 'ada', expiresAt });
  expect(await reveals.waiting('another')).toBeUndefined();
  expect(await reveals.take('another')).toBeUndefined();
  expect((await reveals.take('plan'))?.['Recovery code']?.reveal()).toBe('518 209');
  expect(await reveals.take('plan')).toBeUndefined();
  expect(await reveals.waiting('plan')).toBeUndefined();
});

test('until it expires, and a clock that is set back does not bring it back', async () => {
  const time = clock();
  const reveals = createReveals(createKept(time.now), time.now);
  await reveals.keep('plan', { values, about: 'ada', expiresAt: time.now() + MINUTE });
  time.pass(MINUTE);
  expect(await reveals.waiting('plan')).toBeUndefined();
  expect(await reveals.take('plan')).toBeUndefined();
  time.pass(-MINUTE);
  expect(await reveals.take('plan')).toBeUndefined();
});

test('it cannot be printed by accident', async () => {
  const reveals = createReveals(
    createKept(() => 0),
    () => 0,
  );
  await reveals.keep('plan', { values, about: 'ada', expiresAt: 1 });
  const taken = await reveals.take('plan');
  expect(`${JSON.stringify(taken)}${inspect(taken)}`).not.toContain('518');
});
