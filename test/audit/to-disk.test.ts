/** What must outlive a power cut is synced before it counts: the calls of the file system are counted. */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

interface Synced {
  readonly ino: number;
  readonly size: number;
}
const synced: Synced[] = [];
const real = { fsync: fs.fsync, fsyncSync: fs.fsyncSync };
/** Before the modules that hold on to them are loaded. */
beforeAll(() => {
  const look = (fd: number) => {
    const { ino, size } = fs.fstatSync(fd);
    synced.push({ ino, size });
  };
  fs.fsync = Object.assign((fd: number, done: fs.NoParamCallback) => (look(fd), real.fsync(fd, done)), real.fsync);
  fs.fsyncSync = (fd) => (look(fd), real.fsyncSync(fd));
  syncBuiltinESMExports();
});
afterAll(() => {
  Object.assign(fs, real);
  syncBuiltinESMExports();
});
beforeEach(() => {
  synced.length = 0;
});

const wasSynced = (path: string): boolean => {
  const { ino, size } = fs.statSync(path);
  return synced.some((it) => it.ino === ino && it.size === size);
};

test('a durable record of the ledger is on disk when it resolves, a noted one need not be', async () => {
  const { openIn, ledgerFile, stateFolder } = await import('./support.ts');
  const folder = stateFolder();
  const { ledger } = await openIn(folder);
  ledger.note({ event: 'read', tool: 'get_identity' });
  await ledger.flush();
  expect(wasSynced(ledgerFile(folder))).toBe(false);
  await ledger.durable({ event: 'intent', tool: 'delete_identity' });
  expect(wasSynced(ledgerFile(folder))).toBe(true);
  const { ino } = fs.statSync(folder.file('ledger'));
  expect(synced.some((it) => it.ino === ino)).toBe(true); // and so is its name
});

test('a claim, a begun change and a lock are on disk when they resolve', async () => {
  const { asked, matchOf, newPlan, ports, stateFolder, yes } = await import('../store/support.ts');
  const { openFileStore } = await import('../../src/store/store.ts');
  const folder = stateFolder();
  const store = await openFileStore(folder, ports(Date.now));
  const state = join(folder.path, 'state.json');
  const { id } = await asked(store.plans);
  await store.plans.answer(id, yes(Date.now()));
  expect(wasSynced(state)).toBe(false);
  for (const work of [
    () => store.plans.claim(id, matchOf(newPlan())),
    () => store.plans.begin(newPlan({ channel: 'none', kind: 'allow' })),
    () => store.counters.lock('somebody'),
    () => store.counters.unlock('somebody'),
  ]) {
    await work();
    expect(wasSynced(state)).toBe(true);
    synced.length = 0;
  }
});
