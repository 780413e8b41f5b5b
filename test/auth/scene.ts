/** A token check against a real provider, with its log in hand and a clock that can be moved. */
import { createAuthenticate } from '../../src/auth/authenticate.ts';
import { isChallenge, type AuthOptions, type Challenge, type OAuthOptions } from '../../src/auth/types.ts';
import type { Caller } from '../../src/caller.ts';
import type { Fields } from '../../src/lib/log.ts';
import { noMeter } from '../../src/lib/meter.ts';
import { Secret } from '../../src/lib/secret.ts';
import { CLIENTS, type TestProvider } from '../support/provider.ts';

export const RESOURCE = 'http://localhost:9/mcp';

export const introspectionBy = (provider: TestProvider) => ({
  url: provider.introspectionUrl,
  clientId: CLIENTS.introspector.client_id,
  secret: new Secret(CLIENTS.introspector.client_secret),
});

export const oauthOf = (provider: TestProvider, more: Partial<OAuthOptions> = {}): OAuthOptions => ({
  issuer: provider.issuer,
  audience: RESOURCE,
  tokenTypes: ['at+jwt'],
  groupsClaim: 'groups',
  groupScopes: new Map(),
  personClaim: 'sub',
  ...more,
});

export interface Line {
  readonly level: string;
  readonly event: string;
  readonly fields: Fields;
}

export interface Gate {
  /** With one header `Bearer <token>`. */
  readonly ask: (token: string) => Promise<Caller | Challenge>;
  readonly header: (...authorization: string[]) => Promise<Caller | Challenge>;
  readonly lines: Line[];
  readonly refused: string[];
  /** Milliseconds. */
  readonly pass: (ms: number) => void;
}

export function gate(options: Partial<AuthOptions>): Gate {
  const lines: Line[] = [];
  const refused: string[] = [];
  const began = Date.now(); // stands still, so that slow machines count as fast ones
  let offset = 0;
  const line =
    (level: string) =>
    (event: string, fields: Fields = {}) =>
      void lines.push({ level, event, fields });
  const log = { error: line('error'), warn: line('warn'), info: line('info'), debug: line('debug') };
  const meter = { ...noMeter, refused: (check: string) => void refused.push(check) };
  const header = createAuthenticate({ resource: RESOURCE, ...options }, { log, meter, now: () => began + offset });
  return {
    header: (...authorization) => header(authorization),
    ask: (token) => header([`Bearer ${token}`]),
    lines,
    refused,
    pass: (ms) => (offset += ms),
  };
}

export function callerIn(found: Caller | Challenge): Caller {
  if (isChallenge(found)) throw new Error(`refused: ${found.status} ${found.wwwAuthenticate ?? found.message}`);
  return found;
}
export function challengeIn(found: Caller | Challenge): Challenge {
  if (!isChallenge(found)) throw new Error('it was let in');
  return found;
}
