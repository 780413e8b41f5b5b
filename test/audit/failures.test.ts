/** No durable intent, no write: whatever happens to the file, `durable` throws, and what is in it stays a chain. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  rmdirSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createMemoryLedger } from '../../src/audit/memory.ts';
import { openFolder } from '../../src/store/folder.ts';
import { writers } from './processes.ts';
import { ledgerFile, openIn, recordsOf, stateFolder, verifyFolder } from './support.ts';
import { may } from '../support/may.ts';

const start = writers();
const refused = { name: 'LedgerError' };

describe('the disk is full', () => {
  test('on a small file system: refused, then a torn line is kept and told of, and it goes on when there is room', async ({ skip }) => {
    const mount = mkdtempSync(join(tmpdir(), 'small-'));
    onTestFinished(() => rmdirSync(mount));
    if (!may('mount', '-t', 'tmpfs', '-o', 'size=128k,mode=700', 'tmpfs', mount)) return skip('mounting a tmpfs needs root');
    onTestFinished(() => void execFileSync('umount', ['-l', mount]));
    const folder = openFolder(mount);
    const { ledger, lines } = await openIn(folder);
    const filler = Array.from({ length: 100 }, (_, i) => `id-${i}-${'x'.repeat(30)}`);
    await ledger.durable({ event: 'intent', count: 0 });
    const failed = await firstRefusal(60, () => ledger.durable({ event: 'intent', target_ids: filler }));
    expect(failed).toBeGreaterThan(5);
    expect(lines.filter((it) => it.includes('cannot be written')).join()).toContain('ENOSPC');
    ledger.note({ event: 'read', count: 77 });
    await ledger.flush();
    await expect(ledger.durable({ event: 'intent', target_ids: filler })).rejects.toMatchObject(refused);
    expect(readFileSync(ledgerFile(folder)).at(-1)).not.toBe(0x0a);

    execFileSync('mount', ['-o', 'remount,size=256k', mount]);
    await ledger.durable({ event: 'intent', count: 78 });
    await ledger.close();
    const records = await recordsOf(folder);
    expect(records.slice(-3).map((it) => [it.event, it.count])).toEqual([
      ['torn', undefined],
      ['read', 77],
      ['intent', 78],
    ]);
    const report = await verifyFolder(folder);
    expect(report).toMatchObject({ ok: true, records: records.length, problems: [] });
    expect(report.notes.map((it) => it.says)).toEqual([expect.stringContaining('a write was cut off here')]);
    expect(lines.join('')).toContain('a line that was cut off is kept');
  });

  test('at a limit on the size of files: refused in the process that has it, and another one goes on', async () => {
    const folder = stateFolder();
    const writer = start([folder.path, 'limited', '500'], "trap '' XFSZ; ulimit -f 40;"); // in units of 512 bytes
    await writer.ready;
    writer.go();
    await writer.ended;
    expect(writer.said().at(-1)).toMatch(/^refused LedgerError: .*EFBIG/);
    const kept = writer.said().filter((it) => it.startsWith('kept')).length;
    expect(kept).toBeGreaterThan(5);
    expect(statSync(ledgerFile(folder)).size).toBe(40 * 512);
    const { ledger } = await openIn(folder);
    await ledger.durable({ event: 'started' });
    await ledger.close();
    const records = await recordsOf(folder);
    expect(records.filter((it) => it.event === 'intent').length).toBeGreaterThanOrEqual(kept);
    expect(records.slice(-2).map((it) => it.event)).toEqual(['torn', 'started']);
    expect(await verifyFolder(folder)).toMatchObject({ ok: true, problems: [] });
  });
});

/** How often it worked before it was refused. */
async function firstRefusal(most: number, attempt: () => Promise<void>): Promise<number> {
  for (let i = 0; i < most; i += 1) {
    try {
      await attempt();
    } catch (error) {
      expect(error).toMatchObject(refused);
      return i;
    }
  }
  throw new Error(`It was not refused in ${most} attempts.`);
}

