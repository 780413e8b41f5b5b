/** A Redis that is killed, restarted, emptied, put back to an older dump or replaced: nothing is granted twice, and what is lost is known. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { StateLost } from '../../src/store/state.ts';
import type { RedisStore } from '../../src/store/redis/open.ts';
import type { Store } from '../../src/store/types.ts';
import { asked, HOUR, matchOf, MINUTE, newPlan, yes } from '../store/support.ts';
import { startProxy } from './proxy.ts';
import { redisIsThere, sharedRedis, startRedis } from './server.ts';
import { openStore, until, withinASecond } from './support.ts';

const AOF = ['--appendonly', 'yes', '--appendfsync', 'always'];

async function started(options: readonly string[] = []) {
  const server = await startRedis({ options });
  onTestFinished(server.stop);
  return server;
}
async function approved({ plans }: Store, plan = newPlan()): Promise<string> {
  const { id } = await asked(plans, plan);
  expect(await plans.answer(id, yes(Date.now()))).toBe('approved');
  return id;
}
const claimed = ({ plans }: Store, id: string, plan = newPlan()) => plans.claim(id, matchOf(plan));
const ready = (...stores: readonly RedisStore[]) => until(() => stores.every((it) => it.isReady()));
const spending = { budget: 'takeover', of: 'anna', items: 2, limit: 5, windowMs: HOUR } as const;

interface Asked {
  readonly say: (...args: string[]) => Promise<unknown>;
}
/** The replica takes part, and has what was written a moment ago: before that it confirms nothing within the time that it is given. */
async function caughtUp(first: Asked, second: Asked): Promise<void> {
  await until(async () => /state=online/.test(String(await first.say('INFO', 'replication'))));
  await first.say('SET', 'probe', '1');
  await until(async () => String(await second.say('GET', 'probe')) === '1');
}

