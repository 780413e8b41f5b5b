// The parts of Kratos' JSON that the contract cases look at, written down here a second time on purpose:
// the suite must not learn from the code that it checks what is right.

export interface Credential {
  readonly type: string;
  readonly identifiers: readonly string[] | null;
  readonly config?: {
    readonly hashed_password?: string;
    readonly use_password_migration_hook?: boolean;
    readonly providers?: readonly Readonly<Record<string, unknown>>[];
  };
  readonly version: number;
  readonly created_at: string;
  readonly updated_at: string;
}

export interface Address {
  readonly id: string;
  readonly value: string;
  readonly via: string;
  readonly verified?: boolean;
  readonly status?: string;
  readonly verified_at?: string;
}

export interface Identity {
  readonly id: string;
  readonly external_id?: string;
  readonly credentials?: Readonly<Record<string, Credential>>;
  readonly schema_id: string;
  readonly schema_url: string;
  readonly state: string;
  readonly state_changed_at: string;
  readonly traits: Readonly<Record<string, unknown>>;
  readonly verifiable_addresses?: readonly Address[];
  readonly recovery_addresses?: readonly Address[];
  readonly metadata_public: unknown;
  readonly metadata_admin?: unknown;
  readonly organization_id: string | null;
}

export interface NewIdentity {
  readonly schema_id?: string;
  readonly state?: string;
  readonly traits?: Readonly<Record<string, unknown>>;
  readonly credentials?: Readonly<Record<string, unknown>>;
  readonly verifiable_addresses?: readonly unknown[];
  readonly metadata_public?: unknown;
  readonly metadata_admin?: unknown;
  readonly external_id?: string;
  readonly organization_id?: string;
}

export interface Session {
  readonly id: string;
  readonly active: boolean;
  readonly expires_at: string;
  readonly authenticated_at: string;
  readonly identity: Identity | null;
  readonly devices: readonly { readonly id: string; readonly user_agent: string; readonly ip_address: string }[] | null;
}

export interface Failure {
  readonly id?: string;
  readonly code: number;
  readonly status: string;
  readonly request?: string;
  readonly reason?: string;
  readonly message: string;
}

/** Texts of Kratos that several cases expect. */
export const text = {
  malformed: 'The request was malformed or contained invalid parameters',
  unknown: 'Unable to locate the resource',
  taken: 'Unable to insert or update resource because a resource with that value exists already',
  conflict: 'The resource could not be created due to a conflict',
  conflictReason: 'This identity conflicts with another identity that already exists.',
  hashFormat: 'The imported password does not match any known hash format. For more information see https://www.ory.sh/dr/2',
  lastFactor: 'You cannot remove the last first factor credential.',
  badState: 'identity state is not valid',
} as const;
