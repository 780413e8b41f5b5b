/** Approving with the company's provider: what counts, and all that does not; each request at another replica. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { Secret } from '../../src/lib/secret.ts';
import { createLogin } from '../../src/page/login.ts';
import type { PlanRecord } from '../../src/store/types.ts';
import { startProvider, type TestProvider } from '../support/provider.ts';
import { oidcScene, onwards, PEOPLE, type OidcBrowser, type OidcScene } from './oidc-scene.ts';
import { fieldOf, formIn, HOUR } from './scene.ts';

let provider: TestProvider;
let it: OidcScene;
let at: OidcBrowser;
beforeAll(async () => {
  provider = await startProvider({ people: { ...PEOPLE, sam: { groups: ['iam'], name: 'Sam' } } });
});
afterAll(() => provider.close());
beforeEach(async () => {
  it = await oidcScene({ provider });
  at = it.browser();
});
afterEach(async () => {
  for (const path of ['/token', '/me', '/jwks', '/.well-known/openid-configuration']) provider.intercept(path, undefined);
  await it.close();
});

const path = ({ id }: PlanRecord): string => `/approvals/${id}`;
async function expectWaiting(plan: PlanRecord): Promise<void> {
  expect(await it.find(plan)).toMatchObject({ state: 'waiting', decided: [] });
  expect(it.events()).not.toContain('approved');
}

describe('a yes', () => {
  test('counts after a fresh login of an approver, and is on record with who it was', async () => {
    const plan = await it.ask({ policyHash: 'policy', renderHash: 'render', requires: { reason: true, ticket: 'SUP-[0-9]+' } });
    expect((await at.signIn('anna', plan)).headers['location']).toBe(path(plan));
    const answer = await at.approve(plan, 'anna', { reason: 'asked by phone', ticket: 'SUP-7' });
    expect([answer.status, answer.headers['location']]).toEqual([303, path(plan)]);
    const by = it.person('anna');
    expect(await it.find(plan)).toMatchObject({
      state: 'approved',
      decided: [{ by, name: 'Anna Admin (Anna@example.com)', method: 'oidc', reason: 'asked by phone', ticket: 'SUP-7' }],
    });
    expect(it.ledger.records).toMatchObject([
      { event: 'signed_in', method: 'oidc', approvers: [by] },
      {
        event: 'approved',
        plan_id: plan.id,
        digest: plan.digest,
        method: 'oidc',
        approvers: [by],
        decision_source: 'person',
        policy_hash: 'policy',
        render_hash: 'render',
        ticket: 'SUP-7',
      },
    ]);
    const { body } = await at.get(path(plan));
    expect(body).toContain('say “continue”');
    expect(body).toContain('Anna Admin (Anna@example.com), by sign-in');
  });

  test('asks the provider for a login of its own: code with PKCE, state, nonce, max_age=0 and prompt=login; a sign-in to look does not', async () => {
    const plan = await it.ask();
    const looking = new URL(onwards(await at.submit('/approvals', '/approvals/sign-in')));
    expect(Object.fromEntries(looking.searchParams)).toEqual({
      client_id: 'page',
      response_type: 'code',
      redirect_uri: `${it.origin}/approvals/callback`,
      scope: 'openid profile email',
      state: expect.stringMatching(/^[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      code_challenge_method: 'S256',
    });
    await at.signIn('anna');
    const approving = await at.submit(path(plan), path(plan), { action: 'approve', code: plan.code });
    const asked = new URL(onwards(approving)).searchParams;
    expect([asked.get('max_age'), asked.get('prompt')]).toEqual(['0', 'login']);
    expect(asked.get('state')).not.toBe(looking.searchParams.get('state'));
    expect([...asked.values(), ...looking.searchParams.values()].join(' ')).not.toContain(plan.id);
    await expectWaiting(plan);
  });

  test('wants code, reason and ticket before anybody is sent anywhere', async () => {
    const plan = await it.ask({ requires: { reason: true, ticket: undefined } });
    await at.signIn('anna');
    for (const fields of [{ code: 'ZZZZ', reason: 'x' }, { reason: '' }]) {
      const answer = await at.submit(path(plan), path(plan), { action: 'approve', code: plan.code, ...fields });
      expect([answer.status, onwards(answer)]).toEqual([422, '']);
    }
    await expectWaiting(plan);
  });

  test('is not taken where it can’t be recorded', async () => {
    const plan = await it.ask();
    await at.signIn('anna');
    it.ledger.fail(new Error('ENOSPC'));
    expect((await at.approve(plan, 'anna')).status).toBe(503);
    it.ledger.fail(undefined);
    await expectWaiting(plan);
  });

  test('of a sign-in alone is none, however fresh it is', async () => {
    const plan = await it.ask();
    await at.signIn('anna', plan);
    const answer = await at.submit(path(plan), path(plan), { action: 'approve', code: plan.code });
    expect(onwards(answer)).toContain(provider.issuer);
    await expectWaiting(plan);
  });

  test('sooner than anybody reads is refused', async () => {
    const plan = await it.ask();
    await at.signIn('anna');
    const { body } = await at.get(path(plan));
    const token = /name="action" value="approve"/.test(body) ? (/name="token" value="([^"]*)"/.exec(body)?.[1] ?? '') : '';
    const answer = await at.post(path(plan), { token, action: 'approve', code: plan.code });
    expect(answer.status).toBe(425);
    await expectWaiting(plan);
  });

  test('counts by whichever replica: shown by one, begun at the next, ended at the third', async () => {
    const plan = await it.ask();
    it.answerBy(0);
    await at.signIn('anna');
    it.answerBy(1);
    const begun = await at.submit(path(plan), path(plan), { action: 'approve', code: plan.code });
    it.answerBy(2);
    expect((await at.back(await at.toProvider(begun, 'anna'))).status).toBe(303);
    it.answerBy(0);
    expect((await at.get(path(plan))).body).toContain('Approved, not carried out yet');
  });
});

describe('a login', () => {
  const authTime = (secondsAgo: number) => ({ authTime: Math.floor(Date.now() / 1000) - secondsAgo });

  test.each([
    ['of a minute ago', 60],
    ['of ten seconds ago', 10],
    ['of the future', -60],
  ])('%s approves nothing, and the page says what is wrong', async (_, secondsAgo) => {
    const plan = await it.ask();
    await at.signIn('anna');
    const begun = await at.submit(path(plan), path(plan), { action: 'approve', code: plan.code });
    provider.signInAs('anna', authTime(secondsAgo));
    const answer = await at.back(await at.toProvider(begun));
    expect(answer.status).toBe(403);
    expect(answer.body).toMatch(secondsAgo > 0 ? /fresh sign-in/ : /clocks/);
    expect(it.ledger.records.at(-1)).toMatchObject({
      event: 'failed_sign_in',
      method: 'oidc',
      plan_id: plan.id,
      approvers: [it.person('anna')],
      outcome: secondsAgo > 0 ? 'auth_time stale' : 'auth_time ahead',
    });
    await expectWaiting(plan);
  });

  test('that took more than five minutes approves nothing', async () => {
    const plan = await it.ask();
    await at.signIn('anna');
    const begun = await at.submit(path(plan), path(plan), { action: 'approve', code: plan.code });
    const back = await at.toProvider(begun, 'anna');
    it.pass(5 * 60_000 + 1);
    expect((await at.back(back)).status).toBe(403);
    await expectWaiting(plan);
  });

  test('of somebody else than who began approves nothing, approver or not', async () => {
    const plan = await it.ask();
    await at.signIn('anna');
    for (const other of ['dora', 'ben']) {
      const answer = await at.approve(plan, other);
      expect([answer.status, answer.body.includes('somebody else')]).toEqual([403, true]);
    }
    await expectWaiting(plan);
  });

  test('of the requester approves nothing that policy wants somebody else for, and what it allows', async () => {
    const sam = { person: it.person('sam') };
    await at.signIn('sam');
    for (const plan of [await it.ask({ ...sam, others: true }), await it.ask({ ...sam, approvals: 2 })]) {
      const { body } = await at.get(path(plan));
      expect(body).toContain('is the requester');
      const answer = await at.submit(path(plan), path(plan), { action: 'approve', code: plan.code });
      expect([answer.status, onwards(answer)]).toEqual([403, '']);
      await expectWaiting(plan);
    }
    const own = await it.ask(sam);
    expect((await at.approve(own, 'sam')).status).toBe(303);
  });

  test('approves nothing where another is wanted and nobody can tell who asked, and says what the operator does', async () => {
    await at.signIn('anna');
    for (const person of [undefined, 'anna@example.com', 'https://other.example.com|anna']) {
      const given = { others: true, ...(person === undefined ? {} : { person }) };
      const asked = await it.store.plans.ask(
        { ...(await it.ask(given)), digest: `d${person}`, request: `r${person}` },
        { waiting: 20, waitingInAll: 50 },
      );
      const plan = asked.kind === 'plan' ? asked.plan : undefined;
      if (plan === undefined) throw new Error(asked.kind);
      const record = person === undefined ? await withoutPerson() : plan;
      expect((await at.get(path(record))).body).toMatch(
        person === undefined ? /token add --owner/ : /another provider, or by another claim/,
      );
      const answer = await at.submit(path(record), path(record), { action: 'approve', code: record.code });
      expect([answer.status, onwards(answer)]).toEqual([403, '']);
    }
  });
  async function withoutPerson(): Promise<PlanRecord> {
    const { person: _, ...rest } = await it.ask({ others: true });
    const asked = await it.store.plans.ask({ ...rest, digest: 'unowned', request: 'unowned' }, { waiting: 20, waitingInAll: 50 });
    if (asked.kind !== 'plan') throw new Error(asked.kind);
    expect(asked.plan.person).toBeUndefined();
    return asked.plan;
  }

  test('of somebody whom policy does not name approves nothing; nobody is named where it names nobody', async () => {
    const plan = await it.ask();
    expect((await at.signIn('ben')).status).toBe(303);
    const { body } = await at.get(path(plan));
    expect(body).toContain('Not for you to see');
    const answer = await at.submit(path(plan), path(plan), { action: 'approve', code: plan.code });
    expect([answer.status, onwards(answer)]).toEqual([403, '']);
    it.rules.who = [];
    await at.signIn('anna');
    expect((await at.get('/approvals')).body).toContain('It names nobody at all');
    expect(onwards(await at.submit(path(plan), path(plan), { action: 'approve', code: plan.code }))).toBe('');
    await expectWaiting(plan);
  });

  test('of somebody who is named no more when they come back approves nothing', async () => {
    const plan = await it.ask();
    await at.signIn('anna');
    const begun = await at.submit(path(plan), path(plan), { action: 'approve', code: plan.code });
    it.rules.who = [[{ path: ['groups'], globs: ['other'] }]];
    expect((await at.back(await at.toProvider(begun, 'anna'))).status).toBe(403);
    expect((await at.get('/approvals')).body).not.toContain('ada.byron');
    await expectWaiting(plan);
  });

  test('that the person gave up approves nothing, and nothing that the provider wrote is shown', async () => {
    const plan = await it.ask();
    await at.signIn('anna');
    const begun = await at.submit(path(plan), path(plan), { action: 'approve', code: plan.code });
    provider.signInAs(undefined);
    const answer = await at.back(await at.toProvider(begun));
    expect(answer.status).toBe(403);
    expect(answer.body).toContain('let nobody in');
    expect(answer.body).not.toContain('nobody signs in'); // its error_description
    await expectWaiting(plan);
  });

  test('counts once: the same answer again, also of two at the same time, does nothing more', async () => {
    const [plan, other] = [await it.ask({ approvals: 2 }), await it.ask()];
    await at.signIn('anna');
    const back = await at.toProvider(await at.submit(path(plan), path(plan), { action: 'approve', code: plan.code }), 'anna');
    const asked = () => provider.requests.get('/token') ?? 0;
    const before = asked();
    const all = Array.from({ length: 20 }, () => at.get(back, { 'sec-fetch-site': 'same-origin' }));
    const statuses = (await Promise.all(all)).map(({ status }) => status);
    expect(asked() - before).toBe(1); // the others are not even asked about
    expect(statuses.toSorted((a, b) => a - b)).toEqual([303, ...Array(19).fill(403)]);
    expect((await at.back(back)).status).toBe(403);
    expect((await it.find(plan)).decided).toHaveLength(1);
    await at.submit(path(other), path(other), { action: 'approve', code: other.code }); // begun, and not ended by that
    expect((await at.back(back)).status).toBe(403);
    expect(await it.find(other)).toMatchObject({ state: 'waiting' });
    expect(it.events().filter((event) => event === 'approved')).toHaveLength(1);
  });

  test('that was begun for one plan approves no other', async () => {
    const [plan, other] = [await it.ask(), await it.ask()];
    await at.signIn('anna');
    const first = await at.toProvider(await at.submit(path(plan), path(plan), { action: 'approve', code: plan.code }), 'anna');
    const second = await at.toProvider(await at.submit(path(other), path(other), { action: 'approve', code: other.code }), 'anna');
    const [a, b] = [new URL(first, it.origin).searchParams, new URL(second, it.origin).searchParams];
    const mixed = new URLSearchParams({ ...Object.fromEntries(b), code: a.get('code') ?? '' });
    expect((await at.back(`/approvals/callback?${mixed.toString()}`)).status).toBe(403); // the verifier and the nonce are another login's
    await expectWaiting(other);
    expect((await at.approve(plan, 'anna')).status).toBe(303);
    expect([(await it.find(plan)).state, (await it.find(other)).state]).toEqual(['approved', 'waiting']);
  });

  test('of another browser, with a foreign, missing or doubled state, or another issuer does nothing, and uses nothing up', async () => {
    const plan = await it.ask();
    await at.signIn('anna');
    const back = await at.toProvider(await at.submit(path(plan), path(plan), { action: 'approve', code: plan.code }), 'anna');
    const foreign = it.browser();
    await foreign.get('/approvals');
    expect((await foreign.back(back)).status).toBe(403);
    await foreign.signIn('anna'); // also one of the same person
    expect((await foreign.back(back)).status).toBe(403);
    const query = new URL(back, it.origin).searchParams;
    const without = new URLSearchParams([...query].filter(([name]) => name !== 'state'));
    const other = new URLSearchParams({ ...Object.fromEntries(query), state: 'A'.repeat(43) });
    for (const its of [without, other, `${query.toString()}&state=${query.get('state')}`]) {
      expect((await at.back(`/approvals/callback?${its.toString()}`)).status).toBe(403);
    }
    await expectWaiting(plan);
    expect((await at.back(back)).status).toBe(303);
  });

  test('whose answer names another issuer does nothing', async () => {
    const plan = await it.ask();
    await at.signIn('anna');
    const back = await at.toProvider(await at.submit(path(plan), path(plan), { action: 'approve', code: plan.code }), 'anna');
    expect((await at.back(back.replace(/iss=[^&]*/, 'iss=https%3A%2F%2Fevil.example'))).status).toBe(403);
    await expectWaiting(plan);
  });
});

