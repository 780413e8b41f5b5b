import { beforeEach, describe, expect, test } from 'vitest';
import { seed } from '../../src/seed.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { asker, body, type Ask } from './ask.ts';

interface Identity {
  readonly id: string;
  readonly schema_id: string;
  readonly state: string;
  readonly external_id?: string;
  readonly traits: Readonly<Record<string, unknown>>;
  readonly credentials?: Readonly<Record<string, { identifiers: string[]; config?: Record<string, unknown> }>>;
  readonly verifiable_addresses?: readonly { value: string; via: string; verified: boolean; status: string }[];
  readonly metadata_public: unknown;
  readonly metadata_admin: unknown;
  readonly organization_id: string | null;
}
interface Session {
  readonly id: string;
  readonly active: boolean;
  readonly expires_at: string;
  readonly issued_at: string;
  readonly authenticator_assurance_level: string;
  readonly identity: { readonly id: string } | null;
  readonly devices: readonly { ip_address: string; user_agent: string; location: string }[];
}
interface Message {
  readonly id: string;
  readonly status: string;
  readonly recipient: string;
  readonly body: string;
  readonly dispatches?: readonly { status: string }[];
}

const INCLUDE = ['password', 'oidc', 'totp', 'lookup_secret', 'code'].map((it) => `include_credential=${it}`).join('&');
let sandbox: Sandbox;
let ask: Ask;
beforeEach(() => {
  sandbox = createSandbox();
  ask = asker(sandbox);
});
const person = async (id: string) => body<Identity>(await ask(`GET /admin/identities/${id}?${INCLUDE}`));
const sessionsOf = async (id: string) => body<Session[]>(await ask(`GET /admin/identities/${id}/sessions`));
const hash = (it: Identity) => it.credentials?.['password']?.config?.['hashed_password'];

describe('the named people', () => {
  test('Ada: verified, a password, three active sessions on different devices', async () => {
    const ada = await person(seed.ada);
    expect(ada).toMatchObject({ state: 'active', traits: { email: 'ada.byron@example.com', name: { first: 'Ada', last: 'Byron' } } });
    expect(ada.verifiable_addresses).toMatchObject([{ value: 'ada.byron@example.com', verified: true, status: 'completed' }]);
    expect(hash(ada)).toMatch(/^\$2a\$/);
    const sessions = await sessionsOf(seed.ada);
    expect(sessions.map((it) => it.id)).toEqual([seed.adaLaptop, seed.adaPhone, seed.adaTablet]);
    expect(sessions.every((it) => it.active)).toBe(true);
    expect(new Set(sessions.map((it) => it.devices[0]?.user_agent)).size).toBe(3);
  });

  test('Grace: password, Google, TOTP, unused lookup codes, one active session at aal2, an external id', async () => {
    const grace = await person(seed.grace);
    expect(grace.external_id).toBe(seed.externalId);
    expect(grace.traits['email']).toBe('grace.murray@example.com');
    expect(Object.keys(grace.credentials ?? {})).toEqual(['lookup_secret', 'oidc', 'password', 'totp']);
    expect(grace.credentials?.['oidc']?.identifiers).toEqual(['google:grace-1906']);
    expect(JSON.stringify(grace.credentials?.['lookup_secret']?.config)).not.toContain('used_at');
    const sessions = await sessionsOf(seed.grace);
    expect(sessions).toMatchObject([{ id: seed.graceLaptop, active: true, authenticator_assurance_level: 'aal2' }]);
    expect(body<Identity>(await ask(`GET /admin/identities/by/external/${seed.externalId}`)).id).toBe(seed.grace);
  });

  test('somebody signs in with Google only', async () => {
    const it = await person(seed.oidcOnly);
    expect(it.credentials?.['oidc']?.identifiers).toHaveLength(1);
    expect(hash(it)).toBeUndefined();
  });

  test('somebody has no e-mail and no way to sign in, somebody else a phone number and nothing else', async () => {
    const noEmail = await person(seed.noEmail);
    expect(noEmail).toMatchObject({ schema_id: 'employee' });
    expect(Object.keys(noEmail.traits)).not.toContain('email');
    expect(noEmail).not.toHaveProperty('credentials');
    const phoneOnly = await person(seed.phoneOnly);
    expect(phoneOnly.traits).toEqual({ phone: '+491711234567' });
    expect(phoneOnly.verifiable_addresses).toMatchObject([{ via: 'sms', value: '+491711234567' }]);
    expect(Object.keys(phoneOnly.credentials ?? {})).toEqual(['code']);
  });

  test('somebody is inactive, with sessions whose rows are active', async () => {
    expect((await person(seed.inactive)).state).toBe('inactive');
    const ids = (await sessionsOf(seed.inactive)).map((it) => it.id);
    expect(ids).not.toEqual([]);
    for (const id of ids) {
      expect(body<Session>(await ask(`GET /admin/sessions/${id}`)).active).toBe(true);
      expect(body<Session>(await ask(`GET /admin/sessions/${id}?expand=identity`)).active).toBe(false);
    }
  });

  test('somebody never verified the address and has no sessions', async () => {
    expect((await person(seed.unverified)).verifiable_addresses).toMatchObject([{ verified: false }]);
    expect(await sessionsOf(seed.unverified)).toEqual([]);
  });

  test('somebody tries to instruct the agent, with characters that nobody sees', async () => {
    const it = await person(seed.hostile);
    const unseen = /[\u202A-\u202E\u2066-\u2069]|\u200B|[\u{E0000}-\u{E007F}]/u;
    for (const words of [it.traits['name'], it.metadata_public, await sessionsOf(seed.hostile)]) {
      expect(JSON.stringify(words)).toMatch(unseen);
    }
    expect(JSON.stringify(it.metadata_admin)).toContain('approved');
  });

  test('somebody is an employee with an organization and both kinds of metadata', async () => {
    const it = await person(seed.employee);
    expect(it).toMatchObject({ schema_id: 'employee', organization_id: seed.organization });
    expect(it.traits).toHaveProperty('department');
    expect(it.metadata_public).not.toBeNull();
    expect(it.metadata_admin).not.toBeNull();
  });

  test('somebody has 30 sessions: active, revoked and expired ones', async () => {
    const sessions = await sessionsOf(seed.manySessions);
    expect(sessions).toHaveLength(30);
    const expired = sessions.filter((it) => Date.parse(it.expires_at) < Date.now());
    const revoked = sessions.filter((it) => !it.active && Date.parse(it.expires_at) > Date.now());
    for (const some of [expired, revoked, sessions.filter((it) => it.active)]) expect(some.length).toBeGreaterThan(3);
  });

  test('nobody has the id of nobody', async () => {
    expect((await ask(`GET /admin/identities/${seed.nobody}`)).status).toBe(404);
  });
});

