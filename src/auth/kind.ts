/** What kind of token it is, by how it looks. Pure. */
import { PREFIX } from './tokens-file.ts';
import type { Check } from './types.ts';

export type Kind = 'static' | 'jwt' | 'opaque' | 'foreign';

/** Tokens of Ory that mean something elsewhere, never here. */
const FOREIGN: readonly (readonly [prefix: string, what: string])[] = [
  ['ory_st_', 'a session token of Kratos'],
  ['ory_lo_', 'a logout token of Kratos'],
  ['ory_apikey_', 'an API key of Ory Network'],
  ['ory_pat_', 'an API key of Ory Network'],
  ['ory_wak_', 'an API key of Ory Network'],
  ['ory_rt_', 'a refresh token'],
  ['ory_ac_', 'an authorization code'],
];

export function kindOf(token: string): Kind {
  if (token.startsWith(PREFIX)) return 'static';
  if (whichForeign(token) !== undefined) return 'foreign';
  return token.startsWith('eyJ') || token.split('.').length === 3 ? 'jwt' : 'opaque';
}

export const whichForeign = (token: string): string | undefined => FOREIGN.find(([prefix]) => token.startsWith(prefix))?.[1];

/** `counts`: the kinds that the settings make room for. */
export function kindCheck(token: string, counts: readonly Kind[]): Check {
  const kind = kindOf(token);
  const expected = counts.map((it) => NAMES[it]).join(', or ');
  return { check: 'kind', ok: counts.includes(kind), expected, found: whichForeign(token) ?? NAMES[kind] };
}

const NAMES: Readonly<Record<Kind, string>> = {
  jwt: 'a JWT access token',
  opaque: 'a token that is no JWT',
  static: 'a static token',
  foreign: 'a token for something else',
};
