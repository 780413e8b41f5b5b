/** A decision over HTTP: what counts, and all that does not. */
import { createHash } from 'node:crypto';
import { afterEach, describe, expect, test } from 'vitest';
import { challengeOf } from '../../src/audit/challenge.ts';
import type { Flaws } from './authenticator.ts';
import { softPasskey } from './authenticator.ts';
import { approve, browser, challengeIn, fieldOf, HOUR, scene, send, type Scene, type SceneOptions } from './scene.ts';

let open: Scene[] = [];
async function set(options?: SceneOptions): Promise<Scene> {
  const it = await scene(options);
  open.push(it);
  return it;
}
afterEach(async () => {
  for (const it of open) await it.close();
  open = [];
});

describe('a yes', () => {
  test('by passkey approves, is on record before it counts, and its assertion signs the plan', async () => {
    const it = await set();
    const plan = await it.ask();
    const at = await browser(it);
    const answer = await approve(it, at, plan);
    expect(answer.status).toBe(303);
    expect(answer.headers['location']).toBe(`/approvals/${plan.id}`);
    expect(await it.find(plan)).toMatchObject({ state: 'approved', decided: [{ by: 'anna', name: 'Anna', method: 'passkey' }] });
    const [record] = it.ledger.records;
    expect(record).toMatchObject({
      event: 'approved',
      plan_id: plan.id,
      digest: plan.digest,
      method: 'passkey',
      decision_source: 'person',
      approvers: ['anna'],
    });
    const assertion = record?.assertion;
    expect(assertion?.challenge).toBe(challengeOf(plan.digest, assertion?.nonce ?? ''));
    const clientData: unknown = JSON.parse(Buffer.from(assertion?.client_data ?? '', 'base64url').toString());
    expect(clientData).toMatchObject({ challenge: createHash('sha256').update(`${plan.digest}\n${assertion?.nonce}`).digest('base64url') });
    const page = await at.get(`/approvals/${plan.id}`);
    expect(page.body).toContain('say “continue”');
    expect(page.headers['refresh']).toBe('3');
  });

  test('is not taken where it cannot be recorded', async () => {
    const it = await set();
    const plan = await it.ask();
    it.ledger.fail(new Error('ENOSPC'));
    expect((await approve(it, await browser(it), plan)).status).toBe(503);
    expect((await it.find(plan)).state).toBe('waiting');
  });

  test('wants the code of the tool answer for approve, in any case of letters, and none for confirm', async () => {
    const it = await set();
    const plan = await it.ask();
    const at = await browser(it);
    const wrong = await approve(it, at, plan, { code: 'ZZZZZ' });
    expect(wrong.status).toBe(422);
    expect(wrong.body).toContain('role="alert"');
    expect((await it.find(plan)).state).toBe('waiting');
    expect((await approve(it, at, plan, { code: ` ${plan.code.toLowerCase()} ` })).status).toBe(303);
    const confirm = await it.ask({ kind: 'confirm' });
    expect((await approve(it, at, confirm, { code: '' })).status).toBe(303);
  });

  test('wants reason and ticket where policy requires them, and keeps what was typed', async () => {
    const it = await set();
    const plan = await it.ask({ requires: { reason: true, ticket: 'SUP-[0-9]{1,6}' } });
    const at = await browser(it);
    const missing = await approve(it, at, plan, { reason: 'asked by <b>phone</b>', ticket: 'SUP-12 or so' });
    expect(missing.status).toBe(422);
    expect(missing.body).toContain('value="asked by &lt;b&gt;phone&lt;/b&gt;"');
    expect((await approve(it, at, plan, { reason: 'asked by phone', ticket: 'SUP-12' })).status).toBe(303);
    expect((await it.find(plan)).decided).toMatchObject([{ reason: 'asked by phone', ticket: 'SUP-12' }]);
    expect(it.ledger.records.find((one) => one.event === 'approved')).toMatchObject({ reason_given: true, ticket: 'SUP-12' });
    expect(JSON.stringify(it.ledger.records)).not.toContain('asked by phone');
  });

  test('of one approver is half of two, and only another one is the other half', async () => {
    const it = await set();
    const second = softPasskey();
    await it.enrol({ id: 'ben', name: 'Ben', passkey: { id: second.id, publicKey: second.publicKey, counter: 0 } });
    const plan = await it.ask({ approvals: 2 });
    const at = await browser(it);
    expect((await approve(it, at, plan)).status).toBe(303);
    expect((await it.find(plan)).state).toBe('waiting');
    expect((await at.get(`/approvals/${plan.id}`)).body).toContain('Another approver is needed');
    expect((await approve(it, at, plan)).status).toBe(403);
    expect((await it.find(plan)).decided).toHaveLength(1);
    const page = await at.get(`/approvals/${plan.id}`);
    it.pass(2_000);
    const passkey = second.answer(challengeIn(page.body), at.origin);
    await at.post(`/approvals/${plan.id}`, { token: fieldOf(page.body, 'token'), action: 'approve', code: plan.code, passkey });
    expect((await it.find(plan)).state).toBe('approved');
  });

  test('is not the requester’s own where policy wants others', async () => {
    const it = await set();
    const plan = await it.ask({ others: true, principal: 'anna' });
    expect((await approve(it, await browser(it), plan)).status).toBe(403);
    expect((await it.find(plan)).state).toBe('waiting');
  });
});