describe('an ID token', () => {
  /** In place of the provider's own: all good but for what is given. */
  async function answerWith(
    claims: Readonly<Record<string, unknown>>,
    header: Readonly<Record<string, unknown>> = {},
    more: Readonly<Record<string, unknown>> = { groups: ['iam'] },
  ) {
    const plan = await it.ask();
    await at.signIn('anna');
    const begun = await at.submit(path(plan), path(plan), { action: 'approve', code: plan.code });
    const nonce = new URL(onwards(begun)).searchParams.get('nonce');
    const back = await at.toProvider(begun, 'anna');
    const now = Math.floor(Date.now() / 1000);
    const good = { sub: 'anna', nonce, auth_time: now, iat: now, groups: ['iam'], scope: undefined, client_id: undefined };
    const token = await provider.sign('page', { header: { typ: 'JWT', ...header }, claims: { ...good, ...claims } });
    const body = JSON.stringify({ access_token: 'x', token_type: 'Bearer', id_token: token });
    provider.intercept('/token', (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(body));
    provider.intercept(
      '/me',
      (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ sub: 'anna', ...more })),
    );
    return { plan, answer: await at.back(back) };
  }
  const now = Math.floor(Date.now() / 1000);

  test('that is as it should be counts, so that the others are refused for their flaw', async () => {
    const { plan, answer } = await answerWith({});
    expect(answer.status).toBe(303);
    expect((await it.find(plan)).state).toBe('approved');
  });

  test('says more than the userinfo, which is not signed', async () => {
    const { plan, answer } = await answerWith({ groups: ['staff'] });
    expect(answer.status).toBe(403);
    await expectWaiting(plan);
  });

  test('with more beside it than can be kept lets nobody in', async () => {
    const { plan, answer } = await answerWith({}, {}, { roles: Array.from({ length: 6_000 }, (_, index) => `role-${index}`) });
    expect([answer.status, answer.body.includes('fewer groups')]).toEqual([403, true]);
    await expectWaiting(plan);
  });

  interface Flawed {
    readonly what: string;
    readonly claims?: Readonly<Record<string, unknown>>;
    readonly header?: Readonly<Record<string, unknown>>;
  }
  test.each<Flawed>([
    { what: 'with auth_time as a text', claims: { auth_time: String(now) } },
    { what: 'with auth_time in milliseconds', claims: { auth_time: now * 1000 } },
    { what: 'with another nonce', claims: { nonce: 'A'.repeat(43) } },
    { what: 'without nonce', claims: { nonce: undefined } },
    { what: 'of another issuer', claims: { iss: 'https://evil.example' } },
    { what: 'for another client', claims: { aud: 'agent' } },
    { what: 'for several clients', claims: { aud: ['page', 'agent'] } },
    { what: 'that is over', claims: { exp: now - 3600 } },
    { what: 'of another subject than the userinfo', claims: { sub: 'dora' } },
    { what: 'without subject', claims: { sub: undefined } },
    { what: 'of a key that nobody knows', header: { kid: 'unknown' } },
  ])('$what approves nothing', async ({ claims = {}, header }) => {
    const { plan, answer } = await answerWith(claims, header);
    expect(answer.status).toBe(403);
    await expectWaiting(plan);
  });

  test('without auth_time approves nothing, and the page says what the operator does', async () => {
    const { plan, answer } = await answerWith({ auth_time: undefined });
    expect(answer.status).toBe(403);
    expect(answer.body).toMatch(/did not say when you signed in.*docs\/approvals\.md/s);
    expect(it.ledger.records.at(-1)).toMatchObject({ outcome: 'auth_time missing' });
    await expectWaiting(plan);
  });
});

