/** The page as a part of the HTTP server: its address, its headers, and replicas that share what they keep and nothing else. */
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createMountedPage } from '../../src/page/mounted.ts';
import { PageUnavailable } from '../../src/page/types.ts';
import type { Kept } from '../../src/store/types.ts';
import { fieldOf, PAGE_HEADERS, scene, send, challengeIn, formIn, newPlan, type Answer, type Scene, type SceneOptions } from './scene.ts';

const KEY = new Uint8Array(32).fill(7);
let open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const it of open) await it.close();
  open = [];
});

async function set(options?: SceneOptions): Promise<Scene> {
  const it = await scene(options);
  open.push(it);
  return it;
}
async function served(listener: RequestListener): Promise<number> {
  const server: Server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.push({ close: () => (server.closeAllConnections(), server.close()) });
  return (server.address() as AddressInfo).port; // it listens on a port
}

const ORIGIN = 'https://identity-mcp.example.com';
const HOST = 'identity-mcp.example.com';
const SAFARI = 'Mozilla/5.0 Version/18.0 Safari/605.1';

describe('on https', () => {
  async function mounted(options?: SceneOptions) {
    const it = await set(options);
    const page = createMountedPage(it.ports, { origin: ORIGIN, key: KEY });
    const port = await served(page.listener);
    const get = (path: string, headers: Readonly<Record<string, string | undefined>> = {}) =>
      send(port, path, { headers: { host: HOST, 'user-agent': SAFARI, ...headers } });
    const post = (path: string, fields: Readonly<Record<string, string>>, headers: Readonly<Record<string, string | undefined>> = {}) =>
      send(port, path, {
        method: 'POST',
        body: new URLSearchParams(fields).toString(),
        headers: {
          host: HOST,
          origin: ORIGIN,
          'sec-fetch-site': 'same-origin',
          'user-agent': SAFARI,
          'content-type': 'application/x-www-form-urlencoded',
          ...headers,
        },
      });
    return { it, page, port, get, post };
  }

  test('a plan has its address there, and the cookie is Secure with the prefix in every browser', async () => {
    const { it, page, get } = await mounted();
    const plan = await it.ask();
    expect(await page.addressOf(plan.id)).toBe(`${ORIGIN}/approvals/${plan.id}`);
    for (const agent of [SAFARI, 'Mozilla/5.0 Chrome/150.0', '']) {
      const { headers, status } = await get(`/approvals/${plan.id}`, { 'user-agent': agent });
      expect(status).toBe(200);
      expect(headers['set-cookie']).toEqual([
        expect.stringMatching(/^__Host-ory-identity-mcp=[\w-]{22}; Path=\/; HttpOnly; SameSite=Strict; Secure$/),
      ]);
    }
  });

  test('every answer has the same strict headers, also refusals, and those of a page that is closed', async () => {
    const { it, page, get, post } = await mounted();
    const plan = await it.ask();
    const answers = [
      await get('/approvals'),
      await get('/approvals/style.css'),
      await get(`/approvals/${plan.id}`),
      await get(`/approvals/${plan.id}`, { 'sec-fetch-site': 'cross-site' }),
      await get('/approvals/callback?state=x'),
      await get('/approvals/nowhere'),
      await get('/approvals', { host: 'evil.example' }),
      await post('/approvals/sign-in', {}),
      await post(`/approvals/${plan.id}`, {}, { origin: 'https://evil.example' }),
    ];
    page.close();
    answers.push(await get('/approvals'));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 404, 404, 403, 403, 403, 503]);
    for (const { headers } of answers) {
      expect(headers).toMatchObject(PAGE_HEADERS);
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
    await expect(page.addressOf(plan.id)).rejects.toThrow(PageUnavailable);
  });

  test.each([
    ['Host', { host: `${HOST}:443` }],
    ['Host', { host: `${HOST}.` }],
    ['Host', { host: 'localhost' }],
    ['Host', { host: `evil@${HOST}` }],
    ['Host', { host: HOST.toUpperCase() }],
    ['Origin', { origin: `http://${HOST}` }],
    ['Origin', { origin: `${ORIGIN}:443` }],
    ['Origin', { origin: `${ORIGIN}.evil.example` }],
    ['Origin', { origin: 'null' }],
    ['Origin', { origin: 'http://localhost' }],
    ['Origin', { origin: undefined }],
    ['Sec-Fetch-Site', { 'sec-fetch-site': 'same-site' }],
    ['Sec-Fetch-Site', { 'sec-fetch-site': undefined }],
    ['X-Forwarded-Host in place of it', { host: 'internal:8080', 'x-forwarded-host': HOST }],
  ] as const)('a no with a wrong %s counts as none: %o', async (_, headers) => {
    const { it, get, post } = await mounted();
    const plan = await it.ask();
    const first = await get(`/approvals/${plan.id}`);
    const cookie = String([first.headers['set-cookie']].flat()[0]).split(';')[0];
    it.pass(2_000);
    const fields = { token: fieldOf(first.body, 'token'), action: 'deny' };
    expect((await post(`/approvals/${plan.id}`, fields, { cookie, ...headers })).status).toBe(403);
    expect((await it.find(plan)).state).toBe('waiting');
    expect((await post(`/approvals/${plan.id}`, fields, { cookie })).status).toBe(303);
  });

  test('enrolled approvers are asked for a one-time code: their passkeys are for localhost', async () => {
    const { it, get } = await mounted();
    const plan = await it.ask({ person: 'https://idp.example.com|sam' });
    expect((await get(`/approvals/${plan.id}`)).body).toContain('Nobody is enrolled');
    await it.enrol({ id: 'ben', name: 'Ben', totp: { secret: 'JBSWY3DPEHPK3PXP' } });
    const { body } = await get(`/approvals/${plan.id}`);
    expect(body).toContain('name="otp"');
    expect(body).not.toContain('data-passkey');
  });

  test.each([
    [{ others: true }, 'token add --owner'],
    [{ approvals: 2 as const }, 'token add --owner'],
    [{ others: true, person: 'ben' }, 'is the requester'],
    [{ others: true, person: 'https://idp.example.com|ben' }, 'nobody can tell them apart'],
    [{ approvals: 2 as const, person: 'ben@example.com' }, 'nobody can tell them apart'],
  ])(
    'an enrolled approver says no yes where another is wanted and the requester is unknown, or they themselves: %o',
    async (asked, why) => {
      const { it, get } = await mounted({ enrolled: false });
      await it.enrol({ id: 'ben', name: 'Ben', totp: { secret: 'JBSWY3DPEHPK3PXP' } });
      const { body } = await get(`/approvals/${(await it.ask(asked)).id}`);
      expect(body).toContain(why);
      expect(body).not.toContain('name="otp"');
    },
  );
});

