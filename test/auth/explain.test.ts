/** What `doctor` is told of a token. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { explainToken } from '../../src/auth/explain.ts';
import { DAY_MS, digestOf, encodeTokens, newToken } from '../../src/auth/tokens-file.ts';
import type { OAuthOptions } from '../../src/auth/types.ts';
import { startProvider, type TestProvider } from '../support/provider.ts';
import { badTokens } from './bad-tokens.ts';
import { introspectionBy, oauthOf, RESOURCE } from './scene.ts';

let provider: TestProvider;
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider.close());

const explain = (token: string, more: Partial<OAuthOptions> = {}) =>
  explainToken(token, { resource: RESOURCE, oauth: oauthOf(provider, more) });
const failedIn = (checks: readonly { readonly check: string; readonly ok: boolean }[]) =>
  checks.filter(({ ok }) => !ok).map(({ check }) => check);

test('a good one passes all checks, with Bearer before it and a line break behind it, too', async () => {
  const token = await provider.sign(RESOURCE);
  for (const text of [token, `Bearer ${token}\n`, `Authorization: Bearer ${token}`]) {
    const checks = await explain(text);
    expect(failedIn(checks)).toEqual([]);
    expect(checks.map(({ check }) => check)).toEqual(
      'kind form alg crit own_key nested typ kid iss aud exp nbf iat bound id_token sub client_id scope keys kid signature scopes person'.split(
        ' ',
      ),
    );
  }
});

test('every flaw shows at once, each with what was expected and found', async () => {
  const checks = await explain(
    await provider.sign('https://other.example', {
      header: { typ: 'JWT' },
      claims: { iss: `${provider.issuer}/`, scope: 'openid', exp: 1 },
    }),
  );
  expect(failedIn(checks)).toEqual(['typ', 'iss', 'aud', 'exp', 'scopes']);
  expect(checks.find(({ check }) => check === 'aud')).toEqual({
    check: 'aud',
    ok: false,
    expected: RESOURCE,
    found: 'https://other.example',
  });
  expect(checks.find(({ check }) => check === 'exp')?.found).toBe('1970-01-01T00:00:01.000Z');
});

test('every bad token has a check that fails, the same as at the door, and none makes it throw or tells who it is', async () => {
  const { id_token: idToken = '' } = await provider.userToken({ resource: RESOURCE });
  for (const { flaw, check, token } of await badTokens(provider, idToken)) {
    const checks = await explain(token);
    expect([flaw, failedIn(checks)]).toEqual([flaw, expect.arrayContaining([check])]);
    expect(JSON.stringify(checks)).not.toMatch(/anna/i);
  }
});

test('an issuer that cannot be asked is said, with why', async () => {
  const token = await provider.sign(RESOURCE);
  const checks = await explainToken(token, { resource: RESOURCE, oauth: oauthOf(provider, { jwksUrl: `${provider.issuer}/nowhere` }) });
  expect(checks.find(({ check }) => check === 'keys')).toMatchObject({ ok: false });
});

test('an opaque one is asked about', async () => {
  const audience = `${RESOURCE}/opaque`;
  const token = await provider.machineToken({ resource: audience });
  // It is of a client: nobody knows which person is behind it.
  expect(failedIn(await explain(token, { audience, introspection: introspectionBy(provider) }))).toEqual(['person']);
  expect(failedIn(await explain(token, { introspection: introspectionBy(provider) }))).toEqual(['aud', 'person']);
  expect(failedIn(await explain('unknown', { introspection: introspectionBy(provider) }))).toContain('active');
  expect(failedIn(await explain(token))).toEqual(['kind']);
  const gone = { ...introspectionBy(provider), url: `${provider.issuer}/nowhere` };
  expect(failedIn(await explain(token, { introspection: gone }))).toEqual(['active']);
});

test('a static one is looked up', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'explain-'));
  try {
    const [token, path] = [newToken(), join(folder, 'tokens.json')];
    const row = {
      id: 'ci',
      hash: digestOf(token).toString('hex'),
      scopes: ['kratos:read'],
      created: Date.now(),
      expires: Date.now() + DAY_MS,
      owner: undefined,
    };
    writeFileSync(path, encodeTokens([row]), { mode: 0o600 });
    const options = { resource: RESOURCE, tokensFile: path };
    expect(await explainToken(token, options)).toMatchObject([
      { check: 'kind', ok: true },
      { check: 'static', ok: true, found: 'ci' },
      { check: 'scopes', found: 'kratos:read' },
      { check: 'person', ok: false },
    ]);
    expect(failedIn(await explainToken(token, options, { now: () => Date.now() + 2 * DAY_MS }))).toEqual(['static']);
    expect(failedIn(await explainToken(newToken(), options))).toEqual(['static']);
    expect(failedIn(await explainToken(token, { ...options, tokensFile: `${path}.gone` }))).toEqual(['static']);
    expect(failedIn(await explainToken('', options))).toEqual(['header']);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
