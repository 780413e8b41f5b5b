/** Creating many at once (identity/handler.go:785). */
import { badRequest, json, mislabelled, Refusal, taken, type ErrorBody, type SandboxReply } from './envelope.ts';
import { list, strictly, struct, uuid } from './go/decode.ts';
import { draftOf, newIdentity } from './identities.ts';
import type { Identity } from './identity.ts';
import { complaining, readStream, type SandboxRequest } from './request.ts';
import { settle } from './settle.ts';
import { validator } from './validate.ts';
import type { World } from './world.ts';

const patch = struct('identity.BatchIdentityPatch', { create: newIdentity, patch_id: uuid });
const batch = struct('identity.BatchPatchIdentitiesBody', { identities: list('[]*identity.BatchIdentityPatch', patch) });

/** An item that was validated: what is to be inserted, or why not. */
interface Tried {
  readonly patch_id: string | undefined;
  readonly identity?: Identity;
  readonly error?: ErrorBody;
}

export async function batchPatchIdentities(world: World, request: SandboxRequest<'batchPatchIdentities'>): Promise<SandboxReply> {
  const validate = await validator();
  const items = complaining(mislabelled, () => strictly(batch, readStream(request)))?.identities ?? [];
  if (items.length > 1000) {
    throw badRequest('The maximum number of identities per request that can be created or deleted at once is 1000.');
  }
  // Kratos looks after it has hashed them all; the answer is the same.
  const plain = items.filter((it) => (it?.create?.credentials?.password?.config?.password ?? '') !== '');
  if (plain.length > 200) {
    throw badRequest('The maximum number of identities per request that can be created with a plaintext password is 200.');
  }
  // A bad state or hash in any item refuses them all.
  const drafts = items.map((it) => (it?.create === undefined ? undefined : { draft: draftOf(world, it.create), patch_id: it.patch_id }));
  const tried = drafts.map((it): Tried | undefined => {
    if (it === undefined) return undefined;
    try {
      return { patch_id: it.patch_id, identity: settle(world, validate, it.draft) };
    } catch (error) {
      if (error instanceof Refusal) return { patch_id: it.patch_id, error: error.body };
      throw error;
    }
  });
  return json(200, { identities: insert(world, tried) });
}

/** Conflicts are reported by item, unless just one is left to insert: then the whole request is the conflict (persister_identity.go:670). */
function insert(world: World, tried: readonly (Tried | undefined)[]): unknown[] {
  const valid = tried.filter((it) => it?.identity !== undefined);
  const external = new Set<string>();
  const left = valid.filter((it) => {
    const id = it?.identity?.external_id ?? '';
    const clashes = id !== '' && (external.has(id) || world.byExternalId(id) !== undefined);
    external.add(id);
    return !clashes;
  });
  return tried.map((it) => {
    if (it === undefined) return null;
    const { patch_id, identity, error } = it;
    if (identity !== undefined && left.includes(it) && world.put(identity)) return { action: 'create', identity: identity.id, patch_id };
    if (identity !== undefined && (valid.length === 1 || (left.length === 1 && left[0] === it))) throw taken();
    const { code, status, reason, message } = error ?? taken().body;
    return { action: 'error', patch_id, error: { code, status, reason, message } };
  });
}
