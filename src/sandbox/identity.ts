/** An identity as the sandbox keeps it, and as Kratos prints it (identity/identity.go:52). Pure. */
import type { Json, JsonObject } from './go/json.ts';
import { stamp, ZERO, type Instant } from './go/time.ts';

export interface Credential {
  readonly type: string;
  readonly identifiers: readonly string[];
  readonly config: JsonObject;
  readonly version: number;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}
export interface RecoveryAddress {
  readonly id: string;
  readonly value: string;
  readonly via: string;
  readonly created_at: Instant;
  readonly updated_at: Instant;
}
export interface VerifiableAddress extends RecoveryAddress {
  readonly verified: boolean;
  readonly status: string;
  readonly verified_at?: Instant | undefined;
}
export type Credentials = Readonly<Record<string, Credential>>;
export const blank = (type: string, now: Instant): Credential => ({
  type,
  identifiers: [],
  config: {},
  version: 0,
  created_at: now,
  updated_at: now,
});

export interface Identity {
  readonly id: string;
  /** Empty = none. */
  readonly external_id: string;
  readonly credentials: Credentials;
  readonly schema_id: string;
  readonly state: string;
  readonly state_changed_at: Instant | undefined;
  readonly traits: Json;
  readonly verifiable_addresses: readonly VerifiableAddress[];
  readonly recovery_addresses: readonly RecoveryAddress[];
  /** `undefined`: never given. Reads show null, the answer to the write that left it out shows nothing. */
  readonly metadata_public: Json | undefined;
  readonly metadata_admin: Json | undefined;
  readonly created_at: Instant;
  readonly updated_at: Instant;
  readonly organization_id: string | null;
}

/** Sign-in methods whose `config` may be asked for (credentials.go:143): not `profile`, though the OpenAPI document lists it. */
export const CREDENTIAL_TYPES = [
  'password',
  'oidc',
  'saml',
  'totp',
  'lookup_secret',
  'webauthn',
  'code',
  'passkey',
  'link_recovery',
  'code_recovery',
];

export interface View {
  readonly schema_url: string;
  /** `undefined`: no credentials at all; else all of them, with the `config` of these types. */
  readonly include?: readonly string[] | undefined;
  /** Sessions show no `metadata_admin`, those in lists no addresses either. */
  readonly within?: 'session' | 'session of a list';
}

/** The members of an identity in Kratos' order; `undefined` ones are not printed. */
export function printIdentity(identity: Identity, { schema_url, include, within }: View): Record<string, unknown> {
  return {
    id: identity.id,
    external_id: identity.external_id === '' ? undefined : identity.external_id,
    credentials: include === undefined ? undefined : printCredentials(identity.credentials, include),
    schema_id: identity.schema_id,
    schema_url,
    state: identity.state,
    state_changed_at: stampOf(identity.state_changed_at),
    traits: identity.traits,
    verifiable_addresses: within === 'session of a list' ? undefined : printAddresses(identity.verifiable_addresses),
    recovery_addresses: within === 'session of a list' ? undefined : printAddresses(identity.recovery_addresses),
    metadata_public: identity.metadata_public ?? null,
    metadata_admin: within === undefined ? (identity.metadata_admin ?? null) : undefined,
    created_at: stamp(identity.created_at),
    updated_at: stamp(identity.updated_at),
    organization_id: identity.organization_id,
  };
}

/**
 * The answer to a write: with credentials but without their `config`, whose identifiers stand in the order they were found; without a
 * `metadata_admin` that was left out. What was created or replaced has no times yet, what was changed still its old ones.
 */
export function printWritten(after: Identity, before: Credentials, schema_url: string): Record<string, unknown> {
  const credentials = Object.values(after.credentials).map((it): Credential => {
    const old = before[it.type];
    const times = old?.created_at === it.created_at ? old : { created_at: ZERO, updated_at: ZERO };
    return { ...it, created_at: times.created_at, updated_at: times.updated_at };
  });
  const shown = credentials.toSorted(byType).map((it) => {
    // Where an import named no provider, the answer to it has null.
    const identifiers = it.created_at === ZERO && it.identifiers.length === 0 ? null : it.identifiers;
    return [it.type, { ...printCredential(it, []), identifiers }] as const;
  });
  return {
    ...printIdentity(after, { schema_url, include: [] }),
    credentials: shown.length === 0 ? undefined : Object.fromEntries(shown),
    metadata_admin: after.metadata_admin,
  };
}

const stampOf = (at: Instant | undefined): string | undefined => (at === undefined ? undefined : stamp(at));

/** By id, as a read has them: the ids are random, and so is the order. */
function printAddresses(list: readonly (RecoveryAddress & Partial<VerifiableAddress>)[]): unknown {
  if (list.length === 0) return undefined;
  const byId = list.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return byId.map(({ id, value, verified, via, status, verified_at, created_at, updated_at }) => ({
    id,
    value,
    verified,
    via,
    status,
    verified_at: stampOf(verified_at),
    created_at: stamp(created_at),
    updated_at: stamp(updated_at),
  }));
}

const byType = (a: Credential, b: Credential): number => (a.type < b.type ? -1 : 1);
function printCredentials(credentials: Credentials, include: readonly string[]): Record<string, unknown> | undefined {
  const sorted = Object.values(credentials).sort(byType);
  if (sorted.length === 0) return undefined;
  return Object.fromEntries(sorted.map((it) => [it.type, printCredential(it, include)]));
}
const printCredential = ({ type, identifiers, config, version, created_at, updated_at }: Credential, include: readonly string[]) => ({
  type,
  identifiers: identifiers.toSorted(),
  config: include.includes(type) ? publishConfig(type, config) : undefined,
  version,
  created_at: stamp(created_at),
  updated_at: stamp(updated_at),
});

export type Provider = {
  readonly subject: string;
  readonly provider: string;
  readonly organization?: string;
  readonly use_auto_link?: true;
};
// The sandbox stores no provider but through `importCredentials`, which builds these.
export const providersOf = (config: JsonObject): readonly Provider[] => (config['providers'] ?? []) as unknown as readonly Provider[];
/** What signs in. */
export const identifierOf = ({ provider, subject }: Provider): string => `${provider}:${subject}`;

/** Providers are rebuilt with their tokens, which nobody ever got here (identity.go:475); all other configurations are shown as stored. */
function publishConfig(type: string, config: JsonObject): unknown {
  if (type !== 'oidc' && type !== 'saml') return config;
  const providers = providersOf(config);
  if (providers.length === 0) return undefined;
  const tokens = type === 'oidc' ? { initial_id_token: '', initial_access_token: '', initial_refresh_token: '' } : {};
  return {
    providers: providers.map((it) => ({ ...tokens, ...it })),
  };
}
