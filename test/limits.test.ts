/** Budgets, cool-downs, patterns: what stops a patient agent, and what makes a call stricter than its rule. */
import { describe, expect, test } from 'vitest';
import { seed } from '../src/seed.ts';
import { here } from './support/gate-cases.ts';
import { FORM } from './support/gate-scene.ts';
import { APPROVER, harness, type HarnessOptions } from './support/harness.ts';
import { types, type Called } from './support/peer.ts';

type Json = Record<string, unknown>;
async function opened(options: HarnessOptions = {}) {
  const it = harness({ approvers: [APPROVER], pageMs: 5, ...options });
  const peer = await it.open({ era: 'legacy', elicitation: FORM });
  return { it, peer, world: here(it.sandbox.send) };
}
const rename = (id: string, first: string): [string, Json] => [
  'patch_identity',
  { id, json_patch: [{ op: 'replace', path: '/traits/name/first', value: first }] },
];
const outcomes = (all: readonly Called[]): Record<string, number> => {
  const found: Record<string, number> = {};
  for (const { outcome = 'none' } of all) found[outcome] = (found[outcome] ?? 0) + 1;
  return found;
};

describe('budgets', () => {
  test('of destructive changes: a hundred at once get exactly as many through as the limit allows', async () => {
    const { it, peer, world } = await opened({ limits: { destructive: 7, waiting: 1_000, waitingInAll: 1_000, asked: 1_000 } });
    const ids = await Promise.all(
      Array.from({ length: 40 }, async (_, index) => {
        const made = JSON.parse(
          String(await world.write('POST', '/admin/identities', { schema_id: 'default', traits: { email: `n${index}@example.com` } })),
        ) as {
          id: string;
        };
        return made.id;
      }),
    );
    it.wire.length = 0;
    const all = await Promise.all(ids.map((id) => peer.call('delete_identity', { id })));
    expect(outcomes(all)).toEqual({ executed: 7, denied: 33 });
    expect(it.writes()).toHaveLength(7);
    const refused = all.find((answer) => answer.outcome === 'denied');
    expect(refused?.text).toMatch(/The limit of 7 destructive changes in an hour is reached; it frees at \d{4}-.*Nothing was sent/);
    it.advance(3_600_001);
    const late = ids[all.findIndex((answer) => answer.outcome === 'denied')] ?? '';
    expect((await peer.call('delete_identity', { id: late })).outcome).toBe('executed');
    await peer.close();
  });

  test('are looked at before anybody is asked', async () => {
    const { peer } = await opened({ limits: { destructive: 0 } });
    expect((await peer.call('delete_identity_sessions', { id: seed.ada })).outcome).toBe('denied');
    expect(peer.asked).toEqual([]);
    await peer.close();
  });

  test('of recovery are per account, whoever asks', async () => {
    const { it, peer } = await opened({ recoveryDelivery: 'reply' });
    const recover = (identity_id: string) => peer.call('create_recovery_code_for_identity', { identity_id });
    const all = [];
    for (let round = 0; round < 4; round += 1) all.push(await recover(seed.ada));
    expect(outcomes(all)).toEqual({ executed: 3, denied: 1 });
    expect((await recover(seed.grace)).outcome).toBe('executed');
    it.advance(24 * 3_600_000 - 60_000);
    expect((await recover(seed.ada)).outcome).toBe('denied');
    it.advance(120_000);
    expect((await recover(seed.ada)).outcome).toBe('executed');
    await peer.close();
  });

  test('a call that Kratos refused gives its budget back', async () => {
    const failing: HarnessOptions['through'] = (send) => async (request) =>
      request.method === 'DELETE' ? { status: 403, headers: {}, text: '{"error":{"code":403,"message":"no"}}' } : send(request);
    const { peer } = await opened({ limits: { destructive: 1 }, through: failing });
    const all = [];
    for (const id of [seed.ada, seed.grace, seed.unverified]) all.push(await peer.call('delete_identity', { id }));
    expect(outcomes(all)).toEqual({ failed: 3 });
    await peer.close();
  });

  test('more than twenty changes in ten minutes that nobody is asked about: the next one is asked about', async () => {
    const { it, peer } = await opened();
    for (let round = 0; round < 20; round += 1) {
      expect((await peer.call(...rename(seed.ada, `Name${round}`))).outcome).toBe('executed');
    }
    expect(peer.asked).toEqual([]);
    expect((await peer.call(...rename(seed.ada, 'Once more'))).outcome).toBe('executed');
    expect(peer.asked).toHaveLength(1);
    expect(peer.asked[0]).toContain('More than 20 changes within ten minutes');
    it.advance(10 * 60_000 + 1);
    expect((await peer.call(...rename(seed.ada, 'Later'))).outcome).toBe('executed');
    expect(peer.asked).toHaveLength(1);
    await peer.close();
  });

  test('of questions: the sixty-first within an hour is not asked', async () => {
    const { it, peer } = await opened({ limits: { asked: 4 } });
    peer.person = () => ({ action: 'cancel' });
    const ids = [seed.ada, seed.grace, seed.unverified, seed.ada, seed.grace, seed.unverified];
    for (const id of ids) await peer.call('delete_identity_sessions', { id });
    expect(peer.asked.length).toBeLessThanOrEqual(4);
    expect(it.writes()).toEqual([]);
    await peer.close();
  });

  test('of questions that wait at the same time', async () => {
    const { peer } = await opened({ preset: 'strict', limits: { waiting: 2 } });
    const all = [];
    for (const id of [seed.ada, seed.grace, seed.unverified]) all.push(await peer.call('delete_identity', { id }));
    expect(outcomes(all)).toEqual({ pending: 2, denied: 1 });
    await peer.close();
  });

  test('of identities shown within an hour', async () => {
    const { it, peer } = await opened({ limits: { identitiesRead: 10 } });
    expect((await peer.call('list_identities', { page_size: 10 })).isError).toBe(false);
    const refused = await peer.call('get_identity', { id: seed.ada });
    expect(refused.outcome).toBe('denied');
    expect(refused.text).toMatch(/The limit of 10 identities shown in an hour is reached; it frees at/);
    it.advance(3_600_001);
    expect((await peer.call('get_identity', { id: seed.ada })).isError).toBe(false);
    await peer.close();
  });

  test('of identities shown, also by changes that would change nothing', async () => {
    const { it, peer } = await opened({ limits: { identitiesRead: 2 } });
    const nothing = (id: string) => peer.call('patch_identity', { id, json_patch: [{ op: 'replace', path: '/state', value: 'active' }] });
    for (const id of [seed.ada, seed.grace]) expect((await nothing(id)).isError).toBe(false);
    const refused = await nothing(seed.unverified);
    expect([refused.outcome, refused.text]).toEqual(['denied', expect.stringMatching(/The limit of 2 identities shown/)]);
    expect((await peer.call('get_identity', { id: seed.unverified })).outcome).toBe('denied');
    expect(it.writes()).toEqual([]);
    await peer.close();
  });
});

