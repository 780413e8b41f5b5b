/** The records without which nothing executes, in memory and in files alike. Each check stands alone: the one before it may be wrong. */
import { describe, expect, test } from 'vitest';
import type { Decided } from '../../src/store/types.ts';
import { approved, asked, form, KINDS, LIMITS, matchOf, newPlan, openedWith, yes } from './support.ts';

describe.each(KINDS)('plans %s', (_, open) => {
  const opened = () => openedWith(open);

  describe('asking', () => {
    test('the same call again finds the plan that waits, and the one that was approved', async () => {
      const { plans, time } = await opened();
      const first = await plans.ask(newPlan(), LIMITS);
      expect(first).toMatchObject({ kind: 'plan', fresh: true, plan: { state: 'waiting', created: time.now(), decided: [] } });
      const { id, code } = await asked(plans);
      expect(await plans.ask(newPlan(), LIMITS)).toMatchObject({ fresh: false, plan: { id, code } });
      await plans.answer(id, yes(time.now()));
      expect(await plans.ask(newPlan(), LIMITS)).toMatchObject({ fresh: false, plan: { id, state: 'approved' } });
      expect(code).toMatch(/^[A-HJ-NP-Z2-9]{4}$/);
    });

    test.each([
      { principal: 'mallory' },
      { channel: 'form' as const },
      { digest: 'other', request: 'other' },
      { request: 'other', digest: 'other', approvals: 2 as const },
    ])('another plan for %j', async (more) => {
      const { plans } = await opened();
      const { id } = await asked(plans);
      expect((await asked(plans, newPlan(more))).id).not.toBe(id);
      expect(await plans.find(id)).toMatchObject({ state: 'waiting' });
    });

    test.each([{ approvals: 2 as const }, { kind: 'confirm' as const }, { others: true }])(
      'a yes that was asked for on other terms does not serve for %j',
      async (more) => {
        const store = await opened();
        const id = await approved(store);
        expect(await store.plans.ask(newPlan(more), LIMITS)).toEqual({ kind: 'stale' });
        expect(await store.plans.claim(id, matchOf(newPlan()))).toBe(false);
      },
    );

    test('a call that waits on the page with other contents is stale, once; the next asking is a new one', async () => {
      const { plans } = await opened();
      const { id } = await asked(plans);
      const changed = newPlan({ digest: 'other' });
      expect(await plans.ask(changed, LIMITS)).toEqual({ kind: 'stale' });
      expect(await plans.find(id)).toMatchObject({ state: 'void', outcome: 'stale' });
      expect(await plans.ask(changed, LIMITS)).toMatchObject({ kind: 'plan', fresh: true });
    });

    test('a form with other contents stays: it may be open beside', async () => {
      const { plans } = await opened();
      const { id } = await asked(plans, form());
      expect(await plans.ask(form({ digest: 'other' }), LIMITS)).toMatchObject({ kind: 'plan', fresh: true });
      expect(await plans.find(id)).toMatchObject({ state: 'waiting' });
    });

    test('no more than so many wait for one principal, and in all; what is decided frees its place', async () => {
      const { plans, time } = await opened();
      const limits = { waiting: 2, waitingInAll: 3 };
      const of = (n: number, principal = 'p') => newPlan({ digest: `d${n}`, request: `r${n}`, principal });
      const { id } = await asked(plans, of(1), limits);
      await asked(plans, of(2), limits);
      expect(await plans.ask(of(3), limits)).toEqual({ kind: 'crowded', limit: 2 });
      expect(await plans.ask(of(2), limits)).toMatchObject({ kind: 'plan', fresh: false });
      await asked(plans, of(3, 'q'), limits);
      expect(await plans.ask(of(4, 'q'), limits)).toEqual({ kind: 'crowded', limit: 3 });
      await plans.answer(id, yes(time.now()));
      expect(await plans.ask(of(4, 'q'), limits)).toMatchObject({ kind: 'plan', fresh: true });
      expect(await plans.ask(of(9, 'z'), { waiting: 0, waitingInAll: 9 })).toEqual({ kind: 'crowded', limit: 0 });
    });

    test('what was asked cannot be changed afterwards by who asked', async () => {
      const { plans } = await opened();
      const targets = ['9f1c'];
      const { id } = await asked(plans, newPlan({ targets }));
      targets.push('mine');
      expect((await plans.find(id))?.targets).toEqual(['9f1c']);
    });
  });

  describe('answering', () => {
    test.each([
      { name: 'one approver', plan: newPlan(), by: ['a'], taken: ['approved'] },
      { name: 'two, who differ', plan: newPlan({ approvals: 2 }), by: ['a', 'b'], taken: ['more', 'approved'] },
      { name: 'two, the same one twice', plan: newPlan({ approvals: 2 }), by: ['a', 'a'], taken: ['more', 'same'] },
      { name: 'one, twice', plan: newPlan(), by: ['a', 'a'], taken: ['approved', 'same'] },
      { name: 'one, and another after it', plan: newPlan(), by: ['a', 'b'], taken: ['approved', 'over'] },
    ])('$name: $taken', async ({ plan, by, taken }) => {
      const { plans, time } = await opened();
      const { id } = await asked(plans, plan);
      const results: string[] = [];
      for (const it of by) results.push(await plans.answer(id, yes(time.now(), { by: it })));
      expect(results).toEqual(taken);
      const enough = taken.includes('approved');
      expect(await plans.find(id)).toMatchObject({ state: enough ? 'approved' : 'waiting' });
      expect(await plans.claim(id, matchOf(plan))).toBe(enough);
    });

    test('both at the same time count as two, and one of them at the same time as one', async () => {
      const { plans, time } = await opened();
      const plan = newPlan({ approvals: 2 });
      const { id } = await asked(plans, plan);
      const answers = ['a', 'b', 'a', 'b'].map((by) => plans.answer(id, yes(time.now(), { by })));
      expect((await Promise.all(answers)).sort()).toEqual(['approved', 'more', 'same', 'same']);
    });

    test.each<{ name: string; plan: ReturnType<typeof newPlan>; method: Decided['method']; taken: string }>([
      { name: 'a form', plan: form(), method: 'form', taken: 'approved' },
      { name: 'a form, by a passkey', plan: form(), method: 'passkey', taken: 'over' },
      { name: 'a form whose verdict is approve', plan: form({ kind: 'approve' }), method: 'form', taken: 'over' },
      { name: 'the page, by a form', plan: newPlan({ kind: 'confirm', approvals: 0 }), method: 'form', taken: 'over' },
      {
        name: 'the page, by a phrase where policy says so',
        plan: newPlan({ kind: 'confirm', approvals: 0 }),
        method: 'phrase',
        taken: 'approved',
      },
      { name: 'the page, by a phrase where it does not', plan: newPlan({ kind: 'confirm' }), method: 'phrase', taken: 'over' },
      { name: 'the page, by a phrase for approve', plan: newPlan({ approvals: 0 }), method: 'phrase', taken: 'over' },
      { name: 'the page, by a code', plan: newPlan(), method: 'totp', taken: 'approved' },
      { name: 'nothing that anybody is asked', plan: newPlan({ channel: 'none' }), method: 'passkey', taken: 'over' },
    ])('$name: $taken', async ({ plan, method, taken }) => {
      const { plans, time } = await opened();
      const { id } = await asked(plans, plan);
      expect(await plans.answer(id, yes(time.now(), { method }))).toBe(taken);
    });

    test('what ended, and what never was, is over', async () => {
      const { plans, time } = await opened();
      const { id } = await asked(plans);
      await plans.end(id, 'declined', 'declined');
      expect(await plans.answer(id, yes(time.now()))).toBe('over');
      expect(await plans.answer('nothing', yes(time.now()))).toBe('over');
      expect(await plans.answer('__proto__', yes(time.now()))).toBe('over');
    });
  });

  describe('claiming', () => {
    test('once, by whoever is first', async () => {
      const store = await opened();
      const id = await approved(store);
      expect(await store.plans.claim(id, matchOf(newPlan()))).toBe(true);
      expect(await store.plans.claim(id, matchOf(newPlan()))).toBe(false);
      expect(await store.plans.find(id)).toMatchObject({ state: 'claimed', owner: { pid: process.pid, instance: 'this one' } });
    });

    test('one of a hundred at once', async () => {
      const store = await opened();
      const id = await approved(store);
      const all = await Promise.all(Array.from({ length: 100 }, () => store.plans.claim(id, matchOf(newPlan()))));
      expect(all.filter(Boolean)).toHaveLength(1);
    });

    test('not what waits, nor with another digest, nor for another principal', async () => {
      const store = await opened();
      const waiting = await asked(store.plans, newPlan({ digest: 'w', request: 'w' }));
      expect(await store.plans.claim(waiting.id, matchOf(waiting))).toBe(false);
      const id = await approved(store);
      const { digest, principal } = newPlan();
      expect(await store.plans.claim(id, { digest: 'other', principal })).toBe(false);
      expect(await store.plans.claim(id, { digest, principal: 'mallory' })).toBe(false);
      expect(await store.plans.claim('nothing', { digest, principal })).toBe(false);
      expect(await store.plans.claim(id, { digest, principal })).toBe(true);
    });

    test('an allowed change is claimed from the start, keeps nothing for a person, and cannot be claimed again', async () => {
      const { plans } = await opened();
      const plan = newPlan({ channel: 'none', kind: 'allow', approvals: 0 });
      const begun = await plans.begin(plan);
      expect(begun).toMatchObject({ state: 'claimed', phrase: '', ids: { id: '9f1c' }, owner: { pid: process.pid } });
      expect(begun).not.toHaveProperty('shown');
      expect(await plans.claim(begun.id, matchOf(plan))).toBe(false);
      await plans.finish(begun.id, 'executed');
      expect(await plans.find(begun.id)).toBeUndefined(); // no decision to remember
    });
  });
});