describe('two approvers', () => {
  test('are two persons: the second yes of one is refused, in any browser; another one completes it', async () => {
    const plan = await it.ask({ approvals: 2 });
    await at.signIn('anna');
    expect((await at.approve(plan, 'anna')).status).toBe(303);
    expect(await it.find(plan)).toMatchObject({ state: 'waiting', decided: [{ by: it.person('anna') }] });
    for (const again of [at, it.browser()]) {
      await again.signIn('anna');
      expect((await again.get(path(plan))).body).toContain('has approved this already');
      const answer = await again.submit(path(plan), path(plan), { action: 'approve', code: plan.code });
      expect([answer.status, onwards(answer)]).toEqual([403, '']);
    }
    const doras = it.browser();
    await doras.signIn('dora');
    expect((await doras.get(path(plan))).body).toContain('Anna Admin (Anna@example.com) approved this');
    expect((await doras.approve(plan, 'dora')).status).toBe(303);
    expect((await it.find(plan)).state).toBe('approved');
  });

  test('of whom one begins twice at the same time are one', async () => {
    const plan = await it.ask({ approvals: 2 });
    const annas = [it.browser(), it.browser()];
    const backs: string[] = [];
    for (const one of annas) {
      await one.signIn('anna');
      backs.push(await one.toProvider(await one.submit(path(plan), path(plan), { action: 'approve', code: plan.code }), 'anna'));
    }
    const statuses = await Promise.all(annas.map(async (one, index) => (await one.back(backs[index] ?? '')).status));
    expect(statuses.toSorted((a, b) => a - b)[0]).toBe(303);
    expect(statuses).not.toEqual([303, 303]);
    expect(await it.find(plan)).toMatchObject({ state: 'waiting', decided: [{ by: it.person('anna') }] });
  });
});

