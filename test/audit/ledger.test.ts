/** What is written, when, and in which files. */
import { readdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../../src/errors.ts';
import { pseudonymOf } from '../../src/audit/pseudonym.ts';
import { everythingIn, ledgerFile, openIn, recordsOf, stateFolder, START, verifyFolder } from './support.ts';

const modeOf = (path: string) => statSync(path).mode & 0o777;
const linesIn = (path: string) => readFileSync(path, 'utf8').split('\n').slice(0, -1);

describe('a record', () => {
  test('has a number, a time, the hash of the one before it, and who wrote it', async () => {
    const folder = stateFolder();
    const { ledger } = await openIn(folder);
    await ledger.durable({ event: 'intent', tool: 'delete_identity', target_ids: ['a'] });
    await ledger.durable({ event: 'outcome', outcome: 'executed', error_code: undefined });
    const [first, second] = await recordsOf(folder);
    expect(first).toEqual({
      v: 1,
      seq: 1,
      ts: new Date(START).toISOString(),
      instance: 'i-1',
      level: 'L0',
      kratos_url: 'http://kratos:4434/',
      event: 'intent',
      tool: 'delete_identity',
      target_ids: ['a'],
      prev: '0'.repeat(64),
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(second).toMatchObject({ seq: 2, prev: first?.hash, outcome: 'executed' });
    expect(Object.keys(second ?? {})).not.toContain('error_code');
  });

  test('knows people by keyed hashes only, however their address was spelled', async () => {
    const folder = stateFolder();
    const { ledger } = await openIn(folder);
    await ledger.durable({
      event: 'read',
      personal: [' Ren\u00e9e.Canary@Example.com ', 'rene\u0301e.canary@example.com', '+49 170 canary'],
    });
    await ledger.close();
    const [record] = await recordsOf(folder);
    const key = folder.key('pseudonyms');
    expect(record?.target_pseudonym).toEqual([pseudonymOf(key, 'ren\u00e9e.canary@example.com'), pseudonymOf(key, '+49 170 canary')]);
    expect(everythingIn(folder).toLowerCase()).not.toMatch(/canary|personal/);
    expect(pseudonymOf(stateFolder().key('pseudonyms'), 'a@example.com')).not.toBe(pseudonymOf(key, 'a@example.com'));
  });

  test('knows callers and approvers who are named by their address by hashes, too; the rest of a name stays', async () => {
    const folder = stateFolder();
    const { ledger } = await openIn(folder);
    const requester = 'https://id.example.com|Canary@example.com|desk|jwt';
    const facts = { principal: requester, approver: '77aa' };
    await ledger.durable({ event: 'approved', requester, approvers: ['canary@example.com', '77aa', 'https://id.example.com|8f3c'] });
    await ledger.durable({ event: 'unlocked', requester, digest: `unlock ${requester}`, facts });
    await ledger.durable({ event: 'read', requester: 'os:1000:ann@corp', digest: 'unlock os:1000:ann@corp' });
    await ledger.close();
    const [approved, unlocked, read] = await recordsOf(folder);
    const pseudonym = `pseudonym:${pseudonymOf(folder.key('pseudonyms'), 'canary@example.com')}`;
    const hidden = `https://id.example.com|${pseudonym}|desk|jwt`;
    expect(approved).toMatchObject({ requester: hidden, approvers: [pseudonym, '77aa', 'https://id.example.com|8f3c'] });
    expect(unlocked).toMatchObject({ requester: hidden, digest: `unlock ${hidden}`, facts: { principal: hidden, approver: '77aa' } });
    expect(read).toMatchObject({ requester: 'os:1000:ann@corp', digest: 'unlock os:1000:ann@corp' });
    expect(everythingIn(folder).toLowerCase()).not.toContain('canary');
  });

  test('takes nothing unseen and nothing endless from others', async () => {
    const folder = stateFolder();
    const { ledger } = await openIn(folder);
    await ledger.durable({ event: 'asked', client: `evil\u202e\u001b[31m\n${'x'.repeat(2_000)}`, facts: { note: 'a\u200bb' } });
    const [record] = await recordsOf(folder);
    expect(record?.client).toMatch(/^evil\[31m x{400,500}…\(\+\d+\)$/);
    expect(record?.facts).toEqual({ note: 'ab' });
  });
});

describe('files', () => {
  test('are for their owner alone, and the signing key too', async () => {
    const folder = stateFolder();
    const { ledger } = await openIn(folder);
    await ledger.durable({ event: 'started' });
    await ledger.close();
    expect(modeOf(folder.file('ledger'))).toBe(0o700);
    for (const name of ['ledger.jsonl', 'checkpoints.jsonl']) expect(modeOf(ledgerFile(folder, name))).toBe(0o600);
    expect(modeOf(folder.file('audit-signing-key.pem'))).toBe(0o600);
    expect(readFileSync(folder.file('audit-signing-key.pub.pem'), 'utf8')).toContain('PUBLIC KEY');
    expect(readdirSync(folder.file('ledger')).sort()).toEqual(['checkpoints.jsonl', 'ledger.jsonl']);
  });

  test('go on where the last run ended, with the same key', async () => {
    const folder = stateFolder();
    for (const instance of ['one', 'two']) {
      const { ledger } = await openIn(folder, { instance });
      await ledger.durable({ event: 'started' });
      await ledger.close();
    }
    expect((await recordsOf(folder)).map((it) => [it.seq, it.instance])).toEqual([
      [1, 'one'],
      [2, 'two'],
    ]);
    expect(await verifyFolder(folder)).toMatchObject({ ok: true, records: 2, checkpoints: { good: 2, last: { seq: 2 } }, notes: [] });
  });

  test('make room at a checkpoint, and the chain goes on over all of them', async () => {
    const folder = stateFolder();
    for (const run of ['one', 'two']) {
      const { ledger } = await openIn(folder, { maxBytes: 5_000, instance: run });
      for (let i = 0; i < 40; i += 1) await ledger.durable({ event: 'intent', count: i });
      await ledger.close();
    }
    const full = readdirSync(folder.file('ledger')).filter((it) => /^ledger-\d+-\d+\.jsonl$/.test(it));
    expect(full.length).toBeGreaterThan(3);
    for (const name of full) expect(modeOf(ledgerFile(folder, name))).toBe(0o600);
    expect((await recordsOf(folder)).map((it) => it.seq)).toEqual(Array.from({ length: 80 }, (_, i) => i + 1));
    const report = await verifyFolder(folder);
    expect(report).toMatchObject({ ok: true, records: 80 });
    expect(report.files).toHaveLength(full.length + 1);
    expect(report.checkpoints.good).toBeGreaterThanOrEqual(full.length);
  });

  test('are found again where a run died between the two steps of making room', async () => {
    const folder = stateFolder();
    const { ledger } = await openIn(folder, { maxBytes: 1 });
    await ledger.durable({ event: 'started' });
    await ledger.close();
    expect(readdirSync(folder.file('ledger'))).toContain('ledger-1-1.jsonl');
    unlinkSync(ledgerFile(folder)); // it was empty
    const { ledger: next } = await openIn(folder);
    await next.durable({ event: 'started' });
    await next.close();
    expect(await verifyFolder(folder)).toMatchObject({ ok: true, records: 2 });
  });
});

describe('checkpoints', () => {
  test('are written every hundred records, and at the end', async () => {
    const folder = stateFolder();
    const { ledger } = await openIn(folder);
    for (let i = 0; i < 250; i += 1) {
      ledger.note({ event: 'read' });
      if (i % 10 === 9) await ledger.flush();
    }
    const seqs = () => linesIn(ledgerFile(folder, 'checkpoints.jsonl')).map((it) => JSON.parse(it).seq);
    expect(seqs()).toEqual([100, 200]);
    await ledger.close();
    expect(seqs()).toEqual([100, 200, 250]);
  });

  test('are written after a while with new records, and not without any', async () => {
    const folder = stateFolder();
    const { ledger } = await openIn(folder, { checkpointMs: 20 });
    await ledger.durable({ event: 'started' });
    await sleep(200);
    expect(linesIn(ledgerFile(folder, 'checkpoints.jsonl'))).toHaveLength(1);
  });
});

describe('notes', () => {
  test('are written in order a moment later, and before what must be durable', async () => {
    const folder = stateFolder();
    const { ledger } = await openIn(folder, { noteMs: 30 });
    ledger.note({ event: 'read', count: 1 });
    ledger.note({ event: 'read', count: 2 });
    expect(await recordsOf(folder)).toEqual([]);
    await sleep(150);
    expect((await recordsOf(folder)).map((it) => it.count)).toEqual([1, 2]);
    ledger.note({ event: 'read', count: 3 });
    await ledger.durable({ event: 'intent', count: 4 });
    expect((await recordsOf(folder)).map((it) => it.count)).toEqual([1, 2, 3, 4]);
  });

  test('are written when it is closed; what comes after is refused or dropped', async () => {
    const folder = stateFolder();
    const { ledger } = await openIn(folder);
    ledger.note({ event: 'ended' });
    await ledger.close();
    ledger.note({ event: 'read' });
    await expect(ledger.durable({ event: 'intent' })).rejects.toMatchObject({ name: 'LedgerError' });
    await ledger.close();
    expect((await recordsOf(folder)).map((it) => it.event)).toEqual(['ended']);
  });

  test('cost less than 20 microseconds each', async () => {
    const { ledger } = await openIn(stateFolder());
    const fields = { event: 'read', tool: 'get_identity', target_ids: ['a'], personal: ['a@example.com'], requester: 'os:1:a' } as const;
    const each = Array.from({ length: 50 }, () => {
      const started = performance.now();
      for (let i = 0; i < 100; i += 1) ledger.note(fields);
      return (performance.now() - started) * 10; // microseconds for one of a hundred
    }).sort((x, y) => x - y);
    expect(each[25]).toBeLessThan(20);
  });

  test('beyond ten thousand waiting ones are counted, and the count is recorded', async () => {
    const folder = stateFolder();
    const { ledger } = await openIn(folder);
    for (let i = 0; i < 10_007; i += 1) ledger.note({ event: 'read' });
    await ledger.flush();
    const records = await recordsOf(folder);
    expect(records.filter((it) => it.event === 'read')).toHaveLength(10_000);
    expect(records.filter((it) => it.event === 'lost').map((it) => it.count)).toEqual([7]);
  });
});

test('what is handed over at the same time shares a write, and all of it is on disk', async () => {
  const folder = stateFolder();
  const { ledger } = await openIn(folder);
  await Promise.all(Array.from({ length: 200 }, (_, count) => ledger.durable({ event: 'intent', count })));
  expect((await recordsOf(folder)).map((it) => it.count)).toEqual(Array.from({ length: 200 }, (_, i) => i));
});

test('one call after the other, each from the end of the one before, never waits for a timer', async () => {
  const { ledger } = await openIn(stateFolder(), { noteMs: 60_000 });
  const started = performance.now();
  for (let i = 0; i < 20; i += 1) await ledger.durable({ event: 'intent' });
  expect(performance.now() - started).toBeLessThan(5_000);
});

describe('it does not start', () => {
  async function written() {
    const folder = stateFolder();
    const { ledger } = await openIn(folder);
    for (let i = 0; i < 3; i += 1) await ledger.durable({ event: 'intent', count: i });
    await ledger.close();
    return folder;
  }
  const refusal = async (folder: ReturnType<typeof stateFolder>) => {
    const error: unknown = await openIn(folder).catch((it: unknown) => it);
    expect(error).toBeInstanceOf(UsageError);
    return error instanceof Error ? error.message : '';
  };

  test.each([
    ['a record', 'ledger.jsonl', /written by a newer version/],
    ['a checkpoint', 'checkpoints.jsonl', /checkpoints were written by a newer version/],
  ])('where a newer version wrote %s', async (_what, name, says) => {
    const folder = await written();
    const path = ledgerFile(folder, name);
    writeFileSync(path, `${readFileSync(path, 'utf8')}{"seq":4,"v":2}\n`);
    expect(await refusal(folder)).toMatch(says);
  });

  test('where its end is not the one that was signed', async () => {
    const folder = await written();
    const path = ledgerFile(folder);
    writeFileSync(path, linesIn(path).slice(0, 2).join('\n').concat('\n'));
    expect(await refusal(folder)).toMatch(/ends at record 2, which is not what its last checkpoint says \(record 3\)/);
    unlinkSync(path);
    expect(await refusal(folder)).toMatch(/ends at record 0/);
  });

  test('where the last record was edited', async () => {
    const folder = await written();
    const path = ledgerFile(folder);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"count":2', '"count":9'));
    expect(await refusal(folder)).toMatch(/last line .* is not as it was written/);
  });

  test('where its signing key is gone', async () => {
    const folder = await written();
    unlinkSync(folder.file('audit-signing-key.pem'));
    expect(await refusal(folder)).toMatch(/signing key .* is missing/);
  });

  test('where its folder is a file', async () => {
    const folder = stateFolder();
    writeFileSync(folder.file('ledger'), '');
    expect(await refusal(folder)).toMatch(/EEXIST|ENOTDIR/);
    onTestFinished(() => unlinkSync(folder.file('ledger')));
  });
});
