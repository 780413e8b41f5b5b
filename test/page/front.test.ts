/** The front page, the reveal and the lifting of locks: what a sign-in is good for, and what it is not. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Secret } from '../../src/lib/secret.ts';
import { softPasskey } from './authenticator.ts';
import { approve, browser, challengeIn, fieldOf, HOUR, newPlan, scene, type Answer, type Browser, type Scene } from './scene.ts';

let it: Scene;
beforeEach(async () => {
  it = await scene();
});
afterEach(() => it.close());

async function signIn(at: Browser, passkey = it.passkey): Promise<Answer> {
  const { body } = await at.get('/');
  return at.post('/sign-in', { token: fieldOf(body, 'token'), passkey: passkey.answer(challengeIn(body), at.origin) });
}

describe('the front page', () => {
  test('tells a stranger how much waits and who was enrolled lately, and nothing else', async () => {
    await it.ask();
    const { status, body } = await (await browser(it)).get('/');
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
    const { body } = await at.get('/');
    expect(body).toContain(`/approvals/${waiting.id}`);
    expect(body).toContain('ada.byron@example.com');
    expect(body).toContain('Denied');
    expect(it.events()).toEqual(['signed_in']);
    it.pass(15 * 60_000 + 1);
    expect((await at.get('/')).body).not.toContain('ada.byron');
  });

  test('gives the browser a new name at the sign-in: one that was planted before is worth nothing', async () => {
    const at = await browser(it);
    await at.get('/');
    const planted = at.cookie();
    await signIn(at);
    expect(at.cookie()).not.toBe(planted);
    const thief = await browser(it);
    const { body } = await thief.post('/', {}, { cookie: planted }).then(() => thief.get('/'));
    expect(body).toContain('Sign in to see them');
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
    const { body } = await at.get('/');
    expect((await at.post('/sign-out', { token: fieldOf(body, 'token') })).status).toBe(303);
    expect((await at.get('/')).body).toContain('Sign in to see them');
  });

  test('ends the sign-in of who was removed', async () => {
    const at = await browser(it);
    await signIn(at);
    await it.ports.approvers.remove('anna');
    const { body } = await at.get('/');
    expect(body).toContain('Nobody is enrolled');
    expect(body).toContain('removed');
  });

  test('uses a Secure cookie with the __Host- prefix where it is known to be taken, and a plain one elsewhere', async () => {
    const chromium = await (await browser(it)).get('/');
    expect(chromium.headers['set-cookie']).toEqual([
      expect.stringMatching(/^__Host-[\w-]+=[\w-]{22}; Path=\/; HttpOnly; SameSite=Strict; Secure$/),
    ]);
    const safari = await (await browser(it, 'Mozilla/5.0 Version/18.0 Safari/605.1')).get('/');
    expect(safari.headers['set-cookie']).toEqual([
      expect.stringMatching(/^ory-identity-mcp-\d+=[\w-]{22}; Path=\/; HttpOnly; SameSite=Strict$/),
    ]);
  });
});

describe('a lock', () => {
  async function unlock(at: Browser, passkey = it.passkey): Promise<Answer> {
    const { body } = await at.get('/');
    const form = /<form\s+method="post"\s+action="\/unlock".*?<\/form>/s.exec(body)?.[0] ?? '';
    it.pass(2_000);
    const fields = { token: fieldOf(form, 'token'), principal: 'os:1000:sam', passkey: passkey.answer(challengeIn(form), at.origin) };
    return at.post('/unlock', fields);
  }

  test('is lifted by an approver who has signed in and answers again', async () => {
    await it.ports.store.counters.lock('os:1000:sam');
    const at = await browser(it);
    await signIn(at);
    expect((await unlock(at)).status).toBe(303);
    expect(await it.ports.store.counters.lockedSince('os:1000:sam')).toBeUndefined();
    expect(it.ledger.records.at(-1)).toMatchObject({ event: 'unlocked', requester: 'os:1000:sam', approvers: ['anna'] });
  });

  test('is not lifted by a sign-in alone, by a stranger, by an approver who came after it, nor without a record', async () => {
    await it.ports.store.counters.lock('os:1000:sam');
    const at = await browser(it);
    await signIn(at);
    const { body } = await at.get('/');
    const form = /<form\s+method="post"\s+action="\/unlock".*?<\/form>/s.exec(body)?.[0] ?? '';
    it.pass(2_000);
    expect((await at.post('/unlock', { token: fieldOf(form, 'token'), principal: 'os:1000:sam' })).status).toBe(403);
    expect((await at.post('/unlock', { token: fieldOf(form, 'token'), principal: 'os:1001:kim' })).status).toBe(403);
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

describe('a recovery secret', () => {
  const CODE = '483920';
  async function waiting(at: Browser) {
    const plan = await it.ask(newPlan({ effects: ['takeover'], tool: 'create_recovery_code_for_identity' }));
    await approve(it, at, plan);
    await it.ports.store.plans.claim(plan.id, plan);
    await it.ports.store.plans.finish(plan.id, 'executed');
    it.ports.reveals.keep(plan.id, { values: { 'Recovery code': new Secret(CODE) }, expiresAt: it.ports.now() + 60 * 60_000 });
    return plan;
  }
  async function ask(at: Browser, id: string): Promise<Answer> {
    const { body } = await at.get(`/approvals/${id}`);
    it.pass(2_000);
    return at.post(`/approvals/${id}/reveal`, { token: fieldOf(body, 'token') });
  }

  test('is shown to its approver, once, for a minute, and is in no record', async () => {
    const at = await browser(it);
    const plan = await waiting(at);
    const before = await at.get(`/approvals/${plan.id}`);
    expect(before.body).toContain('Show it now');
    expect(before.body).not.toContain(CODE);
    const shown = await ask(at, plan.id);
    expect(shown.status).toBe(200);
    expect(shown.body).toContain(`<code data-secret>${CODE}</code>`);
    expect(shown.headers['refresh']).toBe(`60; url=/approvals/${plan.id}`);
    expect(shown.headers['cache-control']).toBe('no-store');
    expect((await ask(at, plan.id)).body).not.toContain(CODE);
    expect((await at.get(`/approvals/${plan.id}`)).body).not.toContain(CODE);
    expect(it.events()).toContain('revealed');
    expect(JSON.stringify(it.ledger.records)).not.toContain(CODE);
  });

  test('is not shown to a stranger, to another approver, after a sign-out, after its time, nor without a record', async () => {
    const at = await browser(it);
    const plan = await waiting(at);
    const stranger = await browser(it);
    expect((await stranger.get(`/approvals/${plan.id}`)).body).not.toContain('Show it now');
    expect((await ask(stranger, plan.id)).body).not.toContain(CODE);

    const ben = softPasskey();
    await it.enrol({ id: 'ben', name: 'Ben', passkey: { id: ben.id, publicKey: ben.publicKey, counter: 0 } });
    const other = await browser(it);
    await signIn(other, ben);
    expect((await other.get(`/approvals/${plan.id}`)).body).not.toContain('Show it now');
    expect((await ask(other, plan.id)).status).toBe(403);

    const { body } = await at.get(`/approvals/${plan.id}`);
    const list = await at.get('/');
    await at.post('/sign-out', { token: fieldOf(list.body, 'token') });
    it.pass(2_000);
    expect((await at.post(`/approvals/${plan.id}/reveal`, { token: fieldOf(body, 'token') })).status).toBe(403);

    await signIn(at);
    it.ledger.fail(new Error('EIO'));
    expect((await ask(at, plan.id)).status).toBe(503);
    it.ledger.fail(undefined);
    expect(it.ports.reveals.waitsUntil(plan.id)).toBeDefined();
    it.pass(61 * 60_000);
    await signIn(at);
    expect((await at.get(`/approvals/${plan.id}`)).body).not.toContain('recovery secret waits');
  });

  test('leaves the screen when it expires, if that is sooner', async () => {
    const at = await browser(it);
    const plan = await waiting(at);
    it.pass(59.5 * 60_000);
    await signIn(at);
    const { headers } = await ask(at, plan.id);
    expect(Number(String(headers['refresh']).split(';')[0])).toBeLessThan(30);
  });
});
