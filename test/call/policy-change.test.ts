/** A policy that is loaded anew while a call is under way, and another server with other settings on the same folder. */
import { expect, test } from 'vitest';
import type { Policy } from '../../src/policy/policy.ts';
import { presetPolicy } from '../../src/policy/preset-policy.ts';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import { seed } from '../../src/seed.ts';
import { FORM } from '../support/gate-scene.ts';
import { APPROVER, harness } from '../support/harness.ts';
import { ERAS } from '../support/peer.ts';

const standard = presetPolicy('standard');
const strict = presetPolicy('strict');
const changed: Policy = { ...standard, hash: 'another' };
const sessions = ['delete_identity_sessions', { id: seed.ada }] as const;
const code = ['create_recovery_code_for_identity', { identity_id: seed.ada }] as const;
const yes = { by: APPROVER.id, name: APPROVER.name, method: 'passkey', at: Date.now() } as const;

test.each(ERAS)('a yes in a form that stood open while the policy changed carries out nothing (%s)', async (era) => {
  for (const after of [strict, changed]) {
    let policy = standard;
    const it = harness({ outside: { policy: () => policy } });
    const peer = await it.open({ era, elicitation: FORM });
    peer.person = ({ phrase }) => {
      policy = after;
      return { action: 'accept', content: { typed: phrase } };
    };
    const answer = await peer.call(...sessions);
    expect(['stale', 'denied']).toContain(answer.outcome); // on 2026-07-28 the second leg is judged by the new one at once
    expect(it.writes()).toEqual([]);
    await peer.close();
  }
});

test('a yes on the page that comes while the call waits, after the policy changed, carries out nothing', async () => {
  let policy = strict;
  const it = harness({ approvers: [APPROVER], pageMs: 3_000, outside: { policy: () => policy } });
  const peer = await it.open({ era: 'legacy' });
  await peer.once(...sessions);
  const [plan] = await it.store.plans.list();
  const waiting = peer.once(...sessions);
  await new Promise((resolve) => setTimeout(resolve, 300));
  policy = { ...strict, hash: 'another' };
  await it.store.plans.answer(plan?.id ?? '', yes);
  expect((await waiting).outcome).toBe('stale');
  expect(it.writes()).toEqual([]);
  expect((await it.store.plans.find(plan?.id ?? ''))?.state).toBe('void');
  await peer.close();
});

const delivering = (deliver: 'page' | 'reply'): Policy => ({
  ...strict,
  hash: deliver,
  recovery: { deliver, maxLifetimeS: 3_600, returnTo: undefined },
});

test('a recovery code goes where the person was told, though the policy says otherwise by the time it is made', async () => {
  let policy = delivering('page');
  const it = harness({
    approvers: [APPROVER],
    pageMs: 5,
    outside: { policy: () => policy },
    through: (send) => async (request) => {
      if (request.method !== 'GET') policy = delivering('reply');
      return send(request);
    },
  });
  const peer = await it.open({ era: 'legacy' });
  await peer.once(...code);
  const [plan] = await it.store.plans.list();
  await it.store.plans.answer(plan?.id ?? '', yes);
  const done = await peer.once(...code);
  expect(done.structured).toMatchObject({ delivered: 'page' });
  expect(JSON.stringify(done.raw)).not.toMatch(/recovery_code|recovery_link/);
  expect(await it.reveals.waiting(plan?.id ?? '')).toBeDefined();
  await peer.close();
});

test('a yes for a code that the page shows is none on another server of the folder, which would put it into the chat', async () => {
  const sandbox = createSandbox();
  const sealKey = new Uint8Array(32).fill(1);
  const common = { preset: 'strict', approvers: [APPROVER], pageMs: 5, sandbox, outside: { sealKey } } as const;
  const one = harness({ ...common, recoveryDelivery: 'page' });
  const first = await one.open({ era: 'legacy' });
  await first.once(...code);
  const [plan] = await one.store.plans.list();
  await one.store.plans.answer(plan?.id ?? '', yes);
  const two = harness({ ...common, recoveryDelivery: 'reply', store: one.store });
  const second = await two.open({ era: 'legacy' });
  expect((await second.once(...code)).outcome).toBe('stale');
  expect([...one.writes(), ...two.writes()]).toEqual([]);
  for (const peer of [first, second]) await peer.close();
});
