import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from '../../src/lib/secret.ts';
import { createReveals } from '../../src/store/reveals.ts';
import { clock, MINUTE } from './support.ts';

const values = { 'Recovery code': new Secret('518 209') };

test('a secret is seen once', () => {
  const time = clock();
  const reveals = createReveals(time.now);
  const expiresAt = time.now() + MINUTE;
  reveals.keep('plan', { values, about: 'ada', expiresAt });
  expect(reveals.waitsUntil('plan')).toBe(expiresAt);
  expect(reveals.waitsUntil('another')).toBeUndefined();
  expect(reveals.take('another')).toBeUndefined();
  expect(reveals.take('plan')?.['Recovery code']?.reveal()).toBe('518 209');
  expect(reveals.take('plan')).toBeUndefined();
  expect(reveals.waitsUntil('plan')).toBeUndefined();
});

test('until it expires, and a clock that is set back does not bring it back', () => {
  const time = clock();
  const reveals = createReveals(time.now);
  reveals.keep('plan', { values, about: 'ada', expiresAt: time.now() + MINUTE });
  time.pass(MINUTE);
  expect(reveals.waitsUntil('plan')).toBeUndefined();
  time.pass(-MINUTE);
  expect(reveals.take('plan')).toBeUndefined();
});

test('it cannot be printed by accident', () => {
  const reveals = createReveals(() => 0);
  reveals.keep('plan', { values, about: 'ada', expiresAt: 1 });
  const taken = reveals.take('plan');
  expect(`${JSON.stringify(taken)}${inspect(taken)}`).not.toContain('518');
});
