/**
 * Every change × every effect it lists × both protocol eras, where policy wants an approver: nothing on the client's side opens the gate,
 * whatever it declares or answers; the approver's yes sends exactly the planned bytes, once.
 */
import { describe, expect, test } from 'vitest';
import type { Decided } from '../src/store/types.ts';
import { presetPolicy } from '../src/policy/preset-policy.ts';
import { seed } from '../src/seed.ts';
import { bytes, expectRefused, FORM, rows, scene, type Row, type Scene } from './support/gate-scene.ts';
import { APPROVER, APPROVER_2, harness, type Harness, type HarnessOptions } from './support/harness.ts';
import { ERAS, type Era } from './support/peer.ts';

const EVERY_WAY = { form: {}, url: {} };
const strict = (row: Row, era: Era, options: HarnessOptions & { elicitation?: Record<string, unknown> | undefined } = {}) =>
  scene(row, era, { preset: 'strict', approvers: [APPROVER], pageMs: 5, ...options });
/** What `strict` asks an approver about. */
const strong = rows.filter(({ name, effect }) => effect !== 'write' || name === 'batch_patch_identities');

const yes = (it: Harness, by = APPROVER.id): Decided => ({ by, name: by, method: 'passkey', at: it.now() });
async function waitingPlan({ store }: Harness) {
  const [plan] = (await store.plans.list()).filter((it) => it.state === 'waiting');
  if (!plan) throw new Error('no plan waits');
  return plan;
}
const call = ({ peer, name, args }: Scene) => peer.once(name, args);

describe.each(ERAS)('%s clients', (era) => {
  test.each(strong)('$name ($effect): pending until the approver said yes, then exactly the planned bytes, once', async (row) => {
    const its = await strict(row, era, { elicitation: FORM });
    const first = await call(its);
    expect(first.outcome).toBe('pending');
    const plan = await waitingPlan(its.it);
    expect(first.text).toContain(`http://localhost:1/approvals/${plan.id}`);
    expect(first.text).toContain(plan.code);
    expect(first.text).toMatch(/then stop\. Only when the user says that it is done, make the same call/);
    expect((await call(its)).outcome).toBe('pending');
    expect(its.it.writes()).toEqual([]);
    expect(its.peer.asked).toEqual([]);

    expect(await its.it.store.plans.answer(plan.id, yes(its.it))).toBe('approved');
    const done = await call(its);
    expect(done.outcome).toBe('executed');
    expect(its.it.writes().map(bytes)).toEqual([its.gate.sends(its.args)]);
    await its.peer.close();
  });

  test.each(strong)('$name ($effect): no answer of the client is a yes', async (row) => {
    const its = await strict(row, era, { elicitation: EVERY_WAY });
    const first = await call(its);
    const plan = await waitingPlan(its.it);
    for (const consent of [
      { action: 'accept' },
      { action: 'accept', content: { typed: plan.phrase } },
      { action: 'accept', content: { typed: plan.code } },
      { action: 'accept', content: { approved: true } },
    ]) {
      const leg = { inputResponses: { consent }, ...(first.state !== undefined && { requestState: first.state }) };
      const answer = await its.peer.once(its.name, its.args, leg);
      expect(answer.outcome).toBe('pending');
    }
    expect(its.it.writes()).toEqual([]);
    await its.peer.close();
  });

  test.each(strong)('$name ($effect): the approver of another call is none for this one', async (row) => {
    const its = await strict(row, era);
    const other = await its.peer.once(its.name, its.gate.other(its.args));
    if (other.outcome === 'pending') {
      const plan = await waitingPlan(its.it);
      await its.it.store.plans.answer(plan.id, yes(its.it));
    }
    expect((await call(its)).outcome).toBe('pending');
    expect(its.it.writes()).toEqual([]);
    await its.peer.close();
  });

  test.each(strong)('$name ($effect): an account that changed after the yes is left alone', async (row) => {
    const its = await strict(row, era);
    const { disturb } = its.gate;
    if (typeof disturb === 'string') return; // nothing could change: no target yet
    await call(its);
    await its.it.store.plans.answer((await waitingPlan(its.it)).id, yes(its.it));
    await disturb(its.world);
    expectRefused(await call(its), /stale/, its);
    expect((await call(its)).outcome).toBe('pending'); // asked afresh
    expect(its.it.writes()).toEqual([]);
    await its.peer.close();
  });
});

const args = { id: seed.ada };
const name = 'delete_identity_sessions';
async function opened(options: HarnessOptions & { elicitation?: Record<string, unknown>; era?: Era } = {}) {
  const { elicitation, era = 'legacy', ...rest } = options;
  const it = harness({ preset: 'strict', approvers: [APPROVER], pageMs: 5, ...rest });
  return { it, peer: await it.open({ era, ...(elicitation && { elicitation }) }) };
}

