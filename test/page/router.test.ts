/** Every address, every method, every wrong head: an exact status, and nothing is decided. */
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PlanRecord } from '../../src/store/types.ts';
import { browser, challengeIn, fieldOf, PAGE_HEADERS, scene, send, type Browser, type Scene, type Sending } from './scene.ts';

let it: Scene;
let at: Browser;
let plan: PlanRecord;
let port: number;
beforeAll(async () => {
  it = await scene();
  at = await browser(it);
  port = await it.port();
  plan = await it.ask();
});
afterAll(() => it.close());

const path = (route: string): string => route.replace('ID', plan.id).replace('NONE', 'A'.repeat(22));
const unchanged = async () => {
  expect((await it.find(plan)).state).toBe('waiting');
  expect((await it.find(plan)).decided).toEqual([]);
};

describe('a route', () => {
  const POSTS = { method: 'POST' } as const;
  test.each([
    ['/', 303, 405],
    ['/approvals', 200, 405],
    ['/approvals/style.css', 200, 405],
    ['/approvals/sign-in', 405, 403],
    ['/approvals/sign-out', 405, 403],
    ['/approvals/unlock', 405, 403],
    ['/approvals/thaw', 405, 403],
    ['/approvals/ID', 200, 403],
    ['/approvals/ID/reveal', 405, 403],
    ['/approvals/NONE', 404, 403],
    ['/approvals/enroll/NONE', 404, 403], // exists on the command line's page alone
    ['/approvals/callback?state=x', 404, 405], // with a provider alone
    ['/approvals/callback', 404, 404],
    ['/sign-in', 404, 404],
    ['/style.css', 404, 404],
    ['/approvals/', 404, 404],
    ['/approvals/ID/', 404, 404],
    ['/approvals/ID?x=1', 404, 404],
    ['/approvals/ID/../ID', 404, 404],
    ['//approvals/ID', 404, 404],
    ['/mcp', 404, 404],
    ['/favicon.ico', 404, 404],
    ['/approvals/%00', 404, 404],
  ] as const)('%s answers GET with %i and a POST without a cookie with %i', async (route, get, post) => {
    expect((await send(port, path(route))).status).toBe(get);
    expect((await send(port, path(route), { method: 'HEAD' })).status).toBe(get);
    const form = { origin: at.origin, 'sec-fetch-site': 'same-origin', 'content-type': 'application/x-www-form-urlencoded' };
    expect((await send(port, path(route), { ...POSTS, headers: form, body: 'token=x&action=deny' })).status).toBe(post);
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
      expect((await send(port, path(route), { method })).status).toBe(405);
    }
    await unchanged();
  });

  test('carries the same strict headers with every answer, also refusals', async () => {
    const answers = [
      await send(port, '/approvals'),
      await send(port, '/'),
      await send(port, path('/approvals/ID')),
      await send(port, '/nowhere'),
      await send(port, '/', { method: 'DELETE' }),
      await send(port, '/', { headers: { host: 'evil.example' } }),
    ];
    for (const { headers, body } of answers) {
      expect(headers).toMatchObject(PAGE_HEADERS);
      expect(headers['access-control-allow-origin']).toBeUndefined();
      expect(body).not.toContain('<style');
    }
  });
});

interface Bad {
  readonly what: string;
  readonly headers: NonNullable<Sending['headers']>;
  readonly status: number;
}
const HOSTS = [
  '127.0.0.1:P',
  '[::1]:P',
  'localhost',
  'localhost:1',
  'LOCALHOST:P',
  'localhost.:P',
  'evil.com@localhost:P',
  'localhost:P.nip.io',
  '',
  undefined,
];
const ORIGINS = [
  'null',
  'http://localhost',
  'http://localhost:1',
  'https://localhost:P',
  'http://127.0.0.1:P',
  'http://localhost:P.evil.example',
  'http://localhost:P/',
  'http://LOCALHOST:P',
  'https://evil.example',
  'moz-extension://localhost',
  'file://',
  '',
  undefined,
];

