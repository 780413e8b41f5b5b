/** The state in a folder: what is written how, and what becomes of it when it is damaged, newer, rolled back or gone. */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/errors.ts';
import { StateLost } from '../../src/store/state.ts';
import type { Folder } from '../../src/store/folder.ts';
import { openFileStore } from '../../src/store/store.ts';
import { asked, clock, DAY, matchOf, MINUTE, newPlan, ports, stateFolder, yes } from './support.ts';

const time = clock();
const open = (folder: Folder) => openFileStore(folder, ports(time.now));
const stateOf = (folder: Folder) => readFileSync(folder.file('state.json'), 'utf8');

async function withApproved() {
  const folder = stateFolder();
  const store = await open(folder);
  const { id } = await asked(store.plans);
  await store.plans.answer(id, yes(time.now()));
  return { folder, store, id };
}

describe('what lies in the folder', () => {
  test('everything is for its owner alone, carries a version, and nothing else is left behind', async () => {
    const { folder, store, id } = await withApproved();
    await store.plans.claim(id, matchOf(newPlan()));
    await store.freeze('an incident');
    for (const name of ['state.json', 'key', 'frozen', `claims/${id}`]) expect(statSync(folder.file(name)).mode & 0o777).toBe(0o600);
    for (const name of ['', 'claims']) expect(statSync(folder.file(name)).mode & 0o777).toBe(0o700);
    expect(JSON.parse(stateOf(folder))).toMatchObject({ v: 1 });
    expect(readdirSync(folder.path).sort()).toEqual(['claims', 'frozen', 'key', 'state.json']);
    expect(readFileSync(folder.file('frozen'), 'utf8')).toBe('an incident\n');
  });

  test('plans, budgets, cool-downs, locks and history outlive a restart', async () => {
    const { folder, store, id } = await withApproved();
    await store.counters.spend([{ budget: 'takeover', of: 'anna', items: 2, limit: 5, windowMs: 60 * MINUTE }]);
    await store.counters.lock('berta');
    await store.counters.remember('alice', 'contact');
    await store.plans.coolDown('other', 10);
    await store.plans.wrongPhrase('r', 10);
    await store.close();
    const again = await open(folder);
    expect(await again.plans.find(id)).toEqual(await store.plans.find(id));
    expect(Object.isFrozen((await again.plans.find(id))?.decided)).toBe(true);
    expect(await again.counters.used('takeover', 'anna', 60 * MINUTE)).toBe(2);
    expect(await again.counters.lockedSince('berta')).toBe(time.now());
    expect(await again.counters.remembered('alice', DAY)).toEqual([{ link: 'contact', at: time.now() }]);
    expect(await again.plans.coolingMs('other')).toBe(10 * MINUTE);
    expect(await again.plans.claim(id, matchOf(newPlan()))).toBe(true);
    expect(await store.plans.claim(id, matchOf(newPlan()))).toBe(false);
  });

  test('a look, and a change that changes nothing, do not write', async () => {
    const { folder, store, id } = await withApproved();
    const { ino } = statSync(folder.file('state.json'));
    await store.plans.list();
    await store.plans.find(id);
    await asked(store.plans);
    await store.plans.answer(id, yes(time.now()));
    await store.plans.claim(id, { digest: 'other', principal: 'other' });
    await store.plans.finish(id, 'executed');
    await store.counters.refund([]);
    expect(statSync(folder.file('state.json')).ino).toBe(ino);
    await store.plans.end(id, 'void', 'cancelled');
    expect(statSync(folder.file('state.json')).ino).not.toBe(ino);
  });

  test('no word of a person stays in any file once a plan has ended', async () => {
    const { folder, store, id } = await withApproved();
    expect(stateOf(folder)).toContain('alice@example.com');
    await store.plans.claim(id, matchOf(newPlan()));
    await store.plans.finish(id, 'executed');
    const all = readdirSync(folder.path, { recursive: true, encoding: 'utf8' }).filter((it) => statSync(folder.file(it)).isFile());
    expect(all.filter((it) => readFileSync(folder.file(it), 'latin1').includes('alice'))).toEqual([]);
  });

  test('what a killed writer left is removed at the next start, once no writer can be at it', async () => {
    const folder = stateFolder();
    const [old, young] = [folder.file('state.json.0123456789ab.new'), folder.file('state.json.ba9876543210.new')];
    for (const it of [old, young]) writeFileSync(it, '{');
    utimesSync(old, 1, 1);
    await open(folder);
    expect([existsSync(old), existsSync(young)]).toEqual([false, true]);
  });
});

