import { expect, test } from 'vitest';
import { noMeter, type Meter } from '../../src/lib/meter.ts';
import { meteredStore } from '../../src/ops/metered-store.ts';
import type { Store } from '../../src/store/types.ts';
import { clock, HOUR, KINDS, LIMITS, MINUTE, newPlan } from '../store/support.ts';

function counting(): { readonly meter: Meter; readonly steps: string[]; readonly gauges: Map<string, number> } {
  const steps: string[] = [];
  const gauges = new Map<string, number>();
  return {
    steps,
    gauges,
    meter: { ...noMeter, gate: (step) => void steps.push(step), set: (name, value) => void gauges.set(name, value) },
  };
}

const YES = { by: 'anna', name: 'Anna', method: 'passkey' as const, at: 0 };

async function asked(store: Store, more: Parameters<typeof newPlan>[0] = {}): Promise<string> {
  const it = await store.plans.ask(newPlan(more), LIMITS);
  if (it.kind !== 'plan') throw new Error(it.kind);
  return it.plan.id;
}

test.each(KINDS)('asked, approved, claimed, executed: one of each (%s)', async (_, open) => {
  const time = clock();
  const { meter, steps } = counting();
  const store = meteredStore(await open(time.now), meter);
  const id = await asked(store);
  await asked(store); // the same question again is no new one
  await store.plans.answer(id, { ...YES, at: time.now() });
  const match = { digest: 'd', principal: 'os:1000:anna' };
  expect([await store.plans.claim(id, match), await store.plans.claim(id, match)]).toEqual([true, false]);
  await store.plans.finish(id, 'executed');
  await store.plans.list();
  expect(steps).toEqual(['asked', 'approved', 'claimed', 'executed']);
  await store.close();
});

test('a question that time ended is counted once, when somebody looks', async () => {
  const time = clock();
  const { meter, steps, gauges } = counting();
  const [, open] = KINDS[0] ?? [];
  if (!open) throw new Error('no store');
  const store = meteredStore(await open(time.now), meter);
  await asked(store);
  await store.plans.list();
  expect(gauges.get('plans_waiting')).toBe(1);
  time.pass(31 * MINUTE);
  await store.plans.list();
  await store.plans.list();
  expect(gauges.get('plans_waiting')).toBe(0);
  expect(steps).toEqual(['asked', 'expired']);
});

test('of two replicas on one store, the one that asked counts the no, whoever heard it', async () => {
  const time = clock();
  const [, open] = KINDS[0] ?? [];
  if (!open) throw new Error('no store');
  const shared = await open(time.now);
  const [a, b] = [counting(), counting()];
  const [here, there] = [meteredStore(shared, a.meter), meteredStore(shared, b.meter)];
  const id = await asked(here);
  await there.plans.end(id, 'declined', 'declined');
  await there.plans.list();
  await here.plans.list();
  expect([a.steps, b.steps]).toEqual([['asked', 'declined'], []]);
});

test('an end after the claim is no end of the question', async () => {
  const time = clock();
  const { meter, steps } = counting();
  const [, open] = KINDS[0] ?? [];
  if (!open) throw new Error('no store');
  const store = meteredStore(await open(time.now), meter);
  const id = await asked(store, { lifetimeMs: HOUR });
  await store.plans.answer(id, { ...YES, at: time.now() });
  await store.plans.claim(id, { digest: 'd', principal: 'os:1000:anna' });
  await store.plans.end(id, 'void', 'stale');
  await store.plans.finish(id, 'unknown');
  expect(steps).toEqual(['asked', 'approved', 'claimed', 'unknown']);
});

test('whether changes are frozen is known from the looks that calls take', async () => {
  const { meter, gauges } = counting();
  const [, open] = KINDS[0] ?? [];
  if (!open) throw new Error('no store');
  const store = meteredStore(await open(clock().now), meter);
  await store.isFrozen();
  expect(gauges.get('frozen')).toBe(0);
  await store.freeze('test');
  await store.isFrozen();
  expect(gauges.get('frozen')).toBe(1);
});
