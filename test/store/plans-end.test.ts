/** What time does to plans, what is kept of them, and what a person's no does; in memory and in files alike. */
import { describe, expect, test } from 'vitest';
import { emptyState } from '../../src/store/state.ts';
import { MAX_ENDED, sweep } from '../../src/store/sweep.ts';
import { approved, asked, DAY, form, HOUR, KINDS, LIMITS, matchOf, MINUTE, newPlan, openedWith, SECOND, yes } from './support.ts';

describe.each(KINDS)('plans %s', (_, open) => {
  const opened = () => openedWith(open);

  describe('time', () => {
    test('a question lapses when its time is over, and not before', async () => {
      const { plans, time } = await opened();
      const { id } = await asked(plans);
      time.pass(30 * MINUTE - 1);
      expect(await plans.find(id)).toMatchObject({ state: 'waiting' });
      time.pass(1);
      expect(await plans.find(id)).toMatchObject({ state: 'expired', outcome: 'expired', endedAt: time.now() });
      expect(await plans.list()).toMatchObject([{ id, state: 'expired' }]);
      expect(await plans.answer(id, yes(time.now()))).toBe('over');
      expect(await plans.ask(newPlan(), LIMITS)).toMatchObject({ kind: 'plan', fresh: true });
    });

    test('a yes must be claimed within five minutes of the last one', async () => {
      const store = await opened();
      const { plans, time } = store;
      const plan = newPlan({ approvals: 2 });
      const { id } = await asked(plans, plan);
      await plans.answer(id, yes(time.now()));
      time.pass(10 * MINUTE);
      await plans.answer(id, yes(time.now(), { by: 'b' }));
      time.pass(5 * MINUTE - 1);
      expect(await plans.find(id)).toMatchObject({ state: 'approved' });
      time.pass(1);
      expect(await plans.claim(id, matchOf(plan))).toBe(false);
      expect(await plans.find(id)).toMatchObject({ state: 'expired' });
    });

    test('a yes right before the end does not lengthen it', async () => {
      const store = await opened();
      const { id } = await asked(store.plans);
      store.time.pass(29 * MINUTE);
      await store.plans.answer(id, yes(store.time.now()));
      store.time.pass(MINUTE);
      expect(await store.plans.claim(id, matchOf(newPlan()))).toBe(false);
    });

    test('what was seen as expired stays so when the clock is set back', async () => {
      const store = await opened();
      const id = await approved(store);
      store.time.pass(10 * MINUTE);
      expect(await store.plans.coolingMs('anything')).toBe(0); // any look at all
      store.time.pass(-10 * MINUTE);
      expect(await store.plans.claim(id, matchOf(newPlan()))).toBe(false);
    });

    test('a question of the future, from before the clock was set back, is over; a clock that is adjusted a little is no matter', async () => {
      const store = await opened();
      store.time.pass(20 * SECOND);
      const id = await approved(store);
      store.time.pass(-10 * SECOND);
      expect(await store.plans.find(id)).toMatchObject({ state: 'approved' });
      store.time.pass(-10 * MINUTE);
      expect(await store.plans.claim(id, matchOf(newPlan()))).toBe(false);
    });
  });

  describe('what is kept', () => {
    const kept = { tool: 'delete_identity', targets: ['9f1c'], principal: 'os:1000:anna', phrase: '', ids: {} };

    test('the page can follow a plan to its end: its text stays while it is carried out, and goes with the end', async () => {
      const store = await opened();
      const id = await approved(store);
      await store.plans.claim(id, matchOf(newPlan()));
      expect(await store.plans.find(id)).toMatchObject({ state: 'claimed', shown: { title: 'Delete an identity' } });
      await store.plans.finish(id, 'executed');
      const done = await store.plans.find(id);
      expect(done).toMatchObject({ ...kept, state: 'done', outcome: 'executed', decided: [{ name: 'Ann' }] });
      expect(JSON.stringify(done)).not.toContain('alice');
    });

    test.each([
      ['declined', 'declined'],
      ['void', 'cancelled'],
      ['expired', 'expired'],
    ] as const)('of what is %s, no text either', async (state, outcome) => {
      const { plans } = await opened();
      const { id } = await asked(plans);
      await plans.end(id, state, outcome);
      expect(await plans.find(id)).toMatchObject({ ...kept, state, outcome });
      expect(JSON.stringify(await plans.list())).not.toContain('alice');
    });

    test('an end is final, and nothing ends that is being carried out', async () => {
      const store = await opened();
      const id = await approved(store);
      await store.plans.finish(id, 'executed');
      expect(await store.plans.find(id)).toMatchObject({ state: 'approved' });
      await store.plans.claim(id, matchOf(newPlan()));
      await store.plans.end(id, 'void', 'cancelled');
      await store.plans.finish(id, 'executed');
      await store.plans.finish(id, 'unknown');
      await store.plans.end(id, 'void', 'cancelled');
      expect(await store.plans.find(id)).toMatchObject({ state: 'done', outcome: 'executed' });
    });

    test('a week, newest first; what is claimed stays', async () => {
      const { plans, time } = await opened();
      const { id: begun } = await plans.begin(newPlan({ channel: 'none', kind: 'allow' }));
      time.pass(SECOND);
      const { id: first } = await asked(plans);
      await plans.end(first, 'void', 'cancelled');
      time.pass(SECOND);
      const { id: second } = await asked(plans);
      expect((await plans.list()).map((it) => it.id)).toEqual([second, first, begun]);
      time.pass(7 * DAY - SECOND);
      expect((await plans.list()).map((it) => it.id)).toEqual([second, begun]);
      time.pass(7 * DAY);
      expect((await plans.list()).map((it) => it.id)).toEqual([begun]);
    });
  });

  describe('a call that a person declined', () => {
    test('is not asked about for a while, and what was asked about it ends, whether approved or not', async () => {
      const store = await opened();
      const { plans, time } = store;
      const id = await approved(store);
      const other = await asked(plans, form());
      const unrelated = await asked(plans, newPlan({ request: 'u', digest: 'u' }));
      await plans.coolDown('r', 10);
      expect(await plans.claim(id, matchOf(newPlan()))).toBe(false);
      expect(await plans.find(other.id)).toMatchObject({ state: 'declined' });
      expect(await plans.find(unrelated.id)).toMatchObject({ state: 'waiting' });
      expect(await plans.coolingMs('r')).toBe(10 * MINUTE);
      expect(await plans.coolingMs('u')).toBe(0);
      time.pass(10 * MINUTE - 1);
      expect(await plans.coolingMs('r')).toBe(1);
      time.pass(1);
      expect(await plans.coolingMs('r')).toBe(0);
    });

    test('cools down at the third wrong phrase, unless they lie too far apart or it was carried out between', async () => {
      const store = await opened();
      const { plans, time } = store;
      const wrong = async (times: number) => {
        for (let n = 0; n < times; n += 1) await plans.wrongPhrase('r', 10);
        return (await plans.coolingMs('r')) > 0;
      };
      expect(await wrong(2)).toBe(false);
      time.pass(HOUR);
      expect(await wrong(2)).toBe(false);
      const id = await approved(store);
      expect(await plans.claim(id, matchOf(newPlan()))).toBe(true);
      expect(await wrong(2)).toBe(false);
      expect(await wrong(1)).toBe(true);
      time.pass(10 * MINUTE);
      expect(await wrong(2)).toBe(false);
    });
  });

  test('freezing is seen until it is thawed, and each may be done twice', async () => {
    const store = await opened();
    expect([await store.isFrozen(), await store.whyFrozen()]).toEqual([false, undefined]);
    await store.freeze('2026-01-31T18:30:00.000Z os:1000:anna: an incident');
    await store.freeze('another');
    expect(await store.isFrozen()).toBe(true);
    const why = '2026-01-31T18:30:00.000Z os:1000:anna: an incident\nanother';
    expect(await store.whyFrozen()).toEqual({ since: Date.parse('2026-01-31T18:30:00.000Z'), why });
    await store.thaw();
    await store.thaw();
    expect([await store.isFrozen(), await store.whyFrozen()]).toEqual([false, undefined]);
  });
});

test('no more than so many that ended are kept, the latest', () => {
  const state = emptyState();
  const record = { ...newPlan(), code: 'ABCD', created: 0, expires: 9, state: 'done' as const, decided: [], outcome: 'executed' };
  for (let n = 0; n < MAX_ENDED + 5; n += 1) state.plans.set(`id-${n}`, { ...record, id: `id-${n}`, endedAt: n });
  state.plans.set('claimed', { ...record, id: 'claimed', state: 'claimed' });
  expect(sweep(state, MAX_ENDED + 5)).toBe(false);
  expect(state.plans.size).toBe(MAX_ENDED + 1);
  expect(['id-4', 'id-5', 'claimed'].filter((it) => state.plans.has(it))).toEqual(['id-5', 'claimed']);
});