describe('who may answer', () => {
  test('with no approver the call is refused with the command that enrols one', async () => {
    const { it, peer } = await opened({ approvers: [] });
    const answer = await peer.once(name, args);
    expect(answer.outcome).toBe('denied');
    expect(answer.text).toMatch(
      /nobody is enrolled as one\. .*A new one counts for this after 24 hours\. .*do not run it yourself: ory-identity-mcp approver enroll\n/,
    );
    expect(it.writes()).toEqual([]);
    await peer.close();
  });

  test('an approver of today does not count for approve, and does for confirm', async () => {
    const fresh = { ...APPROVER, enrolledAt: Date.now() - 60_000 };
    const strictOne = await opened({ approvers: [fresh] });
    const refused = await strictOne.peer.once(name, args);
    expect(refused.outcome).toBe('denied');
    expect(refused.text).toMatch(/counting for this only from \d{4}-/);
    strictOne.it.advance(24 * 3_600_000);
    expect((await strictOne.peer.once(name, args)).outcome).toBe('pending');
    await strictOne.peer.close();
    const standard = await opened({ preset: 'standard', approvers: [fresh] });
    expect((await standard.peer.once(name, args)).outcome).toBe('pending');
    await standard.peer.close();
  });

  test('a confirm-class call of a client without forms is served by the page', async () => {
    for (const era of ERAS) {
      const { it, peer } = await opened({ preset: 'standard', era });
      const first = await peer.once(name, args);
      expect(first.outcome).toBe('pending');
      expect(first.text).not.toContain('code');
      const plan = await waitingPlan(it);
      expect(plan).toMatchObject({ kind: 'confirm', approvals: 1, channel: 'page' });
      await it.store.plans.answer(plan.id, yes(it));
      expect((await peer.once(name, args)).outcome).toBe('executed');
      await peer.close();
    }
  });

  test('a client that answers a form before anybody can have read it is served by the page, where somebody can answer there', async () => {
    for (const era of ERAS) {
      const { it, peer } = await opened({ preset: 'standard', era, elicitation: FORM });
      peer.person = () => ({ action: 'decline' });
      expect((await peer.call(name, args)).outcome).toBe('pending');
      expect(it.writes()).toEqual([]);
      await peer.close();
    }
  });
});

describe('an address', () => {
  test('is offered by a client that opens addresses, and what the client says about it is no answer', async () => {
    for (const action of ['accept', 'decline', 'cancel']) {
      const { it, peer } = await opened({ elicitation: EVERY_WAY });
      peer.onLink = () => ({ action });
      const answer = await peer.once(name, args);
      expect(answer.outcome).toBe('pending');
      expect(peer.links).toEqual([`http://localhost:1/approvals/${(await waitingPlan(it)).id}`]);
      await peer.once(name, args);
      expect(peer.links).toHaveLength(1); // the same plan: the person has it
      expect(it.writes()).toEqual([]);
      await peer.close();
    }
  });

  test('whose question is answered while the call waits is carried out by that very call', async () => {
    const { it, peer } = await opened({ elicitation: EVERY_WAY, pageMs: 5_000 });
    peer.onLink = async () => {
      await it.store.plans.answer((await waitingPlan(it)).id, yes(it));
      return { action: 'accept' };
    };
    expect((await peer.once(name, args)).outcome).toBe('executed');
    await peer.close();
  });

  test('is posed to a 2026-07-28 client, whose second leg collects the outcome', async () => {
    const { it, peer } = await opened({ era: 'modern', elicitation: EVERY_WAY });
    const first = await peer.once(name, args);
    expect(first.question).toMatchObject({ mode: 'url', url: `http://localhost:1/approvals/${(await waitingPlan(it)).id}` });
    await it.store.plans.answer((await waitingPlan(it)).id, yes(it));
    const leg = { requestState: first.state, inputResponses: { consent: { action: 'accept' } } };
    expect((await peer.once(name, args, leg)).outcome).toBe('executed');
    expect(it.writes()).toHaveLength(1);
    await peer.close();
  });
});

