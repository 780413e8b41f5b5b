/** What must not keep what may not be lost is refused at the start, with what to do about it. */
import { freePort } from '../../src/cli/free-port.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { UsageError } from '../../src/errors.ts';
import { Secret } from '../../src/lib/secret.ts';
import { certificate } from '../e2e/certificates.ts';
import { asked, matchOf, MINUTE, newPlan, temporary, yes } from '../store/support.ts';
import { startProxy } from './proxy.ts';
import { redisIsThere, sharedRedis, startRedis, type ServerOptions } from './server.ts';
import { KEY, openStore, type Opening } from './support.ts';

const server = sharedRedis();
beforeEach(async () => {
  if (redisIsThere()) await server().say('FLUSHALL');
});

async function refusal(opening: Opening): Promise<string> {
  const error: unknown = await openStore({ ...opening, tuning: { startMs: 300, ...opening.tuning } }).then(
    () => 'it started',
    (it: unknown) => it,
  );
  expect(error).toBeInstanceOf(UsageError);
  return error instanceof Error ? error.message : '';
}
async function started(options: ServerOptions) {
  const it = await startRedis(options);
  onTestFinished(it.stop);
  return it;
}
const [OLD, NEW] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];

describe.runIf(redisIsThere())('no start', () => {
  test.each(['allkeys-lru', 'volatile-ttl', 'allkeys-random'])('where %s could drop plans', async (policy) => {
    await server().say('CONFIG', 'SET', 'maxmemory-policy', policy);
    onTestFinished(async () => void (await server().say('CONFIG', 'SET', 'maxmemory-policy', 'noeviction')));
    expect(await refusal({ url: server().url })).toContain(`its maxmemory-policy is ${policy}`);
  });

  test('where the policy is known though CONFIG is not permitted', async () => {
    const it = await started({ options: ['--rename-command', 'CONFIG', '', '--maxmemory-policy', 'volatile-lru'] });
    expect(await refusal({ url: it.url })).toContain('its maxmemory-policy is volatile-lru');
  });

  test('on a cluster, on a replica, on nothing', async () => {
    const cluster = await started({ options: ['--cluster-enabled', 'yes'] });
    expect(await refusal({ url: cluster.url })).toContain('it runs as a cluster');
    const replica = await started({ options: ['--replicaof', '127.0.0.1', String(server().port)] });
    expect(await refusal({ url: replica.url })).toMatch(/read-only replica|loading/);
    expect(await refusal({ url: `redis://127.0.0.1:${await freePort()}` })).toContain('it cannot be reached (ECONNREFUSED)');
    const proxy = await startProxy(server().port);
    onTestFinished(proxy.close);
    proxy.delayMs = 1_000;
    expect(await refusal({ url: proxy.url, tuning: { startMs: 0 } })).toContain('it does not answer in time');
  });

  test('without the password, or with a wrong one; nothing of it is repeated', async () => {
    const it = await started({ password: 'correct' });
    expect(await refusal({ url: it.url })).toContain('it asks for a password');
    const wrong = await refusal({ url: it.url, password: new Secret('hunter2') });
    expect(wrong).toContain('it does not accept the password');
    expect(wrong).not.toContain('hunter2');
    expect((await openStore({ url: it.url, password: new Secret('correct') })).isReady()).toBe(true);
  });

  test('with other keys than those that the state was sealed by', async () => {
    await openStore({ url: server().url });
    expect(await refusal({ url: server().url, keys: [NEW] })).toMatch(
      /sealed by a key that is not among.*another database|different databases/,
    );
    expect((await openStore({ url: `${server().url}/1`, keys: [NEW] })).isReady()).toBe(true);
    await server().say('FLUSHALL');
  });

  test('from what a newer version wrote', async () => {
    await openStore({ url: server().url });
    await server().say('HSET', 'ory-identity-mcp:{v1}:state', 'format', '2');
    expect(await refusal({ url: server().url })).toMatch(/newer version .* its version is 2, and this program reads 1/);
  });
});

