/** A recovery code or link on the page: to whom it is shown, for what, and how often. */
import { Secret as TotpSecret, TOTP } from 'otpauth';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { problemWithAssertion } from '../../src/audit/assertion.ts';
import { challengeOf } from '../../src/audit/challenge.ts';
import { Secret } from '../../src/lib/secret.ts';
import type { PlanRecord } from '../../src/store/types.ts';
import { softPasskey } from './authenticator.ts';
import {
  approve,
  browser,
  challengeIn,
  fieldOf,
  formIn,
  HOUR,
  newPlan,
  scene,
  send,
  signIn,
  type Answer,
  type Browser,
  type Scene,
} from './scene.ts';

const CODE = '483920';

let it: Scene;
let at: Browser;
beforeEach(async () => {
  it = await scene();
  at = await browser(it);
});
afterEach(() => it.close());

const asked = () => it.ask(newPlan({ effects: ['takeover'], tool: 'create_recovery_code_for_identity' }));
/** After the yes: carried out, and the code put aside. */
async function carriedOut(plan: PlanRecord): Promise<PlanRecord> {
  await it.ports.store.plans.claim(plan.id, plan);
  await it.ports.store.plans.finish(plan.id, 'executed');
  await it.ports.reveals.keep(plan.id, {
    values: { 'Recovery code': new Secret(CODE) },
    about: '“ada@example.com”',
    expiresAt: it.ports.now() + HOUR,
  });
  return plan;
}
async function waiting(): Promise<PlanRecord> {
  const plan = await asked();
  await approve(it, at, plan);
  return carriedOut(plan);
}

interface Form {
  readonly token: string;
  readonly challenge: string;
}
const revealForm = (body: string): Form => {
  const form = formIn(body, '/reveal');
  return { token: fieldOf(form, 'token'), challenge: challengeIn(form) };
};
/** The form as the page has it for this browser, read for two seconds. */
async function formOf({ id }: PlanRecord, by = at): Promise<Form> {
  const { body } = await by.get(`/approvals/${id}`);
  it.pass(2_000);
  return revealForm(body);
}
const post = ({ id }: PlanRecord, fields: Readonly<Record<string, string>>, by = at): Promise<Answer> =>
  by.post(`/approvals/${id}/reveal`, fields);
/** As the page's script does it. */
async function reveal(plan: PlanRecord, { by = at, passkey = it.passkey } = {}): Promise<Answer> {
  const { token, challenge } = await formOf(plan, by);
  return post(plan, { token, passkey: passkey.answer(challenge, by.origin) }, by);
}
/** None of them showed it, and it still waits. */
async function expectNothing(plan: PlanRecord, answers: readonly Answer[]): Promise<void> {
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 403));
  for (const { body } of answers) expect(body).not.toContain(CODE);
  expect(await it.ports.reveals.waiting(plan.id)).toBeDefined();
  expect(it.events()).not.toContain('revealed');
}

test('it is shown to its approver for a passkey, once, for a minute, and is in no record', async () => {
  const plan = await waiting();
  const before = await at.get(`/approvals/${plan.id}`);
  expect(before.body).toContain('Show it now');
  expect(before.body).not.toContain(CODE);
  const shown = await reveal(plan);
  expect(shown.status).toBe(200);
  expect(shown.body).toContain(`<code data-secret>${CODE}</code>`);
  expect(shown.headers['refresh']).toBe(`60; url=/approvals/${plan.id}`);
  expect(shown.headers['cache-control']).toBe('no-store');
  expect((await reveal(plan)).body).not.toContain(CODE);
  expect((await at.get(`/approvals/${plan.id}`)).body).not.toContain(CODE);
  const record = it.ledger.records.find(({ event }) => event === 'revealed');
  expect(record).toMatchObject({ plan_id: plan.id, method: 'passkey', approvers: ['anna'] });
  expect(record?.assertion).toBeDefined();
  expect(record?.assertion && (await problemWithAssertion(record, record.assertion))).toBeUndefined();
  expect(JSON.stringify(it.ledger.records)).not.toContain(CODE);
});

test('two that ask at the same time: one is shown it', async () => {
  const plan = await waiting();
  const forms = [await formOf(plan), await formOf(plan)];
  const answers = await Promise.all(
    forms.map(({ token, challenge }) => post(plan, { token, passkey: it.passkey.answer(challenge, at.origin) })),
  );
  expect(answers.filter(({ body }) => body.includes(CODE))).toHaveLength(1);
});

