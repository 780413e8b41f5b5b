import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { identityView } from '../../src/shape/identity.ts';
import { identity } from './people.ts';

const BOB = identity({
  id: 'b40becef-efe6-41bc-84c8-56b9f2b292d4',
  external_id: 'crm-1',
  credentials: {
    oidc: {
      type: 'oidc',
      identifiers: ['google:sub-1'],
      config: {
        providers: [{ initial_id_token: 'a', initial_access_token: 'b', initial_refresh_token: 'c', subject: 'sub-1', provider: 'google' }],
      },
      version: 0,
      created_at: '2026-11-23T17:00:57.490353Z',
      updated_at: '2026-11-23T17:00:57.490353Z',
    },
    password: { identifiers: ['bob@example.com'], config: { hashed_password: '$2a$04$w7' }, created_at: '0001-01-01T00:00:00Z' },
    lookup_secret: {
      identifiers: [],
      config: { recovery_codes: [{ code: 'x' }, { code: 'y', used_at: '2026-11-23T17:00:57Z' }, { code: 'z', used_at: null }] },
    },
    webauthn: {
      identifiers: ['bob@example.com'],
      config: {
        user_handle: 'h',
        credentials: [{ id: 'k', display_name: 'YubiKey', added_at: '2026-01-02T03:04:05.678Z', is_passwordless: true }],
      },
    },
    totp: { identifiers: ['b40becef-efe6-41bc-84c8-56b9f2b292d4'], config: { totp_url: 'otpauth://totp/x?secret=S' } },
  },
  schema_id: 'default',
  schema_url: 'http://127.0.0.1:4433/schemas/ZGVmYXVsdA',
  state: 'active',
  state_changed_at: '2026-11-23T17:00:57.488040757Z',
  traits: { email: 'bob@example.com', name: { first: 'Bob', last: '<B&B>' }, 'dotted.name': 1, phones: [{ kind: 'home', number: '1' }] },
  verifiable_addresses: [
    {
      id: '4d58a21f-56fd-41b4-988a-e94e2c8b082a',
      value: 'bob@example.com',
      verified: true,
      via: 'email',
      status: 'completed',
      verified_at: '2026-11-23T17:00:57.489758421Z',
      created_at: '2026-11-23T17:00:57.489789Z',
      updated_at: '2026-11-23T17:00:57.489789Z',
    },
    { id: 'cf64ec9f-33e7-4f37-888a-0051b1e1ca6e', value: '+491711234567', verified: false, via: 'sms', status: 'pending' },
  ],
  recovery_addresses: [{ id: 'f989fe8f-1f17-4baa-8bbb-f2cdf07e1a01', value: 'bob@example.com', via: 'email' }],
  metadata_public: { plan: 'pro' },
  metadata_admin: { note: 'vip', risk: { score: 3 } },
  created_at: '2026-11-23T17:00:57.489424Z',
  updated_at: '2026-11-23T17:00:57.489424Z',
  organization_id: null,
});

describe('identityView, summary', () => {
  test('is short: no credentials, no metadata, addresses as text, whole seconds, nothing null', () => {
    expect(identityView(BOB, { view: 'summary' })).toEqual({
      id: 'b40becef-efe6-41bc-84c8-56b9f2b292d4',
      external_id: 'crm-1',
      schema_id: 'default',
      state: 'active',
      traits: BOB.traits,
      verifiable_addresses: ['bob@example.com (verified)', '+491711234567 (unverified)'],
      created_at: '2026-11-23T17:00:57Z',
      updated_at: '2026-11-23T17:00:57Z',
    });
  });

  test('shows the credentials that were asked for, and no others', () => {
    expect(identityView(BOB, { view: 'summary', include: ['password'] })['credentials']).toEqual({
      password: { identifiers: ['bob@example.com'], set: true },
    });
  });
});

