/** Two servers on one folder, as processes: what is granted is granted once, and the death of one does not hold up the other. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { createApprovers } from '../../src/store/approvers.ts';
import type { Folder } from '../../src/store/folder.ts';
import { openFileStore } from '../../src/store/store.ts';
import { spoken } from '../support/spoken.ts';
import { approved, asked, LIMITS, matchOf, MINUTE, newPlan, ports, stateFolder, yes } from './support.ts';

const start = spoken(join(import.meta.dirname, 'racer.ts'));
const racer = (folder: Folder, instance: string) => start([folder.path, instance]);

const opened = (folder: Folder) => openFileStore(folder, ports(Date.now));

test('a hundred claims of one plan by two processes: one, round after round', async () => {
  const folder = stateFolder();
  const store = await opened(folder);
  const racers = await Promise.all([racer(folder, 'one'), racer(folder, 'other')]);
  for (let round = 0; round < 8; round += 1) {
    const plan = newPlan({ digest: `d${round}`, request: `r${round}`, principal: 'anna' });
    const { id } = await asked(store.plans, plan);
    expect(await store.plans.answer(id, yes(Date.now()))).toBe('approved');
    for (const it of racers) it.tell(`claim ${id} ${plan.digest} ${plan.principal} 50`);
    const granted = await Promise.all(racers.map((it) => it.hear()));
    expect(granted).toEqual(expect.arrayContaining([0, 1]));
    await store.plans.finish(id, 'executed');
  }
});

test('a hundred claims of one plan by two stores in one process: one, round after round', async () => {
  const folder = stateFolder();
  const stores = await Promise.all([opened(folder), opened(folder)]);
  for (let round = 0; round < 10; round += 1) {
    const plan = newPlan({ digest: `d${round}`, request: `r${round}` });
    const id = await approved({ ...stores[0], time: { now: Date.now, pass: () => {} } }, plan);
    const tries = Array.from({ length: 50 }, () => stores.map((it) => it.plans.claim(id, matchOf(plan)))).flat();
    expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1);
  }
});

test('two processes spend one budget to its limit exactly, and use one code once', async () => {
  const folder = stateFolder();
  const racers = await Promise.all([racer(folder, 'one'), racer(folder, 'other')]);
  const both = async (command: string) => {
    for (const it of racers) it.tell(command);
    return (await Promise.all(racers.map((it) => it.hear()))).reduce((sum: number, it) => sum + Number(it), 0);
  };
  expect(await both('spend anna 30 50')).toBe(30);
  const approver = { id: 'b', name: 'Ben', method: 'totp', enrolledAt: 1, enrolledBy: undefined, totp: { secret: 'JBSWY3DP' } } as const;
  await createApprovers(folder, { now: Date.now }).add(approver);
  for (let step = 1; step <= 3; step += 1) expect(await both(`code b ${step} 10`)).toBe(1);
});

test('one that is killed while it holds the lock does not hold up the other', async () => {
  const folder = stateFolder();
  const store = await opened(folder);
  const holder = await racer(folder, 'holder');
  holder.tell('hold');
  expect(await holder.hear()).toBe('held');
  await holder.kill();
  const begun = performance.now();
  expect(await store.plans.ask(newPlan(), LIMITS)).toMatchObject({ fresh: true });
  expect(performance.now() - begun).toBeLessThan(1_000);
});

test('killed at any moment, it leaves a state that can be read, and nothing that it carried out can be claimed again', async () => {
  const folder = stateFolder();
  const mine = await opened(folder);
  let seen = 0;
  for (let round = 0; round < 5; round += 1) {
    const it = await racer(folder, `round ${round}`);
    it.tell('live');
    const claimed: { claimed: string; digest: string }[] = [];
    const listening = (async () => {
      for (let line = await it.hear(); line !== undefined; line = await it.hear()) claimed.push(line as (typeof claimed)[number]); // as it says
    })();
    await sleep(40 + round * 15);
    await it.kill();
    await listening;
    seen += claimed.length;
    const again = await opened(folder);
    for (const { claimed: id, digest } of claimed) {
      expect(await again.plans.claim(id, { digest, principal: `round ${round}` })).toBe(false);
      expect(await mine.plans.find(id)).toMatchObject({ state: expect.stringMatching(/^(?:claimed|done)$/) });
    }
    for (const { id } of await again.plans.orphans()) await again.plans.finish(id, 'unknown');
    expect((await again.plans.list()).filter((plan) => plan.state === 'claimed')).toEqual([]);
  }
  expect(seen).toBeGreaterThan(4);
}, 30_000);

test('what a process left claimed is an orphan once that process is gone', async () => {
  const folder = stateFolder();
  const store = await opened(folder);
  const it = await racer(folder, 'other');
  const id = await approved({ ...store, time: { now: Date.now, pass: () => {} } }, newPlan({ principal: 'anna', lifetimeMs: MINUTE }));
  it.tell(`claim ${id} d anna 1`);
  expect(await it.hear()).toBe(1);
  expect(await store.plans.orphans()).toEqual([]);
  await it.kill();
  expect(await store.plans.orphans()).toMatchObject([{ id, owner: { pid: it.process.pid, instance: 'other' } }]);
});
