/** The records without which nothing executes. Each check stands alone: the one before it may be wrong. */
import { describe, expect, test } from 'vitest';
import { createPlans, type Plans, type WaitingPlan } from '../../src/store/plans.ts';

const its = { digest: 'd', request: 'r', principal: 'alice' };
const MINUTE = 60_000;

function store() {
  let time = 1_000;
  let ids = 0;
  const plans = createPlans({ now: () => time, randomId: () => `id${(ids += 1)}` });
  return { plans, pass: (ms: number) => (time += ms) };
}
function asked(plans: Plans, of: Partial<typeof its> = {}): WaitingPlan {
  const plan = plans.ask({ ...its, ...of });
  if (!plan) throw new Error('too many wait');
  return plan;
}

describe('a waiting plan', () => {
  test('is the same for the same digest, and another one for another principal', () => {
    const { plans } = store();
    expect(asked(plans).id).toBe(asked(plans).id);
    expect(asked(plans, { principal: 'mallory' }).id).not.toBe(asked(plans).id);
    expect(asked(plans, { digest: 'other' }).id).not.toBe(asked(plans).id);
  });

  test('is claimed once', () => {
    const { plans } = store();
    const plan = asked(plans);
    expect(plans.claim(plan, 'd')).toBe(true);
    expect(plans.claim(plan, 'd')).toBe(false);
    expect(plans.find(plan.id, 'alice')).toBeUndefined();
  });

  test('is neither found nor claimed once five minutes have passed', () => {
    const { plans, pass } = store();
    const plan = asked(plans);
    pass(5 * MINUTE);
    expect(plans.find(plan.id, 'alice')).toBeUndefined();
    expect(plans.claim(plan, 'd')).toBe(false);
  });

  test('is not claimed for another digest, by another principal, once it ended, or where it never was', () => {
    const { plans } = store();
    const plan = asked(plans);
    expect(plans.claim(plan, 'other')).toBe(false);
    expect(plans.claim({ ...plan, principal: 'mallory' }, 'd')).toBe(false);
    expect(plans.claim({ ...plan, id: 'invented' }, 'd')).toBe(false);
    expect(plans.find(plan.id, 'mallory')).toBeUndefined();
    plans.end(plan);
    expect(plans.claim(plan, 'd')).toBe(false);
    expect(store().plans.claim(plan, 'd')).toBe(false); // a store that lost everything
  });

  test('holds nothing but digests and times', () => {
    expect(Object.keys(asked(store().plans)).sort()).toEqual(['digest', 'expires', 'id', 'principal', 'request']);
  });

  test('is one of 200 at most, and makes room when it lapses', () => {
    const { plans, pass } = store();
    for (let count = 0; count < 200; count += 1) asked(plans, { digest: `d${count}` });
    expect(plans.ask({ ...its, digest: 'one more' })).toBeUndefined();
    pass(5 * MINUTE);
    expect(plans.ask({ ...its, digest: 'one more' })).toBeDefined();
  });
});

describe('a no', () => {
  test('ends every plan of the same call, also one that was made before the account changed', () => {
    const { plans } = store();
    const [before, after, other] = [asked(plans), asked(plans, { digest: 'd2' }), asked(plans, { digest: 'd3', request: 'another call' })];
    plans.coolDown('r');
    expect(plans.claim(before, 'd')).toBe(false);
    expect(plans.claim(after, 'd2')).toBe(false);
    expect(plans.claim(other, 'd3')).toBe(true);
  });

  test('keeps the same call from being asked again for ten minutes, and no other', () => {
    const { plans, pass } = store();
    plans.coolDown('r');
    pass(10 * MINUTE - 1);
    expect(plans.coolingMs('r')).toBe(1);
    expect(plans.coolingMs('another call')).toBe(0);
    pass(1);
    expect(plans.coolingMs('r')).toBe(0);
  });

  test('is also the third wrong phrase, but not the second; a yes in between starts anew', () => {
    const { plans } = store();
    plans.wrongPhrase('r');
    plans.wrongPhrase('r');
    expect(plans.coolingMs('r')).toBe(0);
    plans.claim(asked(plans), 'd');
    plans.wrongPhrase('r');
    plans.wrongPhrase('r');
    expect(plans.coolingMs('r')).toBe(0);
    plans.wrongPhrase('r');
    expect(plans.coolingMs('r')).toBe(10 * MINUTE);
  });
});
