/** Static tokens: the command that makes them, the file that holds their hashes, and what they may. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { DAY_MS, decodeTokens, digestOf, encodeTokens, newToken, type StaticToken } from '../../src/auth/tokens-file.ts';
import { withDigest, withHash } from '../../src/auth/static-tokens.ts';
import { run } from '../../src/cli/token.ts';
import { UsageError } from '../../src/errors.ts';
import { callerIn, challengeIn, gate } from './scene.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tokens-'));
  path = join(folder, 'tokens.json');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What is printed meanwhile, and what comes of it. */
async function captured<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly printed: string[] }> {
  const printed: string[] = [];
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      printed.push(String(text));
      return true;
    }),
  );
  try {
    return { result: await work(), printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
const command = (words: readonly string[], options: Record<string, string | boolean> = {}, now = Date.now()) =>
  captured(() => run({ words, options, flags: { 'tokens-file': path } }, () => now));
const add = async (id: string, more: Record<string, string> = {}, now = Date.now()) => {
  const { printed } = await command(['add'], { id, scopes: 'kratos:read', days: '30', ...more }, now);
  return (printed[0] ?? '').trim();
};

describe('the command', () => {
  test('makes a token that is shown once and kept as a hash, in a file that only its owner reads', async () => {
    const token = await add('ci', { scopes: 'kratos:read,kratos:sessions', owner: 'Anna@Example.com' });
    expect(token).toMatch(/^kmcp_[\w-]{43}$/);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).not.toContain(token.slice(5, 20));
    expect(callerIn(await gate({ tokensFile: path }).ask(token))).toMatchObject({
      principal: 'static|ci',
      name: 'ci',
      person: 'anna@example.com',
      scopes: new Set(['kratos:read', 'kratos:sessions']),
      canStepUp: false,
      claims: {},
    });
  });

  test('keeps the owner as written where it is an issuer with a subject', async () => {
    const token = await add('ci', { owner: 'https://id.example.com|Anna' });
    expect(callerIn(await gate({ tokensFile: path }).ask(token)).person).toBe('https://id.example.com|Anna');
  });

  test('lists and removes', async () => {
    expect((await command(['list'])).printed[0]).toMatch(/no tokens/);
    const token = await add('one');
    await add('two', { scopes: 'kratos:write,kratos:write' });
    const { printed } = await command(['list'], { json: true });
    expect(JSON.parse(printed[0] ?? '')).toMatchObject([
      { id: 'one', scopes: ['kratos:read'], expired: false },
      { id: 'two', scopes: ['kratos:write'] },
    ]);
    expect((await command(['list'])).printed.join('')).toMatch(/^id +counts until +owner +scopes\none/);
    expect((await command(['list'], {}, Date.now() + 31 * DAY_MS)).printed.join('')).toContain('expired');
    expect((await command(['remove', 'one'])).result).toBe(0);
    expect(challengeIn(await gate({ tokensFile: path }).ask(token)).status).toBe(401);
  });

  test('many at once lose none', async () => {
    const flags = { 'tokens-file': path };
    const one = (i: number) => run({ words: ['add'], options: { id: `t${i}`, scopes: 'kratos:read', days: '1' }, flags });
    await captured(() => Promise.all(Array.from({ length: 10 }, (_, i) => one(i))));
    expect(decodeTokens(readFileSync(path, 'utf8'), path)).toHaveLength(10);
  });

  test.for([
    [[], {}, /followed by add, list or remove/],
    [['add', 'x'], {}, /takes nothing/],
    [['remove'], {}, /needs the id/],
    [['remove', 'a', 'b'], {}, /takes one id/],
    [['remove', 'nobody'], {}, /no such token/],
    [['list'], { days: '3' }, /--days does not go with token list/],
    [['add'], {}, /--id must be/],
    [['add'], { id: 'A b' }, /--id must be/],
    [['add'], { id: 'a|b' }, /--id must be/],
    [['add'], { id: 'ok' }, /--scopes must be some of these/],
    [['add'], { id: 'ok', scopes: 'kratos:read,kratos:admin' }, /--scopes must be some of these/],
    [['add'], { id: 'ok', scopes: 'kratos:read' }, /--days must be/],
    [['add'], { id: 'ok', scopes: 'kratos:read', days: '91' }, /--days must be/],
    [['add'], { id: 'ok', scopes: 'kratos:read', days: '0' }, /--days must be/],
    [['add'], { id: 'ok', scopes: 'kratos:read', days: '1.5' }, /--days must be/],
    [['add'], { id: 'ok', scopes: 'kratos:read', days: '1', owner: 'a\u200Bb' }, /--owner must be/],
  ] as const)('%j %j is refused, and nothing is written', async ([words, options, why]) => {
    await expect(command(words, options)).rejects.toThrow(why);
    await expect(command(words, options)).rejects.toThrow(UsageError);
    expect(() => statSync(path)).toThrow();
  });

  test('a second token of the same id is refused, and the first one stays', async () => {
    const token = await add('ci');
    await expect(add('ci')).rejects.toThrow(/already/);
    callerIn(await gate({ tokensFile: path }).ask(token));
  });

  test('a folder that is not there is said', async () => {
    path = join(folder, 'none', 'tokens.json');
    await expect(add('ci')).rejects.toThrow(/could not be written \(ENOENT\)/);
  });

  test('a file that others can read is not touched', async () => {
    await add('ci');
    chmodSync(path, 0o644);
    await expect(add('two')).rejects.toThrow(/chmod 600/);
  });
});

describe('the file', () => {
  const row = (more: object = {}) => ({
    id: 'a',
    hash: 'a'.repeat(64),
    scopes: ['kratos:read'],
    created: '2026-01-01T00:00:00.000Z',
    expires: '2026-03-01T00:00:00.000Z',
    ...more,
  });
  const text = (...rows: object[]) => JSON.stringify({ v: 1, tokens: rows });

  test('is read as it was written', () => {
    const tokens: StaticToken[] = [
      { id: 'a', hash: 'a'.repeat(64), scopes: ['kratos:read'], created: 0, expires: DAY_MS, owner: undefined },
      { id: 'b', hash: 'b'.repeat(64), scopes: ['kratos:mass'], created: 5, expires: 6, owner: 'x|y' },
    ];
    expect(decodeTokens(encodeTokens(tokens), 'f')).toEqual(tokens);
    expect(decodeTokens(text(row()), 'f')).toHaveLength(1);
  });

  test.for([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['no version', '{"tokens":[]}'],
    ['a newer version', '{"v":2,"tokens":[]}'],
    ['no tokens', '{"v":1}'],
    ['a row that is nothing', text(null as unknown as object)],
    ['more than 90 days', text(row({ expires: '2026-04-02T00:00:00.000Z' }))],
    ['an end before the beginning', text(row({ expires: '2025-01-01T00:00:00.000Z' }))],
    ['no end', text(row({ expires: undefined }))],
    ['an end that is a number', text(row({ expires: 4_000_000_000_000 }))],
    ['an end that is no time', text(row({ expires: 'never' }))],
    ['an unknown scope', text(row({ scopes: ['kratos:all'] }))],
    ['no scope', text(row({ scopes: [] }))],
    ['a short hash', text(row({ hash: 'ab' }))],
    ['an id with a bar', text(row({ id: 'a|b' }))],
    ['an owner that is a number', text(row({ owner: 7 }))],
    ['two of one id', text(row(), row({ hash: 'b'.repeat(64) }))],
    ['two of one hash', text(row(), row({ id: 'b' }))],
  ] as const)('with %s is refused as a whole', ([, content]) => {
    expect(() => decodeTokens(content, 'The file')).toThrow(/^The file cannot be used: .*\. Make its rows by the command token\.$/);
  });

  test('that is missing, or that others can read, stops the start', async () => {
    expect(() => gate({ tokensFile: path })).toThrow(/can't be read/);
    await add('ci');
    chmodSync(path, 0o640);
    expect(() => gate({ tokensFile: path })).toThrow(/chmod 600/);
  });

  test('is read anew when it changes, at most once a second', async () => {
    const token = await add('one');
    const door = gate({ tokensFile: path });
    const later = await add('two');
    challengeIn(await door.ask(later));
    door.pass(1_000);
    callerIn(await door.ask(later));
    await command(['remove', 'one']);
    callerIn(await door.ask(token));
    door.pass(1_000);
    expect(challengeIn(await door.ask(token)).status).toBe(401);
  });

  test('that was changed and given its old time back is read anew, too', async () => {
    const token = await add('one');
    const time = new Date(Date.now() - 5_000);
    utimesSync(path, time, time);
    const { mtimeMs, size } = statSync(path);
    const door = gate({ tokensFile: path });
    writeFileSync(path, encodeTokens([]).padEnd(size));
    utimesSync(path, time, time);
    expect(statSync(path)).toMatchObject({ mtimeMs, size });
    door.pass(1_000);
    challengeIn(await door.ask(token));
  });

  test('that breaks while it is used lets nobody in, and is said once; mended, it counts again', async () => {
    const token = await add('one');
    const good = readFileSync(path, 'utf8');
    const door = gate({ tokensFile: path });
    callerIn(await door.ask(token));
    writeFileSync(path, '{');
    door.pass(1_000);
    for (let i = 0; i < 3; i += 1) {
      expect(challengeIn(await door.ask(token)).status).toBe(503);
      door.pass(1_000);
    }
    expect(door.lines.filter(({ event }) => event === 'static tokens cannot be used')).toHaveLength(1);
    rmSync(path);
    door.pass(1_000);
    expect(challengeIn(await door.ask(token)).status).toBe(503);
    writeFileSync(path, good, { mode: 0o600 });
    door.pass(1_000);
    callerIn(await door.ask(token));
  });
});

test('one that has expired, one that was cut and one in other case are refused', async () => {
  const token = await add('ci');
  const door = gate({ tokensFile: path });
  const flipped = token.slice(0, -1) + (token.endsWith('A') ? 'E' : 'A');
  for (const it of [token.slice(0, -1), `${token}x`, token.toUpperCase(), token.replace('kmcp_', 'KMCP_'), 'kmcp_', flipped])
    challengeIn(await door.ask(it));
  callerIn(await door.ask(token));
  door.pass(30 * DAY_MS);
  challengeIn(await door.ask(token));
  expect(door.refused).toEqual(['static', 'static', 'kind', 'kind', 'static', 'static', 'static']);
  expect(JSON.stringify(door.lines)).not.toContain(token.slice(6, 30));
});

/**
 * Welch's t over interleaved measurements. What is compared are digests, so that a token that begins like a good one is nowhere nearer to it;
 * this would find an early end of the comparison or of the loop.
 */
test('how long it takes says nothing about which token is nearly right', () => {
  const tokens = Array.from({ length: 16 }, (_, i) => {
    const hash = digestOf(newToken()).toString('hex');
    return withHash({ id: `t${i}`, hash, scopes: ['kratos:read'], created: 0, expires: 1, owner: undefined });
  });
  const first = Buffer.from(tokens[0]?.digest ?? '');
  const none = digestOf(newToken());
  const measure = (digest: Buffer): number => {
    const began = process.hrtime.bigint();
    withDigest(tokens, digest);
    return Number(process.hrtime.bigint() - began);
  };
  const t = (): number => {
    const samples: [number[], number[]] = [[], []];
    for (let i = 0; i < 20_000; i += 1) {
      const which = i % 2 === 0 ? 0 : 1;
      samples[which].push(measure(which === 0 ? first : none));
    }
    const [a, b] = samples.map((it) => it.toSorted((x, y) => x - y).slice(0, Math.floor(it.length * 0.8))).map(momentsOf);
    return a && b ? Math.abs(a.mean - b.mean) / Math.sqrt(a.variance / a.count + b.variance / b.count) : Number.NaN;
  };
  t(); // warm
  // A difference that is there is there each time; one that the machine made is not.
  expect(Math.min(t(), t(), t(), t(), t())).toBeLessThan(4.5);
});

function momentsOf(values: readonly number[]): { readonly mean: number; readonly variance: number; readonly count: number } {
  const count = values.length;
  const mean = values.reduce((sum, it) => sum + it, 0) / count;
  return { mean, count, variance: values.reduce((sum, it) => sum + (it - mean) ** 2, 0) / (count - 1) };
}