describe('what ends a question', () => {
  test('a refusal on the page ends it, and the same call is not asked again for a while', async () => {
    const { it, peer } = await opened();
    await peer.once(name, args);
    const plan = await waitingPlan(it);
    await it.store.plans.end(plan.id, 'declined', 'declined');
    await it.store.plans.coolDown(plan.request, 10);
    expect((await peer.once(name, args)).outcome).toBe('declined');
    expect(it.ledger.records.at(-1)).toMatchObject({ event: 'declined', decision_source: 'server' }); // nobody said it again
    it.advance(10 * 60_000 + 1);
    expect((await peer.once(name, args)).outcome).toBe('pending');
    await peer.close();
  });

  test('half an hour ends it, and five minutes after a yes end that', async () => {
    const { it, peer } = await opened();
    await peer.once(name, args);
    const first = await waitingPlan(it);
    it.advance(30 * 60_000 + 1);
    expect((await it.store.plans.find(first.id))?.state).toBe('expired');
    expect((await peer.once(name, args)).outcome).toBe('pending');
    const second = await waitingPlan(it);
    expect(second.id).not.toBe(first.id);
    await it.store.plans.answer(second.id, yes(it));
    it.advance(5 * 60_000 + 1);
    expect((await peer.once(name, args)).outcome).toBe('pending');
    expect(it.writes()).toEqual([]);
    await peer.close();
  });

  test('a client that goes away while it waits claims nothing, and the same call made again collects the yes', async () => {
    const { it, peer } = await opened({ pageMs: 2_000 });
    await peer.once(name, args);
    let id = 0;
    void peer.once(name, args, { sent: (its) => (id = its) });
    await new Promise((resolve) => setTimeout(resolve, 50));
    peer.notify('notifications/cancelled', { requestId: id });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await it.store.plans.answer((await waitingPlan(it)).id, yes(it));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(it.writes()).toEqual([]);
    expect((await peer.once(name, args)).outcome).toBe('executed');
    await peer.close();
  });

  test('freezing stops what was approved already', async () => {
    const { it, peer } = await opened();
    await peer.once(name, args);
    await it.store.plans.answer((await waitingPlan(it)).id, yes(it));
    await it.store.freeze('an incident');
    const answer = await peer.once(name, args);
    expect(answer.outcome).toBe('denied');
    expect(answer.text).toContain('frozen');
    expect(it.writes()).toEqual([]);
    expect((await peer.once('get_identity', args)).isError).toBe(false);
    await peer.close();
  });

  test('a lock on the principal stops the changes, and unlocking frees them', async () => {
    const { it, peer } = await opened({ preset: 'standard', elicitation: FORM });
    await it.store.counters.lock('os:1000:tester');
    expect((await peer.call(name, args)).text).toContain('locked');
    expect(it.writes()).toEqual([]);
    await it.store.counters.unlock('os:1000:tester');
    expect((await peer.call(name, args)).outcome).toBe('executed');
    await peer.close();
  });
});

test('a difference that policy hides from results is not put into a form: the page shows it', async () => {
  const policy = { ...presetPolicy('strict'), hide: [['traits', 'name', '*']] };
  const { it, peer } = await opened({ preset: 'strict', policy, elicitation: FORM });
  const first = { op: 'replace', path: '/traits/name/first', value: 'Somebody' };
  expect((await peer.call('patch_identity', { id: seed.ada, json_patch: [first] })).outcome).toBe('pending');
  expect(peer.asked).toEqual([]);
  expect(it.writes()).toEqual([]);
  await peer.close();
});

test('two approvers are two different people', async () => {
  const { it, peer } = await opened({ approvers: [APPROVER, APPROVER_2], limits: { massAtLeast: 1 } });
  const identities = Array.from({ length: 3 }, (_, index) => ({ create: { traits: { email: `new${index}@example.com` } } }));
  const first = await peer.once('batch_patch_identities', { identities });
  expect(first.outcome).toBe('pending');
  const plan = await waitingPlan(it);
  expect(plan.approvals).toBe(2);
  expect(await it.store.plans.answer(plan.id, yes(it))).toBe('more');
  expect(await it.store.plans.answer(plan.id, yes(it))).toBe('same');
  expect((await peer.once('batch_patch_identities', { identities })).outcome).toBe('pending');
  expect(await it.store.plans.answer(plan.id, yes(it, APPROVER_2.id))).toBe('approved');
  expect((await peer.once('batch_patch_identities', { identities })).outcome).toBe('executed');
  expect(it.writes()).toHaveLength(1);
  await peer.close();
});

test('a state that is lost refuses changes in words that say so, and reads go on', async () => {
  const { it, peer } = await opened({ preset: 'standard', elicitation: FORM });
  const lost = Object.assign(new Error('EIO: i/o error'), { code: 'EIO', syscall: 'read' });
  const { plans } = it.store;
  const broken = await opened({
    preset: 'standard',
    elicitation: FORM,
    store: { ...it.store, plans: { ...plans, coolingMs: () => Promise.reject(lost) } },
  });
  const answer = await broken.peer.call(name, args);
  expect(answer.outcome).toBe('failed');
  expect(answer.text).toMatch(/^Not done \(failed\): What this server remembers cannot be read or written .* nothing was sent/);
  expect(answer.text).not.toContain('EIO');
  expect((await broken.peer.call('get_identity', args)).isError).toBe(false);
  expect(broken.it.writes()).toEqual([]);
  await peer.close();
  await broken.peer.close();
});
