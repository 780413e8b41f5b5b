/** Replacing an identity (identity/handler.go:952): what is left out is cleared, but for schema, state and credentials. */
import { raw, state as stateText, struct, text } from './decode.ts';
import { badRequest, json, taken, type SandboxReply } from './envelope.ts';
import { identityOf } from './identities.ts';
import { printIdentity, type Identity } from './identity.ts';
import { importCredentials, importShape } from './imports.ts';
import { formError, readForm, type SandboxRequest } from './request.ts';
import { asWritten, isState, schemaUrl, settle } from './settle.ts';
import { validator } from './validate.ts';
import type { World } from './world.ts';

const body = struct('lenient', 'identity.UpdateIdentityBody', {
  schema_id: text,
  traits: raw,
  credentials: importShape.lenient,
  metadata_public: raw,
  metadata_admin: raw,
  state: stateText,
  external_id: text,
});

export async function updateIdentity(world: World, request: SandboxRequest<'updateIdentity'>): Promise<SandboxReply> {
  const validate = await validator();
  const parsed = readForm(request, 'PUT');
  const given = formError(() => body(parsed, '')) ?? {};
  const before = identityOf(world, request.params.id);
  const now = world.now();
  const state = given.state === undefined || given.state === '' ? before.state : given.state;
  if (!isState(state)) throw badRequest('identity state is not valid');
  const draft: Identity = {
    ...before,
    schema_id: given.schema_id === undefined || given.schema_id === '' ? before.schema_id : given.schema_id,
    traits: given.traits === undefined ? {} : given.traits,
    metadata_public: given.metadata_public,
    metadata_admin: given.metadata_admin,
    external_id: given.external_id ?? '',
    state,
    state_changed_at: state === before.state ? before.state_changed_at : now,
    credentials: importCredentials(world, before.credentials, given.credentials ?? {}),
    updated_at: now,
  };
  const after = settle(world, validate, draft);
  if (world.clashes(after)) throw taken();
  world.put(after);
  // The URL is the one of the schema that it had: Kratos sets it when it loads the identity (persister_identity.go:1183).
  const view = { schema_url: schemaUrl(world, before.schema_id), include: [], sorted: false, metadata_admin: 'given' } as const;
  return json(200, printIdentity(asWritten(after, before.credentials), view));
}
