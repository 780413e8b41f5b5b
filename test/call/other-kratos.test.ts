/** Several servers may use one state folder, each with another Kratos. */
import { expect, test } from 'vitest';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import { seed } from '../../src/seed.ts';
import { memoryBacking } from '../../src/store/memory.ts';
import { createStore } from '../../src/store/store.ts';
import { here } from '../support/gate-cases.ts';
import { APPROVER, harness } from '../support/harness.ts';

/** No process has it: above what Linux gives out. */
const NOBODY = 2 ** 22 + 1;
let ids = 0;
const ports = (pid: number) => ({ now: Date.now, randomId: () => `plan${ids++}`, instance: `run${ids}`, pid });
const call = ['delete_identity', { id: seed.ada }] as const;
const yes = { by: APPROVER.id, name: APPROVER.name, method: 'passkey', at: Date.now() } as const;

async function server(kratosUrl: string, { backing = memoryBacking(), pid = process.pid } = {}) {
  const store = createStore(backing, ports(pid));
  const sandbox = createSandbox();
  const outside = { kratosUrl, sealKey: new Uint8Array(32).fill(1) };
  const it = harness({ preset: 'strict', approvers: [APPROVER], pageMs: 5, sandbox, store, outside });
  return { it, store, sandbox, backing, peer: await it.open({ era: 'legacy' }) };
}

test('what one died over is left for the next server of the same Kratos: another one, where the account is gone, says nothing about it', async () => {
  const dead = await server('https://one.example', { pid: NOBODY });
  await dead.peer.once(...call);
  const [plan] = await dead.store.plans.list();
  if (!plan) throw new Error('no plan waits');
  await dead.store.plans.answer(plan.id, yes);
  expect(await dead.store.plans.claim(plan.id, { digest: plan.digest, principal: plan.principal })).toBe(true);
  await dead.peer.close();

  const { backing } = dead;
  const other = await server('https://two.example', { backing });
  await here(other.sandbox.send).write('DELETE', `/admin/identities/${seed.ada}`);
  await other.peer.once('list_identities', {});
  await other.peer.once('delete_identity', { id: seed.grace }); // a change waits until what is left over is settled
  expect(other.it.ledger.records.filter(({ event }) => event === 'reconciled')).toEqual([]);
  expect((await other.store.plans.find(plan.id))?.state).toBe('claimed');

  const same = await server('https://one.example', { backing });
  expect((await same.peer.once(...call)).outcome).toBe('unknown');
  expect(same.it.ledger.records.filter(({ event }) => event === 'reconciled')).toMatchObject([{ plan_id: plan.id, outcome: 'unknown' }]);
  for (const { peer } of [other, same]) await peer.close();
});

test('a yes about one is none about the other, though everything else is the same', async () => {
  const one = await server('https://one.example');
  expect((await one.peer.once(...call)).outcome).toBe('pending');
  const [plan] = await one.store.plans.list();
  await one.store.plans.answer(plan?.id ?? '', yes);
  const two = await server('https://two.example', { backing: one.backing });
  expect((await two.peer.once(...call)).outcome).toBe('pending'); // asked afresh
  expect(two.it.writes()).toEqual([]);
  expect((await one.store.plans.find(plan?.id ?? ''))?.state).toBe('approved');
  for (const { peer } of [one, two]) await peer.close();
});
