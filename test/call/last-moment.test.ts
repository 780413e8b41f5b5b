/** What changes between the yes and the write: a freeze, a client that goes away; and which way a call may be answered. */
import { expect, test } from 'vitest';
import type { Send } from '../../src/client/types.ts';
import { presetPolicy } from '../../src/policy/preset-policy.ts';
import { seed } from '../../src/seed.ts';
import { FORM } from '../support/gate-scene.ts';
import { APPROVER, harness, type Harness } from '../support/harness.ts';

const sessions = ['delete_identity_sessions', { id: seed.ada }] as const;
const rename = [
  'patch_identity',
  { id: seed.ada, json_patch: [{ op: 'replace', path: '/traits/name/first', value: 'Somebody' }] },
] as const;
const code = ['create_recovery_code_for_identity', { identity_id: seed.ada }] as const;
const standard = presetPolicy('standard');

test.each([rename, sessions])('a freeze after the claim, before the write, of %s: nothing is sent', async (name, args) => {
  const clock: { of?: Harness } = {};
  const through =
    (send: Send): Send =>
    async (request) => {
      if (clock.of?.ledger.records.some(({ event }) => event === 'intent') === true) await clock.of.store.freeze('now');
      return send(request);
    };
  const it = harness({ through });
  clock.of = it;
  const peer = await it.open({ era: 'legacy', elicitation: FORM });
  const answer = await peer.call(name, args);
  expect(answer.outcome).toBe('failed');
  expect(answer.text).toContain('frozen meanwhile');
  expect(it.writes()).toEqual([]);
  await peer.close();
});

test('a client that goes away when all is judged, right before the claim: nothing is sent', async () => {
  const base = harness();
  let leave = () => {};
  const { counters } = base.store;
  const store = {
    ...base.store,
    counters: {
      ...counters,
      // the last look before an allowed change is claimed
      used: async (...given: Parameters<typeof counters.used>) => {
        leave();
        await new Promise((resolve) => setTimeout(resolve, 20));
        return counters.used(...given);
      },
    },
  };
  const it = harness({ store });
  const peer = await it.open({ era: 'legacy' });
  let id = 0;
  leave = () => peer.notify('notifications/cancelled', { requestId: id });
  void peer.once(...rename, { sent: (its) => (id = its) });
  await new Promise((resolve) => setTimeout(resolve, 400));
  expect(it.writes()).toEqual([]);
  expect(it.ledger.records.map(({ event }) => event)).not.toContain('intent');
  expect(it.ledger.records.map(({ event }) => event)).toContain('declined');
  await peer.close();
});

test('a secret that the page shows is asked about on the page alone, and never answered by a phrase', async () => {
  const page = { policy: { ...standard, approvers: { ...standard.approvers, phrase: true } }, recoveryDelivery: 'page' } as const;
  const none = harness({ ...page, pageMs: 5 });
  const alone = await none.open({ era: 'legacy', elicitation: FORM });
  const refused = await alone.call(...code);
  expect([refused.outcome, alone.asked]).toEqual(['denied', []]);
  expect(refused.text).toContain('approver enroll');
  const it = harness({ ...page, approvers: [APPROVER], pageMs: 5 });
  const peer = await it.open({ era: 'legacy', elicitation: FORM });
  expect((await peer.call(...code)).outcome).toBe('pending');
  expect(peer.asked).toEqual([]);
  expect(await it.store.plans.list()).toMatchObject([{ kind: 'confirm', approvals: 1, channel: 'page' }]);
  for (const its of [alone, peer]) await its.close();
});

test('a rule that says so puts a confirm on the page, also for a client with forms', async () => {
  const it = harness({ policy: { ...standard, confirmBy: 'page' }, approvers: [APPROVER], pageMs: 5 });
  const peer = await it.open({ era: 'legacy', elicitation: FORM });
  expect((await peer.call(...sessions)).outcome).toBe('pending');
  expect(peer.asked).toEqual([]);
  await peer.close();
});

test('a question keeps the waiting time of the policy that it was asked under', async () => {
  const policy = { ...presetPolicy('strict'), approvers: { ...standard.approvers, waitHours: 48 } };
  const it = harness({ policy, approvers: [APPROVER], pageMs: 5 });
  const peer = await it.open({ era: 'legacy' });
  expect((await peer.call(...sessions)).outcome).toBe('pending');
  expect(await it.store.plans.list()).toMatchObject([{ waitHours: 48, kratos: 'the built-in sandbox' }]);
  await peer.close();
});