describe('an approver who was enrolled lately', () => {
  const passkey = softPasskey();
  const credential = { id: passkey.id, publicKey: passkey.publicKey, counter: 0 };

  test.each([
    ['after the plan', 'confirm', -1, 'L2', 403],
    ['a moment before an approve', 'approve', HOUR, 'L0', 403],
    ['a moment before an approve at L1', 'approve', HOUR, 'L1', 303],
    ['a moment before a confirm', 'confirm', HOUR, 'L0', 303],
    ['a day before an approve', 'approve', 25 * HOUR, 'L0', 303],
  ] as const)('%s: %s', async (_, kind, beforeMs, level, status) => {
    const it = await set({ enrolled: false, level });
    const plan = await it.ask({ kind });
    await it.enrol({ id: 'new', name: 'New', enrolledAt: plan.created - beforeMs, passkey: credential });
    const at = await browser(it);
    const page = await at.get(`/approvals/${plan.id}`);
    expect(page.body).toContain('New (passkey)'); // nobody is let in unseen
    it.pass(2_000);
    const nonce = fieldOf(page.body, 'token').split('.')[1] ?? '';
    const given = passkey.answer(challengeOf(plan.digest, nonce), at.origin, { counter: Math.floor(Date.now() / 1000) });
    const answer = await at.post(`/approvals/${plan.id}`, {
      token: fieldOf(page.body, 'token'),
      action: 'approve',
      code: plan.code,
      passkey: given,
    });
    expect(answer.status).toBe(status);
    expect((await it.find(plan)).state).toBe(status === 303 ? 'approved' : 'waiting');
  });
});

test('the waiting time that a plan was asked with holds on a page whose policy has none, and that of the page where it is longer', async () => {
  for (const [plan, page] of [
    [24, 0],
    [0, 24],
    [undefined, 24],
  ] as const) {
    const it = await set({ enrolled: false });
    it.rules.approvers = { ...it.rules.approvers, waitHours: page };
    await it.enrol({
      id: 'new',
      enrolledAt: it.ports.now() - HOUR,
      passkey: { id: it.passkey.id, publicKey: it.passkey.publicKey, counter: 0 },
    });
    const asked = await it.ask(plan === undefined ? {} : { waitHours: plan });
    const at = await browser(it);
    expect((await at.get(`/approvals/${asked.id}`)).body).toContain('counts for requests of this kind in 23 hours');
    expect((await approve(it, at, asked)).status).toBe(403);
    expect((await it.find(asked)).state).toBe('waiting');
    it.pass(23 * HOUR + 5_000);
    const later = await it.ask(plan === undefined ? {} : { waitHours: plan });
    expect((await approve(it, at, later)).status).toBe(303);
  }
});

