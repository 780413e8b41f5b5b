/** Credentials in arguments, in words: which types and how many, never what is in them. Pure. */
import { InputError } from '../errors.ts';
import { own, say, type Said } from '../lib/text.ts';
import type { Credentials } from './identity-input.ts';
import { FEDERATED } from './methods.ts';

/** `sets a password, links 2 oidc sign-ins` */
export function credentialsSaid(credentials: Credentials): Said {
  const { password } = credentials;
  const words: string[] = [];
  if (password?.config.use_password_migration_hook === true) words.push('has the first password accepted by the password migration hook');
  else if (password) words.push(password.config.password === undefined ? 'sets a password by its hash' : 'sets a password');
  for (const type of FEDERATED) {
    const count = credentials[type]?.config.providers.length ?? 0;
    if (count > 0) words.push(`links ${count} ${type} ${count === 1 ? 'sign-in' : 'sign-ins'}`);
  }
  return say`Credentials: ${own(words.join(', ') || 'none')}. Whoever holds them can sign in.`;
}

/** What Kratos would call them: `provider:subject`. */
const identifiersOf = (credentials: Credentials, type: (typeof FEDERATED)[number]): readonly string[] =>
  (credentials[type]?.config.providers ?? []).map((it) => `${it.provider}:${it.subject}`);

/** Kratos adds providers to those that are there and answers a repeated one with a bare 409 (v26.2.0, identity/handler_import.go). */
export function refuseRepeatedProviders(
  credentials: Credentials,
  there: Readonly<Record<string, { readonly identifiers: readonly string[] }>> = {},
): void {
  for (const type of FEDERATED) {
    const given = identifiersOf(credentials, type);
    if (new Set(given).size < given.length)
      throw new InputError(`credentials.${type} names the same provider and subject twice. Name each once.`);
    const had = Object.hasOwn(there, type) ? (there[type]?.identifiers ?? []) : [];
    if (!given.some((it) => had.includes(it))) continue;
    throw new InputError(
      `credentials.${type} names a provider and subject that the identity already has; Kratos refuses that. Leave out what is there: it is kept.`,
    );
  }
}

/** Whether a plain password is in it, of which Kratos takes 200 in a batch. */
export const hasPlainPassword = (credentials: Credentials | undefined): boolean => (credentials?.password?.config.password ?? '') !== '';