describe('somebody who has not signed in', () => {
  test('sees nothing about accounts or people, and can deny or disown', async () => {
    const [plan, denied] = [await it.ask(), await it.ask()];
    const { body } = await at.get(path(plan));
    expect(body).not.toMatch(/ada|sam-principal|01890000|os:1000|traits/);
    expect((await at.get('/approvals')).body).not.toMatch(/ada|waits|enrolled/);
    expect((await at.submit(path(denied), path(denied), { action: 'deny' })).status).toBe(303);
    expect((await it.find(denied)).state).toBe('declined');
    expect(it.ledger.records).toMatchObject([{ event: 'declined', method: 'none' }]);
    expect((await at.get(path(denied))).body).not.toMatch(/ada|sam-principal|01890000|os:1000|traits/);
    await at.submit(path(plan), path(plan), { action: 'disown' });
    expect(await it.store.counters.lockedSince('sam-principal')).toBeDefined();
  });

  test('has no way to a yes, by any field', async () => {
    const plan = await it.ask({ kind: 'confirm', approvals: 0 });
    const fields = { action: 'approve', code: plan.code, phrase: plan.phrase, approver: 'anna', otp: '123456', passkey: '{}' };
    const answer = await at.submit(path(plan), path(plan), fields);
    expect([answer.status, onwards(answer)]).toEqual([403, '']);
    await expectWaiting(plan);
  });

  test('arrives at the plan after the sign-in; who asked sees it, too, and no other’s', async () => {
    const [own, other] = [await it.ask({ person: it.person('ben') }), await it.ask()];
    expect((await at.signIn('ben', own)).headers['location']).toBe(path(own));
    expect((await at.get(path(own))).body).toContain('ada.byron@example.com');
    expect((await at.get(path(own))).body).toContain('does not name');
    expect((await at.get(path(other))).body).not.toContain('ada.byron');
    expect((await at.get('/approvals')).body).not.toContain('ada.byron');
  });

  test('can put no address of theirs into the way back', async () => {
    for (const plan of ['//evil.example', '../x', 'A'.repeat(22)]) {
      const answer = await at.submit('/approvals', '/approvals/sign-in', { plan });
      expect(onwards(answer)).toBe(''); // the form was for the front page
    }
  });
});