test('a plan that was asked by a form is none of the page’s business, and one that is approved takes no further yes', async () => {
  const it = await set();
  const at = await browser(it);
  const form = await it.ask({ channel: 'form', kind: 'confirm', approvals: 0 });
  expect((await at.get(`/approvals/${form.id}`)).status).toBe(404);
  expect((await approve(it, at, form)).status).toBe(404);
  const second = softPasskey();
  await it.enrol({ id: 'ben', name: 'Ben', passkey: { id: second.id, publicKey: second.publicKey, counter: 0 } });
  const plan = await it.ask();
  const early = await at.get(`/approvals/${plan.id}`);
  const bens = await browser(it);
  const { body } = await bens.get(`/approvals/${plan.id}`);
  it.pass(2_000);
  const fields = { action: 'approve', code: plan.code };
  const passkey = it.passkey.answer(challengeIn(early.body), at.origin);
  expect((await at.post(`/approvals/${plan.id}`, { ...fields, token: fieldOf(early.body, 'token'), passkey })).status).toBe(303);
  const late = { ...fields, token: fieldOf(body, 'token'), passkey: second.answer(challengeIn(body), at.origin) };
  expect((await bens.post(`/approvals/${plan.id}`, late)).status).toBe(409);
  expect((await it.find(plan)).decided).toMatchObject([{ by: 'anna' }]);
  expect(it.events()).toEqual(['approved']);
});

describe('an assertion', () => {
  test('whose counter did not go on since the last yes approves nothing: it may come from a copy', async () => {
    const it = await set();
    const at = await browser(it);
    const answered = async (counter: number) => {
      const plan = await it.ask();
      const { body } = await at.get(`/approvals/${plan.id}`);
      it.pass(2_000);
      const passkey = it.passkey.answer(challengeIn(body), at.origin, { counter });
      return at.post(`/approvals/${plan.id}`, { token: fieldOf(body, 'token'), action: 'approve', code: plan.code, passkey });
    };
    expect((await answered(7)).status).toBe(303);
    for (const counter of [7, 6, 0]) expect((await answered(counter)).status).toBe(403);
    expect((await answered(8)).status).toBe(303);
  });

  const flawed: readonly (readonly [string, Flaws])[] = [
    ['of another origin', { origin: 'http://localhost:1' }],
    ['of 127.0.0.1', { origin: 'http://127.0.0.1' }],
    ['of another relying party', { rpId: 'example.com' }],
    ['without user verification', { userVerified: false }],
    ['of another kind', { type: 'webauthn.create' }],
    ['out of a frame', { crossOrigin: true }],
    ['with a counter that did not go on', { counter: 0 }],
    ['signed by another key', { otherKey: true }],
  ];
  test.each(flawed)('%s approves nothing and is on record', async (_, flaws) => {
    const it = await set();
    await it.ports.approvers.counted('anna', 7);
    const plan = await it.ask();
    const at = await browser(it);
    const { body } = await at.get(`/approvals/${plan.id}`);
    it.pass(2_000);
    const passkey = it.passkey.answer(challengeIn(body), at.origin, { counter: 20, ...flaws });
    const answer = await at.post(`/approvals/${plan.id}`, { token: fieldOf(body, 'token'), action: 'approve', code: plan.code, passkey });
    expect(answer.status).toBe(403);
    expect((await it.find(plan)).state).toBe('waiting');
    expect(it.events()).toEqual(['failed_sign_in']);
  });

  test('for another plan, another view, another purpose, or given twice approves nothing', async () => {
    const it = await set();
    const [plan, other] = [await it.ask(), await it.ask()];
    const at = await browser(it);
    const [mine, foreign, front, again] = [
      await at.get(`/approvals/${plan.id}`),
      await at.get(`/approvals/${other.id}`),
      await at.get('/approvals'),
      await at.get(`/approvals/${plan.id}`),
    ];
    it.pass(2_000);
    const token = fieldOf(again.body, 'token');
    for (const challenge of [challengeIn(foreign.body), challengeIn(front.body), challengeIn(mine.body)]) {
      const fresh = await at.get(`/approvals/${plan.id}`);
      it.pass(2_000);
      const passkey = it.passkey.answer(challenge, at.origin);
      const answer = await at.post(`/approvals/${plan.id}`, {
        token: fieldOf(fresh.body, 'token'),
        action: 'approve',
        code: plan.code,
        passkey,
      });
      expect(answer.status).toBe(403);
    }
    const passkey = it.passkey.answer(challengeIn(again.body), at.origin);
    const right = { token, action: 'approve', passkey };
    expect((await at.post(`/approvals/${plan.id}`, { ...right, code: plan.code })).status).toBe(303);
    // The same answer for the other plan, with its own token and with the one that was used.
    for (const its of [fieldOf(foreign.body, 'token'), token]) {
      expect((await at.post(`/approvals/${other.id}`, { ...right, token: its, code: other.code })).status).toBe(403);
    }
    expect((await it.find(other)).state).toBe('waiting');
  });

  test('made more than five minutes after the page was served is too late', async () => {
    const it = await set();
    const plan = await it.ask();
    const at = await browser(it);
    const { body } = await at.get(`/approvals/${plan.id}`);
    it.pass(5 * 60_000 + 1);
    const passkey = it.passkey.answer(challengeIn(body), at.origin);
    const answer = await at.post(`/approvals/${plan.id}`, { token: fieldOf(body, 'token'), action: 'approve', code: plan.code, passkey });
    expect(answer.status).toBe(403);
    expect(answer.body).toContain('five minutes');
  });
});

