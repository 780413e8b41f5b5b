/** Puts the seed's people, sessions and messages into a world. Ids are the same on every start, times are counted back from now. */
import { seed } from '../../seed.ts';
import { mailWith } from '../courier.ts';
import { derive } from '../extensions.ts';
import type { JsonObject } from '../go/json.ts';
import { DAY, HOUR, MINUTE, type Instant } from '../go/time.ts';
import { idOf } from '../go/uuid.ts';
import { blank, type Credential, type Identity } from '../identity.ts';
import { hash } from '../password.ts';
import { newCode } from '../recovery.ts';
import { follow } from '../settle.ts';
import type { Dispatch, Message, Method, Session, World } from '../world.ts';
import { mail, type Mail } from './mail.ts';
import { DEVICES, people, type Person, type PersonSession } from './people.ts';

export function seedWorld(world: World): void {
  const now = world.now();
  for (const [index, person] of people.entries()) {
    const identity = identityOf(world, person, { id: person.id ?? idOf(`person ${index}`), now });
    if (!world.put(identity)) throw new Error(`The seed has two people like ${identity.id}.`);
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
    credentials: Object.fromEntries(credentials(person, { id, joined }).map((it) => [it.type, it])),
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

const TOTP_URL = 'otpauth://totp/Example:demo?algorithm=SHA1&digits=6&issuer=Example&period=30&secret=NOTAREALSECRET';

function credentials({ password, google, totp, lookup }: Person, { id, joined }: { id: string; joined: Instant }): Credential[] {
  const made: Credential[] = [];
  const make = (type: string, identifiers: readonly string[], config: JsonObject) =>
    void made.push({ ...blank(type, joined), identifiers, config });
  if (password !== undefined) make('password', [], { hashed_password: password === 'known' ? hash(seed.password) : FAKE_HASH });
  if (google !== undefined) make('oidc', [`google:${google}`], { providers: [{ subject: google, provider: 'google' }] });
  if (totp === true) make('totp', [id], { totp_url: TOTP_URL });
  if (lookup === true) {
    const recovery_codes = Array.from({ length: 12 }, (_, index) => ({ code: `fakecd${String(index).padStart(2, '0')}` }));
    make('lookup_secret', [id], { recovery_codes });
  }
  return made;
}

const PASSWORD: Method = { method: 'password', aal: 'aal1' };
const METHODS: Readonly<Record<NonNullable<PersonSession['by']>, readonly Method[]>> = {
  password: [PASSWORD],
  google: [{ method: 'oidc', aal: 'aal1', provider: 'google' }],
  'password+totp': [PASSWORD, { method: 'totp', aal: 'aal2' }],
  code: [{ method: 'code', aal: 'aal1' }],
};

function sessionOf(session: PersonSession, { id, owner, now }: { id: string; owner: string; now: Instant }): Session {
  const began = now - session.began * HOUR;
  return {
    id,
    identity_id: owner,
    active: session.revoked !== true,
    expires_at: began + (session.lasts ?? 24) * HOUR,
    created_at: began,
    methods: METHODS[session.by ?? 'password'],
    devices: [{ id: idOf(`device ${id}`), ...DEVICES[session.on] }],
  };
}

const TIMED_OUT: JsonObject = {
  code: 500,
  status: 'Internal Server Error',
  reason: 'dial tcp 192.0.2.25:587: i/o timeout',
  message: 'An internal server error occurred',
};

/** Every attempt a minute after the one before. */
function messageOf(
  { status, type, recipient, template_type, queued, failed = 0 }: Mail,
  { id, now }: { id: string; now: Instant },
): Message {
  const created_at = Math.round(now - queued * HOUR);
  const attempt = (nth: number) => ({ id: idOf(`dispatch ${id} ${nth}`), created_at: created_at + (nth + 1) * MINUTE });
  const dispatches = Array.from({ length: failed }, (_, nth): Dispatch => ({ ...attempt(nth), status: 'failed', error: TIMED_OUT }));
  if (status === 'sent') dispatches.push({ ...attempt(failed), status: 'success' });
  return { id, status, type: type ?? 'email', recipient, ...mailWith(newCode(), template_type), dispatches, created_at };
}
