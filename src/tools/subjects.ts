/** The accounts of a plan as policy sees them, and when their contact data last changed. Pure. */
import type { KratosIdentity } from '../client/bodies.ts';
import type { Subject } from '../operation.ts';
import { isObject, textOf } from '../shape/present.ts';
import type { Facets } from './facets.ts';
import type { NewIdentity } from './identity-input.ts';
import { member, same } from './json-value.ts';

/** As it is. */
export const subjectOf = (identity: KratosIdentity): Subject => ({
  id: identity.id,
  external_id: identity.external_id,
  state: identity.state,
  schema_id: identity.schema_id,
  organization_id: identity.organization_id,
  traits: identity.traits,
  metadata_public: identity.metadata_public,
  metadata_admin: identity.metadata_admin,
  verified: identity.verifiable_addresses.some((it) => it.verified),
});

/** As it would be. */
export function subjectAfter(id: string, before: Facets, after: Facets): Subject {
  return {
    id,
    external_id: textOf(after.external_id),
    state: textOf(after.state),
    schema_id: textOf(after.schema_id),
    organization_id: textOf(after.organization_id),
    traits: after.traits,
    metadata_public: after.metadata_public,
    metadata_admin: after.metadata_admin,
    verified: staysVerified(before, after),
  };
}

/** An address lasts as long as a trait names it (Kratos v26.2.0, identity/extension_verification.go); a new one begins unverified. */
function staysVerified(before: Facets, after: Facets): boolean {
  const addresses: readonly unknown[] = Array.isArray(after.verifiable_addresses) ? after.verifiable_addresses : [];
  const verified = addresses.filter((it) => member(it, 'verified') === true);
  if (same(before.traits, after.traits)) return verified.length > 0;
  const named = new Set(textsIn(after.traits).map((it) => it.trim().toLowerCase()));
  return verified.some((it) => named.has((textOf(member(it, 'value')) ?? '').toLowerCase()));
}

function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return isObject(value) ? Object.values(value).flatMap(textsIn) : [];
}

/** As it is to be created: nobody can tell yet whether Kratos will count an address as verified. */
export const subjectToCreate = (input: NewIdentity, defaultSchemaId: string): Subject => ({
  external_id: input.external_id,
  state: input.state ?? 'active',
  schema_id: input.schema_id ?? defaultSchemaId,
  organization_id: input.organization_id,
  traits: input.traits,
  metadata_public: input.metadata_public,
  metadata_admin: input.metadata_admin,
});

/** Kratos writes an identity and its first addresses in one transaction. */
const TOGETHER_MS = 5_000;

/**
 * When contact data changed last, in milliseconds since 1970; undefined where no change is seen. Another value makes another address, with
 * its own `created_at`: one as old as its identity is the first, whatever a verification has done to its `updated_at` since.
 */
export function contactChangedAt({ created_at, verifiable_addresses, recovery_addresses }: KratosIdentity): number | undefined {
  const began = timeOf(created_at) ?? 0;
  const later = [...verifiable_addresses, ...recovery_addresses].flatMap((it) => {
    const made = timeOf(it['created_at']);
    if (made === undefined || made - began <= TOGETHER_MS) return [];
    return [Math.max(made, timeOf(it['updated_at']) ?? 0)];
  });
  return later.length === 0 ? undefined : Math.max(...later);
}

/** Go's zero time, and what is no time, is none. */
function timeOf(value: unknown): number | undefined {
  const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) || ms <= 0 ? undefined : ms;
}