describe('the file or its folder is not what it was', () => {
  async function opened() {
    const folder = stateFolder();
    const scene = await openIn(folder);
    for (let count = 1; count <= 3; count += 1) await scene.ledger.durable({ event: 'intent', count });
    return { folder, path: ledgerFile(folder), ...scene };
  }
  type Scene = Awaited<ReturnType<typeof opened>>;

  const harms: readonly (readonly [string, (scene: Scene) => void])[] = [
    ['the file is removed', ({ path }) => unlinkSync(path)],
    ['the file is moved away', ({ path }) => renameSync(path, `${path}.old`)],
    ['the folder is removed', ({ folder }) => rmSync(folder.file('ledger'), { recursive: true })],
    ['the state folder is removed', ({ folder }) => rmSync(folder.path, { recursive: true })],
    ['the file is made shorter', ({ path }) => truncateSync(path, statSync(path).size - 1)],
    ['the file is emptied', ({ path }) => writeFileSync(path, '')],
    [
      'the file is replaced by an earlier state of it',
      ({ path }) => {
        const text = readFileSync(path, 'utf8');
        unlinkSync(path);
        writeFileSync(path, text.slice(0, text.indexOf('\n') + 1));
      },
    ],
    ['the file is replaced by a link to it', ({ path }) => (renameSync(path, `${path}.old`), symlinkSync(`${path}.old`, path))],
    ['the file is replaced by a link to a full device', ({ path }) => (unlinkSync(path), symlinkSync('/dev/full', path))],
    ['a folder stands in its place', ({ path }) => (unlinkSync(path), mkdirSync(path))],
    ['something that is no record is written to it', ({ path }) => appendFileSync(path, '{"seq":4}\n')],
    ['a newer version has written to it', ({ path }) => appendFileSync(path, '{"v":2,"seq":4}\n')],
  ];
  test.each(harms)('%s: refused, and notes throw nothing', async (_what, harm) => {
    const scene = await opened();
    harm(scene);
    scene.ledger.note({ event: 'read' });
    await expect(scene.ledger.durable({ event: 'intent' })).rejects.toMatchObject(refused);
    await expect(scene.ledger.durable({ event: 'intent' })).rejects.toMatchObject(refused);
    await scene.ledger.flush();
    await scene.ledger.close();
    const said = scene.lines.map((it): { event: string } => JSON.parse(it)).map((it) => it.event);
    expect(said.filter((it) => it === 'audit ledger cannot be written')).toHaveLength(1);
    expect(said).toContain('audit records were lost');
  });

  test('a copy of the ledger put back in its place is refused until the next start, and then goes on', async () => {
    const { folder, path, ledger } = await opened();
    copyFileSync(path, `${path}.copy`);
    writeFileSync(`${path}.hold`, ''); // keeps the copy from getting the same inode
    renameSync(`${path}.copy`, path);
    await expect(ledger.durable({ event: 'intent' })).rejects.toMatchObject(refused);
    await ledger.close();
    const { ledger: next } = await openIn(folder);
    await next.durable({ event: 'started' });
    expect(await verifyFolder(folder)).toMatchObject({ ok: true, records: 4 });
  });

  test('a file that can only be appended to is all that is needed', async ({ skip }) => {
    const { folder, path, ledger } = await opened();
    if (!may('chattr', '+a', path)) return skip('this file system has no append-only files');
    onTestFinished(() => void execFileSync('chattr', ['-a', path]));
    await ledger.durable({ event: 'intent' });
    expect(await recordsOf(folder)).toHaveLength(4);
  });

  test('a file that can no longer be written is refused', async ({ skip }) => {
    const { path, ledger } = await opened();
    if (!may('chattr', '+i', path)) return skip('this file system has no immutable files');
    onTestFinished(() => void execFileSync('chattr', ['-i', path]));
    await expect(ledger.durable({ event: 'intent' })).rejects.toMatchObject(refused);
  });

  test('a folder that was made read-only under it is refused, and works again afterwards', async ({ skip }) => {
    const { folder, ledger, lines } = await opened();
    const inner = folder.file('ledger');
    if (!may('mount', '--bind', inner, inner)) return skip('a read-only mount needs root, and root ignores modes');
    onTestFinished(() => void execFileSync('umount', ['-l', inner]));
    execFileSync('mount', ['-o', 'remount,ro,bind', inner]);
    await expect(ledger.durable({ event: 'intent' })).rejects.toMatchObject(refused);
    expect(lines.join('')).toContain('EROFS');
    execFileSync('mount', ['-o', 'remount,rw,bind', inner]);
    await ledger.durable({ event: 'intent' });
    expect(lines.join('')).toContain('audit ledger is written again');
  });
});

