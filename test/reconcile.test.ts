/** A plan that was claimed by a process that is gone: settled by reads alone, told once, never sent again. */
import { describe, expect, test } from 'vitest';
import { LedgerError } from '../src/audit/error.ts';
import { createSandbox, type Sandbox } from '../src/sandbox/sandbox.ts';
import { seed } from '../src/seed.ts';
import { createMemoryStore, createStore } from '../src/store/store.ts';
import { memoryBacking } from '../src/store/memory.ts';
import type { Store } from '../src/store/types.ts';
import { gateCases, here } from './support/gate-cases.ts';
import { changes, FORM } from './support/gate-scene.ts';
import { APPROVER, harness, type Harness, type HarnessOptions } from './support/harness.ts';

type Json = Record<string, unknown>;
/** No process has it: above what Linux gives out. */
const NOBODY = 2 ** 22 + 1;
let ids = 0;
const ports = (pid: number) => ({ now: Date.now, randomId: () => `plan${ids++}`, instance: `run${ids}`, pid });

/** The call, approved and claimed by a server that died before it wrote down what became of it; and one that starts afterwards. */
async function died(name: string, args: Json, done: (sandbox: Sandbox) => Promise<unknown>, more: HarnessOptions = {}) {
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
  const start = (its: HarnessOptions = {}) =>
    harness({ ...options, store: createStore(backing, ports(process.pid)), ...its, outside: { sealKey, ...its.outside } });
  const after = start(more);
  return { after, plan, peer: await after.open({ era: 'legacy', elicitation: FORM }), start };
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

const silent = changes.filter((op) => op.reconcile === undefined).map((op) => ({ name: op.name, effect: op.effects.at(-1) ?? '' }));
test.each(silent)('$name leaves nothing to read by: unknown, done or not, and not sent again', async ({ name, effect }) => {
  const gate = gateCases[name]?.[effect];
  const args = await gate?.args(here(createSandbox().send));
  if (!gate || args === undefined) throw new Error('no case');
  const { method, path, body } = gate.sends(args);
  for (const done of [async () => {}, wire(method, path, body)]) {
    const { after, plan, peer } = await died(name, args, done);
    expect((await peer.once(name, args)).outcome).toBe('unknown');
    expect(events(after)).toEqual([{ plan_id: plan.id, outcome: 'unknown' }]);
    expect(after.writes()).toEqual([]);
    await peer.close();
  }
});

const signOut = ['delete_identity_sessions', { id: seed.ada }] as const;

test('where the reads fail it is unknown', async () => {
  const carriedOut = wire('DELETE', `/admin/identities/${seed.ada}/sessions`);
  const failing: HarnessOptions['through'] = (send) => async (request) =>
    request.endpoint === 'listIdentitySessions' ? { status: 500, headers: {}, text: '' } : send(request);
  const { after, peer } = await died(...signOut, carriedOut, { through: failing });
  expect((await peer.once(...signOut)).outcome).toBe('unknown');
  expect(after.writes()).toEqual([]);
  await peer.close();
});

test('what is settled once is settled: the next start finds nothing to tell', async () => {
  const { after, peer, start } = await died(...signOut, async () => {});
  await peer.once('get_identity', { id: seed.ada });
  expect(events(after)).toHaveLength(1);
  await peer.close();
  const next = start();
  const again = await next.open({ era: 'legacy', elicitation: FORM });
  expect((await again.once(...signOut)).outcome).toBe('pending');
  expect(events(next)).toEqual([]);
  await again.close();
});

test('where it cannot be recorded, changes stay off and reads go on; the next start settles it', async () => {
  const refusing = { durable: () => Promise.reject(new LedgerError('full')), note: () => {}, flush: async () => {}, close: async () => {} };
  const { after, plan, peer, start } = await died(...signOut, async () => {}, { outside: { ledger: refusing } });
  for (const id of [seed.ada, seed.grace]) {
    const answer = await peer.once('delete_identity_sessions', { id });
    expect(answer.outcome).toBe('failed');
    expect(answer.text).toContain('nothing was sent');
  }
  expect((await peer.once('get_identity', { id: seed.ada })).isError).toBe(false);
  expect(after.writes()).toEqual([]);
  expect(after.logs.join('')).toContain('unfinished changes could not be settled');
  expect((await after.store.plans.orphans()).map(({ id }) => id)).toEqual([plan.id]);
  await peer.close();
  const next = start();
  const again = await next.open({ era: 'legacy', elicitation: FORM });
  expect((await again.once(...signOut)).outcome).toBe('unknown');
  expect(events(next)).toEqual([{ plan_id: plan.id, outcome: 'unknown' }]);
  await again.close();
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

describe('a call that another process has claimed', () => {
  const args = { id: seed.ada };
  const name = 'delete_identity_sessions';
  /** The other one lives: it is the one that started this one. */
  async function claimedElsewhere() {
    const backing = memoryBacking();
    const other = createStore(backing, ports(process.ppid));
    const options = { preset: 'strict', approvers: [APPROVER], pageMs: 5, outside: { sealKey: new Uint8Array(32).fill(1) } } as const;
    const asking = await harness({ ...options, store: other }).open({ era: 'legacy' });
    expect((await asking.once(name, args)).outcome).toBe('pending');
    const [plan] = await other.plans.list();
    if (!plan) throw new Error('no plan waits');
    await other.plans.answer(plan.id, { by: APPROVER.id, name: APPROVER.name, method: 'passkey', at: Date.now() });
    expect(await other.plans.claim(plan.id, plan)).toBe(true);
    const here = harness({ ...options, store: createStore(backing, ports(process.pid)) });
    return { other, plan, here, peer: await here.open({ era: 'legacy' }) };
  }

  test('and has not ended is not begun anew, nor asked about: nobody knows yet', async () => {
    const { other, plan, here, peer } = await claimedElsewhere();
    for (const _ of [1, 2]) {
      const answer = await peer.once(name, args);
      expect([answer.outcome, answer.isError], answer.text).toEqual(['unknown', true]);
      expect(answer.text).toContain('Another server of this group has begun this very call');
    }
    expect((await peer.once(name, { id: seed.grace })).outcome).toBe('pending');
    expect([here.writes(), (await other.plans.list()).filter((it) => it.request === plan.request).length]).toEqual([[], 1]);
    expect(events(here)).toEqual([]);
    await other.plans.finish(plan.id, 'executed');
    expect((await peer.once(name, args)).outcome).toBe('pending');
  });
});
