/** Listing, reading, creating, replacing and deleting identities (identity/handler.go). */
import { badMessage, badRequest, conflict, json, nothing, taken, unknownRow, type SandboxReply } from './envelope.ts';
import { nullableUuid, raw, state, strictly, struct, text, type Decoded } from './go/decode.ts';
import { all, first, type Query } from './go/query.ts';
import { newId, NIL, parseUuid } from './go/uuid.ts';
import { CREDENTIAL_TYPES, printIdentity, printWritten, type Identity } from './identity.ts';
import { addressesShape, importCredentials, importShape, recoveryAddress, verifiableAddress } from './imports.ts';
import { identityPage } from './pages.ts';
import { complaining, readForm, readStream, type SandboxRequest } from './request.ts';
import { isState, settle } from './settle.ts';
import { validator } from './validate.ts';
import type { World } from './world.ts';

/** An id that is no UUID is to these routes the nil UUID, which nobody has. Throws the database's 404. */
export function identityOf(world: World, id: string): Identity {
  const identity = world.identities.get(parseUuid(id) ?? NIL);
  if (identity === undefined) throw unknownRow();
  return identity;
}

export function getIdentity(world: World, request: SandboxRequest<'getIdentity'>): SandboxReply {
  return one(world, identityOf(world, request.params.id), request.query);
}
export function getIdentityByExternalId(world: World, request: SandboxRequest<'getIdentityByExternalId'>): SandboxReply {
  const identity = world.byExternalId(request.params.external_id);
  if (identity === undefined) throw unknownRow();
  return one(world, identity, request.query);
}
function one(world: World, identity: Identity, query: Query): SandboxReply {
  const include: string[] = [];
  for (const type of all(query, 'include_credential')) {
    // Go prints the slice of those that came before it, not the value itself (handler.go:381).
    if (!CREDENTIAL_TYPES.includes(type))
      throw badRequest(`Invalid value \`[${include.join(' ')}]\` for parameter \`include_credential\`.`);
    include.push(type);
  }
  return json(200, printIdentity(identity, { schema_url: world.schemaUrl(identity.schema_id), include }));
}

export function listIdentities(world: World, request: SandboxRequest<'listIdentities'>): SandboxReply {
  const { query } = request;
  const filter = readFilter(query);
  const include = includes(query);
  const given = [filter.ids.length > 0, filter.organization !== '', filter.identifier !== '', filter.similar !== ''];
  if (given.filter(Boolean).length > 1) throw badRequest('You cannot combine multiple filters in this API');
  const found = matching(world, filter);
  const page = identityPage(request, found, filter.identifier === '' ? world.identities.size : undefined);
  const shown = filter.identifier !== '' || filter.similar !== '' || include.length > 0 ? include : undefined;
  const items = page.items.map((it) => printIdentity(it, { schema_url: world.schemaUrl(it.schema_id), include: shown }));
  return json(200, items, page.headers);
}

interface Filter {
  readonly ids: readonly string[];
  readonly organization: string;
  readonly identifier: string;
  readonly similar: string;
}
function readFilter(query: Query): Filter {
  const asked = all(query, 'ids');
  const ids = asked.map((it) => parseUuid(it) ?? badUuid(it, 'ids'));
  if (ids.length > 500) throw badRequest('The number of ids to filter must not exceed 500.');
  const organization = first(query, 'organization_id');
  return {
    ids,
    organization: organization === '' ? '' : (parseUuid(organization) ?? badUuid(organization, 'organization_id')),
    identifier: first(query, 'credentials_identifier'),
    similar: first(query, 'preview_credentials_identifier_similar'),
  };
}
function badUuid(value: string, name: string): never {
  throw badRequest(`Invalid UUID value \`${value}\` for parameter \`${name}\`.`);
}
function includes(query: Query): readonly string[] {
  const types = all(query, 'include_credential');
  const bad = types.find((it) => !CREDENTIAL_TYPES.includes(it));
  if (bad !== undefined) throw badRequest(`Invalid value \`${bad}\` for parameter \`include_credential\`.`);
  return types;
}