test('tells the gate who could answer there: on an address of its own, nobody who has a passkey alone', async () => {
  const it = await set();
  const at = (origin: string) => createMountedPage(it.ports, { origin, key: KEY }).approvers();
  expect((await at('http://localhost:8080')).map(({ id }) => id)).toEqual(['anna']);
  expect(await at(ORIGIN)).toEqual([]);
  await it.enrol({ id: 'ben', name: 'Ben', totp: { secret: 'JBSWY3DPEHPK3PXP' } });
  expect((await at(ORIGIN)).map(({ id }) => id)).toEqual(['ben']);
});

test('an enrolled approver says yes for another one, whose id is the owner of the token', async () => {
  const it = await set({ enrolled: false });
  await it.enrol({ id: 'ben', name: 'ben', totp: { secret: 'JBSWY3DPEHPK3PXP' } });
  await it.enrol({ id: 'sam', name: 'sam', enrolledBy: 'ben', totp: { secret: 'KRSXG5CTMVRXEZLU' } });
  const port = await served(createMountedPage(it.ports, { origin: ORIGIN, key: KEY }).listener);
  const { id } = await it.ask({ others: true, person: 'sam' });
  const { body } = await send(port, `/approvals/${id}`, { headers: { host: HOST, 'user-agent': SAFARI } });
  expect(body).toContain('name="otp"');
  expect(body).not.toContain('value="sam"');
});

test.each(['http://identity-mcp.example.com', 'http://127.0.0.1:8080', `${ORIGIN}/`, `${ORIGIN}/path`, 'localhost:8080', ''])(
  'is not mounted at %s, and says which addresses there are',
  async (origin) => {
    const it = await set();
    expect(() => createMountedPage(it.ports, { origin, key: KEY })).toThrow(/https:\/\/HOST or http:\/\/localhost:PORT/);
  },
);

