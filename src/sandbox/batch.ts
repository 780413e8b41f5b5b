/** Creating many at once (identity/handler.go:785). */
import { list, struct, uuid } from './decode.ts';
import { badRequest, json, mislabelled, Refusal, taken, type ErrorBody, type SandboxReply } from './envelope.ts';
import { draftOf, newIdentity } from './identities.ts';
import type { Identity } from './identity.ts';
import { GoError } from './json-read.ts';
import { readStream, type SandboxRequest } from './request.ts';
import { settle } from './settle.ts';
import { validator, type Validate } from './validate.ts';
import type { World } from './world.ts';

const batch = struct('strict', 'identity.BatchPatchIdentitiesBody', {
  identities: list(
    '[]*identity.BatchIdentityPatch',
    struct('strict', 'identity.BatchIdentityPatch', { create: newIdentity, patch_id: uuid }),
  ),
});
type Item = { readonly draft: Identity; readonly patch_id: string | undefined };
type Tried = { readonly item: Item; readonly identity?: Identity; readonly error?: ErrorBody };

export async function batchPatchIdentities(world: World, request: SandboxRequest<'batchPatchIdentities'>): Promise<SandboxReply> {
  const validate = await validator();
  const items = read(request).map((it) => (it?.create === undefined ? undefined : { create: it.create, patch_id: it.patch_id }));
  if (items.length > 1000) {
    throw badRequest('The maximum number of identities per request that can be created or deleted at once is 1000.');
  }
  const plain = items.filter((it) => (it?.create.credentials?.password?.config?.password ?? '') !== '');
  // Kratos looks after it has hashed them all; the answer is the same.
  if (plain.length > 200) {
    throw badRequest('The maximum number of identities per request that can be created with a plaintext password is 200.');
  }
  // A bad state or hash in any item refuses them all.
  const drafts = items.map((it) => (it === undefined ? undefined : { draft: draftOf(world, it.create), patch_id: it.patch_id }));
  const tried = drafts.map((it) => (it === undefined ? undefined : check(world, validate, it)));
  const results = insert(world, tried);
  return json(200, { identities: results });
}

function read(request: SandboxRequest<'batchPatchIdentities'>) {
  try {
    return batch(readStream(request), '')?.identities ?? [];
  } catch (error) {
    if (error instanceof GoError) throw mislabelled(error.message);
    throw error;
  }
}

function check(world: World, validate: Validate, item: Item): Tried {
  try {
    return { item, identity: settle(world, validate, item.draft) };
  } catch (error) {
    if (error instanceof Refusal) return { item, error: error.body };
    throw error;
  }
}

/** Conflicts are reported by item, unless just one is left to insert: then the whole request is the conflict (persister_identity.go:670). */
function insert(world: World, tried: readonly (Tried | undefined)[]): unknown[] {
  const external = new Set<string>();
  const clashing = new Set<Tried>();
  for (const it of tried) {
    const id = it?.identity?.external_id ?? '';
    if (it === undefined || id === '') continue;
    if (external.has(id) || world.byExternalId(id) !== undefined) clashing.add(it);
    external.add(id);
  }
  const valid = tried.filter((it) => it?.identity !== undefined);
  const left = valid.filter((it) => it !== undefined && !clashing.has(it));
  return tried.map((it) => {
    if (it === undefined) return null;
    const clash = clashing.has(it) || (it.identity !== undefined && world.clashes(it.identity));
    if (clash && (valid.length === 1 || (left.length === 1 && left[0] === it))) throw taken();
    return result(world, it, clash);
  });
}

function result(world: World, { item, identity, error }: Tried, clash: boolean): unknown {
  const { patch_id } = item;
  if (identity !== undefined && !clash) {
    world.put(identity);
    return { action: 'create', identity: identity.id, patch_id };
  }
  const { code, status, reason, message } = error ?? taken().body;
  return { action: 'error', patch_id, error: { code, status, reason, message } };
}
