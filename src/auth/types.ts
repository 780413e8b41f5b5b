/** What is checked of a caller, by whom, and what comes out of it. */
import type { Caller } from '../caller.ts';
import type { PoolOptions } from '../client/pool.ts';
import type { OAuthConfig } from '../config/http.ts';
import type { Log } from '../lib/log.ts';
import type { Meter } from '../lib/meter.ts';

/** Refused before anything is dispatched. */
export interface Challenge {
  /** 401: no token, or one that does not count; 503: whoever could say is not reachable. */
  readonly status: 401 | 503;
  /** The whole `WWW-Authenticate` header; undefined with 503. */
  readonly wwwAuthenticate: string | undefined;
  /** For people, a sentence of ours without anything of the token. */
  readonly message: string;
}
/** By the `Authorization` header(s) as they came. Never throws. */
export type Authenticate = (authorization: readonly string[]) => Promise<Caller | Challenge>;
export const isChallenge = (it: Caller | Challenge): it is Challenge => 'wwwAuthenticate' in it;

/** As the settings have it, with the audience known. */
export interface OAuthOptions extends OAuthConfig {
  readonly audience: string;
}

export interface AuthOptions {
  /** The address of /mcp, as clients use it. */
  readonly resource: string;
  readonly resourceName?: string | undefined;
  /** Undefined: no access token counts. */
  readonly oauth?: OAuthOptions | undefined;
  /** Undefined: no static token counts. */
  readonly tokensFile?: string | undefined;
  /** Proxy and authorities on the way to the issuer. Loopback is always reached straight. */
  readonly network?: PoolOptions | undefined;
}

export interface AuthPorts {
  readonly log: Log;
  readonly meter: Meter;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export type CheckName =
  | 'header'
  | 'size'
  | 'kind'
  | 'form'
  | 'alg'
  | 'crit'
  | 'own_key'
  | 'nested'
  | 'typ'
  | 'id_token'
  | 'iss'
  | 'aud'
  | 'exp'
  | 'nbf'
  | 'iat'
  | 'sub'
  | 'client_id'
  | 'scope'
  | 'bound'
  | 'kid'
  | 'keys'
  | 'signature'
  | 'active'
  | 'static';

/** One thing that must hold. For operators: cleaned, at most 200 characters each, and nothing of the token that names a person. */
export interface Check {
  readonly check: CheckName;
  readonly ok: boolean;
  readonly expected: string;
  readonly found: string;
}

/** Whoever could say whether a token counts is not reachable, or makes no sense. */
export class Unavailable extends Error {
  override readonly name = 'Unavailable';
}
