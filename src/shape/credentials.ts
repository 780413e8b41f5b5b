/** Credentials as facts, never as material: every member of a result is named here, whatever else Kratos sends is dropped. Pure. */
import type { KratosIdentity } from '../client/bodies.ts';
import { isObject, present, textOf, type Json } from './present.ts';
import { wholeSeconds } from './time.ts';

type Credential = NonNullable<KratosIdentity['credentials']>[string];
type Facts = Readonly<Record<string, unknown>>;

/**
 * What may be told of a credential's config, per type and only if the caller asked for that type. A type that is not listed has no such
 * facts: identifiers and times are all that leaves. Configs: Kratos v26.2.0, identity/credentials_*.go.
 */
const CONFIG_FACTS: ReadonlyMap<string, (config: Json) => Facts> = new Map([
  ['password', ({ hashed_password }) => ({ set: isFilled(hashed_password) })],
  ['totp', ({ totp_url }) => ({ set: isFilled(totp_url) })],
  ['oidc', providers],
  ['saml', providers],
  ['lookup_secret', ({ recovery_codes }) => ({ unused: objects(recovery_codes).filter((it) => !isTime(it['used_at'])).length })],
  ['webauthn', keys],
  ['passkey', keys],
]);

/** A passkey's identifier is its user handle (Kratos v26.2.0, selfservice/strategy/passkey), which is dropped like the one in its config. */
const HANDLES: ReadonlySet<string> = new Set(['passkey']);

/** Per type `{ identifiers, created_at, updated_at }` and, where `include` names the type, the facts of its config. */
export function credentialFacts(
  credentials: KratosIdentity['credentials'],
  include: readonly string[],
): Record<string, unknown> | undefined {
  if (!credentials) return undefined;
  return Object.fromEntries(Object.entries(credentials).map(([type, it]) => [type, factsOf(type, it, include.includes(type))]));
}

function factsOf(type: string, { identifiers, config, created_at, updated_at }: Credential, asked: boolean): Facts {
  return present({
    identifiers: HANDLES.has(type) ? undefined : identifiers,
    ...(asked ? CONFIG_FACTS.get(type)?.(config ?? {}) : {}),
    created_at: wholeSeconds(created_at),
    updated_at: wholeSeconds(updated_at),
  });
}

function providers({ providers: all }: Json): Facts {
  return {
    providers: objects(all).map(({ provider, subject, organization }) =>
      present({ provider: textOf(provider), subject: textOf(subject), organization: textOf(organization) }),
    ),
  };
}

function keys({ credentials: all }: Json): Facts {
  return {
    keys: objects(all).map(({ display_name, added_at, is_passwordless }) =>
      present({ display_name: textOf(display_name), added_at: wholeSeconds(textOf(added_at)), passwordless: is_passwordless === true }),
    ),
  };
}

const objects = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isObject) : []);
const isFilled = (value: unknown) => typeof value === 'string' && value !== '';
const isTime = (value: unknown) => wholeSeconds(textOf(value)) !== undefined;
