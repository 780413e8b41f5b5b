/** A Redis that is slow, hangs, is full, takes no writes or does not answer: refused within a second, and nothing is taken for granted. */
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { noMeter } from '../../src/lib/meter.ts';
import { StateLost } from '../../src/store/state.ts';
import type { Store } from '../../src/store/types.ts';
import { asked, matchOf, newPlan, yes } from '../store/support.ts';
import { startProxy } from './proxy.ts';
import { redisIsThere, sharedRedis } from './server.ts';
import { openStore, until, withinASecond } from './support.ts';

const server = sharedRedis();
beforeEach(async () => {
  if (redisIsThere()) await server().say('FLUSHALL');
});

async function approved({ plans }: Store, plan = newPlan()): Promise<string> {
  const { id } = await asked(plans, plan);
  expect(await plans.answer(id, yes(Date.now()))).toBe('approved');
  return id;
}
const claimed = ({ plans }: Store, id: string, plan = newPlan()) => plans.claim(id, matchOf(plan));
async function proxied() {
  const proxy = await startProxy(server().port);
  onTestFinished(proxy.close);
  const counted: string[] = [];
  const meter = { ...noMeter, store: (result: 'ok' | 'error') => void counted.push(result) };
  const it = await openStore({ url: proxy.url, meter });
  return { proxy, counted, ...it };
}