describe('identityView, full', () => {
  test('adds addresses with ids, public metadata, and the names of the admin metadata', () => {
    const view = identityView(BOB, { view: 'full' });
    expect(view).toMatchObject({
      verifiable_addresses: [
        { id: '4d58a21f-56fd-41b4-988a-e94e2c8b082a', value: 'bob@example.com', verified: true, verified_at: '2026-11-23T17:00:57Z' },
        {},
      ],
      recovery_addresses: [{ id: 'f989fe8f-1f17-4baa-8bbb-f2cdf07e1a01', value: 'bob@example.com', via: 'email' }],
      metadata_public: { plan: 'pro' },
      metadata_admin_keys: ['note', 'risk'],
      state_changed_at: '2026-11-23T17:00:57Z',
    });
    expect(view).not.toHaveProperty('metadata_admin');
    expect(view).not.toHaveProperty('organization_id');
  });

  test('gives credentials without facts of their configs unless their type was asked for', () => {
    const { credentials } = identityView(BOB, { view: 'full' });
    const times = { created_at: '2026-11-23T17:00:57Z', updated_at: '2026-11-23T17:00:57Z' };
    expect(credentials).toEqual({
      oidc: { identifiers: ['google:sub-1'], ...times },
      password: { identifiers: ['bob@example.com'] }, // Go's zero time is no time
      lookup_secret: { identifiers: [] },
      webauthn: { identifiers: ['bob@example.com'] },
      totp: { identifiers: ['b40becef-efe6-41bc-84c8-56b9f2b292d4'] },
    });
  });

  test('gives facts of the configs that were asked for', () => {
    const { credentials } = identityView(BOB, { view: 'full', include: ['password', 'oidc', 'totp', 'lookup_secret', 'webauthn'] });
    expect(credentials).toMatchObject({
      password: { set: true },
      oidc: { providers: [{ provider: 'google', subject: 'sub-1' }] },
      lookup_secret: { unused: 2 },
      webauthn: { keys: [{ display_name: 'YubiKey', added_at: '2026-01-02T03:04:05Z', passwordless: true }] },
      totp: { set: true },
    });
  });

  test.each([{}, undefined, { hashed_password: '' }])('says that there is no password for the config %j', (config) => {
    const one = identity({ id: 'x', schema_id: 'default', credentials: { password: { identifiers: ['a'], config } } });
    expect(identityView(one, { view: 'full', include: ['password'] })['credentials']).toEqual({
      password: { identifiers: ['a'], set: false },
    });
  });
});

describe('identityView, fields', () => {
  const view = (fields: readonly string[]) => identityView(BOB, { view: 'summary', fields });

  test('keeps what is named, and the id', () => {
    expect(view(['state', 'traits.name.first'])).toEqual({ id: BOB.id, state: 'active', traits: { name: { first: 'Bob' } } });
  });
  test('finds names with dots in them, and looks into lists', () => {
    expect(view(['traits.dotted.name', 'traits.phones.kind'])).toEqual({
      id: BOB.id,
      traits: { 'dotted.name': 1, phones: [{ kind: 'home' }] },
    });
    expect(view(['verifiable_addresses.value'])).toEqual({
      id: BOB.id,
      verifiable_addresses: [{ value: 'bob@example.com' }, { value: '+491711234567' }],
    });
  });
  test('is how metadata_admin leaves, whole or in part', () => {
    expect(view(['metadata_admin'])).toEqual({ id: BOB.id, metadata_admin: { note: 'vip', risk: { score: 3 } } });
    expect(view(['metadata_admin.risk.score'])).toEqual({ id: BOB.id, metadata_admin: { risk: { score: 3 } } });
  });
  test('passes over a path that this identity lacks', () => expect(view(['traits.nickname'])).toEqual({ id: BOB.id }));
  test.each(['Traits', 'name', '', 'state.x', 'traits.', 'metadata_admin_keys', '__proto__', 'traits..email'])(
    'refuses %j and names the known ones',
    (name) => {
      expect(() => view(['state', name])).toThrow(InputError);
      expect(() => view([name])).toThrow(/schema_id.*traits/);
    },
  );
  test('treats an empty list like none', () => expect(view([])).toEqual(identityView(BOB, { view: 'summary' })));
  test('keeps a member called __proto__ as data', () => {
    const odd = identity({ id: 'x', schema_id: 'default', traits: JSON.parse('{"__proto__":{"polluted":1},"a":2}') });
    const kept = JSON.stringify(identityView(odd, { view: 'full', fields: ['traits.__proto__'] }));
    expect(kept).toBe('{"id":"x","traits":{"__proto__":{"polluted":1}}}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});
