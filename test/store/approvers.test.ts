/** Who may answer on the page: a file that only this program writes, and codes that count once. */
import { copyFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../src/errors.ts';
import { createApprovers } from '../../src/store/approvers.ts';
import type { Approver } from '../../src/store/types.ts';
import { clock, DAY, MINUTE, SECOND, stateFolder } from './support.ts';

const ann: Approver = {
  id: 'a1',
  name: 'Ann',
  method: 'passkey',
  enrolledAt: 1_000,
  enrolledBy: undefined,
  passkey: { id: 'credential', publicKey: 'cHVibGlj', counter: 3, transports: ['internal'] },
};
const ben: Approver = {
  id: 'b1',
  name: 'Ben',
  method: 'totp',
  enrolledAt: 2_000,
  enrolledBy: 'a1',
  totp: { secret: 'JBSWY3DPEHPK3PXP' },
};

function opened() {
  const time = clock();
  const folder = stateFolder();
  const again = () => createApprovers(folder, { now: time.now });
  return { folder, time, approvers: again(), again, path: folder.file('approvers.json') };
}

describe('the list', () => {
  test('is empty where there is no file, and asking makes none', async () => {
    const { approvers, path } = opened();
    expect(await approvers.list()).toEqual([]);
    expect(await approvers.enrolments()).toEqual([]);
    expect(existsSync(path)).toBe(false);
  });

  test('an enrolment is seen at once by every process, and is for its owner alone', async () => {
    const { approvers, again, path } = opened();
    const other = again();
    await approvers.add(ann);
    await other.add(ben);
    expect(await approvers.list()).toEqual([ann, ben]);
    expect(await again().list()).toEqual([ann, ben]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ v: 1 });
  });

  test('who was removed is shown as enrolled once, newest first', async () => {
    const { approvers, time } = opened();
    await approvers.add(ann);
    await approvers.add(ben);
    expect(await approvers.remove('a1')).toBe(true);
    expect(await approvers.remove('a1')).toBe(false);
    expect(await approvers.list()).toEqual([ben]);
    expect(await approvers.enrolments()).toEqual([
      { name: 'Ben', method: 'totp', at: 2_000 },
      { name: 'Ann', method: 'passkey', at: 1_000, removedAt: time.now() },
    ]);
  });

  test('one factor is one approver', async () => {
    const { approvers } = opened();
    await approvers.add(ann);
    await approvers.add(ben);
    for (const twin of [
      { ...ben, name: 'Bea', totp: { secret: 'KRSXG5A' } },
      { ...ann, id: 'a2' },
      { ...ben, id: 'b2' },
    ])
      await expect(approvers.add(twin)).rejects.toThrow(UsageError);
    expect(await approvers.list()).toHaveLength(2);
  });

  test("a passkey's counter is kept, and never goes back", async () => {
    const { approvers } = opened();
    await approvers.add(ann);
    await approvers.add(ben);
    await approvers.counted('a1', 8);
    await approvers.counted('a1', 5);
    await approvers.counted('b1', 5);
    await approvers.counted('nobody', 5);
    expect((await approvers.list())[0]?.passkey).toEqual({ ...ann.passkey, counter: 8 });
    expect((await approvers.list())[1]).toEqual(ben);
  });
});

describe('a file that this program did not write', () => {
  const mallory = { ...ben, id: 'm1', name: 'Mallory', totp: { secret: 'MFRGGZDF' } };
  const json = (change: (content: Record<string, unknown>) => void) => (text: string) => {
    const content: Record<string, unknown> = JSON.parse(text);
    change(content);
    return JSON.stringify(content);
  };
  test.each<[string, (text: string) => string]>([
    ['with an approver more', json((it) => (it['approvers'] = [ann, mallory]))],
    ['with an older enrolment', (text) => text.replace('"enrolledAt": 1000', '"enrolledAt": 1')],
    ['with another key', (text) => text.replace('cHVibGlj', 'bWFsbG9y')],
    ['without a removal', json((it) => (it['removed'] = []))],
    ['without used codes', json((it) => (it['codes'] = {}))],
    ['without its seal', json((it) => delete it['seal'])],
    ['with an empty seal', json((it) => (it['seal'] = ''))],
    ['with something more', json((it) => (it['extra'] = true))],
    ['cut', (text) => text.slice(0, -20)],
    ['empty', () => ''],
    ['of version 0', json((it) => (it['v'] = 0))],
    ['newer', json((it) => (it['v'] = 2))],
  ])('%s: nobody can approve, and it says so', async (_, edit) => {
    const { approvers, path } = opened();
    await approvers.add(ann);
    await approvers.add(ben);
    await approvers.useCode('b1', 7);
    await approvers.add(mallory);
    await approvers.remove('m1');
    const edited = edit(readFileSync(path, 'utf8'));
    writeFileSync(path, edited);
    await expect(approvers.list()).rejects.toThrow(UsageError);
    await expect(approvers.list()).rejects.toThrow(/seal does not fit|is damaged|newer version/);
    for (const work of [
      approvers.enrolments(),
      approvers.add(mallory),
      approvers.remove('a1'),
      approvers.useCode('b1', 1),
      approvers.mayTry('b1'),
    ])
      await expect(work).rejects.toThrow(UsageError);
    expect(readFileSync(path, 'utf8')).toBe(edited);
  });

  test('from another folder, whose key differs: the same', async () => {
    const { approvers, path } = opened();
    const elsewhere = opened();
    await elsewhere.approvers.add(ann);
    copyFileSync(elsewhere.path, path);
    await expect(approvers.list()).rejects.toThrow(/seal does not fit/);
  });

  test('only laid out anew, it is still ours', async () => {
    const { approvers, path } = opened();
    await approvers.add(ann);
    writeFileSync(path, JSON.stringify(JSON.parse(readFileSync(path, 'utf8'))));
    expect(await approvers.list()).toEqual([ann]);
  });
});

