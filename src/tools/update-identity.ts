/** Replacing an account's data as a whole. */
import { z } from 'zod';
import { InputError } from '../errors.ts';
import { change, send } from '../operation.ts';
import { seed } from '../seed.ts';
import { refuseRepeatedProviders } from './credential-words.ts';
import { IDENTITY_EFFECTS } from './effects.ts';
import { facetsOf, type Facets } from './facets.ts';
import { ExternalId, SchemaId, Uuid } from './fields.ts';
import { ChangedIdentity, hasLanded, readBackChange, reportChange } from './change-outcome.ts';
import { CHANGE_READS, planChange } from './identity-change.ts';
import { Credentials, Metadata, State, Traits } from './identity-input.ts';
import { copy, holdsExactNumber } from './json-value.ts';
import { readIdentity } from './read-identity.ts';

const Input = z.strictObject({
  id: Uuid,
  schema_id: SchemaId.optional(),
  traits: Traits,
  state: State.optional(),
  metadata_public: Metadata.optional(),
  metadata_admin: Metadata.optional(),
  external_id: ExternalId.optional(),
  credentials: Credentials.optional(),
});
type Body = Omit<z.output<typeof Input>, 'id'>;

export const updateIdentity = change({
  name: 'update_identity',
  title: 'Replace the data of an identity',
  summary:
    'Replaces traits, metadata and external_id as a whole: what is left out is cleared. Credentials are added to those there. For a part of it, patch_identity is safer.',
  toolset: 'identities',
  effects: IDENTITY_EFFECTS,
  reads: CHANGE_READS,
  writes: ['updateIdentity'],
  idempotent: true,
  input: Input,
  output: ChangedIdentity,
  example: {
    id: seed.unverified,
    traits: { email: 'renamed@example.com' },
  },
  async plan({ id, ...body }, { kratos }) {
    const identity = await readIdentity(kratos, id);
    const before = facetsOf(identity);
    refuseInexact(before, body);
    if (body.credentials) refuseRepeatedProviders(body.credentials, identity.credentials);
    return planChange(kratos, {
      identity,
      before,
      after: afterPut(before, body),
      credentials: body.credentials,
      isSpelledOut: () => false,
      call: send('updateIdentity', { id }, { body }),
    });
  },
  report: reportChange,
  readBack: (result, { kratos }) => readBackChange(result, kratos),
  landed: (plan, { kratos }) => hasLanded(plan, kratos),
});

/** Left out is cleared, but for schema and state; organization and addresses are beyond a PUT (Kratos v26.2.0, identity/handler.go:952). */
function afterPut(before: Facets, { schema_id, state, traits, metadata_public, metadata_admin, external_id }: Body): Facets {
  return {
    ...before,
    ...(schema_id === undefined ? {} : { schema_id }),
    ...(state === undefined ? {} : { state }),
    traits: copy(traits),
    metadata_public: copy(metadata_public),
    metadata_admin: copy(metadata_admin),
    external_id: copy(external_id),
  };
}

/** Kratos keeps every digit of a number; what came through JavaScript's doubles would be written back changed. */
function refuseInexact(before: Facets, body: Body): void {
  const rewritten = (['traits', 'metadata_public', 'metadata_admin'] as const).find(
    (it) => body[it] !== undefined && body[it] !== null && holdsExactNumber(before[it]),
  );
  if (rewritten === undefined) return;
  throw new InputError(
    `${rewritten} of this identity holds a number that cannot be carried exactly, and the call would rewrite it. Use patch_identity for the members that change; nothing was sent.`,
  );
}
