/** Tokens that are no JWT: asked about, checked as strictly, remembered for a short while. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CLIENTS, startProvider, type TestProvider } from '../support/provider.ts';
import { callerIn, challengeIn, gate, introspectionBy, oauthOf, RESOURCE } from './scene.ts';

const OPAQUE = `${RESOURCE}/opaque`;
let provider: TestProvider;
beforeEach(async () => {
  provider = await startProvider();
});
afterEach(() => provider.close());

const door = () => gate({ oauth: oauthOf(provider, { audience: OPAQUE, introspection: introspectionBy(provider) }) });
const asked = () => provider.requests.get('/token/introspection') ?? 0;

test('of a client and of a person are let in, JWTs beside them', async () => {
  const it = door();
  const machine = callerIn(await it.ask(await provider.machineToken({ resource: OPAQUE, scope: 'kratos:read kratos:write' })));
  expect(machine).toMatchObject({
    principal: `${provider.issuer}|machine|machine|opaque`,
    scopes: new Set(['kratos:read', 'kratos:write']),
  });
  const { access_token: token } = await provider.userToken({ resource: OPAQUE, person: 'ben' });
  expect(callerIn(await it.ask(token))).toMatchObject({ principal: `${provider.issuer}|ben|agent|opaque`, name: 'ben@example.com' });
  expect(callerIn(await it.ask(await provider.sign(OPAQUE))).principal).toMatch(/\|jwt$/);
});

test('a session token of Kratos, an API key and a JWT are never shown to the endpoint', async () => {
  const it = door();
  for (const token of ['ory_st_abc', 'ory_pat_abc', 'ory_apikey_abc', 'ory_rt_abc', 'kmcp_abc', 'a.b.c']) challengeIn(await it.ask(token));
  expect(it.refused).toEqual(['kind', 'kind', 'kind', 'kind', 'kind', 'form']);
  expect(asked()).toBe(0);
});

test('the secret is form-encoded into basic authentication', async () => {
  let authorization = '';
  provider.intercept('/token/introspection', (request, response) => {
    authorization = request.headers.authorization ?? '';
    response.writeHead(200).end('{"active":false}');
  });
  await door().ask('x'.repeat(20));
  const { client_id: id, client_secret: secret } = CLIENTS.introspector;
  expect(Buffer.from(authorization.slice('Basic '.length), 'base64').toString()).toBe(`${id}:${encodeURIComponent(secret)}`);
});

test('an answer is remembered for a minute, a refusal for seconds, and many at once ask once', async () => {
  const it = door();
  const token = await provider.machineToken({ resource: OPAQUE });
  await Promise.all(Array.from({ length: 20 }, async () => callerIn(await it.ask(token))));
  it.pass(59_000);
  callerIn(await it.ask(token));
  expect(asked()).toBe(1);
  it.pass(1_500);
  callerIn(await it.ask(token));
  expect(asked()).toBe(2);
  for (let i = 0; i < 5; i += 1) expect(challengeIn(await it.ask('nobody-knows-me')).status).toBe(401);
  expect(asked()).toBe(3);
  it.pass(5_500);
  challengeIn(await it.ask('nobody-knows-me'));
  expect(asked()).toBe(4);
  expect(it.refused).toEqual(Array.from({ length: 6 }, () => 'active'));
});

test('a token ends although its answer is remembered', async () => {
  provider.intercept('/token/introspection', (_, response) =>
    response.writeHead(200).end(JSON.stringify({ ...good(), exp: Math.floor(Date.now() / 1000) + 10 })),
  );
  const it = door();
  callerIn(await it.ask('t'));
  it.pass(75_000);
  challengeIn(await it.ask('t'));
  expect(it.refused).toEqual(['exp']);
});

const good = (): Record<string, unknown> => ({
  active: true,
  iss: provider.issuer,
  aud: [OPAQUE],
  exp: Math.floor(Date.now() / 1000) + 600,
  sub: 'anna',
  client_id: 'agent',
  scope: 'kratos:read',
  token_type: 'Bearer',
});

describe('what the answer says', () => {
  const checkOf = async (more: Record<string, unknown>) => {
    provider.intercept('/token/introspection', (_, response) => response.writeHead(200).end(JSON.stringify({ ...good(), ...more })));
    const it = door();
    const found = await it.ask('t');
    return it.refused[0] ?? callerIn(found).principal.slice(provider.issuer.length);
  };

  test.for([
    [{}, '|anna|agent|opaque'],
    [{ iss: undefined }, '|anna|agent|opaque'],
    [{ sub: undefined }, '|agent|agent|opaque'],
    [{ token_type: undefined }, '|anna|agent|opaque'],
    [{ token_use: 'access_token' }, '|anna|agent|opaque'],
    [{ active: false }, 'active'],
    [{ active: 'true' }, 'unavailable'],
    [{ active: undefined }, 'unavailable'],
    [{ iss: 'https://evil.example' }, 'iss'],
    [{ aud: undefined }, 'aud'],
    [{ aud: [RESOURCE] }, 'aud'],
    [{ exp: undefined }, 'exp'],
    [{ exp: 1 }, 'exp'],
    [{ nbf: 4_000_000_000 }, 'nbf'],
    [{ sub: undefined, client_id: undefined }, 'sub'],
    [{ sub: '' }, 'sub'],
    [{ token_use: 'refresh_token' }, 'id_token'],
    [{ token_type: 'DPoP' }, 'id_token'],
    [{ cnf: { jkt: 'x' } }, 'bound'],
  ] as const)('%j: %s', async ([more, expected]) => {
    expect(await checkOf(more)).toBe(expected);
  });
});

test.for([
  ['it is down', () => provider.down()],
  ['it does not accept our client', () => provider.intercept('/token/introspection', (_, response) => response.writeHead(401).end())],
  ['it is not there', () => provider.intercept('/token/introspection', (_, response) => response.writeHead(404).end())],
  [
    'it redirects',
    () => provider.intercept('/token/introspection', (_, response) => response.writeHead(307, { location: '/elsewhere' }).end()),
  ],
  ['it says no JSON', () => provider.intercept('/token/introspection', (_, response) => response.writeHead(200).end('yes'))],
] as const)('%s: 503, nobody is let in, and the next one is asked about again', async ([, fail]) => {
  const it = door();
  const token = await provider.machineToken({ resource: OPAQUE });
  await fail();
  const { status, wwwAuthenticate } = challengeIn(await it.ask(token));
  expect([status, wwwAuthenticate]).toEqual([503, undefined]);
  if (provider.requests.get('/elsewhere')) throw new Error('the redirect was followed');
  await provider.up().catch(() => {});
  provider.intercept('/token/introspection', undefined);
  callerIn(await it.ask(token));
  expect(JSON.stringify(it.lines)).not.toContain(token);
});

test('what is remembered of one token is never told of another that is like it', async () => {
  const answers: Readonly<Record<string, string>> = { [`${'a'.repeat(60)}1`]: 'anna', [`${'a'.repeat(60)}2`]: 'ben' };
  const exp = Math.floor(Date.now() / 1000) + 600;
  provider.intercept('/token/introspection', (request, response) => {
    let body = '';
    request.on('data', (more) => (body += String(more)));
    request.on('end', () => {
      const sub = answers[new URLSearchParams(body).get('token') ?? ''];
      response.end(JSON.stringify(sub === undefined ? { active: false } : { active: true, sub, client_id: 'agent', aud: OPAQUE, exp }));
    });
  });
  const it = door();
  for (const [token, sub] of [...Object.entries(answers), ...Object.entries(answers)]) {
    expect(callerIn(await it.ask(token)).principal).toBe(`${provider.issuer}|${sub}|agent|opaque`);
  }
  challengeIn(await it.ask(`${'a'.repeat(60)}3`));
});
