/** Budgets, refusals, locks and the short history, in memory and in files alike. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../src/store/store.ts';
import type { Spending } from '../../src/store/types.ts';
import { clock, DAY, HOUR, KINDS, MINUTE, ports } from './support.ts';

const spending = (more: Partial<Spending> = {}): Spending => ({
  budget: 'destructive',
  of: 'anna',
  items: 1,
  limit: 3,
  windowMs: HOUR,
  ...more,
});

describe.each(KINDS)('counters %s', (_, open) => {
  async function opened() {
    const time = clock();
    const { counters } = await open(time.now);
    return { counters, time };
  }

  test('a budget is spent by items, up to its limit exactly, and says when it frees', async () => {
    const { counters, time } = await opened();
    const start = time.now();
    expect(await counters.spend([spending({ items: 2 })])).toEqual({ ok: true, left: 1 });
    time.pass(MINUTE);
    expect(await counters.spend([spending()])).toEqual({ ok: true, left: 0 });
    expect(await counters.spend([spending()])).toEqual({ ok: false, budget: 'destructive', limit: 3, freesAt: start + HOUR });
    expect(await counters.spend([spending({ items: 3 })])).toMatchObject({ freesAt: start + MINUTE + HOUR });
    expect(await counters.used('destructive', 'anna', HOUR)).toBe(3);
    time.pass(59 * MINUTE);
    expect(await counters.used('destructive', 'anna', HOUR)).toBe(1);
    expect(await counters.spend([spending({ items: 2 })])).toEqual({ ok: true, left: 0 });
  });

  test('a hundred at once spend exactly the limit', async () => {
    const { counters } = await opened();
    const all = await Promise.all(Array.from({ length: 100 }, () => counters.spend([spending({ limit: 30 })])));
    expect(all.filter((it) => it.ok)).toHaveLength(30);
  });

  test('all of several or none', async () => {
    const { counters } = await opened();
    const target = spending({ budget: 'recovery', of: 'alice', limit: 1, windowMs: DAY });
    expect(await counters.spend([spending(), target])).toEqual({ ok: true, left: 0 });
    expect(await counters.spend([spending(), target])).toMatchObject({ ok: false, budget: 'recovery' });
    expect(await counters.used('destructive', 'anna', HOUR)).toBe(1);
  });

  test('the same budget twice in one call counts twice', async () => {
    const { counters } = await opened();
    expect(await counters.spend([spending({ items: 2 }), spending({ items: 2 })])).toMatchObject({ ok: false });
    expect(await counters.spend([spending({ items: 1 }), spending({ items: 2 })])).toEqual({ ok: true, left: 0 });
  });

  test('a limit of nothing, or of no number, refuses; so do items that are none', async () => {
    const { counters, time } = await opened();
    expect(await counters.spend([spending({ limit: 0 })])).toEqual({
      ok: false,
      budget: 'destructive',
      limit: 0,
      freesAt: time.now() + HOUR,
    });
    expect(await counters.spend([spending({ limit: NaN })])).toMatchObject({ ok: false });
    for (const items of [-1, 0.5, NaN]) await expect(counters.spend([spending({ items })])).rejects.toThrow(RangeError);
    expect(await counters.spend([])).toMatchObject({ ok: true });
    expect(await counters.used('destructive', 'anna', HOUR)).toBe(0);
  });

  test('budgets of different kinds and people are apart, whatever they are called', async () => {
    const { counters } = await opened();
    for (const of of ['anna', '__proto__', 'constructor', 'anna ']) {
      expect(await counters.spend([spending({ of, limit: 1 })])).toMatchObject({ ok: true });
      expect(await counters.spend([spending({ of, limit: 1 })])).toMatchObject({ ok: false });
    }
    expect(await counters.spend([spending({ budget: 'takeover', limit: 1 })])).toMatchObject({ ok: true });
  });

  test('what failed is given back, and no more than was spent', async () => {
    const { counters } = await opened();
    await counters.spend([spending({ items: 3 })]);
    await counters.refund([spending({ items: 2 })]);
    expect(await counters.used('destructive', 'anna', HOUR)).toBe(1);
    await counters.refund([spending({ items: 9 })]);
    expect(await counters.spend([spending({ items: 4 })])).toMatchObject({ ok: false });
    expect(await counters.spend([spending({ items: 3 })])).toMatchObject({ ok: true });
  });

  test('a clock that is set forward and back gives nothing back', async () => {
    const { counters, time } = await opened();
    await counters.spend([spending({ budget: 'allowed', items: 3, windowMs: 10 * MINUTE })]);
    time.pass(10 * MINUTE);
    await counters.spend([spending({ of: 'somebody else' })]);
    time.pass(-10 * MINUTE);
    expect(await counters.used('allowed', 'anna', 10 * MINUTE)).toBe(3);
    time.pass(-10 * MINUTE);
    expect(await counters.used('allowed', 'anna', 10 * MINUTE)).toBe(3);
  });

  test('the refusal that is one too many within an hour locks, once; unlocking begins anew', async () => {
    const { counters, time } = await opened();
    expect(await counters.declined('anna', 3)).toBe(false);
    time.pass(HOUR);
    expect(await counters.declined('anna', 3)).toBe(false);
    expect(await counters.declined('anna', 3)).toBe(false);
    expect(await counters.lockedSince('anna')).toBeUndefined();
    expect(await counters.declined('anna', 3)).toBe(true);
    expect(await counters.declined('anna', 3)).toBe(false);
    expect(await counters.lockedSince('anna')).toBe(time.now());
    expect(await counters.lockedSince('berta')).toBeUndefined();
    await counters.unlock('anna');
    expect(await counters.lockedSince('anna')).toBeUndefined();
    expect(await counters.declined('anna', 3)).toBe(false);
  });

  test('a lock has no end of its own, keeps its beginning, and is listed newest first', async () => {
    const { counters, time } = await opened();
    const since = time.now();
    await counters.lock('__proto__');
    time.pass(30 * DAY);
    await counters.lock('__proto__');
    await counters.lock('berta');
    expect(await counters.locked()).toEqual([
      { principal: 'berta', since: time.now() },
      { principal: '__proto__', since },
    ]);
  });

  test('what was done to a target is known for a week, and one kind does not push out another', async () => {
    const { counters, time } = await opened();
    const at = time.now();
    await counters.remember('alice', 'recovery');
    time.pass(MINUTE);
    for (let n = 0; n < 60; n += 1) await counters.remember('alice', 'contact');
    const known = await counters.remembered('alice', 72 * HOUR);
    expect(known).toContainEqual({ link: 'recovery', at });
    expect(known.length).toBeLessThan(30);
    expect(await counters.remembered('alice', MINUTE)).not.toContainEqual({ link: 'recovery', at });
    expect(await counters.remembered('bob', 72 * HOUR)).toEqual([]);
    time.pass(7 * DAY);
    expect(await counters.remembered('alice', 7 * DAY)).toEqual([]);
  });
});

test('no sequence of spending exceeds a limit within a window, and a refusal says when the same call would pass', async () => {
  const step = fc.record({ items: fc.integer({ min: 1, max: 4 }), pass: fc.integer({ min: 0, max: 40 * MINUTE }) });
  const property = fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
    const time = clock();
    const { counters } = createMemoryStore(ports(time.now));
    const granted: { at: number; items: number }[] = [];
    const inWindow = () => granted.filter((it) => it.at > time.now() - HOUR).reduce((sum, it) => sum + it.items, 0);
    for (const { items, pass } of steps) {
      time.pass(pass);
      const spent = await counters.spend([spending({ items, limit: 5 })]);
      expect(spent.ok).toBe(inWindow() + items <= 5);
      if (spent.ok) granted.push({ at: time.now(), items });
      else {
        time.pass(spent.freesAt - time.now() - 1);
        expect(inWindow() + items).toBeGreaterThan(5);
        time.pass(1);
        expect(inWindow() + items).toBeLessThanOrEqual(5);
      }
    }
  });
  await fc.assert(property, { numRuns: 100 });
});
