/** Values, locks and counts that replicas share. */
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { LockBusy } from '../../src/lib/mutex.ts';
import { StateLost } from '../../src/store/state.ts';
import { MINUTE } from '../store/support.ts';
import { replicas } from './replicas.ts';
import { redisIsThere, sharedRedis } from './server.ts';
import { openStore, until } from './support.ts';

const start = replicas();
const server = sharedRedis();
beforeEach(async () => {
  if (redisIsThere()) await server().say('FLUSHALL');
});
const two = async (tuning: { heldMs?: number; aliveMs?: number } = {}) => {
  const { url } = server();
  return [await openStore({ url, tuning }), await openStore({ url, instance: 'other', tuning })] as const;
};

describe.runIf(redisIsThere())('a value', () => {
  test('is put once, seen by all, taken by one, and gone when its time is over', async () => {
    const [{ kept }, { kept: others }] = await two();
    expect(await kept.put('x', 'ä "1"\n', MINUTE)).toBe(true);
    expect(await others.put('x', 'other', MINUTE)).toBe(false);
    expect(await others.get('x')).toBe('ä "1"\n');
    const all = await Promise.all(Array.from({ length: 50 }, (_, n) => (n % 2 ? kept : others).take('x')));
    expect(all.filter((it) => it !== undefined)).toEqual(['ä "1"\n']);
    expect(await kept.get('x')).toBeUndefined();
    expect(await kept.put('x', 'again', 30)).toBe(true);
    await sleep(60);
    expect(await kept.get('x')).toBeUndefined();
    expect(await kept.put('y', 'never', 0)).toBe(false);
    expect(await kept.put('y', '', MINUTE)).toBe(true);
    expect(await others.take('y')).toBe('');
  });

  test('that was changed there, or moved to another name, is none', async () => {
    const [{ kept }] = await two();
    await kept.put('mine', 'a secret', MINUTE);
    await kept.put('theirs', 'another', MINUTE);
    const keys = ((await server().say('KEYS', '*kept*')) as string[]).sort(); // names
    const values = (await server().say('MGET', ...keys)) as string[];
    await server().say('MSET', keys[0] ?? '', values[1] ?? '', keys[1] ?? '', values[0] ?? '');
    expect([await kept.get('mine'), await kept.take('theirs')]).toEqual([undefined, undefined]);
  });

  test('no more than so many of one process at once', async () => {
    const { createQuota } = await import('../../src/store/quota.ts');
    let now = 0;
    const quota = createQuota(() => now, 2);
    expect([quota.take(5), quota.take(9), quota.take(1)]).toEqual([true, true, false]);
    now = 5;
    expect([quota.take(1), quota.take(1)]).toEqual([true, false]);
  });
});

describe.runIf(redisIsThere())('a lock', () => {
  test('of the same name by two: never at the same time; of other names: at once', async () => {
    const [one, other] = await two();
    const inside = new Map<string, number>();
    let most = 0;
    let together = 0;
    const work = (key: string) => async () => {
      inside.set(key, (inside.get(key) ?? 0) + 1);
      most = Math.max(most, inside.get(key) ?? 0);
      together = Math.max(together, [...inside.values()].filter(Boolean).length);
      await sleep(15);
      inside.set(key, (inside.get(key) ?? 0) - 1);
    };
    const keys = Array.from({ length: 16 }, (_, n) => (n % 4 > 1 ? 'x' : 'y'));
    await Promise.all(keys.map((key, n) => (n % 2 ? one : other).store.locks.run([key], work(key))));
    expect([most, together]).toEqual([1, 2]);
    expect(await server().say('KEYS', '*lock*')).toEqual([]);
  });

  test('two that want the same names in another order do not wait for each other; no name at all is no lock', async () => {
    const [one, other] = await two();
    const done = await Promise.all([
      one.store.locks.run(['a', 'b'], async () => (await sleep(10), 1)),
      other.store.locks.run(['b', 'a'], async () => (await sleep(10), 2)),
    ]);
    expect(done).toEqual([1, 2]);
    expect(await one.store.locks.run([], async () => 'done')).toBe('done');
  });

  test('that is held for too long is busy, and nothing was begun; given back, however the work ended, it is free', async () => {
    const [one, other] = await two();
    let begun = false;
    const held = one.store.locks.run(['x'], async () => {
      await sleep(150);
      throw new Error('no');
    });
    held.catch(() => {});
    await sleep(30);
    const busy = other.store.locks.run(['x', 'y'], async () => void (begun = true), { waitMs: 30 });
    await expect(busy).rejects.toBeInstanceOf(LockBusy);
    expect(begun).toBe(false);
    expect(await other.store.locks.run(['y'], async () => 'free', { waitMs: 30 })).toBe('free');
    await expect(held).rejects.toThrow('no');
    expect(await other.store.locks.run(['x'], async () => 'mine', { waitMs: 30 })).toBe('mine');
  });

  test('is kept for as long as it is held, and given back by nobody but its holder', async () => {
    const [one, other] = await two({ heldMs: 120 });
    const held = one.store.locks.run(['x'], () => sleep(400));
    await sleep(300);
    await expect(other.store.locks.run(['x'], async () => {}, { waitMs: 20 })).rejects.toBeInstanceOf(LockBusy);
    const [key = ''] = (await server().say('KEYS', '*lock*')) as string[]; // names
    await server().say('SET', key, 'somebody else', 'PX', '60000');
    await held;
    expect(await server().say('GET', key)).toBe('somebody else');
  });

  test('of one that was killed is free after a while, and not before', async () => {
    const [one] = await two({ heldMs: 15_000 });
    const holder = await start({ url: server().url, instance: 'holder' });
    holder.tell('lock x');
    expect(await holder.hear()).toBe('held');
    await holder.kill();
    await expect(one.store.locks.run(['x'], async () => {}, { waitMs: 50 })).rejects.toBeInstanceOf(LockBusy);
    const [key = ''] = (await server().say('KEYS', '*lock*')) as string[]; // names
    expect(Number(await server().say('PTTL', key))).toBeLessThan(15_001);
    await server().say('PEXPIRE', key, '1');
    expect(await one.store.locks.run(['x'], async () => 'mine', { waitMs: 500 })).toBe('mine');
  });

  test('cannot be had where the store cannot: nothing is begun', async () => {
    const [one] = await two();
    await server().say('CONFIG', 'SET', 'maxmemory', '1');
    let begun = false;
    const refused = one.store.locks.run(['x'], async () => void (begun = true));
    await expect(refused).rejects.toThrow(StateLost);
    await server().say('CONFIG', 'SET', 'maxmemory', '0');
    expect(begun).toBe(false);
  });
});

