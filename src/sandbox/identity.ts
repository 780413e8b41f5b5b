/** An identity as the sandbox keeps it, and as Kratos prints it (identity/identity.go:52). Pure. */
import type { Json, JsonObject } from './json.ts';
import type { Instant } from './time.ts';
import { stamp, ZERO } from './time.ts';

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
  /** Sessions in lists embed their identity without addresses. */
  readonly addresses?: false;
  /** `never` within sessions; `given` in the answer to POST and PUT: left out where it was left out. */
  readonly metadata_admin?: 'never' | 'given';
  /** The answer to a write shows identifiers in the order they were found; a read sorts them. */
  readonly sorted?: false;
}

/** The members of an identity in Kratos' order; `undefined` ones are not printed. */
export function printIdentity(identity: Identity, view: View): Record<string, unknown> {
  const shown = view.include === undefined ? undefined : printCredentials(identity.credentials, view.include, view.sorted ?? true);
  return {
    id: identity.id,
    external_id: identity.external_id === '' ? undefined : identity.external_id,
    credentials: shown,
    schema_id: identity.schema_id,
    schema_url: view.schema_url,
    state: identity.state,
    state_changed_at: identity.state_changed_at === undefined ? undefined : stamp(identity.state_changed_at),
    traits: identity.traits,
    ...(view.addresses === false ? {} : printAddresses(identity)),
    metadata_public: identity.metadata_public ?? null,
    metadata_admin: printMetadataAdmin(identity, view),
    created_at: stamp(identity.created_at),
    updated_at: stamp(identity.updated_at),
    organization_id: identity.organization_id,
  };
}

function printMetadataAdmin(identity: Identity, view: View): Json | undefined {
  if (view.metadata_admin === 'never') return undefined;
  return view.metadata_admin === 'given' ? identity.metadata_admin : (identity.metadata_admin ?? null);
}

function printAddresses(identity: Identity): Record<string, unknown> {
  // By id, as a read has it: the ids are random, and so is the order.
  const byId = <T extends RecoveryAddress>(list: readonly T[]) => list.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const verifiable = byId(identity.verifiable_addresses).map((it) => ({
    id: it.id,
    value: it.value,
    verified: it.verified,
    via: it.via,
    status: it.status,
    verified_at: it.verified_at === undefined ? undefined : stamp(it.verified_at),
    created_at: stamp(it.created_at),
    updated_at: stamp(it.updated_at),
  }));
  const recovery = byId(identity.recovery_addresses).map((it) => ({
    id: it.id,
    value: it.value,
    via: it.via,
    created_at: stamp(it.created_at),
    updated_at: stamp(it.updated_at),
  }));
  return {
    verifiable_addresses: verifiable.length === 0 ? undefined : verifiable,
    recovery_addresses: recovery.length === 0 ? undefined : recovery,
  };
}

function printCredentials(credentials: Credentials, include: readonly string[], sorted: boolean): Record<string, unknown> | undefined {
  const types = Object.keys(credentials).sort();
  if (types.length === 0) return undefined;
  return Object.fromEntries(
    types.map((type) => {
      const { identifiers, config, version, created_at, updated_at } = credentials[type] ?? NONE;
      return [
        type,
        {
          type,
          identifiers: shownIdentifiers(identifiers, sorted, created_at),
          config: include.includes(type) ? publishConfig(type, config) : undefined,
          version,
          created_at: stamp(created_at),
          updated_at: stamp(updated_at),
        },
      ];
    }),
  );
}
/** Where an import named no provider, the answer to it has null. */
function shownIdentifiers(identifiers: readonly string[], sorted: boolean, created: Instant): readonly string[] | null {
  if (created === ZERO && identifiers.length === 0) return null;
  return sorted ? identifiers.toSorted() : identifiers;
}
const NONE: Credential = { type: '', identifiers: [], config: {}, version: 0, created_at: 0, updated_at: 0 };

export interface Provider {
  readonly subject: string;
  readonly provider: string;
  readonly organization?: string | undefined;
  readonly use_auto_link?: boolean | undefined;
}
// The sandbox stores no provider but through `importCredentials`, which builds these.
export const providersOf = (config: JsonObject): readonly Provider[] => (config['providers'] ?? []) as unknown as readonly Provider[];

/** Providers are rebuilt with their tokens, which nobody ever got here (identity.go:475); all other configurations are shown as stored. */
function publishConfig(type: string, config: JsonObject): unknown {
  if (type !== 'oidc' && type !== 'saml') return config;
  const providers = providersOf(config);
  if (providers.length === 0) return undefined;
  const tokens = type === 'oidc' ? { initial_id_token: '', initial_access_token: '', initial_refresh_token: '' } : {};
  return {
    providers: providers.map((it) => ({
      ...tokens,
      subject: it.subject,
      provider: it.provider,
      organization: it.organization,
      use_auto_link: it.use_auto_link === true ? true : undefined,
    })),
  };
}