describe('replicas', () => {
  /** Behind one address on localhost; what one of them does not share is made anew. */
  async function replicas(it: Scene, kept: Kept = it.ports.kept) {
    const listeners: RequestListener[] = [];
    let at = 0;
    const port = await served((request, response) => listeners[at]?.(request, response));
    const origin = `http://localhost:${port}`;
    for (let i = 0; i < 3; i += 1) listeners.push(createMountedPage({ ...it.ports, kept }, { origin, key: KEY }).listener);
    let cookie: string | undefined;
    const keep = (answer: Answer): Answer => {
      const [set] = [answer.headers['set-cookie']].flat();
      if (typeof set === 'string') cookie = set.split(';')[0];
      return answer;
    };
    const common = () => ({ 'user-agent': 'Mozilla/5.0 Chrome/150.0', cookie });
    const form = { origin, 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' };
    return {
      origin,
      get: async (replica: number, path: string, headers: Readonly<Record<string, string | undefined>> = {}) => {
        at = replica;
        return keep(await send(port, path, { headers: { ...common(), ...headers } }));
      },
      post: async (replica: number, path: string, fields: Readonly<Record<string, string>>) => {
        at = replica;
        return keep(
          await send(port, path, { method: 'POST', headers: { ...common(), ...form }, body: new URLSearchParams(fields).toString() }),
        );
      },
    };
  }

  test('an enrolled approver signs in at one, decides at the next, is shown the rest by the third; a form counts once at all of them', async () => {
    const it = await set();
    const { get, post, origin } = await replicas(it);
    const { body: front } = await get(0, '/approvals');
    const signedIn = await post(1, '/approvals/sign-in', {
      token: fieldOf(front, 'token'),
      passkey: it.passkey.answer(challengeIn(front), origin),
    });
    expect(signedIn.status).toBe(303);
    const plan = await it.ask();
    expect((await get(2, '/approvals')).body).toContain(`/approvals/${plan.id}`);
    const { body } = await get(0, `/approvals/${plan.id}`);
    it.pass(2_000);
    const fields = {
      token: fieldOf(body, 'token'),
      action: 'approve',
      code: plan.code,
      passkey: it.passkey.answer(challengeIn(body), origin),
    };
    expect((await post(1, `/approvals/${plan.id}`, fields)).status).toBe(303);
    expect((await post(2, `/approvals/${plan.id}`, fields)).status).toBe(409);
    expect((await get(2, `/approvals/${plan.id}`)).body).toContain('Approved, not carried out yet');
    const out = await get(0, '/approvals');
    await post(1, '/approvals/sign-out', { token: fieldOf(formIn(out.body, 'sign-out'), 'token') });
    expect((await get(2, '/approvals')).body).toContain('Sign in to see them');
  });

  test('decide nothing while what they share can’t be had', async () => {
    const it = await set();
    const gone = () => Promise.reject(new Error('store'));
    const kept: Kept = { put: gone, get: gone, take: gone };
    const { get, post } = await replicas(it, kept);
    const plan = await it.ask(newPlan());
    const { body } = await get(0, `/approvals/${plan.id}`); // no cookie yet: nothing to look up
    it.pass(2_000);
    const answer = await post(1, `/approvals/${plan.id}`, { token: fieldOf(body, 'token'), action: 'deny' });
    expect([answer.status, answer.body]).toEqual([500, expect.stringContaining('Nothing was decided')]);
    expect((await it.find(plan)).state).toBe('waiting');
  });

  test('a link on another site is asked for once more, with the cookie, and the sign-in stays', async () => {
    const it = await set();
    const { get, post, origin } = await replicas(it);
    const plan = await it.ask();
    const { body: front } = await get(0, '/approvals');
    await post(0, '/approvals/sign-in', { token: fieldOf(front, 'token'), passkey: it.passkey.answer(challengeIn(front), origin) });
    const path = `/approvals/${plan.id}`;
    const first = await get(1, path, { cookie: undefined, 'sec-fetch-site': 'cross-site' });
    expect(first.headers).toMatchObject({ refresh: `0; url=${path}` });
    expect(first.headers['set-cookie']).toBeUndefined();
    expect(first.body).not.toContain('ada.byron');
    expect((await get(1, path, { 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    expect((await get(2, '/approvals')).body).toContain('Signed in as Anna');
    const stranger = await get(2, path, { cookie: undefined, 'sec-fetch-site': 'same-origin' }); // no second round
    expect(stranger.headers['refresh']).toBeUndefined();
  });
});