describe('a sign-in', () => {
  test('lasts for fifteen minutes, and ends with a sign-out at any replica', async () => {
    await it.ask();
    await at.signIn('anna');
    expect((await at.get('/approvals')).body).toContain('ada.byron');
    it.answerBy(1);
    expect((await at.submit('/approvals', '/approvals/sign-out')).status).toBe(303);
    it.answerBy(2);
    expect((await at.get('/approvals')).body).not.toContain('ada.byron');
    await at.signIn('anna');
    it.pass(15 * 60_000 + 1);
    expect((await at.get('/approvals')).body).not.toContain('ada.byron');
  });

  test('gives the browser a new name, and is nowhere in the store by that name', async () => {
    await at.get('/approvals');
    const planted = at.cookie();
    await at.signIn('anna');
    expect(at.cookie()).not.toBe(planted);
    const thief = it.browser();
    expect((await thief.get('/approvals', { cookie: planted })).body).not.toContain('Signed in');
    const [, value = ''] = (at.cookie() ?? '').split('=');
    for (const name of [value, `sign-in ${value}`, `page ${value}`]) expect(await it.kept.get(name)).toBeUndefined();
  });

  test('shows a name of the person’s own choice beside what is theirs alone, as text', async () => {
    await at.signIn('eve');
    const { body } = await at.get('/approvals');
    expect(body).toContain(`&lt;b&gt;Anna Admin&lt;/b&gt; (${it.provider.issuer}|eve)`);
    expect(body).not.toContain('\u202e');
  });

  test('is not possible while the provider is away: denying is, and it comes back by itself', async () => {
    const plan = await it.ask();
    await provider.down();
    try {
      const answer = await at.submit('/approvals', '/approvals/sign-in');
      expect(answer.status).toBe(503);
      expect(answer.body).toContain('does not answer');
      expect((await at.submit(path(plan), path(plan), { action: 'deny' })).status).toBe(303);
      expect(it.logs.join('')).toContain('"check":"discovery"');
    } finally {
      await provider.up();
    }
    expect((await at.signIn('anna')).status).toBe(303);
  });

  test('and a yes fail where the provider goes away in between, with nothing decided', async () => {
    const plan = await it.ask();
    await at.signIn('anna');
    const back = await at.toProvider(await at.submit(path(plan), path(plan), { action: 'approve', code: plan.code }), 'anna');
    await provider.down();
    try {
      expect((await at.back(back)).status).toBe(403);
      await expectWaiting(plan);
    } finally {
      await provider.up();
    }
    expect((await at.approve(plan, 'anna')).status).toBe(303);
  });

  test('and a yes fail within seconds where the provider hangs', async () => {
    const plan = await it.ask();
    await at.signIn('anna');
    const back = await at.toProvider(await at.submit(path(plan), path(plan), { action: 'approve', code: plan.code }), 'anna');
    provider.intercept('/token', () => {});
    const begun = performance.now();
    expect((await at.back(back)).status).toBe(403);
    expect(performance.now() - begun).toBeLessThan(9_000);
    await expectWaiting(plan);
  });

  test('goes on after the provider changed its keys', async () => {
    await at.signIn('anna');
    await provider.rotate();
    const once = (await at.signIn('anna')).status;
    expect([303, 403]).toContain(once); // a replica that knows the old keys asks for the new ones at the next login
    for (const _ of [1, 2, 3]) await at.signIn('anna');
    expect((await at.signIn('anna')).status).toBe(303);
  });
});