describe('the chain of a takeover', () => {
  const contact: [string, Json] = [
    'patch_identity',
    { id: seed.grace, json_patch: [{ op: 'replace', path: '/traits/email', value: 'thief@example.com' }] },
  ];
  const verified: [string, Json] = [
    'patch_identity',
    { id: seed.unverified, json_patch: [{ op: 'replace', path: '/verifiable_addresses/0/verified', value: true }] },
  ];
  const factor: [string, Json] = ['delete_identity_credentials', { id: seed.grace, type: 'totp' }];
  const code = (identity_id: string): [string, Json] => ['create_recovery_code_for_identity', { identity_id }];
  const link = (identity_id: string): [string, Json] => ['create_recovery_link_for_identity', { identity_id }];

  test.each<[string, [string, Json], [string, Json]]>([
    ['contact, then code', contact, code(seed.grace)],
    ['contact, then link', contact, link(seed.grace)],
    ['second factor, then code', factor, code(seed.grace)],
    ['second factor, then link', factor, link(seed.grace)],
    ['verified, then code', verified, code(seed.unverified)],
    ['code, then contact', code(seed.grace), contact],
    ['link, then contact', link(seed.grace), contact],
    ['code, then second factor', code(seed.grace), factor],
    ['link, then verified', link(seed.unverified), verified],
  ])('%s within 72 hours wants an approver; not after them', async (_name, first, second) => {
    const { it, peer } = await opened({ recoveryDelivery: 'reply' });
    expect((await peer.call(...first)).outcome).toBe('executed');
    const raised = await peer.call(...second);
    expect(raised.outcome).toBe('pending');
    const [plan] = await it.store.plans.list();
    expect(plan).toMatchObject({ kind: 'approve', state: 'waiting' });
    expect(plan?.shown?.pattern).toContain('Pattern of a takeover');
    await peer.close();

    const later = await opened({ recoveryDelivery: 'reply' });
    expect((await later.peer.call(...first)).outcome).toBe('executed');
    later.it.advance(72 * 3_600_000 + 60_000);
    expect((await later.peer.call(...second)).outcome).toBe('executed');
    await later.peer.close();
  });

  test('that shows only after a yes makes that yes void, also where an approver was asked anyway: they were not told', async () => {
    const { it, peer } = await opened({ preset: 'strict', recoveryDelivery: 'reply' });
    for (const call of [factor, code(seed.grace)]) expect((await peer.once(...call)).outcome).toBe('pending');
    const yes = { by: APPROVER.id, name: APPROVER.name, method: 'passkey', at: it.now() } as const;
    for (const plan of await it.store.plans.list()) {
      expect(plan.shown?.pattern).toBeUndefined();
      await it.store.plans.answer(plan.id, yes);
    }
    expect((await peer.once(...factor)).outcome).toBe('executed');
    expect((await peer.once(...code(seed.grace))).outcome).toBe('stale');
    expect(it.writes()).toHaveLength(1);
    expect((await peer.once(...code(seed.grace))).outcome).toBe('pending');
    const [asked] = (await it.store.plans.list()).filter(({ state }) => state === 'waiting');
    expect(asked?.shown?.pattern).toContain('Pattern of a takeover');
    await peer.close();
  });

  test('counts a change that was made outside this server, as far as the times of the addresses show it', async () => {
    const { peer, world } = await opened({ recoveryDelivery: 'reply' });
    await world.write('PATCH', `/admin/identities/${seed.grace}`, [{ op: 'replace', path: '/traits/email', value: 'thief@example.com' }]);
    expect((await peer.call(...code(seed.grace))).outcome).toBe('pending');
    expect((await peer.call(...code(seed.ada))).outcome).toBe('executed'); // as old as the identity
    await peer.close();
  });

  test('is seen across principals, in one store', async () => {
    const one = await opened({ recoveryDelivery: 'reply' });
    expect((await one.peer.call(...contact)).outcome).toBe('executed');
    const other = await opened({ recoveryDelivery: 'reply', store: one.it.store, sandbox: one.it.sandbox, principal: 'os:1001:other' });
    expect((await other.peer.call(...link(seed.grace))).outcome).toBe('pending');
    await one.peer.close();
    await other.peer.close();
  });
});

