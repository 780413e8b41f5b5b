/** What an accepted token becomes: principal, person, name, scopes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimAt } from '../../src/auth/claims.ts';
import { callerFrom } from '../../src/auth/caller-from.ts';
import { joined, personOf } from '../../src/auth/person.ts';
import type { OAuthOptions } from '../../src/auth/types.ts';
import { startProvider, type Signed, type TestProvider } from '../support/provider.ts';
import { callerIn, challengeIn, gate, oauthOf, RESOURCE } from './scene.ts';

let provider: TestProvider;
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(() => provider.close());

const callerBy = async (signed: Signed, more: Partial<OAuthOptions> = {}) =>
  callerIn(await gate({ oauth: oauthOf(provider, more) }).ask(await provider.sign(RESOURCE, signed)));

test('a person with a token of a real sign-in', async () => {
  const { access_token: token } = await provider.userToken({ resource: RESOURCE, scope: 'openid kratos:read kratos:write' });
  const caller = callerIn(await gate({ oauth: oauthOf(provider, { personClaim: 'email' }) }).ask(token));
  expect(caller).toMatchObject({
    principal: `${provider.issuer}|anna|agent|jwt`,
    name: 'Anna@example.com',
    person: 'anna@example.com',
    scopes: new Set(['kratos:read', 'kratos:write']),
    canStepUp: true,
    claims: { sub: 'anna', groups: ['iam', 'staff'] },
  });
  expect(caller.expiresAt).toBe(Number(caller.claims['exp']) * 1000);
});

describe('principal', () => {
  test('has its parts escaped, so that no other parts make the same', () => {
    const parts = [
      ['a|b', 'c'],
      ['a', 'b|c'],
      ['a%7cb', 'c'],
      ['a', 'b', 'c'],
      ['a b', 'c'],
      ['a\u0000', 'c'],
      ['a%u{0}', 'c'],
      ['a\ud800', 'c'],
      ['a\u{e0041}', 'c'],
    ];
    const all = parts.map(joined);
    expect(new Set(all).size).toBe(parts.length);
    expect(all.join('')).toMatch(/^[\x21-\x7e]+$/);
    expect(joined(['https://id.example.com/', 'auth0|5f', 'a'])).toBe('https://id.example.com/|auth0%7c5f|a');
  });

  test('differs between the clients of one person, and between kinds of token', async () => {
    const all = await Promise.all(
      [{ client_id: 'one' }, { client_id: 'two' }, { client_id: undefined, azp: 'three' }, { client_id: undefined }].map((claims) =>
        callerBy({ claims }),
      ),
    );
    expect(all.map((it) => it.principal.slice(provider.issuer.length))).toEqual([
      '|anna|one|jwt',
      '|anna|two|jwt',
      '|anna|three|jwt',
      '|anna||jwt',
    ]);
  });
});

describe('person', () => {
  const issuer = 'https://id.example.com';
  test('is the issuer with the subject, exactly as written', () => {
    expect(personOf({ sub: 'Anna|1' }, { issuer, personClaim: 'sub' })).toBe('https://id.example.com|Anna%7c1');
  });

  test.for([
    [{ email: 'Anna@Example.com', email_verified: true }, 'email', 'anna@example.com'],
    [{ email: 'a@x.com', email_verified: false }, 'email', undefined],
    [{ email: 'a@x.com', email_verified: 'true' }, 'email', undefined],
    [{ email: 'a@x.com' }, 'email', undefined],
    [{ ext: { email: 'A@x.com', email_verified: true } }, 'ext.email', 'a@x.com'],
    [{ ext: { email: 'A@x.com' }, email_verified: true }, 'ext.email', undefined],
    [{ oid: 'ABC-1' }, 'oid', 'abc-1'],
    [{ oid: '' }, 'oid', undefined],
    [{ oid: ['a'] }, 'oid', undefined],
    [{}, 'sub', undefined],
    [{ name: 'Ä' }, 'name', 'ä'],
    [{ name: 'A\u0308' }, 'name', 'ä'],
  ] as const)('%j by %s is %s', ([claims, personClaim, expected]) => {
    expect(personOf(claims, { issuer, personClaim })).toBe(expected);
  });
});

describe('name', () => {
  test.for([
    [{ email: 'a@x.com', preferred_username: 'a', name: 'A' }, 'a@x.com'],
    [{ email: 7, preferred_username: 'a', name: 'A' }, 'a'],
    [{ preferred_username: ' ', name: 'A' }, 'A'],
    [{}, 'anna'],
  ] as const)('of %j is %s', async ([claims, expected]) => {
    expect((await callerBy({ claims })).name).toBe(expected);
  });
});

describe('scopes', () => {
  const scopesBy = async (claims: Record<string, unknown>, more: Partial<OAuthOptions> = {}) => [
    ...((await callerBy({ claims }, more)).scopes ?? []),
  ];

  test.for([
    [{ scope: 'openid kratos:read  kratos:write kratos:admin' }, ['kratos:read', 'kratos:write']],
    [{ scope: ['kratos:read', 'kratos:mass'] }, ['kratos:read', 'kratos:mass']],
    [{ scope: undefined, scp: ['kratos:read'] }, ['kratos:read']],
    [{ scope: undefined, scp: 'kratos:read kratos:sessions' }, ['kratos:read', 'kratos:sessions']],
    [{ scope: 'openid', scp: ['kratos:mass'] }, []],
    [{ scope: undefined }, []],
    [{ scope: 'KRATOS:READ' }, []],
    [{ scope: { 'kratos:read': true } }, []],
    [{ scope: [['kratos:read']] }, []],
  ] as const)('of %j are %j', async ([claims, expected]) => {
    expect(await scopesBy(claims)).toEqual(expected);
  });

  test('are read from the claim that is set, and from no other', async () => {
    expect(await scopesBy({ scope: 'kratos:mass', roles: ['kratos:read'] }, { scopeClaim: 'roles' })).toEqual(['kratos:read']);
    expect(await scopesBy({ scope: 'kratos:mass' }, { scopeClaim: 'roles' })).toEqual([]);
  });

  test('come from groups, too, by the very name of the group', async () => {
    const groupScopes = new Map([
      ['helpdesk', ['kratos:sessions']],
      ['iam', ['kratos:read', 'kratos:write', 'kratos:unknown']],
    ]);
    const by = (claims: Record<string, unknown>, groupsClaim = 'groups') =>
      scopesBy({ scope: 'openid', ...claims }, { groupScopes, groupsClaim });
    expect(await by({ groups: ['iam', 'staff'] })).toEqual(['kratos:read', 'kratos:write']);
    expect(await by({ groups: 'helpdesk' })).toEqual(['kratos:sessions']);
    expect(await by({ groups: ['IAM', 'helpdesk '] })).toEqual([]);
    expect(await by({ groups: 'iam helpdesk' })).toEqual([]);
    expect(await by({ realm_access: { roles: ['helpdesk'] } }, 'realm_access.roles')).toEqual(['kratos:sessions']);
    expect(await by({ 'https://example.com/groups': ['iam'] }, 'https://example.com/groups')).toEqual(['kratos:read', 'kratos:write']);
  });

  test('a path never leads to what every object has', () => {
    expect(claimAt({ a: {} }, 'constructor')).toBeUndefined();
    expect(claimAt({ a: 'text' }, 'a.length')).toBeUndefined();
    expect(claimAt({ a: {} }, 'a.__proto__')).toBeUndefined();
  });
});

describe('typ JWT, where it is set', () => {
  const ask = async (header: object, claims: Record<string, unknown> = {}, tokenTypes = ['JWT', 'none']) => {
    const door = gate({ oauth: oauthOf(provider, { tokenTypes }) });
    const found = await door.ask(await provider.sign(RESOURCE, { header: { typ: 'JWT', ...header }, claims }));
    return door.refused[0] ?? callerIn(found).principal.slice(provider.issuer.length);
  };

  test('counts with a client and a scope, as Ory Hydra, Keycloak, Okta and Entra ID write them', async () => {
    expect(await ask({})).toBe('|anna|agent|jwt');
    expect(await ask({ typ: 'application/jwt' })).toBe('|anna|agent|jwt');
    expect(await ask({}, { scope: undefined, scp: ['kratos:read'] })).toBe('|anna|agent|jwt');
    expect(await ask({}, { client_id: undefined, azp: 'web' })).toBe('|anna|web|jwt');
    expect(await ask({ typ: undefined }, { client_id: undefined, cid: 'okta', scope: undefined, scp: ['kratos:read'] })).toBe(
      '|anna|okta|jwt',
    );
  });

  test.for([
    ['client_id', { client_id: undefined }],
    ['client_id', { client_id: '' }],
    ['client_id', { client_id: ['agent'] }],
    ['scope', { scope: undefined }],
    ['scope', { scope: '' }],
    ['scope', { scope: [] }],
    ['id_token', { at_hash: 'x' }],
  ] as const)('is refused by %s: %j', async ([check, claims]) => {
    expect(await ask({}, claims)).toBe(check);
  });

  test('at+jwt does not count where it is not in the list', async () => {
    expect(await ask({ typ: 'at+jwt' }, {}, ['JWT'])).toBe('typ');
  });

  test('types are compared without case and without application/', async () => {
    const door = gate({ oauth: oauthOf(provider, { tokenTypes: ['application/AT+jwt'] }) });
    for (const typ of ['at+jwt', 'AT+JWT', 'application/at+jwt', 'Application/At+Jwt']) {
      callerIn(await door.ask(await provider.sign(RESOURCE, { header: { typ } })));
    }
    challengeIn(await door.ask(await provider.sign(RESOURCE, { header: { typ: 'text/at+jwt' } })));
  });
});

test('a clock that is off by less than a minute does no harm, and a token ends although it was remembered', async () => {
  const door = gate({ oauth: oauthOf(provider) });
  const now = Math.floor(Date.now() / 1000);
  callerIn(await door.ask(await provider.sign(RESOURCE, { claims: { exp: now - 50 } })));
  callerIn(await door.ask(await provider.sign(RESOURCE, { claims: { nbf: now + 50, iat: now + 50 } })));
  const token = await provider.sign(RESOURCE, { claims: { exp: now + 100 } });
  callerIn(await door.ask(token));
  door.pass(155_000);
  callerIn(await door.ask(token));
  door.pass(10_000);
  challengeIn(await door.ask(token));
  expect(door.refused).toEqual(['exp']);
});

test('a thumbprint of a certificate in the header does no harm: Entra ID writes one', async () => {
  await callerBy({ header: { x5t: 'abc', 'x5t#S256': 'abc' } });
});

test('several audiences are fine where ours is one of them', async () => {
  await callerBy({ claims: { aud: ['https://other.example', RESOURCE] } });
});

test('a caller without a subject in an introspection is the client, and nobody knows which person', () => {
  const caller = callerFrom({ client_id: 'job', exp: 1 }, 'opaque', oauthOf(provider));
  expect([caller.principal, caller.person]).toEqual([`${provider.issuer}|job|job|opaque`, undefined]);
});

describe('a token of a client and of nobody in particular', () => {
  const personIn = (claims: Record<string, unknown>, personClaim: string) =>
    callerFrom({ exp: 1, ...claims }, 'jwt', oauthOf(provider, { personClaim })).person;

  test.for([
    [{ sub: 'job', client_id: 'job' }, 'sub'],
    [{ sub: 'job', cid: 'job' }, 'sub'],
    [{ sub: 'job@clients', azp: 'job', gty: 'client-credentials' }, 'sub'],
    [{ sub: 'job@clients', azp: 'job' }, 'sub'],
    [{ sub: 'x', gty: 'client-credentials' }, 'sub'],
    [{ sub: 'f1', azp: 'Job', preferred_username: 'service-account-job' }, 'sub'],
    [{ sub: 'f1', oid: 'f1', appid: 'job', idtyp: 'app' }, 'oid'],
  ] as const)('%j names no person by %s', ([claims, personClaim]) => {
    expect(personIn(claims, personClaim)).toBeUndefined();
  });

  test('may carry a claim that says who is behind it', () => {
    expect(personIn({ sub: 'job', client_id: 'job', owner: 'Anna' }, 'owner')).toBe('anna');
  });

  test.for([
    [{ sub: 'anna', client_id: 'job' }, `anna`],
    [{ sub: 'anna' }, 'anna'],
    [{ sub: 'service-account-job', client_id: 'other' }, 'service-account-job'],
  ] as const)('%j is a person', ([claims, sub]) => {
    expect(personIn(claims, 'sub')).toBe(`${provider.issuer}|${sub}`);
  });

  test('as the provider issues it', async () => {
    const door = gate({ oauth: oauthOf(provider) });
    expect(callerIn(await door.ask(await provider.machineToken({ resource: RESOURCE, scope: 'kratos:read' }))).person).toBeUndefined();
  });
});