describe('a recovery secret', () => {
  async function waiting(): Promise<PlanRecord> {
    const plan = await it.ask({ tool: 'create_recovery_code_for_identity' });
    await at.signIn('anna');
    await at.approve(plan, 'anna');
    await it.store.plans.claim(plan.id, plan);
    await it.store.plans.finish(plan.id, 'executed');
    await it.reveals.keep(plan.id, {
      values: { 'Recovery code': new Secret('483920') },
      about: '“ada@example.com”',
      expiresAt: it.now() + HOUR,
    });
    return plan;
  }
  const begin = (plan: PlanRecord, by = at) => by.submit(path(plan), `${path(plan)}/reveal`);

  test('is shown to who approved, after a fresh login, once, for a minute', async () => {
    const plan = await waiting();
    const back = await at.toProvider(await begin(plan), 'anna');
    const answer = await at.back(back);
    expect(answer.status).toBe(200);
    expect(answer.body).toContain('<code data-secret>483920</code>');
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', refresh: `60; url=${path(plan)}` });
    expect((await at.back(back)).body).not.toContain('483920');
    expect((await begin(plan)).body).not.toContain('483920');
    expect(it.ledger.records.at(-1)).toMatchObject({ event: 'revealed', method: 'oidc', approvers: [it.person('anna')], plan_id: plan.id });
    expect(JSON.stringify(it.ledger.records)).not.toContain('483920');
  });

  test('is not shown to somebody who is an approver no more when they come back', async () => {
    const plan = await waiting();
    const back = await at.toProvider(await begin(plan), 'anna');
    it.rules.who = [];
    const answer = await at.back(back);
    expect([answer.status, answer.body.includes('483920')]).toEqual([403, false]);
    expect(await it.reveals.waiting(plan.id)).toBeDefined();
  });

  test('is not shown for a stale login, to another approver, or for a login that was begun to approve', async () => {
    const plan = await waiting();
    const stale = await begin(plan);
    provider.signInAs('anna', { authTime: Math.floor(Date.now() / 1000) - 60 });
    const bodies = [(await at.back(await at.toProvider(stale))).body];
    bodies.push((await at.back(await at.toProvider(await begin(plan), 'dora'))).body);
    const doras = it.browser();
    await doras.signIn('dora');
    expect((await doras.get(path(plan))).body).not.toContain('Show it now');
    bodies.push((await begin(plan, doras)).body);
    const other = await it.ask();
    await at.signIn('anna');
    bodies.push((await at.approve(other, 'anna')).body);
    for (const body of bodies) expect(body).not.toContain('483920');
    expect(await it.reveals.waiting(plan.id)).toBeDefined();
    expect(it.events()).not.toContain('revealed');
  });
});

