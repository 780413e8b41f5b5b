/** The front page and the lifting of locks: what a sign-in is good for, and what it is not. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { problemWithAssertion } from '../../src/audit/assertion.ts';
import { softPasskey } from './authenticator.ts';
import {
  browser,
  challengeIn,
  fieldOf,
  formIn,
  HOUR,
  scene,
  send,
  signIn as signInWith,
  type Answer,
  type Browser,
  type Scene,
} from './scene.ts';

let it: Scene;
beforeEach(async () => {
  it = await scene();
});
afterEach(() => it.close());

const signIn = (at: Browser, passkey = it.passkey) => signInWith(at, passkey);

describe('the front page', () => {
  test('tells a stranger how much waits and who was enrolled lately, and nothing else', async () => {
    await it.ask();
    const { status, body } = await (await browser(it)).get('/approvals');
    expect(status).toBe(200);
    expect(body).toContain('One request waits');
    expect(body).toContain('Anna (passkey)');
    expect(body).not.toMatch(/ada\.byron|os:1000|patch_identity|approvals\/[A-Za-z0-9_-]{22}/);
  });

  test('shows an approver what waits and the last decisions, for fifteen minutes', async () => {
    const waiting = await it.ask();
    const denied = await it.ask();
    await it.ports.store.plans.end(denied.id, 'declined', 'declined');
    const at = await browser(it);
    expect((await signIn(at)).status).toBe(303);
    const { body } = await at.get('/approvals');
    expect(body).toContain(`/approvals/${waiting.id}`);
    expect(body).toContain('ada.byron@example.com');
    expect(body).toContain('Denied');
    expect(it.events()).toEqual(['signed_in']);
    it.pass(15 * 60_000 + 1);
    expect((await at.get('/approvals')).body).not.toContain('ada.byron');
  });

  test('gives the browser a new name at the sign-in: one that was planted before is worth nothing', async () => {
    const at = await browser(it);
    await at.get('/approvals');
    const planted = at.cookie();
    await signIn(at);
    expect(at.cookie()).not.toBe(planted);
    const thief = await browser(it);
    const { body } = await thief.post('/approvals', {}, { cookie: planted }).then(() => thief.get('/approvals'));
    expect(body).toContain('Sign in to see them');
  });

  test('takes a browser that sends two cookies of the name for a new one: another page of this machine may have set the other', async () => {
    const at = await browser(it);
    await signIn(at);
    const common = { 'user-agent': 'Mozilla/5.0 Chrome/150.0' };
    const [name] = (at.cookie() ?? '').split('=');
    const planted = `${name}=${'A'.repeat(22)}`;
    for (const cookie of [`${at.cookie()}; ${planted}`, `${planted}; ${at.cookie()}`]) {
      const { body } = await send(await it.port(), '/approvals', { headers: { ...common, cookie } });
      expect(body).toContain('Sign in to see them');
    }
    expect((await send(await it.port(), '/approvals', { headers: { ...common, cookie: at.cookie() } })).body).toContain(
      'Signed in as Anna',
    );
  });

  test('a sign-in is no approval, and its challenge is none for a plan', async () => {
    const plan = await it.ask();
    const at = await browser(it);
    await signIn(at);
    const { body } = await at.get(`/approvals/${plan.id}`);
    it.pass(2_000);
    expect((await at.post(`/approvals/${plan.id}`, { token: fieldOf(body, 'token'), action: 'approve', code: plan.code })).status).toBe(
      403,
    );
    expect((await it.find(plan)).state).toBe('waiting');
  });

  test('signs out', async () => {
    const at = await browser(it);
    await signIn(at);
    const { body } = await at.get('/approvals');
    expect((await at.post('/approvals/sign-out', { token: fieldOf(body, 'token') })).status).toBe(303);
    expect((await at.get('/approvals')).body).toContain('Sign in to see them');
  });

  test('ends the sign-in of who was removed', async () => {
    const at = await browser(it);
    await signIn(at);
    await it.ports.approvers.remove('anna');
    const { body } = await at.get('/approvals');
    expect(body).toContain('Nobody is enrolled');
    expect(body).toContain('removed');
  });

  test('uses a Secure cookie with the __Host- prefix where it is known to be taken, and a plain one elsewhere', async () => {
    const chromium = await (await browser(it)).get('/approvals');
    expect(chromium.headers['set-cookie']).toEqual([
      expect.stringMatching(/^__Host-[\w-]+=[\w-]{22}; Path=\/; HttpOnly; SameSite=Strict; Secure$/),
    ]);
    const safari = await (await browser(it, 'Mozilla/5.0 Version/18.0 Safari/605.1')).get('/approvals');
    expect(safari.headers['set-cookie']).toEqual([
      expect.stringMatching(/^ory-identity-mcp-\d+=[\w-]{22}; Path=\/; HttpOnly; SameSite=Strict$/),
    ]);
  });
});

describe('a lock', () => {
  async function unlock(at: Browser, passkey = it.passkey): Promise<Answer> {
    const { body } = await at.get('/approvals');
    const form = formIn(body, '/approvals/unlock');
    it.pass(2_000);
    const fields = { token: fieldOf(form, 'token'), principal: 'os:1000:sam', passkey: passkey.answer(challengeIn(form), at.origin) };
    return at.post('/approvals/unlock', fields);
  }

  test('is lifted by an approver who has signed in and answers again', async () => {
    await it.ports.store.counters.lock('os:1000:sam');
    const at = await browser(it);
    await signIn(at);
    expect((await unlock(at)).status).toBe(303);
    expect(await it.ports.store.counters.lockedSince('os:1000:sam')).toBeUndefined();
    const record = it.ledger.records.at(-1);
    expect(record).toMatchObject({ event: 'unlocked', requester: 'os:1000:sam', approvers: ['anna'] });
    expect(record?.assertion && (await problemWithAssertion(record, record.assertion))).toBeUndefined();
  });

  test('is not lifted by an approver of today, whatever the policy of the page says', async () => {
    it.rules.approvers = { ...it.rules.approvers, waitHours: 0 };
    const today = softPasskey();
    const credential = { id: today.id, publicKey: today.publicKey, counter: 0 };
    await it.enrol({ id: 'today', name: 'Today', enrolledAt: it.ports.now() - HOUR, passkey: credential });
    await it.ports.store.counters.lock('os:1000:sam');
    const at = await browser(it);
    expect((await signIn(at, today)).status).toBe(303);
    expect((await unlock(at, today)).status).toBe(403);
    expect(await it.ports.store.counters.lockedSince('os:1000:sam')).toBeDefined();
  });

  test('is not lifted by a sign-in alone, by a stranger, by an approver who came after it, nor without a record', async () => {
    await it.ports.store.counters.lock('os:1000:sam');
    const at = await browser(it);
    await signIn(at);
    const { body } = await at.get('/approvals');
    const form = formIn(body, '/approvals/unlock');
    it.pass(2_000);
    expect((await at.post('/approvals/unlock', { token: fieldOf(form, 'token'), principal: 'os:1000:sam' })).status).toBe(403);
    expect((await at.post('/approvals/unlock', { token: fieldOf(form, 'token'), principal: 'os:1001:kim' })).status).toBe(403);
    const late = softPasskey();
    await it.enrol({
      id: 'late',
      name: 'Late',
      enrolledAt: it.ports.now() + 1_000,
      passkey: { id: late.id, publicKey: late.publicKey, counter: 0 },
    });
    it.pass(30 * HOUR);
    const other = await browser(it);
    await signIn(other, late);
    expect((await unlock(other, late)).status).toBe(403);
    await signIn(other);
    it.ledger.fail(new Error('EIO'));
    expect((await unlock(other)).status).toBe(503);
    expect(await it.ports.store.counters.lockedSince('os:1000:sam')).toBeDefined();
  });
});

describe('a freeze', () => {
  const FROZE = '2026-01-31T18:30:00.000Z os:1000:sam: odd calls <b>\u202e';
  async function thaw(at: Browser, passkey = it.passkey): Promise<Answer> {
    const { body } = await at.get('/approvals');
    const form = formIn(body, '/approvals/thaw');
    it.pass(2_000);
    const fields = {
      token: fieldOf(form, 'token'),
      freeze: fieldOf(form, 'freeze'),
      passkey: passkey.answer(challengeIn(form), at.origin),
    };
    return at.post('/approvals/thaw', fields);
  }
  /** Since now, so that approvers of before count. */
  const freeze = () => it.ports.store.freeze(`${new Date(it.ports.now()).toISOString()} os:1000:sam: odd calls`);

  test('is shown with why and since when to an approver who has signed in; a stranger hears that it is there', async () => {
    await it.ports.store.freeze(FROZE);
    await it.ports.store.freeze('2026-02-01T08:00:00.000Z os:1000:kim');
    const at = await browser(it);
    const { body: seen } = await at.get('/approvals');
    expect(seen).toContain('All changes are frozen');
    expect(seen).not.toMatch(/odd calls|approvals\/thaw/);
    await signIn(at);
    const { body } = await at.get('/approvals');
    expect(body).toContain('<time datetime="2026-01-31T18:30:00.000Z">');
    expect(body).toContain('os:1000:sam: odd calls &lt;b&gt;');
    expect(body).toContain('os:1000:kim');
    expect(body).not.toContain('\u202e');
  });

  test('is lifted by an approver who answers again, whoever froze: on record first, with the signature', async () => {
    await freeze();
    const at = await browser(it);
    await signIn(at);
    expect((await at.get('/approvals')).body).toContain('<script'); // a passkey needs it
    expect((await thaw(at)).status).toBe(303);
    expect(await it.ports.store.isFrozen()).toBe(false);
    const record = it.ledger.records.at(-1);
    expect(record).toMatchObject({ event: 'thawed', approvers: ['anna'], method: 'passkey', decision_source: 'person' });
    expect(record?.assertion && (await problemWithAssertion(record, record.assertion))).toBeUndefined();
    expect((await at.get('/approvals')).body).not.toContain('frozen');
  });

  test('is not lifted by a sign-in alone, by a stranger, too quickly, with a form used before, nor without a record', async () => {
    await freeze();
    const at = await browser(it);
    await signIn(at);
    const form = formIn((await at.get('/approvals')).body, '/approvals/thaw');
    const fields = { token: fieldOf(form, 'token'), freeze: fieldOf(form, 'freeze') };
    const passkey = it.passkey.answer(challengeIn(form), at.origin);
    expect((await at.post('/approvals/thaw', { ...fields, passkey })).status).toBe(425);
    it.pass(2_000);
    expect((await at.post('/approvals/thaw', { ...fields, passkey })).status).toBe(409);
    const second = formIn((await at.get('/approvals')).body, '/approvals/thaw');
    it.pass(2_000);
    const alone = { token: fieldOf(second, 'token'), freeze: fieldOf(second, 'freeze') };
    expect((await at.post('/approvals/thaw', alone)).status).toBe(403);
    const stranger = await browser(it);
    await stranger.get('/approvals');
    expect((await stranger.post('/approvals/thaw', { ...alone, passkey })).status).toBe(403);
    it.ledger.fail(new Error('EIO'));
    expect((await thaw(at)).status).toBe(503);
    expect(await it.ports.store.isFrozen()).toBe(true);
    expect(it.events()).not.toContain('thawed');
  });

  test('that came after the page was served is not lifted with it', async () => {
    await freeze();
    const at = await browser(it);
    await signIn(at);
    const form = formIn((await at.get('/approvals')).body, '/approvals/thaw');
    it.pass(2_000);
    await it.ports.store.freeze('worse');
    const fields = {
      token: fieldOf(form, 'token'),
      freeze: fieldOf(form, 'freeze'),
      passkey: it.passkey.answer(challengeIn(form), at.origin),
    };
    const { status, body } = await at.post('/approvals/thaw', fields);
    expect([status, body.includes('frozen anew'), body.includes('worse')]).toEqual([409, true, true]);
    expect(await it.ports.store.isFrozen()).toBe(true);
  });

  test('is not lifted by who was enrolled within the last day or after it, whatever the policy of the page says', async () => {
    it.rules.approvers = { ...it.rules.approvers, waitHours: 0 };
    await freeze();
    const people = [
      ['today', it.ports.now() - HOUR],
      ['late', it.ports.now() + 1_000],
    ] as const;
    for (const [id, enrolledAt] of people) {
      const passkey = softPasskey();
      await it.enrol({ id, name: id, enrolledAt, passkey: { id: passkey.id, publicKey: passkey.publicKey, counter: 0 } });
      if (id === 'late') it.pass(30 * HOUR);
      const at = await browser(it);
      await signIn(at, passkey);
      expect((await thaw(at, passkey)).status).toBe(403);
    }
    expect(await it.ports.store.isFrozen()).toBe(true);
  });

  test('that nobody may lift yet offers no form, and names the command', async () => {
    await it.ports.store.freeze(FROZE);
    const at = await browser(it);
    await signIn(at);
    const { body } = await at.get('/approvals');
    expect(formIn(body, '/approvals/thaw')).toBe('');
    expect(body).toContain('ory-identity-mcp thaw');
  });
});
