/** Writes to one identity go one after another, over all stores on one folder. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { LockBusy } from '../../src/lib/mutex.ts';
import { openFolder } from '../../src/store/folder.ts';
import { createFileLocks } from '../../src/store/locks.ts';

const parent = mkdtempSync(join(tmpdir(), 'locks-'));
afterAll(() => rmSync(parent, { recursive: true, force: true }));
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('of the same name by two: never at the same time; of other names: at once', async () => {
  const folder = openFolder(join(parent, 'a'));
  const [one, other] = [createFileLocks(folder), createFileLocks(folder)];
  const inside = new Map<string, number>();
  let most = 0;
  let together = 0;
  const work = (key: string) => async () => {
    const now = (inside.get(key) ?? 0) + 1;
    inside.set(key, now);
    most = Math.max(most, now);
    together = Math.max(
      together,
      [...inside.values()].reduce((sum, it) => sum + it, 0),
    );
    await pause(5);
    inside.set(key, now - 1);
  };
  const keys = ['x', 'y'];
  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      (index % 2 ? one : other).run([keys[index % 4 > 1 ? 1 : 0] ?? ''], work(keys[index % 4 > 1 ? 1 : 0] ?? '')),
    ),
  );
  expect(most).toBe(1);
  expect(together).toBe(2);
});

test('two that want the same names in another order do not wait for each other', async () => {
  const folder = openFolder(join(parent, 'b'));
  const [one, other] = [createFileLocks(folder), createFileLocks(folder)];
  const done = await Promise.all([
    one.run(['a', 'b'], async () => (await pause(10), 1)),
    other.run(['b', 'a'], async () => (await pause(10), 2)),
  ]);
  expect(done).toEqual([1, 2]);
});

test('one that is held for too long is busy, and nothing was begun; given back, it is free', async () => {
  const folder = openFolder(join(parent, 'c'));
  const [one, other] = [createFileLocks(folder), createFileLocks(folder)];
  let begun = false;
  const held = one.run(['x'], () => pause(200));
  await pause(20);
  await expect(other.run(['x'], async () => void (begun = true), { waitMs: 30 })).rejects.toBeInstanceOf(LockBusy);
  expect(begun).toBe(false);
  await held;
  await expect(other.run(['x'], async () => 'mine', { waitMs: 30 })).resolves.toBe('mine');
});
