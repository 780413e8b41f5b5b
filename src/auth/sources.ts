/** What the checks ask: the issuer's keys, and its introspection endpoint. */
import type { JSONWebKeySet } from 'jose';
import { discoverJwksUrl } from './discovery.ts';
import { createFetchJson, type FetchJson } from './fetch.ts';
import { createIntrospect, type Introspect } from './introspection.ts';
import { createKeys, type Keys } from './keys.ts';
import { Unavailable, type AuthOptions, type OAuthOptions } from './types.ts';

export interface Sources {
  readonly keys: Keys;
  readonly introspect: Introspect | undefined;
}

interface Ports {
  readonly now: () => number;
  /** Told of each failure to have the keys, with why. */
  readonly failed: (why: string) => void;
}

export function openSources(oauth: OAuthOptions, network: AuthOptions['network'], { now, failed }: Ports): Sources {
  const fetchJson = createFetchJson(network);
  return {
    keys: createKeys({ fetch: jwksOf(oauth, fetchJson), now, failed }),
    introspect: oauth.introspection && createIntrospect(oauth.introspection, { fetchJson, now }),
  };
}

/** The address that the metadata named is kept until it fails. */
function jwksOf({ issuer, jwksUrl }: OAuthOptions, fetchJson: FetchJson): () => Promise<JSONWebKeySet> {
  let discovered: string | undefined;
  return async () => {
    const url = jwksUrl ?? discovered ?? (await discoverJwksUrl(issuer, fetchJson));
    discovered = undefined;
    const found = await fetchJson(url);
    if (found === undefined || !Array.isArray(found['keys']))
      throw new Unavailable(`${new URL(url).origin} answers no JWKS where it should be.`);
    discovered = url;
    return { keys: found['keys'] }; // what its members are, `keySet` looks at
  };
}