describe.runIf(redisIsThere())('a server', () => {
  test('that is slow by two seconds: each call is refused within one, a hundred at once, too; when it is fast again, all goes on', async () => {
    const { store, kept, proxy, counted, isReady } = await proxied();
    const id = await approved(store);
    proxy.delayMs = 2_000;
    await withinASecond(expect(claimed(store, id)).rejects.toThrow(/does not answer in time/));
    const all = Array.from({ length: 100 }, () => claimed(store, id).then(String, (error: Error) => error.name));
    await withinASecond(Promise.all(all));
    expect(new Set(await Promise.all(all))).toEqual(new Set(['StateLost']));
    for (const work of [() => kept.get('x'), () => store.isFrozen(), () => store.locks.run(['x'], async () => {})])
      await withinASecond(expect(work()).rejects.toThrow(StateLost));
    expect(isReady()).toBe(false);
    expect(counted).toContain('error');
    proxy.delayMs = 0;
    proxy.cut();
    await until(isReady);
    expect(await claimed(store, id)).toBe(true);
  });

  test('that hangs and wakes up: a claim whose answer did not come counts as none, and is none for anybody else', async () => {
    const { store, isReady } = await openStore({ url: server().url });
    const id = await approved(store);
    server().signal('SIGSTOP');
    const begun = claimed(store, id);
    await withinASecond(expect(begun).rejects.toThrow(StateLost));
    server().signal('SIGCONT');
    await until(isReady);
    expect([await claimed(store, id), await claimed(store, id)].filter(Boolean).length).toBeLessThanOrEqual(1);
  });

  test('whose answer to the claim is lost: it stays burnt, nothing may be sent for it, and it is settled as failed', async () => {
    const { store, proxy, isReady } = await proxied();
    const other = await openStore({ url: server().url, instance: 'other' });
    const id = await approved(store);
    proxy.loses = 'kept';
    await withinASecond(expect(claimed(store, id)).rejects.toThrow(StateLost));
    const allowed = store.plans.begin(newPlan({ channel: 'none', kind: 'allow', digest: 'n', request: 'n' }));
    await withinASecond(expect(allowed).rejects.toThrow(StateLost));
    proxy.loses = undefined;
    await until(isReady);
    expect(await other.store.plans.find(id)).toMatchObject({ state: 'claimed' });
    for (const it of [store, other.store]) expect(await claimed(it, id)).toBe(false);
    expect(await store.plans.orphans()).toEqual([]);
    expect(await other.store.plans.list()).toMatchObject([{ id, state: 'done', outcome: 'failed' }]);
  });

  test('that is away when a call has ended: that is written down later, as it was', async () => {
    const { store, proxy, isReady } = await proxied();
    const id = await approved(store);
    expect(await claimed(store, id)).toBe(true);
    proxy.loses = 'seen';
    await withinASecond(expect(store.plans.finish(id, 'executed')).rejects.toThrow(StateLost));
    proxy.loses = undefined;
    await until(isReady);
    expect(await store.plans.find(id)).toMatchObject({ state: 'claimed' });
    expect(await store.plans.orphans()).toEqual([]);
    expect(await store.plans.find(id)).toMatchObject({ state: 'done', outcome: 'executed' });
  });

  test('that is full: no claim and no part of one, while looks go on; with room again it is claimed', async () => {
    const { store, kept, isReady } = await openStore({ url: server().url });
    const id = await approved(store);
    await server().say('CONFIG', 'SET', 'maxmemory', '1');
    onTestFinished(async () => void (await server().say('CONFIG', 'SET', 'maxmemory', '0')));
    await withinASecond(expect(claimed(store, id)).rejects.toThrow(/its memory is full/));
    await withinASecond(expect(kept.put('x', 'y', 1_000)).rejects.toThrow(/its memory is full/));
    await withinASecond(expect(store.freeze('x')).rejects.toThrow(StateLost));
    expect(await store.plans.find(id)).toMatchObject({ state: 'approved' });
    expect(isReady()).toBe(true);
    await server().say('CONFIG', 'SET', 'maxmemory', '0');
    expect(await claimed(store, id)).toBe(true);
    expect(await claimed(store, id)).toBe(false);
  });

  test('that stays full is not ready, whatever could be looked at since; with room again it is', async () => {
    const { store, isReady } = await openStore({ url: server().url, tuning: { aliveMs: 300 } });
    await server().say('CONFIG', 'SET', 'maxmemory', '1');
    onTestFinished(async () => void (await server().say('CONFIG', 'SET', 'maxmemory', '0')));
    await until(() => !isReady());
    await store.plans.list();
    expect(isReady()).toBe(false);
    await server().say('CONFIG', 'SET', 'maxmemory', '0');
    await until(isReady);
  });

  test('that has become a read-only replica: refused, and not used until it takes writes again', async () => {
    const { store, isReady } = await openStore({ url: server().url });
    const id = await approved(store);
    await server().say('REPLICAOF', '127.0.0.1', '1');
    onTestFinished(async () => void (await server().say('REPLICAOF', 'NO', 'ONE')));
    await withinASecond(expect(claimed(store, id)).rejects.toThrow(/read-only replica/));
    expect(isReady()).toBe(false);
    await until(async () => /read-only replica/.test(await store.plans.find(id).then(String, String)));
    await server().say('REPLICAOF', 'NO', 'ONE');
    await until(isReady);
    expect(await claimed(store, id)).toBe(true);
  });

  test.each([
    ['that wants replicas it does not have', ['min-replicas-to-write', '1'], ['min-replicas-to-write', '0'], /too few of its replicas/],
  ] as const)('%s: refused', async (_, set, back, text) => {
    const { store } = await openStore({ url: server().url });
    const id = await approved(store);
    await server().say('CONFIG', 'SET', ...set);
    onTestFinished(async () => void (await server().say('CONFIG', 'SET', ...back)));
    await withinASecond(expect(claimed(store, id)).rejects.toThrow(text));
  });

  test('whose eviction policy was changed is not used again after a loss of the connection', async () => {
    const { store, isReady, proxy } = await proxied();
    await server().say('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    onTestFinished(async () => void (await server().say('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')));
    proxy.cut();
    await until(async () => /maxmemory-policy is allkeys-lru/.test(await store.isFrozen().then(String, String)));
    expect(isReady()).toBe(false);
    await server().say('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    await until(isReady);
  });

  test('that forgets its scripts is taught them again', async () => {
    const { store } = await openStore({ url: server().url });
    const id = await approved(store);
    await server().say('SCRIPT', 'FLUSH');
    expect(await claimed(store, id)).toBe(true);
  });
});
