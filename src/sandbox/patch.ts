/** JSON Patch on one identity (identity/handler.go:1097): all of Kratos' JSON is the document, credentials and hashes too. */
import { flag, instant, int, list, mapOf, nullableText, nullableUuid, raw, state, struct, text, uuid, type Decoded } from './decode.ts';
import { badMessage, internal, json, Refusal, taken, type SandboxReply } from './envelope.ts';
import { identityOf } from './identities.ts';
import { CREDENTIAL_TYPES, printIdentity, type Credential, type Credentials, type Identity, type VerifiableAddress } from './identity.ts';
import { applyPatch } from './json-patch.ts';
import { GoError, readWhole } from './json-read.ts';
import { isObject, write, type Json } from './json.ts';
import { TOO_LARGE, type SandboxRequest } from './request.ts';
import { asWritten, isState, schemaUrl, settle } from './settle.ts';
import { stamp, type Instant } from './time.ts';
import { newId } from './uuid.ts';
import { validator } from './validate.ts';
import type { World } from './world.ts';

const addressShape = { id: uuid, value: text, via: text, created_at: instant, updated_at: instant };
const verifiableShape = { ...addressShape, verified: flag, status: text, verified_at: instant };
const credentialShape = {
  type: text,
  identifiers: list('[]string', text),
  config: raw,
  version: int,
  created_at: instant,
  updated_at: instant,
};
const shape = {
  external_id: nullableText,
  credentials: mapOf(struct('lenient', 'identity.Credentials', credentialShape)),
  schema_id: text,
  schema_url: text,
  state,
  state_changed_at: instant,
  traits: raw,
  verifiable_addresses: list('[]identity.VerifiableAddress', struct('lenient', 'identity.VerifiableAddress', verifiableShape)),
  recovery_addresses: list('[]identity.RecoveryAddress', struct('lenient', 'identity.RecoveryAddress', addressShape)),
  metadata_public: raw,
  metadata_admin: raw,
  created_at: instant,
  organization_id: nullableUuid,
};
type Patched = Decoded<typeof shape>;
const patchedIdentity = struct('lenient', 'identity.WithCredentialsAndAdminMetadataInJSON', shape);

export async function patchIdentity(world: World, request: SandboxRequest<'patchIdentity'>): Promise<SandboxReply> {
  const validate = await validator();
  if (request.truncated) throw internal(TOO_LARGE);
  const before = identityOf(world, request.params.id);
  const patched = patchOf(world, before, request.body);
  const draft = withPatch(before, patched, world.now());
  const after = settle(world, validate, draft);
  if (world.clashes(after)) throw taken();
  world.put(after);
  // The URL is the one the document had: that of the schema before, or whatever the patch made of it.
  const view = { schema_url: patched.schema_url ?? '', include: [], sorted: false, metadata_admin: 'given' } as const;
  return json(200, printIdentity(asWritten(after, before.credentials), view));
}

function patchOf(world: World, before: Identity, patch: string): Patched {
  try {
    return patchedIdentity(applyPatch(patch, documentOf(world, before)), '') ?? {};
  } catch (error) {
    // The misspelling is Kratos'.
    if (error instanceof GoError) throw badMessage(error.message, 'An error occured when applying the JSON patch');
    throw error;
  }
}

/** The identity as JSON with the configuration of its credentials as stored. */
function documentOf(world: World, identity: Identity): Json {
  const printed = printIdentity(identity, { schema_url: schemaUrl(world, identity.schema_id), include: [] });
  const credentials = Object.values(identity.credentials).map((it) => [
    it.type,
    { ...it, created_at: stamp(it.created_at), updated_at: stamp(it.updated_at) },
  ]);
  return readWhole(write({ ...printed, credentials: credentials.length === 0 ? undefined : Object.fromEntries(credentials) }));
}

function withPatch(before: Identity, patched: Patched, now: Instant): Identity {
  const given = stateOf(before, patched.state ?? '');
  return {
    ...before,
    external_id: patched.external_id ?? '',
    credentials: credentialsOf(before.credentials, patched.credentials ?? {}, now),
    schema_id: patched.schema_id ?? '',
    state: given,
    state_changed_at: given === before.state ? patched.state_changed_at : now,
    traits: patched.traits === undefined ? {} : patched.traits,
    verifiable_addresses: (patched.verifiable_addresses ?? []).map((it) => verifiable(before, it ?? {}, now)),
    recovery_addresses: (patched.recovery_addresses ?? []).map((it) => address(it ?? {}, now)),
    metadata_public: patched.metadata_public,
    metadata_admin: patched.metadata_admin,
    created_at: patched.created_at ?? before.created_at,
    updated_at: now,
    organization_id: patched.organization_id ?? null,
  };
}

function stateOf(before: Identity, given: string): string {
  if (given === before.state || isState(given)) return given;
  const reason = `The supplied state ('${given}') was not valid. Valid states are ('active', 'inactive').`;
  throw badMessage('identity state is not valid', reason);
}

function credentialsOf(before: Credentials, patched: NonNullable<Patched['credentials']>, now: Instant): Credentials {
  const entries = Object.entries(patched).map(([type, it]): [string, Credential] => {
    if (!CREDENTIAL_TYPES.includes(type)) throw unknownType(type);
    const old = before[type];
    const config = isObject(it.config) ? it.config : {};
    const identifiers = (it.identifiers ?? []).map((identifier) => identifier ?? '');
    const next = {
      type,
      identifiers,
      config,
      version: it.version ?? 0,
      created_at: it.created_at ?? now,
      updated_at: it.updated_at ?? now,
    };
    if (old === undefined) return [type, { ...next, created_at: now, updated_at: now }];
    const same = write(config) === write(old.config) && identifiers.toString() === old.identifiers.toString();
    return [type, same ? next : { ...next, updated_at: now }];
  });
  return Object.fromEntries(entries);
}
const unknownType = (type: string): Refusal =>
  new Refusal({
    code: 500,
    status: 'Internal Server Error',
    reason: `The SQL adapter failed to return the appropriate credentials_type for name ${JSON.stringify(type)}. This is a bug in the code.`,
    message: 'An internal server error occurred, please contact the system administrator',
  });

const address = (given: Decoded<typeof addressShape>, now: Instant) => ({
  id: given.id ?? newId(),
  value: (given.value ?? '').trim().toLowerCase(),
  via: given.via ?? '',
  created_at: given.created_at ?? now,
  updated_at: given.updated_at ?? now,
});
/** `verified` sets or takes away its time and leaves the status alone. */
function verifiable(before: Identity, given: Decoded<typeof verifiableShape>, now: Instant): VerifiableAddress {
  const verified = given.verified ?? false;
  const after = {
    ...address(given, now),
    verified,
    status: given.status ?? '',
    verified_at: verified ? (given.verified_at ?? now) : undefined,
  };
  const old = before.verifiable_addresses.find((it) => it.id === after.id);
  const same = old?.verified === after.verified && old.status === after.status && old.verified_at === after.verified_at;
  return same ? after : { ...after, updated_at: now };
}
