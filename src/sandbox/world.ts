/** The sandbox's database: everything in memory, with the unique indexes that Kratos' tables have. */
import type { JsonObject } from './go/json.ts';
import type { Instant } from './go/time.ts';
import type { Credentials, Identity } from './identity.ts';

export interface Session {
  readonly id: string;
  readonly identity_id: string;
  /** The row's flag: not whether it is expired, nor whether its identity is active. */
  readonly active: boolean;
  readonly expires_at: Instant;
  /** When it was issued, and when all its methods were completed. */
  readonly created_at: Instant;
  readonly methods: readonly Method[];
  readonly devices: readonly Device[];
  /** Only sessions that began with a login have one. */
  readonly token?: string;
}

export interface Method {
  readonly method: string;
  readonly aal: 'aal1' | 'aal2';
  readonly provider?: string;
}
export interface Device {
  readonly id: string;
  readonly ip_address: string;
  readonly user_agent: string;
  readonly location: string;
}

export interface Message {
  readonly id: string;
  readonly status: 'queued' | 'sent' | 'processing' | 'abandoned';
  readonly type: 'email' | 'sms';
  readonly recipient: string;
  /** Redacted in answers, unless `dev`. */
  readonly subject: string;
  readonly body: string;
  readonly template_type: string;
  readonly dispatches: readonly Dispatch[];
  readonly created_at: Instant;
}
export interface Dispatch {
  readonly id: string;
  readonly status: 'failed' | 'success';
  readonly error?: JsonObject;
  readonly created_at: Instant;
}

/** A login or recovery flow of the public API. */
export interface Flow {
  readonly id: string;
  readonly kind: 'login' | 'recovery';
  readonly issued_at: Instant;
}

export interface IdentitySchema {
  readonly id: string;
  readonly schema: JsonObject;
}

/** The configuration that can be chosen; the rest is that of a small Kratos with password, code, link, TOTP and lookup secrets on. */
export interface Settings {
  readonly recovery: { readonly code: boolean; readonly link: boolean };
  readonly fasterExtend: boolean;
  /** Shows the text of courier messages, as `kratos serve --dev` does. */
  readonly dev: boolean;
  readonly publicUrl: string;
  readonly adminUrl: string;
}

const DEFAULT_SCHEMA = 'default';

export class World {
  readonly identities = new Map<string, Identity>();
  readonly sessions = new Map<string, Session>();
  readonly messages = new Map<string, Message>();
  readonly flows = new Map<string, Flow>();
  readonly schemas: readonly IdentitySchema[];
  readonly settings: Settings;
  readonly #owners = new Map<string, string>();
  readonly #clock: () => Date;
  #last: Instant = 0;

  constructor(schemas: readonly IdentitySchema[], settings: Settings, clock: () => Date) {
    this.schemas = schemas;
    this.settings = settings;
    this.#clock = clock;
  }

  /** The time now. Never the same twice, and ten microseconds apart at least: what page tokens of sessions can tell apart. */
  now(): Instant {
    this.#last = Math.max(this.#clock().getTime() * 1000, this.#last + 10);
    return this.#last;
  }

  /** The same for reads, which leave no trace of when they were. */
  present(): Instant {
    return Math.max(this.#clock().getTime() * 1000, this.#last);
  }

  /** An empty one stands for the default. */
  schemaId(given: string | undefined): string {
    return given === undefined || given === '' ? DEFAULT_SCHEMA : given;
  }
  /** By its id, or by that in base64url. */
  schema(given: string): IdentitySchema | undefined {
    const id = this.schemaId(given);
    return this.schemas.find((it) => it.id === id) ?? this.schemas.find((it) => base64url(it.id) === id);
  }

  /** `serve.public.base_url` + `/schemas/` + the id in base64url. */
  schemaUrl(given: string): string {
    return `${this.settings.publicUrl}/schemas/${base64url(this.schema(given)?.id ?? given)}`;
  }

  /** The owner of a login identifier of this type, as stored. */
  ownerOf(type: string, identifier: string): Identity | undefined {
    return this.identities.get(this.#owners.get(identifierKey(type, identifier)) ?? '');
  }
  byExternalId(externalId: string): Identity | undefined {
    return this.identities.get(this.#owners.get(externalKey(externalId)) ?? '');
  }

  /** Stores it, new or changed, unless it clashes; tells whether it did. */
  put(identity: Identity): boolean {
    if (this.#clashes(identity)) return false;
    this.#forget(this.identities.get(identity.id));
    this.identities.set(identity.id, { ...identity, credentials: trimmed(identity.credentials) });
    for (const key of uniqueKeys(identity)) this.#owners.set(key, identity.id);
    return true;
  }

  /** Takes its sessions along, as the foreign keys do. */
  remove(id: string): void {
    this.#forget(this.identities.get(id));
    this.identities.delete(id);
    for (const session of this.sessionsOf(id)) this.sessions.delete(session.id);
  }

  /** Whether another identity, or the identity itself twice, already has one of its unique values. */
  #clashes(identity: Identity): boolean {
    const keys = uniqueKeys(identity);
    return new Set(keys).size < keys.length || keys.some((key) => (this.#owners.get(key) ?? identity.id) !== identity.id);
  }
  #forget(identity: Identity | undefined): void {
    if (identity === undefined) return;
    for (const key of uniqueKeys(identity)) this.#owners.delete(key);
  }

  /** The newest first. */
  sessionsOf(identityId: string): readonly Session[] {
    return this.newestSessions().filter((it) => it.identity_id === identityId);
  }
  newestSessions(): readonly Session[] {
    return [...this.sessions.values()].sort((a, b) => b.created_at - a.created_at || (a.id < b.id ? -1 : 1));
  }
}

const base64url = (text: string): string => Buffer.from(text).toString('base64url');

/** Login identifiers lose the blanks around them when they are stored, and not in the answer to the write. */
const trimmed = (credentials: Credentials): Credentials =>
  Object.fromEntries(
    Object.entries(credentials).map(([type, it]) => [type, { ...it, identifiers: it.identifiers.map((identifier) => identifier.trim()) }]),
  );
const identifierKey = (type: string, identifier: string): string => `credential\0${type}\0${identifier.trim()}`;
const externalKey = (externalId: string): string => `external\0${externalId}`;

function uniqueKeys(identity: Identity): string[] {
  return [
    ...Object.values(identity.credentials).flatMap((it) => it.identifiers.map((identifier) => identifierKey(it.type, identifier))),
    ...identity.verifiable_addresses.flatMap((it) => [`verifiable\0${it.via}\0${it.value}`, `verifiable id\0${it.id}`]),
    ...identity.recovery_addresses.flatMap((it) => [`recovery\0${it.via}\0${it.value}`, `recovery id\0${it.id}`]),
    ...(identity.external_id === '' ? [] : [externalKey(identity.external_id)]),
  ];
}