describe.runIf(redisIsThere())('what a replica that died had claimed', () => {
  test('is an orphan once it has not been heard of for a while; that of one that lives is not, nor that of one that closed without any', async () => {
    const aliveMs = 900;
    const { url } = server();
    const mine = await openStore({ url, instance: 'mine', tuning: { aliveMs } });
    await until(async () => /uptime_in_seconds:[1-9]/.test(String(await server().say('INFO', 'server'))));
    const replica = await start({ url, instance: 'replica', aliveMs });
    const { asked, newPlan } = await import('../store/support.ts');
    const plan = newPlan({ principal: 'anna' });
    const { id } = await asked(mine.store.plans, plan);
    replica.tell(`yes ${id}`);
    expect(await replica.hear()).toBe('approved');
    replica.tell(`claim ${id} ${plan.digest} anna 1`);
    expect(await replica.hear()).toBe(1);
    await sleep(aliveMs * 1.2);
    expect(await mine.store.plans.orphans()).toEqual([]);
    await replica.kill();
    expect(await mine.store.plans.orphans()).toEqual([]);
    await until(async () => (await mine.store.plans.orphans()).length > 0);
    expect(await mine.store.plans.orphans()).toMatchObject([{ id, owner: { pid: replica.process.pid, instance: 'replica' } }]);
    await mine.store.plans.finish(id, 'unknown');
    expect(await mine.store.plans.orphans()).toEqual([]);
  });
});

describe.runIf(redisIsThere())('what was shown', () => {
  test('is counted over all, known to each with its own, and soon to the others; without the store nothing is, and nothing throws', async () => {
    const [one, other] = await two();
    one.shown.add('anna', 3);
    one.shown.add('berta', 100);
    await expect.poll(() => one.shown.total('anna')).toBe(3);
    other.shown.add('anna', 4);
    await expect.poll(() => other.shown.total('anna')).toBe(7);
    await expect.poll(() => one.shown.total('anna'), { timeout: 4_000 }).toBe(7);
    expect(other.shown.total('nobody')).toBe(0);
    await one.close();
    one.shown.add('anna', 1);
    expect(one.shown.total('anna')).toBe(7);
    const [key = ''] = (await server().say('KEYS', '*shown*')) as string[]; // names
    expect(Number(await server().say('TTL', key))).toBeGreaterThan(3_600);
  });

  test('leaves the count after an hour', async () => {
    const [{ shown }] = await two();
    shown.add('anna', 3);
    await expect.poll(() => shown.total('anna')).toBe(3);
    const [key = ''] = (await server().say('KEYS', '*shown*')) as string[]; // names
    const [bucket = ''] = (await server().say('HKEYS', key)) as string[];
    await server().say('HSET', key, String(Number(bucket) - 12), '5', String(Number(bucket) - 13), '50');
    shown.add('anna', 1);
    await expect.poll(() => shown.total('anna')).toBe(9);
    expect(await server().say('HLEN', key)).toBe(2);
  });
});
