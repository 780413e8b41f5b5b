/** The checks of an access token, as data, so that `doctor` can tell all of them. Pure; the signature is checked elsewhere. */
import type { Claims } from '../caller.ts';
import { clean } from '../lib/text.ts';
import { clientOf, scopeClaim, textsOf } from './claims.ts';
import { shapeOf, shown } from './shown.ts';
import type { Check, CheckName, OAuthOptions } from './types.ts';

export const ALGORITHMS = ['ES256', 'RS256', 'EdDSA'] as const;
const SKEW_S = 60;

/** Of the header, before any of it is used. */
export function headerChecks(header: Claims, { tokenTypes }: OAuthOptions): readonly Check[] {
  const { alg, crit, b64, cty, typ, kid } = header;
  const own = ['jku', 'jwk', 'x5u', 'x5c'].find((it) => Object.hasOwn(header, it));
  const types = tokenTypes.map(typeOf);
  return [
    check(
      'alg',
      ALGORITHMS.some((it) => it === alg),
      { expected: ALGORITHMS.join(', '), found: alg },
    ),
    check('crit', crit === undefined && b64 === undefined, { expected: 'no extensions that must be understood', found: crit ?? b64 }),
    check('own_key', own === undefined, { expected: 'no key of its own', found: own }),
    check('nested', cty === undefined, { expected: 'claims, no other token inside', found: cty }),
    check('typ', types.includes(typeOf(typ)), { expected: types.join(', '), found: typ }),
    check('kid', typeof kid === 'string' && kid !== '', { expected: 'a key id', found: kid }),
  ];
}

/** RFC 7515 §4.1.9: `application/` may be left out, and case says nothing. */
export function typeOf(typ: unknown): string {
  if (typ === undefined) return 'none';
  return typeof typ === 'string' ? typ.toLowerCase().replace(/^application\//, '') : 'no text';
}

export interface Judging {
  readonly oauth: OAuthOptions;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Of the claims, whoever vouches for them. */
export function claimChecks(claims: Claims, { oauth, now }: Judging): readonly Check[] {
  const { iss, aud } = claims;
  return [
    check('iss', iss === oauth.issuer, { expected: oauth.issuer, found: iss }),
    check('aud', isAudience(aud, oauth.audience), { expected: oauth.audience, found: aud }),
    ...timeChecks(claims, now),
    check('bound', !isBound(claims['cnf']), { expected: 'a bearer token', found: 'one that is bound to a key (DPoP or mutual TLS)' }),
  ];
}

/** RFC 7519 §4.1.3: one text, or a list of them. A list with anything else in it is none. */
function isAudience(aud: unknown, audience: string): boolean {
  if (audience === '') return false; // a setting that was lost on its way must not fit a token without one
  if (typeof aud === 'string') return aud === audience;
  return Array.isArray(aud) && textsOf(aud).length === aud.length && aud.includes(audience);
}

/** RFC 7800: whoever shows it would have to prove that they hold a key, which is not asked for here. */
const isBound = (cnf: unknown): boolean =>
  cnf !== undefined && !(typeof cnf === 'object' && cnf !== null && !Array.isArray(cnf) && Object.keys(cnf).length === 0);

export function timeChecks({ exp, nbf, iat }: Claims, now: number): readonly Check[] {
  const seconds = now / 1000;
  const begun = (at: unknown): boolean => at === undefined || (isTime(at) && at <= seconds + SKEW_S);
  return [
    check('exp', isTime(exp) && exp > seconds - SKEW_S, { expected: `later than ${timeText(seconds)}`, found: timeText(exp) }),
    check('nbf', begun(nbf), { expected: `none, or not later than ${timeText(seconds)}`, found: timeText(nbf) }),
    check('iat', begun(iat), { expected: `none, or not later than ${timeText(seconds)}`, found: timeText(iat) }),
  ];
}

const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value > 0;

/** Beyond what a `Date` can hold there is only the number. */
function timeText(value: unknown): string {
  if (!isTime(value)) return shown(value);
  return value < 8.64e12 ? new Date(value * 1000).toISOString() : shown(value);
}

/** That it is an access token, of somebody. `typ`: its header's. */
export function jwtChecks(claims: Claims, typ: unknown, { scopeClaim: setting }: OAuthOptions): readonly Check[] {
  const marked = typeOf(typ) === 'at+jwt';
  const [client, scope] = [clientOf(claims), scopeClaim(claims, setting)];
  const scopeNames = setting ?? 'scope or scp';
  return [
    check('id_token', otherKind(claims) === undefined, { expected: 'an access token', found: otherKind(claims) ?? 'no mark of another' }),
    check('sub', isName(claims['sub']), { expected: 'the text of a subject', found: shapeOf(claims['sub']) }),
    check('client_id', client === undefined ? marked && claims['client_id'] === undefined : isName(client), {
      expected: marked ? 'none, or a text' : 'client_id, azp, cid or appid, as every access token of this typ has',
      found: shapeOf(claims['client_id'] ?? client),
    }),
    check('scope', marked || isFilled(scope), {
      expected: marked ? 'nothing in particular' : `${scopeNames}, as every access token of this typ has`,
      found: isFilled(scope) ? shown(scope) : shapeOf(scope),
    }),
  ];
}

const isFilled = (scope: unknown): boolean => textsOf(scope).some((it) => it.trim() !== '');

/** OpenID Connect Core §2: at most 255 characters. What nobody can see in it would make two of one. */
const isName = (value: unknown): boolean =>
  typeof value === 'string' && value.trim() !== '' && value.length <= 255 && clean(value, 255).removed === 0 && !/[\n\r\t]/.test(value);

/** What marks the other tokens of a provider, where their `typ` does not tell. */
function otherKind(claims: Claims): string | undefined {
  const { at_hash: atHash, c_hash: cHash, typ, token_use: use, events } = claims;
  // OpenID Connect Core §3.3.2.11; Keycloak writes the kind into a claim, Amazon Cognito into another one.
  if (atHash !== undefined || cHash !== undefined || typ === 'ID' || use === 'id') return 'an ID token';
  if (typ === 'Refresh' || typ === 'Offline' || use === 'refresh_token') return 'a refresh token';
  return events === undefined ? undefined : 'a logout token or security event';
}

/** Of what an introspection endpoint answers (RFC 7662 §2.2). What it leaves out that is optional there is not held against the token. */
export function introspectionChecks(answer: Claims, judging: Judging): readonly Check[] {
  const { oauth } = judging;
  const { active, iss = oauth.issuer, token_use: use, token_type: type } = answer;
  const isAccess = (use === undefined || use === 'access_token' || use === 'access') && (type === undefined || typeOf(type) === 'bearer');
  return [
    check('active', active === true, { expected: 'true', found: active }),
    ...claimChecks({ ...answer, iss }, judging),
    check('id_token', isAccess, { expected: 'an access token', found: use ?? type }),
    check('sub', isName(answer['sub'] ?? clientOf(answer)), { expected: 'sub or client_id', found: shapeOf(answer['sub']) }),
  ];
}

function check(name: CheckName, ok: boolean, { expected, found }: { readonly expected: string; readonly found: unknown }): Check {
  return { check: name, ok, expected: shown(expected), found: shown(found) };
}

export const failedOf = (checks: readonly Check[]): Check | undefined => checks.find((it) => !it.ok);
