/** The checks one by one, also where another one of them would refuse the same token. */
import { describe, expect, test } from 'vitest';
import { claimChecks, failedOf, headerChecks, introspectionChecks, jwtChecks, timeChecks } from '../../src/auth/checks.ts';
import type { OAuthOptions } from '../../src/auth/types.ts';

const NOW = 1_800_000_000_000;
const S = NOW / 1000;
const oauth: OAuthOptions = {
  issuer: 'https://id.example.com',
  audience: 'https://mcp.example.com/mcp',
  tokenTypes: ['at+jwt'],
  groupsClaim: 'groups',
  groupScopes: new Map(),
  personClaim: 'sub',
};
const header = { alg: 'ES256', typ: 'at+jwt', kid: 'one' };
const claims = { iss: oauth.issuer, aud: oauth.audience, exp: S + 60, sub: 'anna', client_id: 'agent', scope: 'kratos:read' };

describe('of the header', () => {
  test.each(['ES256', 'RS256', 'EdDSA'])('%s is an algorithm that counts', (alg) => {
    expect(failedOf(headerChecks({ ...header, alg }, oauth))).toBeUndefined();
  });
  test.each([
    'none',
    'HS256',
    'HS512',
    'RS384',
    'RS512',
    'PS256',
    'PS512',
    'ES384',
    'ES512',
    'ES256K',
    'es256',
    'Ed25519',
    '',
    undefined,
    5,
  ])('%s is none', (alg) => expect(failedOf(headerChecks({ ...header, alg }, oauth))?.check).toBe('alg'));
  test.each([undefined, '', 5, null, ['one'], {}])('%j is no key id', (kid) => {
    expect(failedOf(headerChecks({ ...header, kid }, oauth))?.check).toBe('kid');
  });
});

describe('of the claims', () => {
  const failed = (more: object, options = oauth) => failedOf(claimChecks({ ...claims, ...more }, { oauth: options, now: NOW }))?.check;

  test('an audience that was lost on its way fits no token', () => {
    for (const aud of ['', undefined, [''], []]) expect(failed({ aud }, { ...oauth, audience: '' })).toBe('aud');
  });
  test.each([{ nbf: -1 }, { nbf: 0 }, { nbf: '1' }, { nbf: null }])('%j is no time', (more) => expect(failed(more)).toBe('nbf'));
  test.each([{ iat: S + 61 }, { iat: -5 }])('%j is not a time at which it was issued', (more) => expect(failed(more)).toBe('iat'));
  test('a minute of grace, not more', () => {
    expect(failedOf(timeChecks({ exp: S - 59 }, NOW))).toBeUndefined();
    expect(failedOf(timeChecks({ exp: S - 60 }, NOW))?.check).toBe('exp');
  });
});

describe('that it is an access token', () => {
  const failed = (more: object) => failedOf(jwtChecks({ ...claims, ...more }, 'at+jwt', oauth))?.check;

  test('as it should be, it is', () => expect(failed({})).toBeUndefined());
  test.each([
    { at_hash: 'x' },
    { c_hash: 'x' },
    { typ: 'ID' },
    { typ: 'Refresh' },
    { typ: 'Offline' },
    { token_use: 'id' },
    { token_use: 'refresh_token' },
    { events: {} },
  ])('%j marks another kind', (more) => expect(failed(more)).toBe('id_token'));
});

describe('of an introspection', () => {
  const failed = (more: object) => failedOf(introspectionChecks({ ...claims, active: true, ...more }, { oauth, now: NOW }))?.check;

  test('as it should be, it counts', () => expect(failed({})).toBeUndefined());
  test.each(['true', 1, undefined, null, false])('active: %j is not active', (active) => expect(failed({ active })).toBe('active'));
  test.each([{ token_use: 'refresh_token' }, { token_type: 'refresh_token' }])('%j is no access token', (more) => {
    expect(failed(more)).toBe('id_token');
  });
});