describe('a decision with', () => {
  const bad: readonly Bad[] = [
    ...HOSTS.map((host) => ({ what: `Host ${host}`, headers: { host }, status: host === undefined ? 400 : 403 })),
    ...ORIGINS.map((origin) => ({ what: `Origin ${origin}`, headers: { origin }, status: 403 })),
    ...['cross-site', 'same-site', 'none', 'Same-Origin', '', undefined].map((site) => ({
      what: `Sec-Fetch-Site ${site}`,
      headers: { 'sec-fetch-site': site },
      status: 403,
    })),
    ...['application/json', 'text/plain', 'multipart/form-data; boundary=x', undefined].map((type) => ({
      what: `Content-Type ${type}`,
      headers: { 'content-type': type },
      status: 415,
    })),
    { what: 'no cookie', headers: { cookie: undefined }, status: 403 },
    { what: "another browser's cookie", headers: { cookie: 'X=AAAAAAAAAAAAAAAAAAAAAA' }, status: 403 },
    { what: 'a cookie made up', headers: { cookie: 'NAME=AAAAAAAAAAAAAAAAAAAAAA' }, status: 403 },
    { what: 'its cookie twice', headers: { cookie: 'NAME=AAAAAAAAAAAAAAAAAAAAAA; NAME=AAAAAAAAAAAAAAAAAAAAAA' }, status: 403 },
  ];
  test.each(bad)('$what is refused with $status, and the same without it counts', async ({ headers, status }) => {
    const name = (at.cookie() ?? '').split('=')[0] ?? '';
    const filled = Object.fromEntries(
      Object.entries(headers).map(([key, value]) => [
        key,
        typeof value === 'string' ? value.replace(/:P\b/, `:${port}`).replaceAll('NAME', name) : value,
      ]),
    );
    for (const action of ['approve', 'deny', 'disown']) {
      const { body } = await at.get(path('/approvals/ID'));
      it.pass(2_000);
      const fields = { token: fieldOf(body, 'token'), action, code: plan.code, passkey: it.passkey.answer(challengeIn(body), at.origin) };
      expect((await at.post(path('/approvals/ID'), fields, filled)).status).toBe(status);
      await unchanged();
    }
  });

  test.each([
    ['none', () => ''],
    ['one made up', () => `${Date.now().toString(36)}.AAAAAAAAAAAAAAAAAAAAAA.${'A'.repeat(43)}`],
    ['one with a later time', (token: string) => token.replace(/^\w+/, 'zzzzzzzz')],
    ['one with another nonce', (token: string) => token.replace(/\.[^.]+\./, '.AAAAAAAAAAAAAAAAAAAAAA.')],
    ['one with stray bits', (token: string) => `${token}=`],
    ['one with a further part', (token: string) => `${token}.x`],
    ['one of 10 kB', (token: string) => token + 'A'.repeat(10_000)],
  ])('a token that is %s is refused', async (_, make) => {
    const { body } = await at.get(path('/approvals/ID'));
    it.pass(2_000);
    const answer = await at.post(path('/approvals/ID'), { token: make(fieldOf(body, 'token')), action: 'deny' });
    expect(answer.status).toBe(403);
    await unchanged();
  });

  test("another plan's token, the front page's token, and one that is half an hour old are refused", async () => {
    const other = await it.ask();
    const tokens = [await at.get(`/approvals/${other.id}`), await at.get('/approvals')].map(({ body }) => fieldOf(body, 'token'));
    const old = fieldOf((await at.get(path('/approvals/ID'))).body, 'token');
    it.pass(2_000);
    for (const token of tokens) expect((await at.post(path('/approvals/ID'), { token, action: 'deny' })).status).toBe(403);
    const young = await it.ask({ lifetimeMs: 24 * 3_600_000 });
    const kept = fieldOf((await at.get(`/approvals/${young.id}`)).body, 'token');
    const [before] = [plan];
    it.pass(30 * 60_000);
    expect((await at.post(`/approvals/${young.id}`, { token: kept, action: 'deny' })).status).toBe(403);
    expect((await it.find(young)).state).toBe('waiting');
    expect((await at.post(`/approvals/${before.id}`, { token: old, action: 'deny' })).status).toBe(403);
    expect((await it.find(before)).state).toBe('expired');
    plan = await it.ask();
  });

  test.each(['approve', 'deny', 'disown'])('%s sooner than anybody reads is refused', async (action) => {
    const { body } = await at.get(path('/approvals/ID'));
    it.pass(1_000);
    const fields = { token: fieldOf(body, 'token'), action, code: plan.code, passkey: it.passkey.answer(challengeIn(body), at.origin) };
    expect((await at.post(path('/approvals/ID'), fields)).status).toBe(425);
    it.pass(2_000);
    expect((await at.post(path('/approvals/ID'), fields)).status).toBe(409); // and it is not saved up
    await unchanged();
  });

  test('an unknown action, a field given twice, or too much of a body is refused', async () => {
    const { body } = await at.get(path('/approvals/ID'));
    it.pass(2_000);
    const token = fieldOf(body, 'token');
    const headers = {
      origin: at.origin,
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/x-www-form-urlencoded',
      cookie: at.cookie(),
      'user-agent': 'Chrome/150',
    };
    const posting = (text: string) => send(port, path('/approvals/ID'), { method: 'POST', headers, body: text });
    expect((await posting(`token=${token}&token=${token}&action=deny`)).status).toBe(403);
    expect((await posting(`token=${token}&action=deny&x=${'x'.repeat(17_000)}`)).status).toBe(413);
    const { body: fresh } = await at.get(path('/approvals/ID'));
    it.pass(2_000);
    expect((await posting(`token=${fieldOf(fresh, 'token')}&action=yes`)).status).toBe(400);
    await unchanged();
  });
});

describe('a frame, an image, a fetch from elsewhere', () => {
  test.each(['iframe', 'frame', 'embed', 'object', 'image', 'script', 'empty'])('%s gets nothing', async (dest) => {
    const answer = await send(port, path('/approvals/ID'), { headers: { 'sec-fetch-dest': dest, 'sec-fetch-site': 'cross-site' } });
    expect(answer.status).toBe(403);
    expect(answer.body).not.toContain('ada.byron');
  });
});

describe('by raw sockets', () => {
  const raw = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.end(text));
      let got = '';
      socket.setEncoding('utf8');
      socket.on('data', (chunk: string) => (got += chunk));
      socket.on('close', () => resolve(got.split('\r\n')[0] ?? ''));
      socket.on('error', reject);
    });
  test.each([
    ['two Hosts', () => `GET / HTTP/1.1\r\nHost: localhost:${port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`, /40[03]/],
    ['HTTP/1.0 without Host', () => `GET / HTTP/1.0\r\n\r\n`, /403/],
    ['an absolute target', () => `GET http://localhost:${port}/ HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`, /400/],
    ['an authority as target', () => `CONNECT localhost:${port} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`, /^$|40[05]/],
    ['a head of 20 kB', () => `GET / HTTP/1.1\r\nHost: localhost:${port}\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, /431/],
    [
      'two Origins',
      () =>
        `POST ${path('/approvals/ID')} HTTP/1.1\r\nHost: localhost:${port}\r\nOrigin: http://localhost:${port}\r\nOrigin: http://evil.example\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      /403/,
    ],
  ])('%s', async (_, request, status) => {
    expect(await raw(request())).toMatch(status);
    await unchanged();
  });
});
