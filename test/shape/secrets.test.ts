/** Every leaf that must not leave is a unique canary; so is every member that this server does not know. */
import { describe, expect, test } from 'vitest';
import { KratosMessage } from '../../src/client/bodies.ts';
import { messageView } from '../../src/shape/courier.ts';
import { identityView } from '../../src/shape/identity.ts';
import { sessionView } from '../../src/shape/session.ts';
import { identity, session } from './people.ts';

const TYPES = ['password', 'oidc', 'saml', 'totp', 'lookup_secret', 'webauthn', 'passkey', 'code', 'link_recovery', 'profile', 'brand_new'];
let planted: string[] = [];
const canary = (name: string) => {
  const it = `canary-${name}-${planted.length}`;
  planted.push(it);
  return it;
};
const unknown = (name: string) => ({ [`unknown_${name}`]: canary(name), nested_unknown: { deep: [canary(name)] } });

function plant() {
  planted = [];
  const credential = (name: string, config: Record<string, unknown>) => ({
    type: name,
    version: 1,
    identifiers: [name === 'passkey' ? canary('handle') : `${name}-identifier`],
    config: { ...config, ...unknown(name) },
    ...unknown(name),
    created_at: '2026-11-23T17:00:57Z',
  });
  const keys = (name: string) => ({
    user_handle: canary('handle'),
    credentials: [
      {
        id: canary('id'),
        public_key: canary('key'),
        display_name: `${name}-key`,
        attestation: { object: canary('att') },
        authenticator: { aaguid: canary('aa') },
      },
    ],
  });
  const provider = (name: string) => ({
    subject: `${name}-subject`,
    provider: `${name}-provider`,
    initial_id_token: canary('idt'),
    initial_access_token: canary('at'),
    initial_refresh_token: canary('rt'),
    ...unknown('provider'),
  });
  return {
    id: '0a0a0a0a-0000-4000-8000-000000000001',
    schema_id: 'default',
    state: 'active',
    traits: { email: 'trait@example.com' },
    ...unknown('identity'),
    metadata_admin: { secret_note: canary('admin'), deep: { er: canary('admin') } },
    verifiable_addresses: [{ id: 'a', value: 'trait@example.com', via: 'email', verified: true, ...unknown('address') }],
    recovery_addresses: [{ id: 'b', value: 'trait@example.com', via: 'email', ...unknown('address') }],
    credentials: {
      password: credential('password', { hashed_password: canary('hash'), use_password_migration_hook: true }),
      oidc: credential('oidc', { providers: [provider('oidc'), provider('oidc2')] }),
      saml: credential('saml', { providers: [provider('saml')] }),
      totp: credential('totp', { totp_url: canary('totp') }),
      lookup_secret: credential('lookup_secret', {
        recovery_codes: [{ code: canary('lookup') }, { code: canary('lookup'), used_at: '2026-11-23T17:00:57Z' }],
      }),
      webauthn: credential('webauthn', keys('webauthn')),
      passkey: credential('passkey', keys('passkey')),
      code: credential('code', { addresses: [{ channel: 'email', address: canary('code') }] }),
      link_recovery: credential('link_recovery', { token: canary('link') }),
      brand_new: credential('brand_new', {
        seed: canary('new'),
        providers: [{ provider: canary('new'), subject: canary('new') }],
        keys: [canary('new')],
      }),
    },
  };
}

describe('an identity whose every secret is a canary', () => {
  const includes = [[], ...TYPES.map((it) => [it]), TYPES];
  const fields = [
    [],
    ['credentials'],
    ['traits', 'credentials.password', 'credentials.brand_new.config'],
    ['verifiable_addresses', 'recovery_addresses'],
  ];
  const cases = (['summary', 'full'] as const).flatMap((view) =>
    includes.flatMap((include) => fields.map((names) => ({ view, include, fields: names }))),
  );

  test.each(cases)('gives none of them away: $view, include $include, fields $fields', (options) => {
    const text = JSON.stringify(identityView(identity(plant()), options));
    expect(planted.length).toBeGreaterThan(40);
    expect(planted.filter((it) => text.includes(it))).toEqual([]);
    expect(text).not.toContain('unknown');
  });

  test('has them in what was parsed, so that the test could fail', () => {
    const text = JSON.stringify(identity(plant()));
    expect(planted.filter((it) => !text.includes(it))).toEqual([]);
  });

  test('still shows what is no secret', () => {
    const text = JSON.stringify(identityView(identity(plant()), { view: 'full', include: TYPES }));
    for (const shown of ['brand_new-identifier', 'oidc-subject', 'webauthn-key', '"unused":1', 'secret_note'])
      expect(text).toContain(shown);
  });

  test('gives admin metadata only to the fields that name it', () => {
    const json = plant();
    expect(JSON.stringify(identityView(identity(json), { view: 'full', fields: ['metadata_admin.secret_note'] }))).toContain(
      'canary-admin',
    );
    expect(JSON.stringify(identityView(identity(json), { view: 'full', fields: ['metadata_public'] }))).not.toContain('canary');
  });
});

test('a session gives away no token, nothing unknown, and nothing of its owner beyond a summary', () => {
  const json = {
    id: '0b0b0b0b-0000-4000-8000-000000000001',
    active: true,
    identity: plant(),
    token: canary('token'),
    tokenized: canary('tokenized'),
    ...unknown('session'),
    authentication_methods: [{ method: 'password', aal: 'aal1', ...unknown('method') }],
    devices: [{ id: canary('device'), ip_address: '203.0.113.9:1234', user_agent: 'agent', location: 'Leipzig', ...unknown('device') }],
  };
  for (const owner of [true, false]) {
    const text = JSON.stringify(sessionView(session(json), { identity: owner }));
    expect(planted.filter((it) => text.includes(it))).toEqual([]);
    expect(text).toContain('203.0.113.9');
  }
});

test('a courier message gives away neither body nor subject, nor a code or link that a mail server repeats', () => {
  planted = [];
  const error = {
    code: 500,
    message: 'rejected "Use code 656911"',
    reason: 'see https://auth.example.com/recovery?token=abc',
    ...unknown('error'),
  };
  const message = {
    id: '0c0c0c0c-0000-4000-8000-000000000001',
    status: 'abandoned',
    type: 'email',
    recipient: 'ada@example.com',
    body: canary('body'),
    subject: canary('subject'),
    template_type: 'recovery_code_valid',
    send_count: 3,
    ...unknown('message'),
    dispatches: [
      { id: 'd', message_id: canary('m'), status: 'failed', error, created_at: '2026-11-23T17:00:57.1Z', ...unknown('dispatch') },
    ],
  };
  const view = messageView(KratosMessage.parse(message));
  const text = JSON.stringify(view);
  expect(planted.filter((it) => text.includes(it))).toEqual([]);
  expect(text).not.toMatch(/656911|token=abc/);
  expect(view).toEqual({
    id: '0c0c0c0c-0000-4000-8000-000000000001',
    status: 'abandoned',
    type: 'email',
    recipient: 'ada@example.com',
    template_type: 'recovery_code_valid',
    send_count: 3,
    dispatches: [
      {
        id: 'd',
        status: 'failed',
        error: 'rejected "Use code (digits withheld)": see (link withheld)',
        created_at: '2026-11-23T17:00:57Z',
      },
    ],
  });
});