test('of two who want to be the first, at the same time, one is: the other needs consent', async () => {
  const { approvers, again } = opened();
  const mallory: Approver = { ...ben, id: 'm', enrolledBy: undefined };
  const tries = await Promise.allSettled([approvers.add(ann), again().add(mallory)]);
  expect(tries.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  await expect(approvers.add({ ...mallory, id: 'n' })).rejects.toThrow(/needs the consent of an approver/);
  expect(await approvers.list()).toHaveLength(1);
});

describe('one-time codes', () => {
  async function withBen() {
    const all = opened();
    await all.approvers.add(ben);
    const wrong = async (times: number) => {
      for (let n = 0; n < times; n += 1) {
        expect(await all.approvers.mayTry('b1')).toBe(true);
        await all.approvers.failed('b1');
      }
    };
    return { ...all, wrong };
  }

  test('a step counts once, in whichever process, also at the same time and after a restart', async () => {
    const { approvers, again } = await withBen();
    const stores = [approvers, again(), again()];
    const all = await Promise.all(stores.flatMap((it) => Array.from({ length: 10 }, () => it.useCode('b1', 100))));
    expect(all.filter(Boolean)).toHaveLength(1);
    expect(await again().useCode('b1', 100)).toBe(false);
    expect(await approvers.useCode('b1', 101)).toBe(true);
    expect(await approvers.useCode('b1', 99)).toBe(true); // the clocks of two people differ
    expect(await approvers.useCode('b1', NaN)).toBe(false);
  });

  test('twenty steps later, the clock set back, none of them counts again', async () => {
    const { approvers } = await withBen();
    for (let step = 0; step < 20; step += 1) expect(await approvers.useCode('b1', step)).toBe(true);
    for (let step = 0; step < 20; step += 1) expect(await approvers.useCode('b1', step)).toBe(false);
  });

  test('five wrong ones within a quarter of an hour lock, also a right one, until that time is over', async () => {
    const { approvers, again, time, wrong } = await withBen();
    await wrong(1);
    time.pass(5 * MINUTE);
    await wrong(4);
    expect(await again().mayTry('b1')).toBe(false);
    expect(await approvers.useCode('b1', 1)).toBe(false);
    time.pass(10 * MINUTE - 1);
    expect(await approvers.mayTry('b1')).toBe(false);
    time.pass(-10 * MINUTE);
    expect(await approvers.mayTry('b1')).toBe(false);
    time.pass(10 * MINUTE + 1);
    expect(await approvers.mayTry('b1')).toBe(true);
    expect(await approvers.useCode('b1', 1)).toBe(true);
  });

  test('twenty wrong ones lock for a day, however slowly they come', async () => {
    const { approvers, again, time, wrong } = await withBen();
    for (let round = 0; round < 5; round += 1) {
      await wrong(4);
      time.pass(16 * MINUTE);
    }
    time.pass(DAY - 5 * 16 * MINUTE - 1);
    expect(await again().mayTry('b1')).toBe(false);
    expect(await approvers.useCode('b1', 1)).toBe(false);
    time.pass(1);
    expect(await approvers.mayTry('b1')).toBe(true);
    expect(await approvers.useCode('b1', 1)).toBe(true);
  });

  test('a hundred tries at the same time are no more than five, and those that never end count for seconds only', async () => {
    const { approvers, time } = await withBen();
    const all = await Promise.all(Array.from({ length: 100 }, () => approvers.mayTry('b1')));
    expect(all.filter(Boolean)).toHaveLength(5);
    time.pass(10 * SECOND);
    expect(await approvers.mayTry('b1')).toBe(true);
  });

  test('a code that was used already ends no try of somebody else', async () => {
    const { approvers } = await withBen();
    expect(await approvers.useCode('b1', 1)).toBe(true);
    for (let n = 0; n < 5; n += 1) expect(await approvers.mayTry('b1')).toBe(true);
    expect(await approvers.useCode('b1', 1)).toBe(false);
    await approvers.failed('b1');
    expect(await approvers.mayTry('b1')).toBe(false);
  });

  test('right ones do not count as tries', async () => {
    const { approvers } = await withBen();
    for (let step = 0; step < 12; step += 1) {
      expect(await approvers.mayTry('b1')).toBe(true);
      expect(await approvers.useCode('b1', step)).toBe(true);
    }
  });

  test('who is not enrolled, or no more, can try nothing and leaves no trace', async () => {
    const { approvers, path } = await withBen();
    await approvers.remove('b1');
    const before = readFileSync(path, 'utf8');
    for (const id of ['b1', 'nobody', '__proto__']) {
      expect(await approvers.mayTry(id)).toBe(false);
      expect(await approvers.useCode(id, 1)).toBe(false);
      await approvers.failed(id);
    }
    expect(readFileSync(path, 'utf8')).toBe(before);
  });
});
