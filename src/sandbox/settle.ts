/** What every write of an identity ends with: traits are validated, identifiers and addresses follow from them, uniqueness is checked. */
import { badRequest } from './envelope.ts';
import type { Address, Derived } from './extensions.ts';
import type { Credential, Credentials, Identity, RecoveryAddress, VerifiableAddress } from './identity.ts';
import { ZERO, type Instant } from './time.ts';
import { newId } from './uuid.ts';
import type { Validate } from './validate.ts';
import type { World } from './world.ts';

export const isState = (state: string): boolean => state === 'active' || state === 'inactive';

/** The draft with everything that follows from its traits. Throws a `Refusal` for an unknown schema or bad traits. */
export function settle(world: World, validate: Validate, draft: Identity): Identity {
  const schema = world.schema(draft.schema_id);
  if (schema === undefined) throw badRequest(`Unable to find JSON Schema ID: ${draft.schema_id}`);
  const checked = validate(schema.schema, draft.traits);
  if (checked.derived === undefined) throw badRequest(checked.reason);
  return follow(draft, checked.derived);
}

/** The identifiers and addresses that follow from the traits. */
export function follow(draft: Identity, derived: Derived): Identity {
  return {
    ...draft,
    credentials: withIdentifiers(draft.credentials, derived, draft.updated_at),
    verifiable_addresses: backed(draft.verifiable_addresses, derived.verifiable, (at) => newVerifiable(at, draft.updated_at)),
    recovery_addresses: backed(draft.recovery_addresses, derived.recovery, (at) => newRecovery(at, draft.updated_at)),
  };
}

/** Exactly the addresses that the traits name: those already there keep everything, the others begin unverified. */
function backed<T extends RecoveryAddress>(before: readonly T[], wanted: readonly Address[], fresh: (address: Address) => T): T[] {
  const unique = wanted.filter((it, index) => wanted.findIndex((other) => other.via === it.via && other.value === it.value) === index);
  return unique.map((it) => before.find((old) => old.via === it.via && old.value === it.value) ?? fresh(it));
}
const newRecovery = ({ via, value }: Address, now: Instant): RecoveryAddress => ({
  id: newId(),
  value,
  via,
  created_at: now,
  updated_at: now,
});
const newVerifiable = (address: Address, now: Instant): VerifiableAddress => ({
  ...newRecovery(address, now),
  verified: false,
  status: 'pending',
});

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
const blank = (type: string, now: Instant): Credential => ({
  type,
  identifiers: [],
  config: {},
  version: 0,
  created_at: now,
  updated_at: now,
});
function touched(credential: Credential, identifiers: readonly string[], now: Instant): Credential {
  const same = identifiers.length === credential.identifiers.length && identifiers.every((it) => credential.identifiers.includes(it));
  return same ? credential : { ...credential, identifiers, updated_at: now };
}

/** The identity as the answer to its own write shows it: what was created or replaced has no times yet, what was changed still its old ones. */
export function asWritten(after: Identity, before: Credentials): Identity {
  const entries = Object.entries(after.credentials).map(([type, it]) => {
    const old = before[type];
    const replaced = old === undefined || old.created_at !== it.created_at;
    return [type, { ...it, created_at: replaced ? ZERO : old.created_at, updated_at: replaced ? ZERO : old.updated_at }] as const;
  });
  return { ...after, credentials: Object.fromEntries(entries) };
}

/** `serve.public.base_url` + `/schemas/` + the id in base64url. */
export const schemaUrl = (world: World, schemaId: string): string =>
  `${world.settings.publicUrl}/schemas/${Buffer.from(world.schema(schemaId)?.id ?? schemaId).toString('base64url')}`;