describe('a state file that cannot be used', () => {
  const row = (change: Record<string, unknown>) => (text: string) => {
    const state: { plans: Record<string, object> } = JSON.parse(text);
    const plans = Object.entries(state.plans).map(([id, plan]) => [id, { ...plan, ...change }]);
    return JSON.stringify({ ...state, plans: Object.fromEntries(plans) });
  };
  const without = (name: string) => (text: string) => JSON.stringify({ ...JSON.parse(text), [name]: undefined });
  const damaged: readonly (readonly [name: string, (text: string) => string])[] = [
    ['empty', () => ''],
    ['cut', (text) => text.slice(0, -9)],
    ['not JSON', () => 'state: ok'],
    ['null', () => 'null'],
    ['a list', () => '[]'],
    ['without a version', without('v')],
    ['of version 0', (text) => text.replace('"v":1', '"v":0')],
    ['of a version in words', (text) => text.replace('"v":1', '"v":"1"')],
    ['without plans', without('plans')],
    ['without budgets', without('spent')],
    ['without locks', without('locks')],
    ['with a plan that never expires', row({ expires: null })],
    ['with a plan under another id', row({ id: 'another' })],
    ['with a plan in no state', row({ state: 'toString' })],
    ['with a plan of no approvals', row({ approvals: -1 })],
    ['with a plan without decisions', row({ decided: undefined })],
    ['with a plan without a digest', row({ digest: undefined })],
    ['with a plan that was approved by hand', row({ state: 'approved', decided: [{ by: 'a', name: 'Ann', method: 'passkey', at: 1 }] })],
    ['with a plan that needs fewer approvers', row({ approvals: 0 })],
    ['with a plan that was asked earlier', row({ created: 1 })],
    ['with other words for the person', (text) => text.replace('Deletes it.', 'Greets it.')],
    ['without its seal', without('seal')],
    ['with the seal at another place', (text) => text.replace(/^\{("seal":"[^"]+"),(.*)\}$/, '{$2,$1}')],
    ['with a second seal', (text) => text.replace(/^\{("seal":"[^"]+",)/, '{$1$1')],
    ['with a blank more', (text) => text.replace('"plans":', '"plans": ')],
    ['with a lock that is no time', (text) => text.replace('"locks":{', '"locks":{"x":"y"')],
    ['with a budget that is no number', (text) => text.replace('"spent":{', '"spent":{"x":[{"at":1,"until":2,"items":"0"}]')],
  ];

  test.each(damaged)('%s: no start, with what to do about it; at run time nothing is granted', async (_, damage) => {
    const { folder, store, id } = await withApproved();
    const before = damage(stateOf(folder));
    writeFileSync(folder.file('state.json'), before);
    await expect(open(folder)).rejects.toThrow(UsageError);
    await expect(open(folder)).rejects.toThrow(/state\.json is damaged: .*move the file away and start again/);
    await expect(store.plans.claim(id, matchOf(newPlan()))).rejects.toThrow(StateLost);
    await expect(store.plans.find(id)).rejects.toThrow(StateLost);
    expect(stateOf(folder)).toBe(before);
    expect(readdirSync(folder.file('claims'))).toEqual([]);
  });

  test('of another folder: no start', async () => {
    const [mine, theirs] = [await withApproved(), await withApproved()];
    copyFileSync(theirs.folder.file('state.json'), mine.folder.file('state.json'));
    await expect(open(mine.folder)).rejects.toThrow(/its seal does not fit/);
    await expect(mine.store.plans.claim(theirs.id, matchOf(newPlan()))).rejects.toThrow(StateLost);
  });

  test('newer: no start, and it is left as it is', async () => {
    const { folder, store, id } = await withApproved();
    const newer = stateOf(folder).replace('"v":1', '"v":2');
    writeFileSync(folder.file('state.json'), newer);
    await expect(open(folder)).rejects.toThrow(/newer version .* its version is 2, and this program reads 1/);
    await expect(open(folder)).rejects.toThrow(UsageError);
    await expect(store.plans.claim(id, matchOf(newPlan()))).rejects.toThrow(StateLost);
    expect(stateOf(folder)).toBe(newer);
  });

  test('a folder in its place: no start', async () => {
    const folder = stateFolder();
    mkdirSync(folder.file('state.json'));
    await expect(open(folder)).rejects.toThrow(UsageError);
  });
});

describe('a loss', () => {
  const everything = (store: Awaited<ReturnType<typeof open>>, id: string): (() => Promise<unknown>)[] => [
    () => store.plans.claim(id, matchOf(newPlan())),
    () => store.plans.begin(newPlan()),
    () => asked(store.plans),
    () => store.plans.find(id),
    () => store.counters.spend([{ budget: 'asked', of: 'anna', items: 1, limit: 9, windowMs: MINUTE }]),
    () => store.counters.lockedSince('anna'),
    () => store.plans.coolingMs('r'),
  ];

  test('of the folder at run time: everything throws, and none is made anew', async () => {
    const { folder, store, id } = await withApproved();
    rmSync(folder.path, { recursive: true });
    for (const work of [...everything(store, id), () => store.isFrozen(), () => store.freeze('x')]) await expect(work()).rejects.toThrow();
    expect(existsSync(folder.path)).toBe(false);
  });

  test('of the state at run time: everything throws until the next start, and then nothing is claimable', async () => {
    const { folder, store, id } = await withApproved();
    rmSync(folder.file('state.json'));
    for (const work of everything(store, id)) await expect(work()).rejects.toThrow(StateLost);
    const again = await open(folder);
    for (const it of [again, store]) expect(await it.plans.claim(id, matchOf(newPlan()))).toBe(false);
  });

  test('of the claims: no claim at run time; at the next start what is open ends', async () => {
    const { folder, store, id } = await withApproved();
    rmSync(folder.file('claims'), { recursive: true });
    await expect(store.plans.claim(id, matchOf(newPlan()))).rejects.toThrow('ENOENT');
    const again = await open(folder);
    expect(await again.plans.find(id)).toMatchObject({ state: 'void', outcome: 'lost' });
    expect(await again.plans.claim(id, matchOf(newPlan()))).toBe(false);
  });

  test('of what came after a copy of the state: a plan that was claimed stays so', async () => {
    const { folder, store, id } = await withApproved();
    const copy = `${folder.path}.copy`;
    copyFileSync(folder.file('state.json'), copy);
    expect(await store.plans.claim(id, matchOf(newPlan()))).toBe(true);
    renameSync(copy, folder.file('state.json'));
    expect(await store.plans.find(id)).toMatchObject({ state: 'approved' });
    expect(await store.plans.claim(id, matchOf(newPlan()))).toBe(false);
    expect(await store.plans.find(id)).toMatchObject({ state: 'void', outcome: 'claimed before' });
    expect(await (await open(folder)).plans.claim(id, matchOf(newPlan()))).toBe(false);
  });

  test('claims are kept for longer than any question stands', async () => {
    const { folder, store, id } = await withApproved();
    await store.plans.claim(id, matchOf(newPlan()));
    const claim = folder.file(`claims/${id}`);
    const daysAgo = (days: number) => utimesSync(claim, Date.now() / 1000 - days * 86_400, Date.now() / 1000 - days * 86_400);
    daysAgo(7);
    await open(folder);
    expect(existsSync(claim)).toBe(true);
    daysAgo(9);
    await open(folder);
    expect(existsSync(claim)).toBe(false);
  });
});

describe('the flag that freezes', () => {
  test.each<[string, (path: string) => void]>([
    ['made by touch', (path) => writeFileSync(path, '')],
    ['a folder', (path) => mkdirSync(path)],
    ['a link to nowhere', (path) => symlinkSync('/nowhere/at/all', path)],
  ])('%s counts at once', async (_, make) => {
    const folder = stateFolder();
    const store = await open(folder);
    expect(await store.isFrozen()).toBe(false);
    make(folder.file('frozen'));
    expect(await store.isFrozen()).toBe(true);
    expect(await store.whyFrozen()).toMatchObject({ why: '' });
  });

  test('made by hand tells since when, and what was written into it', async () => {
    const folder = stateFolder();
    const store = await open(folder);
    writeFileSync(folder.file('frozen'), 'odd calls, ask Kim\n');
    utimesSync(folder.file('frozen'), 1_700_000_000, 1_700_000_000);
    expect(await store.whyFrozen()).toEqual({ since: 1_700_000_000_000, why: 'odd calls, ask Kim' });
  });

  test('is seen by every server on the folder', async () => {
    const folder = stateFolder();
    const [one, other] = [await open(folder), await open(folder)];
    await one.freeze('an incident');
    expect(await other.isFrozen()).toBe(true);
    await other.thaw();
    expect(await one.isFrozen()).toBe(false);
  });
});

describe('orphans', () => {
  /** A process that has ended. */
  const gone = spawnSync(process.execPath, ['-e', '']).pid;

  test.each([
    { name: 'of a process that is gone', pid: gone, instance: 'that one', orphan: true },
    { name: 'of an earlier run with the same process id', pid: process.pid, instance: 'that one', orphan: true },
    { name: 'of mine', pid: process.pid, instance: 'this one', orphan: false },
    { name: 'of another process that lives', pid: process.ppid, instance: 'that one', orphan: false },
  ])('plans $name: $orphan', async ({ pid, instance, orphan }) => {
    const folder = stateFolder();
    const theirs = await openFileStore(folder, ports(time.now, { pid, instance }));
    const { id } = await theirs.plans.begin(newPlan({ channel: 'none', kind: 'allow' }));
    const mine = await open(folder);
    expect((await mine.plans.orphans()).map((it) => it.id)).toEqual(orphan ? [id] : []);
    await mine.plans.finish(id, 'unknown');
    expect(await mine.plans.orphans()).toEqual([]);
  });

  test('are what was claimed, and neither what waits nor what is done', async () => {
    const folder = stateFolder();
    const theirs = await openFileStore(folder, ports(time.now, { pid: gone, instance: 'that one' }));
    const { id } = await asked(theirs.plans);
    const mine = await open(folder);
    expect(await mine.plans.orphans()).toEqual([]);
    await theirs.plans.answer(id, yes(time.now()));
    expect(await mine.plans.orphans()).toEqual([]);
    await theirs.plans.claim(id, matchOf(newPlan()));
    expect(await mine.plans.orphans()).toMatchObject([{ id, ids: { id: '9f1c' }, tool: 'delete_identity' }]);
  });
});