describe.runIf(redisIsThere())('a start', () => {
  test('as a user who may do no more than what is needed', async () => {
    const commands = 'eval evalsha info time wait get set del exists expire pexpire hget hset hmget hdel hgetall hincrby select';
    const rules = ['on', '>secret', '~ory-identity-mcp:*', ...commands.split(' ').map((it) => `+${it}`)];
    await server().say('ACL', 'SETUSER', 'app', 'reset', ...rules);
    const { store, kept, shown } = await openStore({ url: server().url, username: 'app', password: new Secret('secret') });
    const { id } = await asked(store.plans);
    await store.plans.answer(id, yes(Date.now()));
    expect(await store.locks.run(['x'], () => store.plans.claim(id, matchOf(newPlan())))).toBe(true);
    expect(await kept.put('x', 'y', MINUTE)).toBe(true);
    expect(await kept.take('x')).toBe('y');
    shown.add('anna', 3);
    await expect.poll(() => shown.total('anna')).toBe(3);
    await server().say('ACL', 'SETUSER', 'app', '-wait', '-set');
    await expect(kept.put('x', 'y', MINUTE)).rejects.toThrow(/its user may not do what is needed/);
  });

  test('over TLS, by an authority that is named; by none that is not', async () => {
    const authority = certificate('store authority');
    const its = certificate('store', authority);
    const folder = temporary();
    const files = { cert: its.cert, key: its.key, ca: authority.cert };
    for (const [name, pem] of Object.entries(files)) writeFileSync(join(folder, name), pem);
    const port = await freePort();
    const named = Object.keys(files).flatMap((it) => [`--tls-${it === 'ca' ? 'ca-cert' : it}-file`, join(folder, it)]);
    await started({ options: ['--tls-port', String(port), '--tls-auth-clients', 'no', ...named] });
    const url = `rediss://127.0.0.1:${port}`;
    const { store } = await openStore({ url, tlsCa: authority.cert });
    expect(await store.isFrozen()).toBe(false);
    expect(await refusal({ url })).toMatch(/it cannot be reached \((?:SELF_SIGNED|UNABLE_TO)/);
    expect(await refusal({ url, tlsCa: certificate('another').cert })).toContain('it cannot be reached');
  });

  test('finds what was there: another process goes on with it', async () => {
    const first = await openStore({ url: server().url });
    const { id } = await asked(first.store.plans);
    await first.store.plans.answer(id, yes(Date.now()));
    await first.close();
    const second = await openStore({ url: server().url, instance: 'second' });
    expect(await second.store.plans.claim(id, matchOf(newPlan()))).toBe(true);
  });

  test('many at once begin one state', async () => {
    const all = await Promise.all(Array.from({ length: 8 }, (_, n) => openStore({ url: server().url, instance: `no ${n}` })));
    const { id } = await asked(all[0]?.store.plans ?? expect.unreachable());
    for (const it of all) expect(await it.store.plans.find(id)).toMatchObject({ id });
  });

  test('with keys that are rotated, step by step: what was sealed by the old one is read until it is taken away', async () => {
    const { url } = server();
    const before = await openStore({ url, keys: [OLD] });
    const { id } = await asked(before.store.plans);
    await before.kept.put('reveal', 'a secret', MINUTE);
    const knowing = await openStore({ url, keys: [OLD, NEW], instance: 'knowing' });
    const sealing = await openStore({ url, keys: [NEW, OLD], instance: 'sealing' });
    expect(await sealing.store.plans.find(id)).toMatchObject({ id });
    expect(await knowing.store.plans.answer(id, yes(Date.now()))).toBe('approved');
    expect(await sealing.kept.take('reveal')).toBe('a secret');
    await sealing.kept.put('reveal', 'another', MINUTE);
    expect(await knowing.kept.take('reveal')).toBe('another');
    expect(await sealing.store.plans.claim(id, matchOf(newPlan()))).toBe(true);
    await expect(before.store.plans.find(id)).rejects.toThrow(/sealed by a key that is not among/);
    // The next start seals anew, so that the old key can go even where nothing has happened since.
    await openStore({ url, keys: [OLD, NEW], instance: 'writes' }).then((it) => it.store.plans.finish(id, 'executed'));
    await openStore({ url, keys: [NEW, OLD], instance: 'seals' });
    const after = await openStore({ url, keys: [NEW], instance: 'after' });
    expect(await after.store.plans.find(id)).toMatchObject({ state: 'done' });
  });

  test('keeps nothing readable there: no name, no text, no value, and no key of ours', async () => {
    const { store, kept, shown } = await openStore({ url: server().url });
    await asked(store.plans);
    await kept.put('session-4711', 'a recovery code', MINUTE);
    shown.add('os:1000:anna', 1);
    await store.freeze('an incident with bob');
    await expect.poll(() => shown.total('os:1000:anna')).toBe(1);
    const keys = (await server().say('KEYS', '*')) as string[]; // names
    const values = await Promise.all(
      keys.map(async (key) => [key, await server().say((await server().say('TYPE', key)) === 'hash' ? 'HGETALL' : 'GET', key)]),
    );
    const all = JSON.stringify(values);
    for (const word of ['alice', 'anna', 'Deletes', 'session-4711', 'recovery', 'bob', Buffer.from(KEY).toString('base64')])
      expect(all).not.toContain(word);
    expect(keys.every((it) => it.startsWith('ory-identity-mcp:{v1}:'))).toBe(true);
  });
});