describe.runIf(redisIsThere())('the server', () => {
  test('killed, and restarted with its data: open questions end; budgets, cool-downs, locks, history and the freeze stay', async () => {
    const server = await started(AOF);
    const it = await openStore({ url: server.url });
    const { store, kept } = it;
    const [waiting, agreed, running] = [
      await asked(store.plans, newPlan({ digest: 'w', request: 'w' })),
      await approved(store),
      await approved(store, newPlan({ digest: 'c', request: 'c' })),
    ];
    expect(await claimed(store, running, newPlan({ digest: 'c', request: 'c' }))).toBe(true);
    await store.counters.spend([spending]);
    await store.counters.lock('berta');
    await store.counters.remember('alice', 'contact');
    await store.plans.coolDown('other', 10);
    await store.freeze('an incident');
    await kept.put('reveal', 'a secret', MINUTE);
    await server.kill();
    await withinASecond(expect(claimed(store, agreed)).rejects.toThrow(StateLost));
    await withinASecond(expect(kept.take('reveal')).rejects.toThrow(StateLost));
    expect(it.isReady()).toBe(false);
    await server.start();
    await ready(it);
    for (const id of [waiting.id, agreed]) {
      expect(await claimed(store, id)).toBe(false);
      expect(await store.plans.find(id)).toMatchObject({ state: 'void', outcome: 'lost' });
    }
    expect(await store.plans.find(running)).toMatchObject({ state: 'claimed' });
    await store.plans.finish(running, 'executed');
    expect(await store.plans.find(running)).toMatchObject({ state: 'done' });
    expect(await store.counters.used('takeover', 'anna', HOUR)).toBe(2);
    expect(await store.counters.lockedSince('berta')).toBeDefined();
    expect(await store.counters.remembered('alice', HOUR)).toHaveLength(1);
    expect(await store.plans.coolingMs('other')).toBeGreaterThan(0);
    expect(await store.isFrozen()).toBe(true);
    expect(await store.whyFrozen()).toEqual({ why: 'an incident' });
    expect(await kept.take('reveal')).toBeUndefined();
    await store.thaw();
    expect(await claimed(store, await approved(store))).toBe(true);
  });

  test('restarted without its data: nothing is done until one starts anew, and then by all; a freeze that one of them knew of stands', async () => {
    const server = await started();
    const lines: string[] = [];
    const [knowing, other] = [await openStore({ url: server.url }), await openStore({ url: server.url, instance: 'other' })];
    const agreed = await approved(knowing.store);
    await other.store.freeze('an incident');
    expect(await knowing.store.isFrozen()).toBe(true);
    await other.close();
    await server.kill();
    await server.start();
    await until(async () => (await knowing.store.isFrozen().catch((error: unknown) => String(error))) !== undefined);
    await withinASecond(expect(claimed(knowing.store, agreed)).rejects.toThrow(StateLost));
    await withinASecond(expect(knowing.store.isFrozen()).rejects.toThrow(StateLost));
    await until(async () => /started anew/.test(await knowing.store.plans.list().then(String, String)));
    const fresh = await openStore({ url: server.url, instance: 'fresh', lines });
    expect(lines.join('')).toContain('a new state begins there');
    expect(await fresh.store.isFrozen()).toBe(false);
    expect(await claimed(knowing.store, agreed)).toBe(false);
    expect(await fresh.store.isFrozen()).toBe(true);
    await fresh.store.thaw();
    expect(await knowing.store.isFrozen()).toBe(false);
    const again = await approved(fresh.store);
    expect(await claimed(knowing.store, again)).toBe(true);
    expect(await claimed(fresh.store, again)).toBe(false);
  });

  test('emptied: refused, and nothing is made anew by who runs on', async () => {
    const server = await started();
    const { store, kept, isReady } = await openStore({ url: server.url });
    const id = await approved(store);
    await kept.put('reveal', 'a secret', MINUTE);
    await server.say('FLUSHALL');
    const all: (() => Promise<unknown>)[] = [
      () => claimed(store, id),
      () => store.plans.begin(newPlan()),
      () => asked(store.plans),
      () => store.plans.find(id),
      () => store.counters.spend([spending]),
      () => store.counters.lockedSince('anna'),
      () => store.isFrozen(),
      () => store.freeze('x'),
      () => store.thaw(),
    ];
    for (const work of all) await withinASecond(expect(work()).rejects.toThrow(/is gone.*started anew/));
    expect(isReady()).toBe(false);
    expect(await server.say('EXISTS', 'ory-identity-mcp:{v1}:state')).toBe(0);
    expect(await kept.take('reveal')).toBeUndefined();
  });

  test('put back to an older dump: what was claimed since, or taken, is not there a second time', async () => {
    const server = await started();
    const it = await openStore({ url: server.url });
    const { store, kept } = it;
    const id = await approved(store);
    await kept.put('reveal', 'a secret', MINUTE);
    await server.say('SAVE');
    copyFileSync(join(server.folder, 'dump.rdb'), join(server.folder, 'older'));
    expect(await claimed(store, id)).toBe(true);
    expect(await kept.take('reveal')).toBe('a secret');
    await server.kill();
    copyFileSync(join(server.folder, 'older'), join(server.folder, 'dump.rdb'));
    await server.start();
    const fresh = await openStore({ url: server.url, instance: 'fresh' });
    await ready(it);
    for (const each of [it, fresh]) {
      expect(await claimed(each.store, id)).toBe(false);
      expect(await each.store.plans.find(id)).toMatchObject({ state: 'void', outcome: 'lost' });
      expect(await each.kept.take('reveal')).toBeUndefined();
    }
  });

  test('failed over to a replica, by hand: what was agreed to before is lost, what is agreed to afterwards is claimed once', async () => {
    const first = await started();
    const second = await started(['--replicaof', '127.0.0.1', String(first.port)]);
    await caughtUp(first, second);
    const proxy = await startProxy(first.port);
    onTestFinished(proxy.close);
    const it = await openStore({ url: proxy.url });
    const [before, carriedOut] = [await approved(it.store), await approved(it.store, newPlan({ digest: 'c', request: 'c' }))];
    expect(await claimed(it.store, carriedOut, newPlan({ digest: 'c', request: 'c' }))).toBe(true);
    expect(String(await second.say('HGET', 'ory-identity-mcp:{v1}:state', 'version'))).toBe(
      String(await first.say('HGET', 'ory-identity-mcp:{v1}:state', 'version')),
    );
    await first.kill();
    proxy.port = second.port;
    await withinASecond(expect(claimed(it.store, before)).rejects.toThrow(StateLost)); // still a replica
    await second.say('REPLICAOF', 'NO', 'ONE');
    await ready(it);
    for (const id of [before, carriedOut]) expect(await claimed(it.store, id)).toBe(false);
    expect(await it.store.plans.find(before)).toMatchObject({ state: 'void', outcome: 'lost' });
    expect(await it.store.plans.find(carriedOut)).toMatchObject({ state: 'claimed' });
    expect(await claimed(it.store, await approved(it.store))).toBe(true);
  });

  test('whose replica does not confirm: the plan is burnt, and nothing may be sent; what is left is settled as failed', async () => {
    const first = await started();
    const second = await started(['--replicaof', '127.0.0.1', String(first.port)]);
    await caughtUp(first, second);
    const { store } = await openStore({ url: first.url });
    const id = await approved(store);
    second.signal('SIGSTOP');
    await withinASecond(expect(claimed(store, id)).rejects.toThrow(/No replica/));
    expect(await store.plans.find(id)).toMatchObject({ state: 'claimed' });
    expect(await claimed(store, id)).toBe(false);
    expect(await store.plans.orphans()).toEqual([]);
    expect(await store.plans.find(id)).toMatchObject({ state: 'done', outcome: 'failed' });
    second.signal('SIGCONT');
  });
});

