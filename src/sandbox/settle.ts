/** What every write of an identity ends with: traits are validated, identifiers and addresses follow from them. */
import { badRequest } from './envelope.ts';
import type { Address, Derived } from './extensions.ts';
import { recoveryAddress, verifiableAddress } from './imports.ts';
import { blank, type Credential, type Credentials, type Identity, type RecoveryAddress, type VerifiableAddress } from './identity.ts';
import type { Instant } from './go/time.ts';
import type { Validate } from './validate.ts';
import type { World } from './world.ts';

export const isState = (state: string): boolean => state === 'active' || state === 'inactive';

/** The draft with everything that follows from its traits. Throws a `Refusal` for an unknown schema or bad traits. */
export function settle(world: World, validate: Validate, draft: Identity): Identity {
  const schema = world.schema(draft.schema_id);
  if (schema === undefined) throw badRequest(`Unable to find JSON Schema ID: ${draft.schema_id}`);
  const after = follow(draft, validate(schema.schema, draft.traits));
  const before = world.identities.get(draft.id);
  if (before === undefined) return after;
  return {
    ...after,
    verifiable_addresses: unchanged(before.verifiable_addresses, after.verifiable_addresses),
    recovery_addresses: unchanged(before.recovery_addresses, after.recovery_addresses),
  };
}

/** An address that says the same as before keeps its row: its id and its times. */
function unchanged<T extends RecoveryAddress & Partial<VerifiableAddress>>(before: readonly T[], after: readonly T[]): readonly T[] {
  const content = ({ via, value, verified, status, verified_at }: T) => JSON.stringify([via, value, verified, status, verified_at]);
  return after.map((it) => before.find((old) => content(old) === content(it)) ?? it);
}

/** The identifiers and addresses that follow from the traits. */
export function follow(draft: Identity, derived: Derived): Identity {
  return {
    ...draft,
    credentials: withIdentifiers(draft.credentials, derived, draft.updated_at),
    verifiable_addresses: backed(draft.verifiable_addresses, derived.verifiable, (at) => verifiableAddress(at, draft.updated_at)),
    recovery_addresses: backed(draft.recovery_addresses, derived.recovery, (at) => recoveryAddress(at, draft.updated_at)),
  };
}

/** Exactly the addresses that the traits name: those given keep what they say, the others begin unverified. */
function backed<T extends RecoveryAddress>(before: readonly T[], wanted: readonly Address[], fresh: (address: Address) => T): T[] {
  const unique = wanted.filter((it, index) => wanted.findIndex((other) => other.via === it.via && other.value === it.value) === index);
  return unique.map((it) => before.find((old) => old.via === it.via && old.value === it.value) ?? fresh(it));
}

/** Where no trait names an identifier any more, the old ones stay (extension_credentials.go:116). */
function withIdentifiers(before: Credentials, derived: Derived, now: Instant): Credentials {
  const after: Record<string, Credential> = { ...before };
  for (const type of ['password', 'webauthn'] as const) {
    if (derived[type].length > 0) after[type] = touched(before[type] ?? blank(type, now), [...new Set(derived[type])], now);
  }
  if (derived.code.length > 0) {
    const addresses = derived.code.map((it) => ({ channel: it.via, address: it.value }));
    const credential = before['code'] ?? { ...blank('code', now), version: 1 };
    after['code'] = { ...touched(credential, [...new Set(derived.code.map((it) => it.value))], now), config: { addresses } };
  }
  return after;
}
function touched(credential: Credential, identifiers: readonly string[], now: Instant): Credential {
  const same = identifiers.length === credential.identifiers.length && identifiers.every((it) => credential.identifiers.includes(it));
  return same ? credential : { ...credential, identifiers, updated_at: now };
}