describe('a no', () => {
  test.each(['waiting', 'approved'] as const)('needs no factor and ends a plan that is %s; the same call cools down', async (state) => {
    const it = await set();
    const plan = await it.ask();
    const at = await browser(it);
    if (state === 'approved') await approve(it, at, plan);
    const { body } = await at.get(`/approvals/${plan.id}`);
    it.pass(2_000);
    const answer = await at.post(`/approvals/${plan.id}`, { token: fieldOf(body, 'token'), action: 'deny' });
    expect(answer.status).toBe(303);
    expect(await it.find(plan)).toMatchObject({ state: 'declined' });
    expect(await it.ports.store.plans.coolingMs(plan.request)).toBeGreaterThan(9 * 60_000);
    expect(it.ledger.records.at(-1)).toMatchObject({ event: 'declined', method: 'none', decision_source: 'person' });
  });

  test('the third within an hour locks the requester', async () => {
    const it = await set();
    const at = await browser(it);
    for (let i = 0; i < 3; i += 1) {
      expect(await it.ports.store.counters.lockedSince('os:1000:sam')).toBeUndefined();
      const plan = await it.ask();
      const { body } = await at.get(`/approvals/${plan.id}`);
      it.pass(2_000);
      await at.post(`/approvals/${plan.id}`, { token: fieldOf(body, 'token'), action: 'deny' });
    }
    expect(await it.ports.store.counters.lockedSince('os:1000:sam')).toBeDefined();
    expect(it.events().filter((event) => event === 'locked')).toHaveLength(1);
  });

  test('“I did not start this” locks the requester at once and voids what else waits for them, and for nobody else', async () => {
    const it = await set();
    const [plan, other, foreign] = [await it.ask(), await it.ask(), await it.ask({ principal: 'os:1001:kim' })];
    const at = await browser(it);
    const { body } = await at.get(`/approvals/${plan.id}`);
    it.pass(2_000);
    await at.post(`/approvals/${plan.id}`, { token: fieldOf(body, 'token'), action: 'disown' });
    expect([(await it.find(plan)).state, (await it.find(other)).state, (await it.find(foreign)).state]).toEqual([
      'declined',
      'void',
      'waiting',
    ]);
    expect(await it.ports.store.counters.lockedSince('os:1000:sam')).toBeDefined();
    expect(it.events()).toEqual(['declined', 'locked']);
  });

  test('of a plan that is being carried out changes nothing', async () => {
    const it = await set();
    const plan = await it.ask();
    const at = await browser(it);
    await approve(it, at, plan);
    const { body } = await at.get(`/approvals/${plan.id}`);
    await it.ports.store.plans.claim(plan.id, plan);
    it.pass(2_000);
    expect((await at.post(`/approvals/${plan.id}`, { token: fieldOf(body, 'token'), action: 'deny' })).status).toBe(409);
    expect((await it.find(plan)).state).toBe('claimed');
    expect(it.events()).toEqual(['approved']);
  });
});

