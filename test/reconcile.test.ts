/** A plan that was claimed by a process that is gone: settled by reads alone, told once, never sent again. */
import { describe, expect, test } from 'vitest';
import { createSandbox, type Sandbox } from '../src/sandbox/sandbox.ts';
import { seed } from '../src/seed.ts';
import { createMemoryStore, createStore } from '../src/store/store.ts';
import { memoryBacking } from '../src/store/memory.ts';
import type { Store } from '../src/store/types.ts';
import { gateCases, here } from './support/gate-cases.ts';
import { FORM } from './support/gate-scene.ts';
import { APPROVER, harness, type Harness } from './support/harness.ts';

type Json = Record<string, unknown>;
/** No process has it: above what Linux gives out. */
const NOBODY = 2 ** 22 + 1;
let ids = 0;
const ports = (pid: number) => ({ now: Date.now, randomId: () => `plan${ids++}`, instance: `run${ids}`, pid });

/** The call, approved and claimed by a server that died before it wrote down what became of it; and one that starts afterwards. */
async function died(name: string, args: Json, done: (sandbox: Sandbox) => Promise<unknown>) {
  const backing = memoryBacking();
  const sandbox = createSandbox();
  const sealKey = new Uint8Array(32).fill(1);
  const dead = createStore(backing, ports(NOBODY));
  const options = { preset: 'strict', approvers: [APPROVER], pageMs: 5, recoveryDelivery: 'reply', sandbox, outside: { sealKey } } as const;
  const before = harness({ ...options, store: dead });
  const asking = await before.open({ era: 'legacy', elicitation: FORM });
  expect((await asking.once(name, args)).outcome).toBe('pending');
  const [plan] = await dead.plans.list();
  if (!plan) throw new Error('no plan waits');
  await dead.plans.answer(plan.id, { by: APPROVER.id, name: APPROVER.name, method: 'passkey', at: Date.now() });
  expect(await dead.plans.claim(plan.id, plan)).toBe(true);
  await asking.close();
  await done(sandbox);
  const after = harness({ ...options, store: createStore(backing, ports(process.pid)) });
  return { after, plan, peer: await after.open({ era: 'legacy', elicitation: FORM }) };
}
const events = ({ ledger }: Harness) =>
  ledger.records.filter((it) => it.event === 'reconciled').map(({ plan_id, outcome }) => ({ plan_id, outcome }));

const wire = (method: string, path: string, body?: unknown) => (sandbox: Sandbox) => here(sandbox.send).write(method, path, body);
const RECONCILED: [string, Json, (sandbox: Sandbox) => Promise<unknown>][] = [
  ['delete_identity', { id: seed.ada }, wire('DELETE', `/admin/identities/${seed.ada}`)],
  ['delete_identity_sessions', { id: seed.ada }, wire('DELETE', `/admin/identities/${seed.ada}/sessions`)],
  ['disable_session', { id: seed.adaLaptop }, wire('DELETE', `/admin/sessions/${seed.adaLaptop}`)],
  [
    'lock_identity',
    { id: seed.ada },
    async (sandbox) => {
      await wire('PATCH', `/admin/identities/${seed.ada}`, [{ op: 'replace', path: '/state', value: 'inactive' }])(sandbox);
      await wire('DELETE', `/admin/identities/${seed.ada}/sessions`)(sandbox);
    },
  ],
];

describe.each(RECONCILED)('%s', (name, args, carriedOut) => {
  test('that was carried out is found done: the same call hears so once, and nothing is sent', async () => {
    const { after, plan, peer } = await died(name, args, carriedOut);
    const answer = await peer.once(name, args);
    expect(events(after)).toEqual([{ plan_id: plan.id, outcome: 'executed' }]);
    expect({ outcome: answer.outcome, replayed: answer.meta['ory-identity-mcp/replayed'] }).toEqual({
      outcome: 'executed',
      replayed: true,
    });
    expect(after.writes()).toEqual([]);
    expect((await peer.once(name, args)).meta['ory-identity-mcp/replayed']).toBeUndefined();
    expect(after.writes()).toEqual([]);
    await peer.close();
  });

  test('that was not is unknown, and not sent again', async () => {
    const { after, plan, peer } = await died(name, args, async () => {});
    const answer = await peer.once(name, args);
    expect(events(after)).toEqual([{ plan_id: plan.id, outcome: 'unknown' }]);
    expect(answer.outcome).toBe('unknown');
    expect(answer.text).toMatch(/^Unknown: .*not sent again\. Read the account/);
    expect(after.writes()).toEqual([]);
    expect((await peer.once(name, args)).outcome).toBe('pending'); // a new question
    await peer.close();
  });
});

test('what leaves nothing to read by is unknown', async () => {
  const args = { identity_id: seed.ada, expires_in: '10m' };
  const { after, peer } = await died('create_recovery_code_for_identity', args, async () => {});
  expect((await peer.once('create_recovery_code_for_identity', args)).outcome).toBe('unknown');
  expect(after.writes()).toEqual([]);
  await peer.close();
});

test('a plan of a process that lives is left alone', async () => {
  const store: Store = createMemoryStore(ports(process.ppid));
  const it = harness({ preset: 'strict', approvers: [APPROVER], pageMs: 5, store });
  const peer = await it.open({ era: 'legacy' });
  const args = await gateCases['delete_identity_sessions']?.['destructive']?.args(here(it.sandbox.send));
  await peer.once('delete_identity_sessions', args ?? {});
  const [plan] = await store.plans.list();
  if (!plan) throw new Error('no plan waits');
  await store.plans.answer(plan.id, { by: APPROVER.id, name: APPROVER.name, method: 'passkey', at: Date.now() });
  await store.plans.claim(plan.id, plan);
  const other = harness({ preset: 'strict', approvers: [APPROVER], pageMs: 5, store });
  const second = await other.open({ era: 'legacy' });
  await second.once('get_identity', { id: seed.ada });
  expect(events(other)).toEqual([]);
  await peer.close();
  await second.close();
});
