import { expect, test } from 'vitest';
import { standingOf, type Standing, type StandingFacts } from '../../src/store/standing.ts';
import { HOUR } from './support.ts';

const ENROLLED = 1_000_000;
const facts = (more: Partial<StandingFacts>): StandingFacts => ({
  planCreated: ENROLLED + 30 * HOUR,
  kind: 'approve',
  waitHours: 24,
  level: 'L0',
  now: ENROLLED + 30 * HOUR,
  ...more,
});
const standing = (more: Partial<StandingFacts>) => standingOf({ enrolledAt: ENROLLED }, facts(more));
const tooNew: Standing = { not: 'too new', countsFrom: ENROLLED + 24 * HOUR };

test.each<[string, Partial<StandingFacts>, Standing]>([
  ['who was enrolled long ago', {}, 'counts'],
  ['who was enrolled less than a day ago', { planCreated: ENROLLED + HOUR, now: ENROLLED + 24 * HOUR - 1 }, tooNew],
  ['a day later, for a plan that was made before the day was over', { planCreated: ENROLLED + HOUR, now: ENROLLED + 24 * HOUR }, 'counts'],
  ['for confirm at once', { kind: 'confirm', planCreated: ENROLLED + 1, now: ENROLLED + 1 }, 'counts'],
  ['from level L1 up at once', { level: 'L1', planCreated: ENROLLED + 1, now: ENROLLED + 1 }, 'counts'],
  ['where policy sets no wait', { waitHours: 0, planCreated: ENROLLED, now: ENROLLED }, 'counts'],
  ['who was enrolled after the plan was made', { planCreated: ENROLLED - 1 }, { not: 'enrolled after the question' }],
  ['the same for confirm', { kind: 'confirm', planCreated: ENROLLED - 1 }, { not: 'enrolled after the question' }],
  ['the same at every level', { level: 'L3', planCreated: ENROLLED - 1 }, { not: 'enrolled after the question' }],
  ['whose clock was set back', { planCreated: ENROLLED, now: ENROLLED - HOUR }, tooNew],
])('an approver %s', (_, more, expected) => {
  expect(standing(more)).toEqual(expected);
});

test('a wait that is no number never ends', () => {
  expect(standing({ waitHours: NaN })).not.toBe('counts');
  expect(standingOf({ enrolledAt: NaN }, facts({}))).not.toBe('counts');
});