describe('a lock', () => {
  const unlock = (by: OidcBrowser) => by.submit('/approvals', '/approvals/unlock', { principal: 'sam-principal' });
  beforeEach(() => it.store.counters.lock('sam-principal'));
  const isLocked = async () => (await it.store.counters.lockedSince('sam-principal')) !== undefined;

  test('is lifted by an approver’s fresh login, and is on record', async () => {
    await at.signIn('anna');
    const back = await at.toProvider(await unlock(at), 'anna');
    expect(await isLocked()).toBe(true);
    expect((await at.back(back)).status).toBe(303);
    expect(await isLocked()).toBe(false);
    expect(it.ledger.records.at(-1)).toMatchObject({
      event: 'unlocked',
      method: 'oidc',
      approvers: [it.person('anna')],
      requester: 'sam-principal',
    });
  });

  test('is not lifted by somebody else, a stale login, or without a sign-in', async () => {
    expect((await unlock(at)).status).toBe(403);
    await at.signIn('ben');
    expect((await unlock(at)).status).toBe(403);
    await at.signIn('anna');
    expect((await at.back(await at.toProvider(await unlock(at), 'dora'))).status).toBe(403);
    const stale = await unlock(at);
    provider.signInAs('anna', { authTime: Math.floor(Date.now() / 1000) - 60 });
    expect((await at.back(await at.toProvider(stale))).status).toBe(403);
    expect(await isLocked()).toBe(true);
  });
});

