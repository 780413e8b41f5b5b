/** A lock between processes: one at a time, and the dead don't hold it. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { FileLockBusy, isAlive, withFileLock } from '../../src/store/file-lock.ts';

function path(): string {
  const folder = mkdtempSync(join(tmpdir(), 'lock-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'lock');
}
const gone = spawnSync(process.execPath, ['-e', '']).pid;
const ago = (file: string, seconds: number) => utimesSync(file, Date.now() / 1000 - seconds, Date.now() / 1000 - seconds);
const work = () => 'done';
const brief = { waitMs: 100 };

describe('one at a time', () => {
  test('in the order of asking, and nothing is left behind', async () => {
    const lock = path();
    const log: number[] = [];
    const take = (n: number) =>
      withFileLock(lock, async () => {
        log.push(n);
        await sleep(2);
        log.push(n);
      });
    await Promise.all([1, 2, 3].map(take));
    expect(log).toEqual([1, 1, 2, 2, 3, 3]);
    expect(readdirSync(dirname(lock))).toEqual([]);
  });

  test('it lies there while the work is done, for its owner alone, and says whose it is', async () => {
    const lock = path();
    const [content, mode] = await withFileLock(lock, () => [readFileSync(lock, 'utf8'), statSync(lock).mode & 0o777] as const);
    expect(content).toMatch(new RegExp(`^${process.pid} ${hostname()} [0-9a-f]{24}$`));
    expect(mode).toBe(0o600);
  });

  test('what the work throws comes out, and the lock is free again', async () => {
    const lock = path();
    const failing = withFileLock(lock, () => {
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(existsSync(lock)).toBe(false);
    expect(await withFileLock(lock, work)).toBe('done');
  });

  test('where the folder is not there, the work is not begun', async () => {
    let begun = false;
    await expect(withFileLock(join(path(), 'lock'), () => (begun = true))).rejects.toThrow('ENOENT');
    expect(begun).toBe(false);
  });
});

describe('a lock of another process', () => {
  test.each([
    { whose: 'that lives', content: `${process.ppid} ${hostname()} abc`, age: 0, free: false },
    { whose: 'that is gone', content: `${gone} ${hostname()} abc`, age: 0, free: true },
    { whose: 'of another machine', content: `${gone} elsewhere abc`, age: 0, free: false },
    { whose: 'that hangs', content: `${process.ppid} ${hostname()} abc`, age: 31, free: true },
    { whose: 'of another machine, left there', content: `${gone} elsewhere abc`, age: 31, free: true },
    { whose: 'that has just made it', content: '', age: 0, free: false },
    { whose: 'that died before it wrote its name', content: '', age: 3, free: true },
    { whose: 'that wrote something else', content: 'xyz', age: 3, free: true },
  ])('$whose: free $free', async ({ content, age, free }) => {
    const lock = path();
    writeFileSync(lock, content);
    ago(lock, age);
    const result = withFileLock(lock, work, brief);
    if (free) expect(await result).toBe('done');
    else await expect(result).rejects.toThrow(FileLockBusy);
    expect(existsSync(lock)).toBe(!free);
    expect(existsSync(`${lock}.removing`)).toBe(false);
  });

  test('is waited for, and taken as soon as it is given back', async () => {
    const lock = path();
    writeFileSync(lock, `${process.ppid} ${hostname()} abc`);
    setTimeout(() => rmSync(lock), 60);
    const begun = performance.now();
    expect(await withFileLock(lock, work, { waitMs: 2_000 })).toBe('done');
    expect(performance.now() - begun).toBeLessThan(1_000);
  });

  test('that took it from us, because we hung, keeps it', async () => {
    const lock = path();
    const theirs = `${process.ppid} ${hostname()} theirs`;
    await withFileLock(lock, () => writeFileSync(lock, theirs));
    expect(readFileSync(lock, 'utf8')).toBe(theirs);
  });

  test('is removed by one at a time; who died over it is forgotten after a while', async () => {
    const lock = path();
    writeFileSync(lock, `${gone} ${hostname()} abc`);
    mkdirSync(`${lock}.removing`);
    await expect(withFileLock(lock, work, brief)).rejects.toThrow(FileLockBusy);
    ago(`${lock}.removing`, 31);
    expect(await withFileLock(lock, work, brief)).toBe('done');
    expect(readdirSync(dirname(lock))).toEqual([]);
  });
});

test('a process is alive while it is there, whoever owns it', () => {
  expect(isAlive(process.pid)).toBe(true);
  expect(isAlive(process.ppid)).toBe(true);
  expect(isAlive(1)).toBe(true);
  expect(isAlive(gone)).toBe(false);
});