describe('the whole seed', () => {
  test('is about 40 people of two schemas, the same ones on every start', async () => {
    const everybody = body<Identity[]>(await ask('GET /admin/identities?page_size=500'));
    expect(everybody.length).toBeGreaterThanOrEqual(38);
    expect(new Set(everybody.map((it) => it.schema_id))).toEqual(new Set(['default', 'employee']));
    const again = body<Identity[]>(await asker()('GET /admin/identities?page_size=500'));
    expect(again.map((it) => it.id)).toEqual(everybody.map((it) => it.id));
  });

  test('holds nobody whom its own schema would refuse', async () => {
    for (const { id, traits, state, schema_id } of body<Identity[]>(await ask('GET /admin/identities?page_size=500'))) {
      body(await ask(`PUT /admin/identities/${id}`, { traits, state, schema_id }));
    }
  });

  test('has hashes that are plainly none, but for the one of the demonstration', async () => {
    for (const it of body<Identity[]>(await ask(`GET /admin/identities?page_size=500&include_credential=password`))) {
      if (it.id !== seed.ada && hash(it) !== undefined) expect(hash(it)).toContain('not.a.real.hash');
    }
  });

  test('has sessions that began before now and belong to somebody', async () => {
    const sessions = body<Session[]>(await ask('GET /admin/sessions?page_size=1000&expand=identity&expand=devices'));
    expect(sessions.length).toBeGreaterThan(40);
    for (const it of sessions) {
      expect(it.identity).not.toBeNull();
      expect(it.devices[0]?.ip_address).toMatch(/:\d+$/);
      expect(Date.parse(it.issued_at)).toBeLessThan(Date.now());
    }
  });

  test('has at least twelve messages of several statuses, their text redacted', async () => {
    const messages = body<Message[]>(await ask('GET /admin/courier/messages?page_size=500'));
    expect(messages.length).toBeGreaterThanOrEqual(12);
    expect(new Set(messages.map((it) => it.status)).size).toBe(4);
    for (const it of messages) expect(it.body).toBe('<redacted-unless-dev-mode>');
    const sent = body<Message>(await ask(`GET /admin/courier/messages/${seed.message}`));
    expect(sent).toMatchObject({ status: 'sent', recipient: 'ada.byron@example.com', dispatches: [{ status: 'success' }] });
    const abandoned = body<Message>(await ask(`GET /admin/courier/messages/${seed.abandonedMessage}`));
    expect(abandoned).toMatchObject({ status: 'abandoned', dispatches: [{ status: 'failed' }] });
  });

  test('counts its times back from the clock it is given', async () => {
    const then = new Date('2031-05-06T07:08:09Z');
    const session = body<Session>(await asker(createSandbox({ now: () => then }))(`GET /admin/sessions/${seed.adaLaptop}`));
    expect(session).toMatchObject({ issued_at: '2031-05-06T05:08:09Z', active: true });
  });
});