describe('a freeze', () => {
  const thaw = async (by: OidcBrowser) => {
    const freeze = fieldOf(formIn((await by.get('/approvals')).body, '/approvals/thaw'), 'freeze');
    return by.submit('/approvals', '/approvals/thaw', { freeze });
  };
  beforeEach(() => it.store.freeze('2026-01-31T18:30:00.000Z os:1000:root: an incident'));

  test('is shown to approvers alone, and lifted by the fresh login of one, begun at one replica and ended at another', async () => {
    expect((await at.get('/approvals')).body).not.toContain('frozen');
    await at.signIn('ben');
    expect((await at.get('/approvals')).body).not.toContain('frozen');
    await at.signIn('anna');
    expect((await at.get('/approvals')).body).toContain('os:1000:root: an incident');
    const back = await at.toProvider(await thaw(at), 'anna');
    expect(await it.store.isFrozen()).toBe(true);
    expect((await at.back(back)).status).toBe(303);
    expect(await it.store.isFrozen()).toBe(false);
    expect(it.ledger.records.at(-1)).toMatchObject({
      event: 'thawed',
      method: 'oidc',
      approvers: [it.person('anna')],
      decision_source: 'person',
      facts: { frozen_since: '2026-01-31T18:30:00.000Z' },
    });
  });

  test('is not lifted by somebody else, a stale login, without a sign-in, without a record, nor where it was frozen anew meanwhile', async () => {
    expect((await thaw(at)).status).toBe(403);
    await at.signIn('ben');
    expect((await thaw(at)).status).toBe(403);
    await at.signIn('anna');
    expect((await at.back(await at.toProvider(await thaw(at), 'dora'))).status).toBe(403);
    const stale = await thaw(at);
    provider.signInAs('anna', { authTime: Math.floor(Date.now() / 1000) - 60 });
    expect((await at.back(await at.toProvider(stale))).status).toBe(403);
    const unrecorded = await at.toProvider(await thaw(at), 'anna');
    it.ledger.fail(new Error('ENOSPC'));
    expect((await at.back(unrecorded)).status).toBe(503);
    it.ledger.fail(undefined);
    const back = await at.toProvider(await thaw(at), 'anna');
    await it.store.freeze('another');
    expect((await at.back(back)).status).toBe(409);
    expect(await it.store.isFrozen()).toBe(true);
    expect(it.events()).not.toContain('thawed');
  });
});

describe('with persons by their address', () => {
  test('the requester is told from approvers by it, in any case; one that is not verified is nobody’s', async () => {
    const by = await oidcScene({ provider, login: { personClaim: 'email' } });
    try {
      const mine = by.browser();
      const plan = await by.ask({ others: true, person: 'anna@example.com' });
      await mine.signIn('anna');
      expect((await mine.get(path(plan))).body).toContain('is the requester');
      await mine.signIn('dora');
      expect((await mine.approve(plan, 'dora')).status).toBe(303);
      expect((await by.find(plan)).decided).toMatchObject([{ by: 'dora@example.com' }]);
      const answer = await mine.signIn('eve');
      expect([answer.status, answer.body.includes('not verified')]).toEqual([403, true]);
      const other = await by.ask({ others: true, person: `${provider.issuer}|sam` });
      await mine.signIn('anna');
      expect((await mine.get(path(other))).body).toContain('by another claim');
    } finally {
      await by.close();
    }
  });
});

test.each(['http://id.example.com', 'ftp://127.0.0.1', 'id.example.com', ''])(
  'a provider at %s is refused at the start',
  async (issuer) => {
    const log = createLog({ level: 'error', write: () => {}, now: () => new Date() });
    const options = { issuer, clientId: 'page', redirectUri: `${it.origin}/approvals/callback`, scopes: [], personClaim: 'sub' };
    expect(() => createLogin(options, { log, now: Date.now })).toThrow(/--approvals-issuer/);
  },
);