describe('a typed phrase', () => {
  test('answers a confirm without any approver where policy says so, and is recorded as that', async () => {
    const it = await set({ enrolled: false });
    it.rules.approvers = { ...it.rules.approvers, phrase: true };
    const plan = await it.ask({ kind: 'confirm', approvals: 0 });
    const at = await browser(it);
    const { body } = await at.get(`/approvals/${plan.id}`);
    it.pass(2_000);
    const answer = await at.post(`/approvals/${plan.id}`, {
      token: fieldOf(body, 'token'),
      action: 'approve',
      phrase: 'Ada.Byron@example.com ',
    });
    expect(answer.status).toBe(303);
    expect(answer.headers['set-cookie']).toBeUndefined(); // nobody has signed in
    expect(await it.find(plan)).toMatchObject({ state: 'approved', decided: [{ by: 'phrase', method: 'phrase' }] });
    expect(it.ledger.records[0]).toMatchObject({ event: 'approved', method: 'phrase', approvers: ['phrase'] });
  });

  test.each([
    ['policy says nothing of it', false, { kind: 'confirm', approvals: 0 } as const, false],
    ['somebody is enrolled', true, { kind: 'confirm', approvals: 0 } as const, true],
    ['the verdict is approve', false, { kind: 'approve', approvals: 1 } as const, true],
    ['the plan wants an approver', false, { kind: 'confirm', approvals: 1 } as const, true],
  ])('answers nothing where %s', async (_, enrolled, plan, phrase) => {
    const it = await set({ enrolled });
    it.rules.approvers = { ...it.rules.approvers, phrase };
    const record = await it.ask(plan);
    const at = await browser(it);
    const { body } = await at.get(`/approvals/${record.id}`);
    expect(body).not.toContain('name="phrase"');
    it.pass(2_000);
    const given = { token: fieldOf(body, 'token'), action: 'approve', phrase: record.phrase, code: record.code };
    expect((await at.post(`/approvals/${record.id}`, given)).status).toBe(403);
    expect((await it.find(record)).state).toBe('waiting');
  });

  test('that is wrong three times ends the plan', async () => {
    const it = await set({ enrolled: false });
    it.rules.approvers = { ...it.rules.approvers, phrase: true };
    const plan = await it.ask({ kind: 'confirm', approvals: 0 });
    const at = await browser(it);
    for (let i = 0; i < 3; i += 1) {
      const { body } = await at.get(`/approvals/${plan.id}`);
      it.pass(2_000);
      await at.post(`/approvals/${plan.id}`, { token: fieldOf(body, 'token'), action: 'approve', phrase: 'ada' });
    }
    expect((await it.find(plan)).state).toBe('declined');
  });
});

test('looking a thousand times, in every way that is no form, changes nothing', async () => {
  const it = await set();
  const plan = await it.ask();
  const before = JSON.stringify(await it.ports.store.plans.list());
  const port = await it.port();
  const ways = [
    { method: 'GET' },
    { method: 'HEAD' },
    { method: 'GET', headers: { 'sec-purpose': 'prefetch', purpose: 'prefetch' } },
    { method: 'GET', headers: { 'user-agent': 'Slackbot-LinkExpanding 1.0' } },
  ];
  for (let i = 0; i < 250; i += 1) {
    const answers = await Promise.all(ways.map((way) => send(port, `/approvals/${plan.id}`, way)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  }
  expect(JSON.stringify(await it.ports.store.plans.list())).toBe(before);
  expect(it.ledger.records).toEqual([]);
});
