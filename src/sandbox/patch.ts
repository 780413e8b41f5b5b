/** JSON Patch on one identity (identity/handler.go:1097): all of Kratos' JSON is the document, credentials and hashes too. */
import { badMessage, internal, json, refusal, taken, type Refusal, type SandboxReply } from './envelope.ts';
import { instant, int, list, loosely, mapOf, nullableText, nullableUuid, raw, state, struct, text, type Decoded } from './go/decode.ts';
import { isObject, write } from './go/json.ts';
import { stamp, type Instant } from './go/time.ts';
import { identityOf } from './identities.ts';
import { blank, CREDENTIAL_TYPES, printIdentity, printWritten, type Credential, type Credentials, type Identity } from './identity.ts';
import { addressesShape, recoveryAddress, verifiableAddress } from './imports.ts';
import { applyPatch } from './json-patch.ts';
import { complaining, TOO_LARGE, type SandboxRequest } from './request.ts';
import { isState, settle } from './settle.ts';
import { validator } from './validate.ts';
import type { World } from './world.ts';

const credentialShape = {
  type: text,
  identifiers: list('[]string', text),
  config: raw,
  version: int,
  created_at: instant,
  updated_at: instant,
};
const shape = {
  ...addressesShape,
  external_id: nullableText,
  credentials: mapOf('identity.Credentials', struct('identity.Credentials', credentialShape)),
  schema_id: text,
  schema_url: text,
  state,
  state_changed_at: instant,
  traits: raw,
  metadata_public: raw,
  metadata_admin: raw,
  created_at: instant,
  organization_id: nullableUuid,
};
type Patched = Decoded<typeof shape>;
const patchedIdentity = struct('identity.WithCredentialsAndAdminMetadataInJSON', shape);

export async function patchIdentity(world: World, request: SandboxRequest<'patchIdentity'>): Promise<SandboxReply> {
  const validate = await validator();
  if (request.truncated) throw internal(TOO_LARGE);
  const before = identityOf(world, request.params.id);
  const patched = complaining(notApplied, () => loosely(patchedIdentity, applyPatch(request.body, documentOf(world, before)))) ?? {};
  const after = settle(world, validate, withPatch(before, patched, world.now()));
  if (!world.put(after)) throw taken();
  // The URL is the one the document had: that of the schema before, or whatever the patch made of it.
  return json(200, printWritten(after, before.credentials, patched.schema_url ?? ''));
}
// The misspelling is Kratos'.
const notApplied = (complaint: string): Refusal => badMessage(complaint, 'An error occured when applying the JSON patch');

/** The identity with the configuration of its credentials as stored. */
function documentOf(world: World, identity: Identity): Record<string, unknown> {
  const credentials = Object.values(identity.credentials).map((it) => {
    const times = { created_at: stamp(it.created_at), updated_at: stamp(it.updated_at) };
    return [it.type, { ...it, ...times }] as const;
  });
  const printed = printIdentity(identity, { schema_url: world.schemaUrl(identity.schema_id) });
  return { ...printed, credentials: credentials.length === 0 ? undefined : Object.fromEntries(credentials) };
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
    verifiable_addresses: (patched.verifiable_addresses ?? []).map((it) => verifiableAddress(it ?? {}, now)),
    recovery_addresses: (patched.recovery_addresses ?? []).map((it) => recoveryAddress(it ?? {}, now)),
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
    const next = { ...blank(type, now), identifiers, config, version: it.version ?? 0 };
    if (old === undefined) return [type, next];
    const same = write(config) === write(old.config) && identifiers.toString() === old.identifiers.toString();
    return [type, { ...next, created_at: it.created_at ?? now, updated_at: same ? (it.updated_at ?? now) : now }];
  });
  return Object.fromEntries(entries);
}
const unknownType = (type: string): Refusal =>
  refusal(500, {
    reason: `The SQL adapter failed to return the appropriate credentials_type for name ${JSON.stringify(type)}. This is a bug in the code.`,
    message: 'An internal server error occurred, please contact the system administrator',
  });
