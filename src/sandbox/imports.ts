/** Credentials and addresses that a create, a batch or a PUT brings along (identity/handler_import.go). */
import { badRequest, internal } from './envelope.ts';
import { flag, instant, list, nullableUuid, struct, text, uuid, type Decoded } from './go/decode.ts';
import type { JsonObject } from './go/json.ts';
import type { Instant } from './go/time.ts';
import { newId } from './go/uuid.ts';
import {
  blank,
  identifierOf,
  providersOf,
  type Credentials,
  type Provider,
  type RecoveryAddress,
  type VerifiableAddress,
} from './identity.ts';
import { hash } from './password.ts';

const providerShape = { subject: text, provider: text, organization: nullableUuid };
const autoLinkShape = { ...providerShape, use_auto_link: flag };
const passwordShape = { hashed_password: text, password: text, use_password_migration_hook: flag };
const named = (suffix: string) => `identity.AdminIdentityImportCredentials${suffix}`;
const providers = <S extends typeof providerShape>(type: string, shape: S) => {
  const provider = `identity.AdminCreateIdentityImportCredentials${type}Provider`;
  return struct(named(type), { config: struct(named(`${type}Config`), { providers: list(`[]${provider}`, struct(provider, shape)) }) });
};
export const importShape = struct('identity.IdentityWithCredentials', {
  password: struct(named('Password'), { config: struct(named('PasswordConfig'), passwordShape) }),
  oidc: providers('OIDC', autoLinkShape),
  saml: providers('SAML', providerShape),
});
type Imports = NonNullable<ReturnType<typeof importShape>>;

/** hash_comparator.go:394: only the prefix is looked at. */
const KNOWN_HASH =
  /^(?:\$2[abzy]?\$|\$argon2id?\$|\$pbkdf2-sha[0-9]{1,3}\$|\$scrypt\$|\$firescrypt\$|\$md5\$|\$md5-crypt\$|\$sha256-crypt\$|\$sha512-crypt\$|\$sha(?:1|256|512)\$|\{SSHA(?:256|512)?\}|\$hmac-(?:md4|md5|sha1|sha224|sha256|sha384|sha512)\$)/;
const UNKNOWN_HASH = 'The imported password does not match any known hash format. For more information see https://www.ory.sh/dr/2';

function passwordConfig(given: Decoded<typeof passwordShape>): JsonObject {
  if (given.use_password_migration_hook === true) return { hashed_password: '', use_password_migration_hook: true };
  const plain = given.password ?? '';
  const size = Buffer.byteLength(plain);
  if (size > 72) {
    throw internal(
      `I[#/password] S[] the password does not fulfill the password policy because: The password must be at most 72 characters long, but got ${size}.`,
    );
  }
  if (size > 0) return { hashed_password: hash(plain) };
  const hashed = given.hashed_password ?? '';
  if (!KNOWN_HASH.test(hashed)) throw badRequest(UNKNOWN_HASH);
  return { hashed_password: hashed };
}

/** The credentials with the imported ones: a password replaces, providers are appended. Throws a `Refusal` for an unknown hash. */
export function importCredentials(before: Credentials, imports: Imports, now: Instant): Credentials {
  const after = { ...before };
  if (imports.password !== undefined) {
    const config = passwordConfig(imports.password.config ?? {});
    after['password'] = { ...blank('password', now), identifiers: before['password']?.identifiers ?? [], config };
  }
  for (const type of ['oidc', 'saml'] as const) {
    if (imports[type] === undefined) continue;
    const old = before[type] ?? blank(type, now);
    const added = (imports[type].config?.providers ?? []).map((it) => complete(it ?? {}));
    const providers = [...providersOf(old.config), ...added];
    // An import without any provider stores a nameless one, and no identifier.
    const config = { providers: providers.length === 0 ? [complete({})] : providers };
    after[type] = { ...old, identifiers: [...old.identifiers, ...added.map(identifierOf)], config, version: 0, updated_at: now };
  }
  return after;
}
const complete = ({ subject = '', provider = '', organization, use_auto_link }: Decoded<typeof autoLinkShape>): Provider => ({
  subject,
  provider,
  ...(organization === undefined ? {} : { organization }),
  ...(use_auto_link === true ? { use_auto_link } : {}),
});

const recoveryAddressShape = { id: uuid, value: text, via: text, created_at: instant, updated_at: instant };
const addressShape = { ...recoveryAddressShape, verified: flag, status: text, verified_at: instant };
export const addressesShape = {
  verifiable_addresses: list('[]identity.VerifiableAddress', struct('identity.VerifiableAddress', addressShape)),
  recovery_addresses: list('[]identity.RecoveryAddress', struct('identity.RecoveryAddress', recoveryAddressShape)),
};
type GivenAddress = Decoded<typeof addressShape>;

/** Addresses as they were given; whether they stay is decided by the traits. */
export const recoveryAddress = (given: GivenAddress, now: Instant): RecoveryAddress => ({
  id: given.id ?? newId(),
  value: (given.value ?? '').trim().toLowerCase(),
  via: given.via ?? '',
  created_at: given.created_at ?? now,
  updated_at: now,
});
/** `verified` sets or takes away its time; the status follows only where none is given. */
export function verifiableAddress(given: GivenAddress, now: Instant): VerifiableAddress {
  const verified = given.verified ?? false;
  const status = given.status ?? (verified ? 'completed' : 'pending');
  return { ...recoveryAddress(given, now), verified, status, verified_at: verified ? (given.verified_at ?? now) : undefined };
}
