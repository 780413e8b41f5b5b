/** The ways in which an identity can sign in, out of its credentials. Pure. */
import { z } from 'zod';
import type { KratosIdentity } from '../client/bodies.ts';

/** Whose configs have to be read for it (`include_credential`). They hold secrets: what is made of them here are counts and names. */
export const NEEDED = ['password', 'oidc', 'saml', 'webauthn', 'passkey'] as const;

const Password = z.looseObject({ hashed_password: z.string().optional(), use_password_migration_hook: z.boolean().optional() });
const Providers = z.looseObject({
  providers: z.array(z.looseObject({ provider: z.string(), subject: z.string(), organization: z.string().nullish() })).nullish(),
});
const Keys = z.looseObject({ credentials: z.array(z.looseObject({ is_passwordless: z.boolean().nullish() })).nullish() });

/** The types by which an account elsewhere is linked, each link named `provider:subject`. */
export const FEDERATED = ['oidc', 'saml'] as const;

type Credentials = KratosIdentity['credentials'];
/** What doesn't have the expected shape counts as not there. */
function config<T extends z.ZodType>(credentials: Credentials, type: string, schema: T): z.output<T> | undefined {
  const parsed = schema.safeParse(credentials?.[type]?.config);
  return parsed.success ? parsed.data : undefined;
}

const identifiersOf = (credentials: Credentials, type: string): readonly string[] => credentials?.[type]?.identifiers ?? [];

/** A password that is set: Kratos keeps the credential without one, too, as soon as a trait is a login identifier. */
function hasPassword({ credentials }: KratosIdentity): boolean {
  const password = config(credentials, 'password', Password);
  return (password?.hashed_password ?? '') !== '' || password?.use_password_migration_hook === true;
}

/** `provider:subject` of each linked account. */
export const linked = ({ credentials }: KratosIdentity, type: 'oidc' | 'saml'): readonly string[] =>
  (config(credentials, type, Providers)?.providers ?? []).map((it) => `${it.provider}:${it.subject}`).filter((it) => it !== ':');

const keysOf = ({ credentials }: KratosIdentity, type: 'webauthn' | 'passkey') => config(credentials, type, Keys)?.credentials ?? [];

/** What the person can sign in with, one entry each; types that are unknown here by name. */
export function methodsOf(identity: KratosIdentity): readonly string[] {
  const known: Readonly<Record<string, () => readonly string[]>> = {
    password: () => (hasPassword(identity) ? ['password'] : []),
    oidc: () => linked(identity, 'oidc').map((it) => `oidc ${it}`),
    saml: () => linked(identity, 'saml').map((it) => `saml ${it}`),
    webauthn: () => webauthnMethods(identity),
    passkey: () => (keysOf(identity, 'passkey').length > 0 ? ['passkey'] : []),
  };
  return Object.keys(identity.credentials ?? {})
    .sort()
    .flatMap((type) => known[type]?.() ?? [type]);
}

/** Keys after a password, and keys instead of one. */
export const SECOND_FACTOR_KEYS = 'webauthn (second factor)';
const webauthnMethods = (identity: KratosIdentity): readonly string[] => {
  const passwordless = keysOf(identity, 'webauthn').map((it) => it.is_passwordless === true);
  return [
    ...(passwordless.includes(false) ? [SECOND_FACTOR_KEYS] : []),
    ...(passwordless.includes(true) ? ['webauthn (passwordless)'] : []),
  ];
};

/**
 * How many first factors Kratos may count before it takes one away (v26.2.0: password/strategy.go:82, oidc/strategy.go:165,
 * webauthn/strategy.go:84, passkey/passkey_strategy.go:99). At most: a code counts only where sign-in with it is switched on, a password
 * behind the migration hook where that is, saml only on Ory Network; there Kratos has the last word.
 */
export function firstFactors(identity: KratosIdentity): number {
  const { credentials } = identity;
  const isNamed = (type: string) => identifiersOf(credentials, type).join('') !== '';
  const free = (config(credentials, 'oidc', Providers)?.providers ?? []).filter(
    (it) => !it.organization && identifiersOf(credentials, 'oidc').includes(`${it.provider}:${it.subject}`),
  );
  const counts = [
    isNamed('password') && hasPassword(identity) ? 1 : 0,
    free.length,
    linked(identity, 'saml').length,
    isNamed('webauthn') ? keysOf(identity, 'webauthn').filter((it) => it.is_passwordless === true).length : 0,
    isNamed('passkey') ? keysOf(identity, 'passkey').length : 0,
    credentials?.['code'] ? 1 : 0,
  ];
  return counts.reduce((sum, it) => sum + it, 0);
}
