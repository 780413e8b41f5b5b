/** Credentials and addresses that a create, a batch or a PUT brings along (identity/handler_import.go). */
import { badRequest, internal } from './envelope.ts';
import { flag, instant, list, nullableUuid, struct, text, uuid, type Decoded } from './decode.ts';
import type { Credential, Credentials, Provider, VerifiableAddress, RecoveryAddress } from './identity.ts';
import { providersOf } from './identity.ts';
import type { JsonObject } from './json.ts';
import type { Instant } from './time.ts';
import { newId } from './uuid.ts';
import type { World } from './world.ts';

const providerShape = { subject: text, provider: text, organization: nullableUuid };
const autoLinkShape = { ...providerShape, use_auto_link: flag };
const shapeOf = (mode: 'strict' | 'lenient') => {
  const name = (suffix: string) => `identity.AdminIdentityImportCredentials${suffix}`;
  const oidc = 'identity.AdminCreateIdentityImportCredentialsOIDCProvider';
  const saml = 'identity.AdminCreateIdentityImportCredentialsSAMLProvider';
  return struct(mode, 'identity.IdentityWithCredentials', {
    password: struct(mode, name('Password'), {
      config: struct(mode, name('PasswordConfig'), { hashed_password: text, password: text, use_password_migration_hook: flag }),
    }),
    oidc: struct(mode, name('OIDC'), {
      config: struct(mode, name('OIDCConfig'), { providers: list(`[]${oidc}`, struct(mode, oidc, autoLinkShape)) }),
    }),
    saml: struct(mode, name('SAML'), {
      config: struct(mode, name('SAMLConfig'), { providers: list(`[]${saml}`, struct(mode, saml, providerShape)) }),
    }),
  });
};
export const importShape = { strict: shapeOf('strict'), lenient: shapeOf('lenient') };
export type Imports = NonNullable<ReturnType<(typeof importShape)['strict']>>;
type PasswordConfig = NonNullable<NonNullable<Imports['password']>['config']>;

/** hash_comparator.go:394: only the prefix is looked at. */
const KNOWN_HASH =
  /^(?:\$2[abzy]?\$|\$argon2id?\$|\$pbkdf2-sha[0-9]{1,3}\$|\$scrypt\$|\$firescrypt\$|\$md5\$|\$md5-crypt\$|\$sha256-crypt\$|\$sha512-crypt\$|\$sha(?:1|256|512)\$|\{SSHA(?:256|512)?\}|\$hmac-(?:md4|md5|sha1|sha224|sha256|sha384|sha512)\$)/;
const UNKNOWN_HASH = 'The imported password does not match any known hash format. For more information see https://www.ory.sh/dr/2';

function passwordConfig(world: World, config: PasswordConfig): JsonObject {
  if (config.use_password_migration_hook === true) return { hashed_password: '', use_password_migration_hook: true };
  const plain = config.password ?? '';
  if (plain !== '') {
    const size = Buffer.byteLength(plain);
    if (size <= 72) return { hashed_password: world.hash(plain) };
    throw internal(
      `I[#/password] S[] the password does not fulfill the password policy because: The password must be at most 72 characters long, but got ${size}.`,
    );
  }
  const hashed = config.hashed_password ?? '';
  if (!KNOWN_HASH.test(hashed)) throw badRequest(UNKNOWN_HASH);
  return { hashed_password: hashed };
}

function withProviders(
  type: string,
  added: readonly Provider[],
  before: Credential | undefined,
): Omit<Credential, 'created_at' | 'updated_at'> {
  const known = providersOf(before?.config ?? {});
  // An import without any provider stores a nameless one, and no identifier.
  const providers = known.length + added.length === 0 ? [{ subject: '', provider: '' }] : [...known, ...added];
  const identifiers = [...(before?.identifiers ?? []), ...added.map((it) => `${it.provider}:${it.subject}`)];
  return { type, identifiers, config: { providers: providers as unknown as JsonObject[] }, version: 0 }; // plain members, all JSON
}

/** The credentials with the imported ones: a password replaces, providers are appended. Throws a `Refusal` for an unknown hash. */
export function importCredentials(world: World, before: Credentials, imports: Imports): Credentials {
  const now = world.now();
  const after: Record<string, Credential> = { ...before };
  const times = { created_at: now, updated_at: now };
  if (imports.password !== undefined) {
    const config = passwordConfig(world, imports.password.config ?? {});
    after['password'] = { type: 'password', identifiers: before['password']?.identifiers ?? [], config, version: 0, ...times };
  }
  for (const type of ['oidc', 'saml'] as const) {
    const given = imports[type];
    if (given === undefined) continue;
    const providers = (given.config?.providers ?? []).map((it) => complete(it ?? {}));
    after[type] = { ...withProviders(type, providers, before[type]), ...times, created_at: before[type]?.created_at ?? now };
  }
  return after;
}
const complete = (given: Decoded<typeof autoLinkShape>): Provider => ({
  subject: given.subject ?? '',
  provider: given.provider ?? '',
  ...(given.organization === undefined ? {} : { organization: given.organization }),
  ...(given.use_auto_link === true ? { use_auto_link: true } : {}),
});

const recoveryAddressShape = { value: text, via: text, id: uuid, created_at: instant, updated_at: instant };
const addressShape = { ...recoveryAddressShape, verified: flag, status: text, verified_at: instant };
export const verifiableShape = (mode: 'strict' | 'lenient') =>
  list('[]identity.VerifiableAddress', struct(mode, 'identity.VerifiableAddress', addressShape));
export const recoveryShape = (mode: 'strict' | 'lenient') =>
  list('[]identity.RecoveryAddress', struct(mode, 'identity.RecoveryAddress', recoveryAddressShape));
type GivenAddress = Decoded<typeof addressShape> | undefined;

/** An address as given; whether it stays is decided by the traits. */
export function verifiableAddress(given: GivenAddress, now: Instant): VerifiableAddress {
  const verified = given?.verified ?? false;
  return {
    ...recoveryAddress(given, now),
    verified,
    status: given?.status ?? (verified ? 'completed' : 'pending'),
    verified_at: verified ? (given?.verified_at ?? now) : undefined,
  };
}
export const recoveryAddress = (given: GivenAddress, now: Instant): RecoveryAddress => ({
  id: newId(),
  value: (given?.value ?? '').trim().toLowerCase(),
  via: given?.via ?? '',
  created_at: now,
  updated_at: now,
});