/** In the order of their ids. */
function matching(world: World, { ids, organization, identifier, similar }: Filter): Identity[] {
  const everybody = [...world.identities.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  if (ids.length > 0) return everybody.filter((it) => ids.includes(it.id));
  if (identifier !== '') {
    const lower = identifier.trim().toLowerCase();
    const owners = [
      ...['password', 'webauthn', 'code'].map((type) => world.ownerOf(type, lower)),
      ...['oidc', 'saml'].map((type) => world.ownerOf(type, identifier)),
    ];
    return everybody.filter((it) => owners.includes(it));
  }
  if (similar !== '') return everybody.filter((it) => beginsWith(it, similar));
  // The nil UUID counts as a filter and filters nothing.
  return organization === '' || organization === NIL ? everybody : everybody.filter((it) => it.organization_id === organization);
}
/** A prefix; a term with `_` or `%` finds nothing on SQLite, whose escapes Kratos' query doesn't declare. */
function beginsWith(identity: Identity, similar: string): boolean {
  if (/[_%]/.test(similar)) return false;
  const term = similar.trim().toLowerCase();
  return Object.values(identity.credentials).some((it) => it.identifiers.some((known) => known.toLowerCase().startsWith(term)));
}

const replaceShape = {
  schema_id: text,
  traits: raw,
  credentials: importShape,
  metadata_public: raw,
  metadata_admin: raw,
  state,
  external_id: text,
};
const createShape = { ...replaceShape, ...addressesShape, organization_id: nullableUuid };
export const newIdentity = struct('identity.CreateIdentityBody', createShape);
const replacement = struct('identity.UpdateIdentityBody', replaceShape);

/** What is asked for, before anything follows from its traits. Throws a `Refusal` for a bad state or hash. */
export function draftOf(world: World, body: Decoded<typeof createShape>): Identity {
  const now = world.now();
  return {
    id: newId(),
    external_id: body.external_id ?? '',
    credentials: importCredentials({}, body.credentials ?? {}, now),
    schema_id: world.schemaId(body.schema_id),
    state: stateOf(body.state, 'active'),
    state_changed_at: now,
    traits: body.traits === undefined ? {} : body.traits,
    verifiable_addresses: (body.verifiable_addresses ?? []).map((it) => verifiableAddress(it ?? {}, now)),
    recovery_addresses: (body.recovery_addresses ?? []).map((it) => recoveryAddress(it ?? {}, now)),
    metadata_public: body.metadata_public,
    metadata_admin: body.metadata_admin,
    created_at: now,
    updated_at: now,
    organization_id: body.organization_id ?? null,
  };
}

/** The state that is asked for; an empty one leaves it as it is. */
function stateOf(given = '', before: string): string {
  const state = given === '' ? before : given;
  if (!isState(state)) throw badRequest('identity state is not valid');
  return state;
}

export async function createIdentity(world: World, request: SandboxRequest<'createIdentity'>): Promise<SandboxReply> {
  const validate = await validator();
  const body = complaining(badMessage, () => strictly(newIdentity, readStream(request))) ?? {};
  const identity = settle(world, validate, draftOf(world, body));
  if (!world.put(identity)) throw conflict();
  const location = `${world.settings.adminUrl}/identities/${identity.id}`;
  return json(201, printWritten(identity, {}, world.schemaUrl(identity.schema_id)), { location });
}

/** What is left out is cleared, but for schema, state and credentials (identity/handler.go:952). */
export async function updateIdentity(world: World, request: SandboxRequest<'updateIdentity'>): Promise<SandboxReply> {
  const validate = await validator();
  const given = readForm(request, replacement) ?? {};
  const before = identityOf(world, request.params.id);
  const now = world.now();
  const state = stateOf(given.state, before.state);
  const after = settle(world, validate, {
    ...before,
    schema_id: given.schema_id || before.schema_id,
    traits: given.traits === undefined ? {} : given.traits,
    metadata_public: given.metadata_public,
    metadata_admin: given.metadata_admin,
    external_id: given.external_id ?? '',
    state,
    state_changed_at: state === before.state ? before.state_changed_at : now,
    credentials: importCredentials(before.credentials, given.credentials ?? {}, now),
    updated_at: now,
  });
  if (!world.put(after)) throw taken();
  // The URL is the one of the schema that it had: Kratos sets it when it loads the identity (persister_identity.go:1183).
  return json(200, printWritten(after, before.credentials, world.schemaUrl(before.schema_id)));
}

export function deleteIdentity(world: World, request: SandboxRequest<'deleteIdentity'>): SandboxReply {
  world.remove(identityOf(world, request.params.id).id);
  return nothing();
}
