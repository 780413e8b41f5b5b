/** The caller that an accepted token stands for. Pure. */
import { SCOPES, type Caller, type Claims } from '../caller.ts';
import { claimAt, clientOf, isMachine, scopeClaim, scopesIn, textsOf } from './claims.ts';
import { joined, personOf } from './person.ts';
import type { OAuthOptions } from './types.ts';

export type TokenKind = 'jwt' | 'opaque';

/** `claims` have passed all checks. Their issuer is ours even where an introspection endpoint left it out. */
export function callerFrom(claims: Claims, kind: TokenKind, oauth: OAuthOptions): Caller {
  const { issuer } = oauth;
  const client = clientOf(claims) ?? '';
  const sub = textOr(claims['sub'], client);
  return {
    principal: joined([issuer, sub, client, kind]),
    name: ['email', 'preferred_username', 'name'].map((it) => claims[it]).find(isFilled) ?? sub,
    person: isMachine(claims) && OF_EVERYBODY.has(oauth.personClaim) ? undefined : personOf({ ...claims, sub }, oauth),
    scopes: scopesOf(claims, oauth),
    canStepUp: true,
    claims,
    expiresAt: Number(claims['exp']) * 1000,
  };
}

/** Claims that programs have, too: behind them is a person whom nobody knows. Any other one says who that is. */
const OF_EVERYBODY: ReadonlySet<string> = new Set(['sub', 'oid']);

const isFilled = (value: unknown): value is string => typeof value === 'string' && value.trim() !== '';
const textOr = (value: unknown, otherwise: string): string => (isFilled(value) ? value : otherwise);

/** Those that the token names, and those that its groups bring; unknown ones mean nothing here. */
export function scopesOf(claims: Claims, { scopeClaim: setting, groupsClaim, groupScopes }: OAuthOptions): ReadonlySet<string> {
  const named = scopesIn(scopeClaim(claims, setting));
  const groups = groupScopes.size === 0 ? [] : textsOf(claimAt(claims, groupsClaim));
  const all = new Set([...named, ...groups.flatMap((it) => groupScopes.get(it) ?? [])]);
  return new Set(SCOPES.filter((it) => all.has(it)));
}
