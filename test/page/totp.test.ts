/** The weaker factor: each code once, few tries, and none of it is worth anything elsewhere. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret, TOTP } from 'otpauth';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PlanRecord } from '../../src/store/types.ts';
import { browser, fieldOf, scene, type Answer, type Browser, type Scene } from './scene.ts';

const secret = new Secret({ size: 20 });
const totp = new TOTP({ secret });
const STEP = 30_000;

let it: Scene;
let at: Browser;
beforeEach(async () => {
  it = await scene({ enrolled: false });
  await it.enrol({ id: 'ben', name: 'Ben', method: 'totp', totp: { secret: secret.base32 } });
  at = await browser(it);
});
afterEach(() => it.close());

const codeAt = (shift = 0) => totp.generate({ timestamp: it.ports.now() + shift * STEP });
async function answer(plan: PlanRecord, fields: () => Readonly<Record<string, string>>, by = at): Promise<Answer> {
  const { body } = await by.get(`/approvals/${plan.id}`);
  it.pass(2_000);
  return by.post(`/approvals/${plan.id}`, {
    token: fieldOf(body, 'token'),
    action: 'approve',
    code: plan.code,
    approver: 'ben',
    ...fields(),
  });
}

describe('a one-time code', () => {
  test.each([-1, 0, 1])('%i steps from now approves, and is recorded as what it is', async (shift) => {
    const plan = await it.ask();
    expect((await answer(plan, () => ({ otp: codeAt(shift) }))).status).toBe(303);
    expect((await it.find(plan)).decided).toMatchObject([{ by: 'ben', method: 'totp' }]);
    const [record] = it.ledger.records;
    expect(record).toMatchObject({ event: 'approved', method: 'totp' });
    expect(record?.assertion).toBeUndefined();
  });

  test.each([-3, 3])('%i steps from now does not', async (shift) => {
    const plan = await it.ask();
    expect((await answer(plan, () => ({ otp: codeAt(shift) }))).status).toBe(403);
    expect((await it.find(plan)).state).toBe('waiting');
    expect(it.events()).toEqual(['failed_sign_in']);
  });

  test('counts once: not for another plan, not for signing in', async () => {
    const [plan, other] = [await it.ask(), await it.ask()];
    const code = codeAt();
    await answer(plan, () => ({ otp: code }));
    expect((await answer(other, () => ({ otp: code }))).status).toBe(403);
    const { body } = await at.get('/approvals');
    const fields = { token: fieldOf(body, 'token'), approver: 'ben', otp: code };
    const fresh = await browser(it);
    const front = await fresh.get('/approvals');
    expect((await fresh.post('/approvals/sign-in', { ...fields, token: fieldOf(front.body, 'token') })).status).toBe(403);
    expect((await it.find(other)).state).toBe('waiting');
  });

  test('that is guessed is tried five times, whether one by one or all at once, and then the right one does not count either', async () => {
    const plan = await it.ask();
    const guesses = Array.from({ length: 40 }, (_, i) => String(i).padStart(6, '0')).filter(
      (code) => ![-1, 0, 1].some((s) => codeAt(s) === code),
    );
    await at.get('/approvals'); // now it has its cookie
    const pages = await Promise.all(guesses.map(() => at.get(`/approvals/${plan.id}`)));
    it.pass(2_000);
    const statuses = await Promise.all(
      guesses.map(async (otp, i) => {
        const token = fieldOf(pages[i]?.body ?? '', 'token');
        const posted = await at.post(`/approvals/${plan.id}`, { token, action: 'approve', code: plan.code, approver: 'ben', otp });
        return posted.body.includes('Too many codes') ? 'too many' : posted.status;
      }),
    );
    expect(statuses.filter((status) => status === 403).length).toBe(5);
    expect(statuses.filter((status) => status === 'too many').length).toBe(guesses.length - 5);
    expect((await answer(plan, () => ({ otp: codeAt() }))).status).toBe(403);
    expect((await it.find(plan)).state).toBe('waiting');
    it.pass(15 * 60_000 + 1_000);
    expect((await answer(plan, () => ({ otp: codeAt() }))).status).toBe(303);
  });

  test('that is guessed slowly is tried five times, too', async () => {
    const plan = await it.ask();
    const wrong = () => ['000000', '111111', '222222', '333333'].find((code) => ![-1, 0, 1].some((shift) => codeAt(shift) === code)) ?? '';
    for (let tries = 0; tries < 5; tries += 1) {
      expect((await answer(plan, () => ({ otp: wrong() }))).body).toContain('That code is not valid now');
      it.pass(60_000);
    }
    const refused = await answer(plan, () => ({ otp: codeAt() }));
    expect(refused.body).toContain('Too many codes were wrong');
    expect((await it.find(plan)).state).toBe('waiting');
  });

  test.each([
    ['of nobody', { approver: 'nobody' }],
    ['without saying whose', { approver: '' }],
    ['with letters', { otp: 'abcdef' }],
    ['of full-width digits', { otp: '１２３４５６' }],
  ])('%s approves nothing', async (_, fields) => {
    const plan = await it.ask();
    expect((await answer(plan, () => ({ otp: codeAt(), ...fields }))).status).toBe(403);
    expect((await it.find(plan)).state).toBe('waiting');
  });
});

test('an approver file that was edited by hand approves nothing, and the server stays up', async () => {
  const plan = await it.ask();
  const file = join(it.folder, 'approvers.json');
  const mine = new Secret({ size: 20 });
  const edited = readFileSync(file, 'utf8').replace(secret.base32, mine.base32);
  const { body } = await at.get(`/approvals/${plan.id}`);
  writeFileSync(file, edited);
  it.pass(2_000);
  const otp = new TOTP({ secret: mine }).generate({ timestamp: it.ports.now() });
  const answered = await at.post(`/approvals/${plan.id}`, {
    token: fieldOf(body, 'token'),
    action: 'approve',
    code: plan.code,
    approver: 'ben',
    otp,
  });
  expect(answered.status).toBe(500);
  expect(answered.body).not.toContain(it.folder);
  expect((await it.find(plan)).state).toBe('waiting');
  expect((await at.get('/approvals/style.css')).status).toBe(200);
});
