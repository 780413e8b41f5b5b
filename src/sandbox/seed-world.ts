/** Puts the seed's people, sessions and messages into a world. Ids are the same on every start, times are counted back from now. */
import { seed } from '../seed.ts';
import { derive } from './extensions.ts';
import type { Credential, Identity } from './identity.ts';
import type { JsonObject } from './json.ts';
import { recoveryMail, verificationMail } from './letters.ts';
import { mail, type Mail } from './mail.ts';
import { DEVICES, people, type Person, type PersonSession } from './people.ts';
import { newCode } from './recovery.ts';
import { follow } from './settle.ts';
import { DAY, HOUR, MINUTE, type Instant } from './time.ts';
import { idOf } from './uuid.ts';
import type { Dispatch, Message, Method, Session, World } from './world.ts';

export function seedWorld(world: World): void {
  const now = world.now();
  for (const [index, person] of people.entries()) {
    const identity = identityOf(world, person, { id: person.id ?? idOf(`person ${index}`), now });
    if (world.clashes(identity)) throw new Error(`The seed has two people like ${identity.id}.`);
    world.put(identity);
    for (const [nth, session] of (person.sessions ?? []).entries()) {
      const id = session.id ?? idOf(`session ${index}/${nth}`);
      world.sessions.set(id, sessionOf(session, { id, owner: identity.id, now }));
    }
  }
  for (const [index, it] of mail.entries()) {
    const id = it.id ?? idOf(`message ${index}`);
    world.messages.set(id, messageOf(it, { id, now }));
  }
}

function identityOf(world: World, person: Person, { id, now }: { id: string; now: Instant }): Identity {
  const joined = now - person.joined * DAY;
  const schema_id = person.schema ?? 'default';
  const draft: Identity = {
    id,
    external_id: person.external_id ?? '',
    credentials: Object.fromEntries(credentials(world, person, { id, joined }).map((it) => [it.type, it])),
    schema_id,
    state: person.state ?? 'active',
    state_changed_at: person.state === 'inactive' ? now - 10 * DAY : joined,
    traits: person.traits,
    verifiable_addresses: [],
    recovery_addresses: [],
    metadata_public: person.metadata_public,
    metadata_admin: person.metadata_admin,
    created_at: joined,
    updated_at: joined,
    organization_id: person.organization_id ?? null,
  };
  const identity = follow(draft, derive(world.schema(schema_id)?.schema ?? {}, person.traits));
  const status = person.address ?? 'completed';
  const verified = status === 'completed';
  return {
    ...identity,
    verifiable_addresses: identity.verifiable_addresses.map((it, index) => {
      const known = { ...it, id: idOf(`address ${id} ${index}`), verified, status };
      return verified ? { ...known, verified_at: joined + 4 * MINUTE, updated_at: joined + 4 * MINUTE } : known;
    }),
    recovery_addresses: identity.recovery_addresses.map((it, index) => ({ ...it, id: idOf(`recovery ${id} ${index}`) })),
  };
}

/** Nobody's password: what stands after the prefix is plainly no hash. */
const FAKE_HASH = `$2a$12$${'not.a.real.hash.'.repeat(4).slice(0, 53)}`;

function credentials(world: World, person: Person, { id, joined }: { id: string; joined: Instant }): Credential[] {
  const make = (type: string, identifiers: readonly string[], config: JsonObject): Credential => ({
    type,
    identifiers,
    config,
    version: 0,
    created_at: joined,
    updated_at: joined,
  });
  const made: Credential[] = [];
  if (person.password === 'imported') made.push(make('password', [], { hashed_password: FAKE_HASH }));
  if (person.password === 'known') made.push(make('password', [], { hashed_password: world.hash(seed.password) }));
  if (person.google !== undefined) {
    made.push(make('oidc', [`google:${person.google}`], { providers: [{ subject: person.google, provider: 'google' }] }));
  }
  if (person.totp === true) {
    made.push(
      make('totp', [id], {
        totp_url: 'otpauth://totp/Example:demo?algorithm=SHA1&digits=6&issuer=Example&period=30&secret=NOTAREALSECRET',
      }),
    );
  }
  if (person.lookup === true) {
    const recovery_codes = Array.from({ length: 12 }, (_, index) => ({ code: `fakecd${String(index).padStart(2, '0')}` }));
    made.push(make('lookup_secret', [id], { recovery_codes }));
  }
  return made;
}

function methodsOf(by: NonNullable<PersonSession['by']>, at: Instant): readonly Method[] {
  const one = (method: string, aal = 'aal1'): Method => ({ method, aal, completed_at: at });
  if (by === 'google') return [{ ...one('oidc'), provider: 'google' }];
  return by === 'password+totp' ? [one('password'), one('totp', 'aal2')] : [one(by)];
}

function sessionOf(session: PersonSession, { id, owner, now }: { id: string; owner: string; now: Instant }): Session {
  const began = now - session.began * HOUR;
  return {
    id,
    identity_id: owner,
    active: session.revoked !== true,
    expires_at: began + (session.lasts ?? 24) * HOUR,
    authenticated_at: began,
    issued_at: began,
    created_at: began,
    authenticator_assurance_level: session.by === 'password+totp' ? 'aal2' : 'aal1',
    authentication_methods: methodsOf(session.by ?? 'password', began),
    devices: [{ id: idOf(`device ${id}`), ...DEVICES[session.on] }],
  };
}

function messageOf(it: Mail, { id, now }: { id: string; now: Instant }): Message {
  const queued = Math.round(now - it.queued * HOUR);
  const failed = it.failed ?? 0;
  const dispatches: Dispatch[] = Array.from({ length: failed }, (_, nth) => ({
    ...dispatch(id, nth, queued),
    status: 'failed',
    error: {
      code: 500,
      status: 'Internal Server Error',
      reason: 'dial tcp 192.0.2.25:587: i/o timeout',
      message: 'An internal server error occurred',
    },
  }));
  if (it.status === 'sent') dispatches.push({ ...dispatch(id, failed, queued), status: 'success' });
  return {
    id,
    status: it.status,
    type: it.type ?? 'email',
    recipient: it.recipient,
    ...(it.template_type.startsWith('recovery') ? recoveryMail : verificationMail)(newCode()),
    template_type: it.template_type,
    send_count: dispatches.length,
    dispatches,
    created_at: queued,
    updated_at: dispatches.at(-1)?.updated_at ?? queued,
  };
}
function dispatch(message: string, nth: number, queued: Instant): Omit<Dispatch, 'status'> {
  const at = queued + (nth + 1) * MINUTE;
  return { id: idOf(`dispatch ${message} ${nth}`), created_at: at, updated_at: at };
}
