/** The parts of an identity that PUT and PATCH can change: what is there, and what would be there afterwards. Pure. */
import type { KratosIdentity } from '../client/bodies.ts';
import { copy, type Json } from './json-value.ts';

export const FACETS = [
  'schema_id',
  'state',
  'traits',
  'metadata_public',
  'metadata_admin',
  'external_id',
  'organization_id',
  'verifiable_addresses',
] as const;
type Facet = (typeof FACETS)[number];
/** A facet that is not there is not a member. */
export type Facets = { readonly [F in Facet]?: Json };

/** A copy: nothing in it is shared with the identity. Addresses keep the order in which Kratos gave them, which a patch's index refers to. */
export function facetsOf(identity: KratosIdentity): Facets {
  const { external_id, organization_id, schema_id, state, traits, metadata_public, metadata_admin, verifiable_addresses } = identity;
  return {
    schema_id,
    ...(state === undefined ? {} : { state }),
    traits: copy(traits),
    metadata_public: copy(metadata_public),
    metadata_admin: copy(metadata_admin),
    ...(external_id === undefined ? {} : { external_id }),
    organization_id: organization_id ?? null, // always a member of Kratos' JSON, null if unset
    verifiable_addresses: verifiable_addresses.map((it) =>
      copy({ id: it.id, value: it.value, via: it.via, verified: it.verified, status: it.status, verified_at: it.verified_at }),
    ),
  };
}