describe('a value that was read from one account and goes into another', () => {
  const write = (id: string, value: string): [string, Json] => [
    'patch_identity',
    { id, json_patch: [{ op: 'replace', path: '/traits/name/first', value }] },
  ];

  test('is asked about, and the question says where it came from', async () => {
    for (const value of ['ada.byron@example.com', 'see ada.byron@example.com', 'ADA.BYRON@example.com']) {
      const { peer } = await opened();
      await peer.call('get_identity', { id: seed.ada });
      expect((await peer.call(...write(seed.grace, value))).outcome).toBe('executed');
      expect(peer.asked).toHaveLength(1);
      expect(peer.asked[0]).toContain(`read from another one (${seed.ada})`);
      await peer.close();
    }
  });

  test('is not asked about where it was not shown, or goes back where it came from', async () => {
    const { peer } = await opened();
    expect((await peer.call(...write(seed.grace, 'ada.byron@example.com'))).outcome).toBe('executed');
    await peer.call('get_identity', { id: seed.ada });
    expect((await peer.call(...write(seed.ada, 'ada.byron@example.com'))).outcome).toBe('executed');
    expect(peer.asked).toEqual([]);
    await peer.close();
  });
});

test('a batch larger than policy allows is refused, and nobody is asked', async () => {
  const { it, peer } = await opened({ limits: { batchItems: 1 } });
  const identities = ['a', 'b'].map((name) => ({ create: { traits: { email: `${name}@example.com` } } }));
  const answer = await peer.call('batch_patch_identities', { identities });
  expect(answer.outcome).toBe('denied');
  expect(answer.text).toContain('1 accounts at most by policy, and this one has 2');
  expect(peer.asked).toEqual([]);
  expect(it.writes()).toEqual([]);
  await peer.close();
});

test('a large share of all accounts in a day wants two approvers', async () => {
  const { peer, it } = await opened({ limits: { massAtLeast: 3 } });
  const batch = (from: number, count: number): Json => ({
    identities: Array.from({ length: count }, (_, index) => ({ create: { traits: { email: `b${from + index}@example.com` } } })),
  });
  expect((await peer.call('batch_patch_identities', batch(0, 2))).outcome).toBe('executed');
  const split = await peer.call('batch_patch_identities', batch(2, 1)); // splitting does not help
  expect(split.outcome).toBe('denied');
  expect(split.text).toContain('2 different approvers');
  expect(it.writes()).toHaveLength(1);
  peer.person = types();
  await peer.close();
});
