import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { seed } from '../../src/seed.ts';
import { firstFactors, methodsOf } from '../../src/tools/methods.ts';
import { KratosIdentity } from '../../src/client/bodies.ts';
import { changing } from './reader.ts';
import { stage } from './run.ts';

const op = changing('delete_identity_credentials');
const GOOGLE = 'google:grace-1906';

describe('delete_identity_credentials', () => {
  test('tells what goes and what is left', async () => {
    const plan = await stage().plan(op, { id: seed.grace, type: 'oidc', identifier: GOOGLE });
    expect(plan).toMatchObject({ effects: ['takeover'], phrase: 'grace.murray@example.com' });
    const said = plan.says.join('\n');
    expect(said).toContain(`Removed as a way to sign in: “oidc ${GOOGLE}”.`);
    expect(said).toMatch(/Left: .*“password”/);
    expect(plan.calls).toEqual([
      { endpoint: 'deleteIdentityCredentials', params: { id: seed.grace, type: 'oidc' }, init: { query: { identifier: GOOGLE } } },
    ]);
  });

  test.each([
    ['oidc', { type: 'oidc', identifier: GOOGLE }, `oidc ${GOOGLE}`],
    ['password', { type: 'password' }, 'password'],
    ['totp', { type: 'totp' }, 'totp'],
    ['lookup_secret', { type: 'lookup_secret' }, 'lookup_secret'],
  ])('removes %s and reads back what remains', async (_, asked, method) => {
    const on = stage();
    const plan = await on.plan(op, { id: seed.grace, ...asked });
    expect(await on.landed(op, plan)).toBe(false);
    const result = await on.run(op, { id: seed.grace, ...asked });
    expect(result).toMatchObject({ id: seed.grace, ...asked, deleted: true, changed: true });
    expect(result['remaining']).toHaveLength(3);
    expect(result['remaining']).not.toContain(method);
    expect(result['remaining']).toEqual(plan.result['remaining']);
    expect(await on.landed(op, plan)).toBe(true);
  });

  test('says that a method which was already removed is not set up', async () => {
    const on = stage();
    await on.run(op, { id: seed.grace, type: 'password' });
    const again = on.plan(op, { id: seed.grace, type: 'password' });
    await expect(again).rejects.toThrow(InputError);
    await expect(again).rejects.toThrow('The account has no password set up.');
  });

  test('refuses to take the last way to sign in, as Kratos would', async () => {
    const on = stage();
    await expect(on.plan(op, { id: seed.ada, type: 'password' })).rejects.toThrow(/last way in which the account can sign in/);
    await expect(on.plan(op, { id: seed.oidcOnly, type: 'oidc', identifier: 'google:kc-1918' })).rejects.toThrow(/last way/);
    await expect(on.kratos('deleteIdentityCredentials', { id: seed.ada, type: 'password' })).rejects.toMatchObject({ status: 400 });
  });

  test.each([
    ['a code', { type: 'code' }, /does not delete credentials of type code/],
    ['a passkey', { type: 'passkey' }, /does not delete credentials of type passkey/],
    ['a linked account without its name', { type: 'oidc' }, /provider:subject/],
    ['a name where there are none', { type: 'totp', identifier: 'x' }, /Leave it out/],
  ])('refuses %s before anything is read', async (_, asked, message) => {
    const on = stage();
    const call = on.plan(op, { id: seed.grace, ...asked });
    await expect(call).rejects.toThrow(InputError);
    await expect(call).rejects.toThrow(message);
    expect(on.wire).toEqual([]);
  });

  test('finds a linked account by its exact name only', async () => {
    const call = stage().plan(op, { id: seed.grace, type: 'oidc', identifier: GOOGLE.toUpperCase() });
    await expect(call).rejects.toThrow(/No account with this identifier.*Upper and lower case count/);
  });

  test('lets nothing secret into the plan', async () => {
    const plan = await stage().plan(op, { id: seed.grace, type: 'totp' });
    expect(JSON.stringify(plan)).not.toMatch(/\$2[aby]\$|otpauth|hashed_password|recovery_codes|initial_/);
  });
});

const identity = (credentials: Record<string, unknown>) =>
  KratosIdentity.parse({ id: seed.nobody, schema_id: 'default', traits: {}, metadata_public: null, metadata_admin: null, credentials });
const HASH = { hashed_password: '$2a$04$x' };
const google = (subject: string, organization?: string) => ({ provider: 'google', subject, ...(organization ? { organization } : {}) });

describe('first factors', () => {
  test.each([
    ['a password with a name', { password: { identifiers: ['a'], config: HASH } }, 1],
    ['a password that is not set', { password: { identifiers: ['a'], config: {} } }, 0],
    ['a password without a name', { password: { identifiers: [], config: HASH } }, 0],
    ['two linked accounts', { oidc: { identifiers: ['google:1', 'google:2'], config: { providers: [google('1'), google('2')] } } }, 2],
    ['one of an organization', { oidc: { identifiers: ['google:1'], config: { providers: [google('1', seed.organization)] } } }, 0],
    ['one that no identifier names', { oidc: { identifiers: [], config: { providers: [google('1')] } } }, 0],
    [
      'second-factor keys and one without password',
      { webauthn: { identifiers: ['a'], config: { credentials: [{ is_passwordless: false }, { is_passwordless: true }] } } },
      1,
    ],
    ['a passkey', { passkey: { identifiers: ['h'], config: { credentials: [{}] } } }, 1],
    ['second factors', { totp: { identifiers: ['i'], config: { totp_url: 'otpauth://x' } }, lookup_secret: { identifiers: ['i'] } }, 0],
    [
      'configs of another shape',
      { password: { identifiers: ['a'], config: { hashed_password: 7 } }, oidc: { identifiers: ['x'], config: { providers: 'x' } } },
      0,
    ],
  ])('%s', (_, credentials, count) => {
    expect(firstFactors(identity(credentials))).toBe(count);
  });

  test('what only Kratos can know is left to Kratos', () => {
    const password = { identifiers: ['a'], config: HASH };
    expect(firstFactors(identity({ password, code: { identifiers: ['a'] } }))).toBe(2);
    expect(
      firstFactors(identity({ password, saml: { identifiers: ['okta:1'], config: { providers: [{ provider: 'okta', subject: '1' }] } } })),
    ).toBe(2);
  });
});

test('ways to sign in are told one by one, unknown types by name', () => {
  const credentials = {
    webauthn: { identifiers: ['a'], config: { credentials: [{ is_passwordless: false }, { is_passwordless: true }] } },
    password: { identifiers: ['a'], config: {} },
    hologram: { identifiers: ['a'] },
    oidc: { identifiers: ['google:1'], config: { providers: [google('1')] } },
  };
  expect(methodsOf(identity(credentials))).toEqual(['hologram', 'oidc google:1', 'webauthn (second factor)', 'webauthn (passwordless)']);
});