describe.runIf(redisIsThere())('by hand', () => {
  const key = 'ory-identity-mcp:{v1}:state';
  const server = sharedRedis();
  beforeEach(async () => void (await server().say('FLUSHALL')));

  test.each<[string, (say: (...args: string[]) => Promise<unknown>, older: string[]) => Promise<unknown>]>([
    ['another version', (say) => say('HSET', key, 'version', '999.x')],
    ['another run', (say) => say('HSET', key, 'run', 'x')],
    ['another epoch', (say) => say('HSET', key, 'epoch', 'x')],
    ['no version', (say) => say('HDEL', key, 'version')],
    ['an odd version', (say) => say('HSET', key, 'version', 'x')],
    [
      'the document of an older version',
      (say, older) => say('HSET', key, 'version', '999.x', 'document', older[older.indexOf('document') + 1] ?? ''),
    ],
    ['an empty document', (say) => say('HSET', key, 'version', '999.x', 'document', '')],
    ['no document', async (say) => [await say('HSET', key, 'version', '999.x'), await say('HDEL', key, 'document')]],
    ['something else in its place', async (say) => [await say('DEL', key), await say('SET', key, 'x')]],
    ['a newer format', (say) => say('HSET', key, 'format', '2')],
    ['no format', (say) => say('HDEL', key, 'format')],
  ])('%s: refused while we run, and no start', async (_, edit) => {
    const { url, say } = server();
    const { store } = await openStore({ url: url });
    const older = (await say('HGETALL', key)) as string[]; // names and values
    const id = await approved(store);
    await edit(say, older);
    await expect(claimed(store, id)).rejects.toThrow(StateLost);
    await expect(store.isFrozen()).rejects.toThrow(StateLost);
    await expect(openStore({ url: url, instance: 'new' })).rejects.toThrow(
      /^(?:What the store|The store) .*(?:cannot be used|newer version)/,
    );
  });

  test('an older state put back, in the same run of the server: what was open in it ends, and what was claimed stays so', async () => {
    const { url, say } = server();
    const [one, other] = [await openStore({ url: url }), await openStore({ url: url, instance: 'other' })];
    const [id, waiting] = [await approved(one.store), await asked(one.store.plans, newPlan({ digest: 'w', request: 'w' }))];
    const older = (await say('HGETALL', key)) as string[]; // names and values
    expect(await claimed(one.store, id)).toBe(true);
    await one.store.freeze('an incident');
    await say('HSET', key, ...older);
    expect(await claimed(other.store, id)).toBe(false); // by its burnt mark: this one knew nothing newer
    expect(await one.store.plans.find(waiting.id)).toMatchObject({ state: 'void', outcome: 'lost' });
    for (const it of [one, other]) expect(await it.store.isFrozen()).toBe(true);
  });
});