test('it is not shown for the cookie of its approver alone', async () => {
  const plan = await waiting();
  // A program of this machine to which the browser sent its cookie can ask for a page of its own and forge any header.
  const common = { cookie: at.cookie(), 'user-agent': 'Mozilla/5.0 Chrome/150.0' };
  const path = `/approvals/${plan.id}`;
  const theirs = softPasskey();
  const factors: readonly ((challenge: string) => Readonly<Record<string, string>>)[] = [
    () => ({}),
    () => ({ passkey: '' }),
    (challenge) => ({ passkey: theirs.answer(challenge, at.origin) }),
    (challenge) => ({ passkey: it.passkey.answer(challenge, 'http://localhost:1') }), // signed by the person, on a page of theirs
    (challenge) => ({ passkey: it.passkey.answer(challenge, at.origin, { userVerified: false }) }),
    () => ({ approver: 'anna', otp: '000000' }),
  ];
  const answers: Answer[] = [];
  for (const factor of factors) {
    const page = await send(await it.port(), path, { headers: common });
    expect(page.body).toContain('Show it now');
    const { token, challenge } = revealForm(page.body);
    it.pass(2_000);
    const headers = { ...common, origin: at.origin, 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' };
    const body = new URLSearchParams({ token, ...factor(challenge) }).toString();
    answers.push(await send(await it.port(), `${path}/reveal`, { method: 'POST', headers, body }));
  }
  await expectNothing(plan, answers);
  for (const { body } of answers) expect(body).toContain('Nothing was shown');
  expect((await reveal(plan)).body).toContain(CODE);
});

test('a signature for a sign-in, for a yes, for another secret, and one that is too old show nothing', async () => {
  const [plan, other] = [await waiting(), await waiting()];
  const pages = [
    await at.get(`/approvals/${other.id}`),
    await at.get(`/approvals/${(await it.ask()).id}`),
    await (await browser(it)).get('/approvals'),
  ];
  const answers: Answer[] = [];
  for (const { body } of pages) {
    const { token } = await formOf(plan);
    answers.push(await post(plan, { token, passkey: it.passkey.answer(challengeIn(body), at.origin) }));
  }
  const { challenge } = await formOf(plan);
  for (const { body } of pages)
    answers.push(await post(plan, { token: fieldOf(body, 'token'), passkey: it.passkey.answer(challenge, at.origin) }));
  const late = await formOf(plan);
  it.pass(5 * 60_000);
  answers.push(await post(plan, { token: late.token, passkey: it.passkey.answer(late.challenge, at.origin) }));
  await expectNothing(plan, answers);
});

test('a token of the same plan’s decision shows nothing, nor does an answer that is faster than anybody reads', async () => {
  const plan = await asked();
  await approve(it, at, plan);
  const before = await at.get(`/approvals/${plan.id}`); // it can be taken back still
  await carriedOut(plan);
  it.pass(2_000);
  const token = fieldOf(before.body, 'token');
  const challenge = challengeOf(`reveal ${plan.id}`, token.split('.')[1] ?? '');
  await expectNothing(plan, [await post(plan, { token, passkey: it.passkey.answer(challenge, at.origin) })]);
  const { body } = await at.get(`/approvals/${plan.id}`);
  const form = revealForm(body);
  const early = await post(plan, { token: form.token, passkey: it.passkey.answer(form.challenge, at.origin) });
  expect([early.status, early.body.includes(CODE)]).toEqual([425, false]);
});

test('a one-time code of its approver shows it, and counts once', async () => {
  const secret = new TotpSecret({ size: 20 });
  const code = () => new TOTP({ secret }).generate({ timestamp: it.ports.now() });
  await it.enrol({ id: 'ben', name: 'Ben', totp: { secret: secret.base32 } });
  const plan = await asked();
  const { body } = await at.get(`/approvals/${plan.id}`);
  it.pass(2_000);
  const used = code();
  const yes = { token: fieldOf(body, 'token'), action: 'approve', code: plan.code, approver: 'ben', otp: used };
  expect((await at.post(`/approvals/${plan.id}`, yes)).status).toBe(303);
  await carriedOut(plan);
  await expectNothing(plan, [await post(plan, { token: (await formOf(plan)).token, approver: 'ben', otp: used })]);
  it.pass(60_000);
  expect((await post(plan, { token: (await formOf(plan)).token, approver: 'ben', otp: code() })).body).toContain(CODE);
});

test('it is not shown to a stranger, nor to another approver, nor for the factor of another one', async () => {
  const plan = await waiting();
  const stranger = await browser(it);
  expect((await stranger.get(`/approvals/${plan.id}`)).body).not.toContain('Show it now');
  const ben = softPasskey();
  await it.enrol({ id: 'ben', name: 'Ben', passkey: { id: ben.id, publicKey: ben.publicKey, counter: 0 } });
  const bens = await browser(it);
  await signIn(bens, ben);
  expect((await bens.get(`/approvals/${plan.id}`)).body).not.toContain('Show it now');
  const { token } = await formOf(plan);
  const answers = [
    await reveal(plan, { by: stranger }),
    await reveal(plan, { by: bens, passkey: ben }),
    await post(plan, { token, passkey: it.passkey.answer('', bens.origin) }, bens),
    await reveal(plan, { passkey: ben }),
  ];
  await expectNothing(plan, answers);
});

test('it is not shown after a sign-out, after a removal, after its time, nor without a record', async () => {
  const plan = await waiting();
  const form = await formOf(plan);
  await at.post('/approvals/sign-out', { token: fieldOf((await at.get('/approvals')).body, 'token') });
  const signed = { token: form.token, passkey: it.passkey.answer(form.challenge, at.origin) };
  await expectNothing(plan, [await post(plan, signed)]);

  await signIn(at, it.passkey);
  it.ledger.fail(new Error('EIO'));
  const unrecorded = await reveal(plan);
  expect([unrecorded.status, unrecorded.body.includes(CODE)]).toEqual([503, false]);
  it.ledger.fail(undefined);

  const before = await formOf(plan);
  await it.ports.approvers.remove('anna');
  await expectNothing(plan, [await post(plan, { token: before.token, passkey: it.passkey.answer(before.challenge, at.origin) })]);
  expect((await at.get(`/approvals/${plan.id}`)).body).not.toContain('Show it now');
  it.pass(HOUR);
  expect((await at.get(`/approvals/${plan.id}`)).body).not.toContain('recovery secret waits');
});

test('it leaves the screen when it expires, if that is sooner than a minute', async () => {
  const plan = await waiting();
  it.pass(59.5 * 60_000);
  await signIn(at, it.passkey);
  const { headers } = await reveal(plan);
  expect(Number(String(headers['refresh']).split(';')[0])).toBeLessThan(30);
});
