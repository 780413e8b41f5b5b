/** What needs no server: addresses, keys, what a server says of itself, and its errors in our words. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'rolldown';
import { describe, expect, onTestFinished, test } from 'vitest';
import { UsageError } from '../../src/errors.ts';
import { Secret } from '../../src/lib/secret.ts';
import { keyring, stateKeysOf } from '../../src/store/keyring.ts';
import { addressOf, checkReach } from '../../src/store/redis/address.ts';
import { BadBox, createBox } from '../../src/store/redis/box.ts';
import { reasonOf } from '../../src/store/redis/failures.ts';
import { readInfo, unfit } from '../../src/store/redis/fitness.ts';
import { answerOf, writtenOf } from '../../src/store/redis/replies.ts';
import { Late, within } from '../../src/store/redis/within.ts';

const said = (work: () => unknown): string => {
  try {
    work();
    return 'nothing';
  } catch (error) {
    return error instanceof UsageError ? error.message : `not for the operator: ${String(error)}`;
  }
};

describe('an address', () => {
  test.each([
    ['redis://localhost', { host: 'localhost', port: 6379, database: 0, tls: false }],
    ['redis://127.0.0.1:7000/3', { host: '127.0.0.1', port: 7000, database: 3, tls: false }],
    ['rediss://store.example.com:6380/', { host: 'store.example.com', port: 6380, database: 0, tls: true }],
    ['redis://[::1]:7000/1', { host: '::1', port: 7000, database: 1, tls: false }],
  ])('%s', (text, address) => {
    expect(addressOf(text)).toMatchObject(address);
  });

  test.each([
    '',
    'localhost:6379',
    'http://localhost',
    'redis:',
    'redis://',
    'redis://h/x',
    'redis://h/0/1',
    'redis://h?tls=1',
    'redis://h#x',
    'redis://h:99999',
  ])('%j is none, and says how one is written', (text) => {
    expect(said(() => addressOf(text))).toMatch(/^--store \(KRATOS_MCP_STORE\) .* Write it as redis:/);
  });

  test.each(['redis://user:hunter2@h', 'redis://:hunter2@h', 'redis://hunter2@h'])(
    '%s holds what does not belong there; it is not repeated',
    (text) => {
      const message = said(() => addressOf(text));
      expect(message).toContain('--store-password-file');
      expect(message).not.toContain('hunter2');
    },
  );

  test.each([
    ['redis://127.0.0.1', false, 'nothing'],
    ['redis://127.8.9.10', true, 'nothing'],
    ['redis://localhost', false, 'nothing'],
    ['redis://[::1]', false, 'nothing'],
    ['redis://10.0.0.1', false, 'it needs a password'],
    ['redis://0.0.0.0', false, 'it needs a password'],
    ['redis://localhost.example.com', false, 'it needs a password'],
    ['redis://127.0.0.1.nip.io', false, 'it needs a password'],
    ['redis://2130706433', false, 'it needs a password'],
    ['rediss://10.0.0.1', false, 'it needs a password'],
    ['redis://store', true, 'Use rediss://'],
    ['rediss://store', true, 'nothing'],
  ])('%s, with a password: %s → %s', (url, hasPassword, text) => {
    expect(said(() => checkReach(addressOf(url), hasPassword ? new Secret('hunter2') : undefined))).toContain(text);
  });
});

describe('state keys', () => {
  const base64 = (byte: number, length = 32) => Buffer.alloc(length, byte).toString('base64');

  test('one or several, in base64 or base64url, with blanks between', () => {
    expect(stateKeysOf(base64(255))).toEqual([Buffer.alloc(32, 255)]);
    expect(stateKeysOf(` ${base64(251, 33)} ,${Buffer.alloc(40, 254).toString('base64url')}`)).toEqual([
      Buffer.alloc(33, 251),
      Buffer.alloc(40, 254),
    ]);
  });

  test.each([
    ['', 'is empty'],
    [`${base64(1)},`, 'key 2 of KRATOS_MCP_STATE_KEYS is empty'],
    [base64(1, 31), 'has 31 bytes'],
    [`${base64(1)},hunter2-${'x'.repeat(40)}!`, 'key 2 of KRATOS_MCP_STATE_KEYS is not base64'],
    [base64(1).slice(0, 41), 'is not base64'],
    [`${base64(1)},${base64(1)}`, 'the same key twice'],
  ])('%j: no', (text, because) => {
    const message = said(() => stateKeysOf(text));
    expect(message).toContain(because);
    expect(message).not.toMatch(/hunter2|AQEB/);
  });

  test('one key for each purpose, the same for the same, and of all keys for what was sealed before', () => {
    const [one, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
    const ring = keyring([one, other]);
    const all = (['seal', 'state', 'pseudonyms', 'approvers'] as const).flatMap((it) => ring.all(it));
    expect(new Set(all.map((it) => it.toString('hex'))).size).toBe(8);
    expect(all.every((it) => it.length === 32)).toBe(true);
    expect(ring.all('seal')).toEqual([ring.key('seal'), keyring([other]).key('seal')]);
    expect(() => keyring([])).toThrow(RangeError);
  });
});

describe('a box', () => {
  const [one, other] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];

  test('is opened by whoever has its key, for what it is about, and by nobody else', () => {
    const sealed = createBox([one, other]).seal('ä', 'x');
    expect(createBox([other, one]).open(sealed, 'x')).toBe('ä');
    expect(createBox([other, one]).isOld(sealed)).toBe(true);
    expect(createBox([one]).isOld(sealed)).toBe(false);
    expect(() => createBox([one]).open(sealed, 'y')).toThrow(BadBox);
    expect(() => createBox([other]).open(sealed, 'x')).toThrow(/not among KRATOS_MCP_STATE_KEYS/);
  });

  test('changed in any character, cut or empty: is not opened', () => {
    const box = createBox([one]);
    const sealed = box.seal('text', 'x');
    const changed = Array.from(
      { length: sealed.length - 1 },
      (_, at) => `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`,
    );
    const cut = Array.from({ length: sealed.length - 1 }, (_, end) => sealed.slice(0, end));
    for (const it of [...changed, ...cut, `${sealed}AAAA`]) expect(() => box.open(it, 'x'), it).toThrow(BadBox);
  });
});

describe('what a server says of itself', () => {
  const fit = {
    redis_version: '7.0.15',
    run_id: 'a1',
    redis_mode: 'standalone',
    cluster_enabled: '0',
    maxmemory_policy: 'noeviction',
    role: 'master',
    loading: '0',
  };
  const because = (more: Record<string, string | undefined>, policy?: string) => {
    const pairs = Object.entries({ ...fit, ...more }).filter((it): it is [string, string] => it[1] !== undefined);
    return unfit(new Map(pairs), policy);
  };

  test('is read line by line', () => {
    expect([...readInfo('# Server\r\nredis_version:7.0.15\r\nx:a:b\r\n\r\nodd\n')]).toEqual([
      ['redis_version', '7.0.15'],
      ['x', 'a:b'],
    ]);
  });

  test.each([
    [{}, undefined, undefined],
    [{ redis_version: '6.2.0' }, undefined, undefined],
    [{ redis_version: '10.0.1' }, undefined, undefined],
    [{ redis_version: '6.0.16' }, undefined, '6.2 is the oldest'],
    [{ redis_version: '5.9.9' }, undefined, '6.2 is the oldest'],
    [{ redis_version: undefined }, undefined, 'its version is unknown'],
    [{ redis_version: '\u001b[31m' }, undefined, 'its version is unknown'],
    [{ run_id: undefined }, undefined, 'run_id'],
    [{ redis_mode: 'cluster' }, undefined, 'runs as a cluster'],
    [{ cluster_enabled: '1' }, undefined, 'runs as a cluster'],
    [{ redis_mode: 'sentinel' }, undefined, 'a sentinel'],
    [{ maxmemory_policy: 'allkeys-lfu' }, undefined, 'maxmemory-policy is allkeys-lfu'],
    [{ maxmemory_policy: undefined }, undefined, 'maxmemory-policy is unknown'],
    [{ maxmemory_policy: undefined }, 'noeviction', undefined],
    [{ maxmemory_policy: undefined }, 'volatile-lru', 'maxmemory-policy is volatile-lru'],
    [{ role: 'slave' }, undefined, 'read-only replica'],
    [{ role: undefined }, undefined, 'read-only replica'],
    [{ loading: '1' }, undefined, 'still loading'],
  ])('%j (policy by CONFIG: %s) → %s', (more, policy, text) => {
    if (text === undefined) expect(because(more, policy)).toBeUndefined();
    else expect(because(more, policy)?.because).toContain(text);
  });
});

describe('an error of a server', () => {
  test.each([
    ["OOM command not allowed when used memory > 'maxmemory'.", 'memory is full'],
    [
      "ERR Error running script (call to f_1): @user_script:9: @user_script: 9: -OOM command not allowed when used memory > 'maxmemory'.",
      'memory is full',
    ],
    ["READONLY You can't write against a read only replica.", 'read-only replica'],
    ['LOADING Redis is loading the dataset in memory', 'still loading'],
    ['NOAUTH Authentication required.', 'asks for a password'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'does not accept the password'],
    ["NOPERM this user has no permissions to run the 'set' command", 'may not do'],
    ["ERR The user executing the script can't run this command or subcommand script: 1, on @user_script:1.", 'may not do'],
    ['MISCONF Redis is configured to save RDB snapshots', 'to disk'],
    ['NOREPLICAS Not enough good replicas to write.', 'too few of its replicas'],
    ['MOVED 866 10.0.0.7:6379', 'a cluster'],
    ['ERR hunter2 is no such thing', 'broke'],
  ])('%s', (text, ours) => {
    const reason = reasonOf(new Error(text));
    expect(reason).toContain(ours);
    expect(reason).not.toMatch(/hunter2|10\.0\.0\.7|user_script/);
  });
});

test.each([
  undefined,
  null,
  'x',
  [],
  ['seen'],
  ['seen', '1', '2', '', null, null, null, null, null],
  ['seen', 'x', '2', 'r', null, null, null, null, null],
  ['other'],
])('a reply that is none of ours is damaged: %j', (reply) => {
  expect(() => (reply === undefined ? answerOf(reply) : writtenOf(reply))).toThrow(/./);
});

describe('a deadline', () => {
  test('lets through what comes in time, and gives up on what does not', async () => {
    await expect(within(500, Promise.resolve(1))).resolves.toBe(1);
    await expect(within(500, Promise.reject(new Error('no')))).rejects.toThrow('no');
    await expect(within(5, new Promise(() => {}))).rejects.toBeInstanceOf(Late);
  });

  test('is not missed because this process was busy', async () => {
    const work = within(20, new Promise((resolve) => setTimeout(() => resolve('there'), 25)));
    for (const end = performance.now() + 150; performance.now() < end;); // nothing else runs meanwhile
    await expect(work).resolves.toBe('there');
  });
});

test('without its package: what to install, and nothing else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'alone-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const output = { format: 'esm' as const, file: join(folder, 'client.mjs') };
  const input = join(import.meta.dirname, '../../src/store/redis/client.ts');
  await build({ input, platform: 'node', external: ['@redis/client'], output, logLevel: 'silent' });
  writeFileSync(
    join(folder, 'main.mjs'),
    "import { clientMaker } from './client.mjs'; clientMaker({ address: {} }).catch((it) => console.log(it.name, it.message));",
  );
  const { stdout } = await promisify(execFile)(process.execPath, [join(folder, 'main.mjs')]);
  expect(stdout).toMatch(/^UsageError .*needs the package @redis\/client beside this one: npm install @redis\/client@6\n$/);
});