describe('a line was cut off', () => {
  /** Three records, and then a part of a fourth. */
  async function torn(part: (line: string) => string) {
    const folder = stateFolder();
    const { ledger } = await openIn(folder);
    for (let count = 1; count <= 3; count += 1) await ledger.durable({ event: 'intent', count });
    await ledger.close();
    const last = readFileSync(ledgerFile(folder), 'utf8').split('\n')[2] ?? '';
    const fragment = part(last);
    appendFileSync(ledgerFile(folder), fragment);
    return { folder, fragment };
  }

  test.each([
    ['in the middle', (line: string) => line.slice(0, 40)],
    ['right before its line feed', (line: string) => line],
    ['in the middle of a character', () => 'a\u00e9'.slice(0, 1).concat('\ufffd')],
    ['and zeros stand there', () => '\0'.repeat(512)],
    ['twice', (line: string) => `${line.slice(0, 30)}~\n${line.slice(0, 20)}`],
    ['while the one before was being closed', (line: string) => `${line.slice(0, 30)}~`],
  ])('%s: reported by verify, kept, told of in a record', async (_where, part) => {
    const { folder, fragment } = await torn(part);
    const before = await verifyFolder(folder);
    expect(before).toMatchObject({ ok: true, records: 3 });
    expect(before.notes.map((it) => it.says)).toEqual([expect.stringMatching(/ends in a line that was cut off \(\d+ bytes\)/)]);
    expect(await recordsOf(folder)).toHaveLength(3);

    const { ledger, lines } = await openIn(folder);
    await ledger.durable({ event: 'started' });
    await ledger.close();
    expect(readFileSync(ledgerFile(folder), 'utf8')).toContain(fragment);
    const gap = Buffer.from(`${fragment}~\n`);
    const records = await recordsOf(folder);
    expect(records.map((it) => it.event)).toEqual(['intent', 'intent', 'intent', 'torn', 'started']);
    expect(records[3]?.facts).toEqual({ bytes: gap.length, sha256: createHash('sha256').update(gap).digest('hex') });
    expect(lines.join('')).toContain('a line that was cut off is kept');
    expect(await verifyFolder(folder)).toMatchObject({ ok: true, records: 5 });
  });

  test('and the bytes of it are held to what the record says of them', async () => {
    const { folder, fragment } = await torn((line) => line.slice(0, 40));
    const { ledger } = await openIn(folder);
    await ledger.durable({ event: 'started' });
    await ledger.close();
    const whole = readFileSync(ledgerFile(folder), 'utf8');
    for (const harmed of [whole.replace(`${fragment}~\n`, ''), whole.replace(`${fragment}~`, `${fragment.slice(1)}~`)]) {
      writeFileSync(ledgerFile(folder), harmed);
      expect((await verifyFolder(folder)).ok).toBe(false);
    }
  });

  test('of the checkpoints: kept and reported, and the next one stands on a line of its own', async () => {
    const { folder } = await torn(() => '');
    appendFileSync(ledgerFile(folder, 'checkpoints.jsonl'), '{"hash":"');
    const { ledger } = await openIn(folder);
    await ledger.durable({ event: 'started' });
    await ledger.close();
    const report = await verifyFolder(folder);
    expect(report).toMatchObject({ ok: true, checkpoints: { good: 2 } });
    expect(report.notes.map((it) => it.says)).toEqual(['a checkpoint was cut off while it was written']);
  });
});

test('a ledger in memory is told to fail, and to work again', async () => {
  const ledger = createMemoryLedger();
  await ledger.durable({ event: 'started', personal: ['canary@example.com'] });
  ledger.fail(new Error('no'));
  ledger.note({ event: 'read' });
  await expect(ledger.durable({ event: 'intent' })).rejects.toMatchObject(refused);
  ledger.fail(undefined);
  ledger.note({ event: 'ended' });
  expect(ledger.records.map((it) => [it.seq, it.event])).toEqual([
    [1, 'started'],
    [2, 'ended'],
  ]);
  expect(JSON.stringify(ledger.records)).not.toContain('canary');
});
