/** Three servers on one Redis, as processes: what is granted is granted once, and by the clock of the store. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { asked, matchOf, MINUTE, newPlan, yes } from '../store/support.ts';
import { replicas } from './replicas.ts';
import { redisIsThere, startRedis } from './server.ts';
import { openStore } from './support.ts';

const start = replicas();
/** `.ci/run` has more of them. */
const ROUNDS = Number(process.env['REDIS_ROUNDS'] ?? 30);

/** Until the server is there again. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; tries < 100; tries += 1) {
    const done = await work().then(
      (result) => ({ result }),
      () => undefined,
    );
    if (done) return done.result;
    await sleep(50);
  }
  throw new Error('the server did not come back');
}

async function scene(skews: readonly number[] = [0, 0, 0], options: readonly string[] = []) {
  const server = await startRedis({ options });
  onTestFinished(server.stop);
  const mine = await openStore({ url: server.url, instance: 'asker' });
  const others = await Promise.all(skews.map((skewMs, index) => start({ url: server.url, instance: `replica ${index}`, skewMs })));
  const all = async (command: string) => {
    for (const it of others) it.tell(command);
    return Promise.all(others.map((it) => it.hear()));
  };
  return { ...mine, server, others, all };
}

describe.runIf(redisIsThere())('three replicas', () => {
  test(`a hundred claims of one plan at once: one is granted, ${ROUNDS} rounds`, { timeout: 120_000 }, async () => {
    const { store, all } = await scene();
    for (let round = 0; round < ROUNDS; round += 1) {
      const plan = newPlan({ digest: `d${round}`, request: `r${round}`, principal: 'anna' });
      const { id } = await asked(store.plans, plan);
      expect(await store.plans.answer(id, yes(Date.now()))).toBe('approved');
      const granted = await all(`claim ${id} ${plan.digest} ${plan.principal} 34`);
      expect(granted.toSorted((a, b) => Number(a) - Number(b))).toEqual([0, 0, 1]);
      await store.plans.finish(id, 'executed');
    }
  });

  test('a budget is spent to its limit exactly, and a value that waits is taken once', async () => {
    const { kept, all } = await scene();
    const sum = (counts: readonly unknown[]) => counts.reduce<number>((total, it) => total + Number(it), 0);
    expect(sum(await all('spend anna 40 30'))).toBe(40);
    for (let round = 0; round < 10; round += 1) {
      expect(await kept.put(`reveal-${round}`, 'once', MINUTE)).toBe(true);
      expect(sum(await all(`take reveal-${round} 20`))).toBe(1);
    }
  });

  test('while the server is killed and restarted between and during: never granted twice', async () => {
    const { store, server, all } = await scene([0, 0, 0], ['--appendonly', 'yes', '--appendfsync', 'everysec']);
    const grants: number[] = [];
    for (let round = 0; round < 8; round += 1) {
      const plan = newPlan({ digest: `d${round}`, request: `r${round}`, principal: 'anna' });
      const { id } = await again(() => asked(store.plans, plan));
      await again(() => store.plans.answer(id, yes(Date.now())));
      const claim = `claim ${id} ${plan.digest} ${plan.principal} 20`;
      const during = all(claim);
      await sleep(round * 2);
      await server.kill();
      const granted = [await during];
      await server.start();
      for (let more = 0; more < 2; more += 1) granted.push(await all(claim));
      await again(() => store.plans.find(id));
      granted.push(await all(claim));
      grants.push(granted.flat().reduce<number>((sum, it) => sum + Number(it), 0));
    }
    expect(Math.max(...grants)).toBeLessThanOrEqual(1);
  });

  test('clocks that are wrong by ten minutes do not matter: asked here, answered there, claimed elsewhere', async () => {
    const { store, others } = await scene([-10 * MINUTE, 10 * MINUTE]);
    const [slow, fast] = others;
    for (const [answering, claiming] of [
      [slow, fast],
      [fast, slow],
    ]) {
      const plan = newPlan({ digest: `d${claiming === fast}`, request: `r${claiming === fast}`, principal: 'anna' });
      const { id, created } = await asked(store.plans, plan);
      expect(Math.abs(created - Date.now())).toBeLessThan(MINUTE);
      answering?.tell(`yes ${id}`);
      expect(await answering?.hear()).toBe('approved');
      for (const it of others) {
        it.tell(`state ${id}`);
        expect(await it.hear()).toBe('approved');
      }
      claiming?.tell(`claim ${id} ${plan.digest} ${plan.principal} 1`);
      expect(await claiming?.hear()).toBe(1);
      expect(await store.plans.claim(id, matchOf(plan))).toBe(false);
    }
  });
});
