/** Where an issuer's keys are, by its own metadata (RFC 8414 §3, OpenID Connect Discovery §4). */
import { isLoopback, isPlainHttp } from '../config/urls.ts';
import type { FetchJson } from './fetch.ts';
import { shown } from './shown.ts';
import { Unavailable } from './types.ts';

/** In the order of the MCP specification: RFC 8414 first, then OpenID Connect, its well-known part before and after the issuer's path. */
export function metadataUrls(issuer: string): readonly string[] {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  const urls = [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ];
  return [...new Set(urls)];
}

/** Throws `Unavailable`. The first document counts whose `issuer` is ours, character by character (RFC 8414 §3.3). */
export async function discoverJwksUrl(issuer: string, fetchJson: FetchJson): Promise<string> {
  let why = 'it has none where it should be';
  for (const url of metadataUrls(issuer)) {
    const found = await fetchJson(url).catch((error: unknown) => {
      if (!(error instanceof Unavailable)) throw error;
      why = error.message;
      return undefined;
    });
    if (found === undefined) continue;
    if (found['issuer'] !== issuer) {
      why = `it calls itself ${shown(found['issuer'])}; the setting must be spelled so`;
      continue;
    }
    const jwksUrl = found['jwks_uri'];
    if (typeof jwksUrl !== 'string' || !URL.canParse(jwksUrl)) throw new Unavailable(`The metadata of ${issuer} names no jwks_uri.`);
    // Plain http on loopback is for trying things out: then the issuer is there, too.
    if (isPlainHttp(jwksUrl) && !isLoopback(issuer)) throw new Unavailable(`The jwks_uri of ${issuer} is not https.`);
    return jwksUrl;
  }
  throw new Unavailable(`The metadata of ${issuer} cannot be used: ${why}.`);
}
