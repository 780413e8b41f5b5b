/** Claims by name or path, and the shapes they come in. Pure; claims are the words of others. */
import type { Claims } from '../caller.ts';

const isRecord = (value: unknown): value is Claims => typeof value === 'object' && value !== null && !Array.isArray(value);

/** The claim of that very name (`https://example.com/groups`), else what the dotted path leads to (`realm_access.roles`). */
export function claimAt(claims: Claims, name: string): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let at: unknown = claims;
  for (const step of name.split('.')) {
    if (!isRecord(at) || !Object.hasOwn(at, step)) return undefined;
    at = at[step];
  }
  return at;
}

/** Of a claim that holds one text or a list of them; anything else in it does not count. */
export function textsOf(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.filter((it) => typeof it === 'string');
}

/** Scopes as one text with blanks (RFC 8693 §4.2) or as a list (Ory Hydra, Okta). */
export const scopesIn = (value: unknown): readonly string[] =>
  textsOf(value).flatMap((it) => it.split(' ').filter((scope) => scope !== ''));

/** By the setting, else `scope` (RFC 9068 §2.2.3), else `scp` (Ory Hydra, Okta, Microsoft Entra ID). */
export function scopeClaim(claims: Claims, setting: string | undefined): unknown {
  if (setting !== undefined) return claimAt(claims, setting);
  return claims['scope'] ?? claims['scp'];
}

/**
 * Whether nobody had to be there when the token was issued (client credentials): its subject is the client itself (RFC 9068 §2.2; Ory Hydra,
 * Okta), or as Auth0, Microsoft Entra ID and Keycloak mark it.
 */
export function isMachine(claims: Claims): boolean {
  const client = clientOf(claims);
  const { sub = client, gty, idtyp, preferred_username: name } = claims;
  if (gty === 'client-credentials' || idtyp === 'app') return true;
  return client !== undefined && (sub === client || sub === `${client}@clients` || name === `service-account-${client.toLowerCase()}`);
}

/** Who the token was issued to: RFC 9068; else as Keycloak, Auth0 and Entra ID (`azp`, `appid`) and Okta (`cid`) write it. */
export function clientOf(claims: Claims): string | undefined {
  const found = ['client_id', 'azp', 'cid', 'appid'].map((it) => claims[it]).find((it) => it !== undefined);
  return typeof found === 'string' && found !== '' ? found : undefined;
}
