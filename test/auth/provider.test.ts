/** The provider that the other tests stand on does what they believe it does. */
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLIENTS, startProvider, type TestProvider } from '../support/provider.ts';

const RESOURCE = 'http://localhost:9/mcp';
let provider: TestProvider;
beforeAll(async () => {
  provider = await startProvider({ redirectUris: ['http://localhost:5/cb'] });
});
afterAll(() => provider.close());

test('client credentials give a JWT access token for the resource', async () => {
  const token = await provider.machineToken({ resource: RESOURCE, scope: 'kratos:read kratos:write' });
  expect(decodeProtectedHeader(token)).toMatchObject({ typ: 'at+jwt', alg: 'ES256' });
  expect(decodeJwt(token)).toMatchObject({
    iss: provider.issuer,
    aud: RESOURCE,
    sub: 'machine',
    client_id: 'machine',
    scope: 'kratos:read kratos:write',
  });
});

test('a person gets an access token and an ID token by code and PKCE', async () => {
  const { access_token: access, id_token: id } = await provider.userToken({ resource: RESOURCE, person: 'ben' });
  expect(decodeJwt(access)).toMatchObject({ sub: 'ben', client_id: 'agent', scope: 'kratos:read', groups: ['helpdesk'] });
  expect(decodeJwt(id ?? '')).toMatchObject({ sub: 'ben', aud: 'agent' });
});

test('an opaque token is introspected, and keeps being so after a new key', async () => {
  const token = await provider.machineToken({ resource: `${RESOURCE}/opaque` });
  expect(token.split('.')).toHaveLength(1);
  await provider.rotate();
  const { client_id: id, client_secret: secret } = CLIENTS.introspector;
  const authorization = `Basic ${Buffer.from(`${id}:${encodeURIComponent(secret)}`).toString('base64')}`;
  const reply = await fetch(provider.introspectionUrl, {
    method: 'POST',
    headers: { authorization },
    body: new URLSearchParams({ token }),
  });
  expect(await reply.json()).toMatchObject({ active: true, aud: `${RESOURCE}/opaque`, client_id: 'machine', iss: provider.issuer });
});

test('the page gets an ID token with auth_time, and prompt=login and max_age ask again', async () => {
  const cookies = new Map<string, string>();
  provider.allowRedirect('http://localhost:6/cb');
  const url = (more: Record<string, string>) =>
    `${provider.issuer}/auth?${new URLSearchParams({
      client_id: 'page',
      response_type: 'code',
      redirect_uri: 'http://localhost:6/cb',
      scope: 'openid profile email',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
      ...more,
    }).toString()}`;
  const signIn = async (more: Record<string, string>) => {
    const code = new URL(await provider.browse(url(more), cookies)).searchParams.get('code') ?? '';
    const { client_id: id, client_secret: secret } = CLIENTS.page;
    const reply = await fetch(`${provider.issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        redirect_uri: 'http://localhost:6/cb',
        code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
      }),
    });
    const { id_token: token } = (await reply.json()) as { readonly id_token: string };
    return decodeJwt(token);
  };
  const now = Math.floor(Date.now() / 1000);
  provider.signInAs('anna', { authTime: now - 1000 });
  expect(await signIn({})).toMatchObject({ sub: 'anna', email: 'Anna@example.com', groups: ['iam', 'staff'], auth_time: now - 1000 });
  provider.signInAs('anna');
  expect(await signIn({ max_age: '2000' })).toMatchObject({ auth_time: now - 1000 });
  const fresh = await signIn({ max_age: '300' });
  expect(Number(fresh['auth_time'])).toBeGreaterThanOrEqual(now);
  provider.signInAs('ben');
  expect(await signIn({ prompt: 'login' })).toMatchObject({ sub: 'ben' });
  provider.signInAs(undefined);
  const refused = await provider.browse(url({ prompt: 'login' }), cookies);
  expect(new URL(refused).searchParams.get('error')).toBe('access_denied');
});

test('it can be down and come back on the same port', async () => {
  await provider.down();
  await expect(fetch(provider.jwksUrl)).rejects.toThrow();
  await provider.up();
  expect((await fetch(provider.jwksUrl)).status).toBe(200);
});
