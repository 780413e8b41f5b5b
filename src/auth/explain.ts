/** Why a token counts or not: every check of it, for the operator who has it in hand. Says nothing of it that names a person. */
import { SCOPES, type Caller, type Claims } from '../caller.ts';
import { UsageError } from '../errors.ts';
import { noLog } from '../lib/log.ts';
import { kindsOf } from './authenticate.ts';
import { callerFrom } from './caller-from.ts';
import { introspectionChecks } from './checks.ts';
import { BadForm, type Parts } from './form.ts';
import { shownIn } from './header.ts';
import { formCheck, partsChecks, signatureChecks, tryParts } from './jwt.ts';
import { kindCheck, kindOf } from './kind.ts';
import { cut } from './shown.ts';
import { openSources, type Sources } from './sources.ts';
import { createCheckStatic } from './static-tokens.ts';
import { Unavailable, type AuthOptions, type Check, type OAuthOptions } from './types.ts';

/** `scopes` and `person` are no checks: what the token would bring. A token without any scope counts, and covers no call. */
export interface Explained extends Omit<Check, 'check'> {
  readonly check: Check['check'] | 'scopes' | 'person';
}
interface Explaining {
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Asks the issuer as the server would. `token` may come with `Bearer` before it and a line break behind it. Never throws. */
export async function explainToken(
  token: string,
  options: AuthOptions,
  { now = Date.now }: Explaining = {},
): Promise<readonly Explained[]> {
  const shown = shownIn([`Bearer ${token.trim().replace(/^(?:authorization: *)?bearer +/i, '')}`]);
  if (shown.kind === 'bad') return [shown.check];
  const text = shown.kind === 'token' ? shown.token : '';
  const kind = kindCheck(text, kindsOf(options));
  const { oauth, network, tokensFile } = options;
  if (!kind.ok) return [kind];
  if (kindOf(text) === 'static') return [kind, ...explainStatic(text, tokensFile ?? '', now)];
  if (oauth === undefined) return [kind];
  const sources = openSources(oauth, network, { now, failed: () => {} });
  const explain = kindOf(text) === 'jwt' ? explainJwt : explainOpaque;
  return [kind, ...(await explain(text, { oauth, sources, now: now() }))];
}

interface Judging {
  readonly oauth: OAuthOptions;
  readonly sources: Sources;
  readonly now: number;
}

async function explainJwt(token: string, { oauth, sources, now }: Judging): Promise<readonly Explained[]> {
  const parts = tryParts(token);
  if (parts instanceof BadForm) return [formCheck(parts)];
  const checks = partsChecks(parts, oauth, now);
  // An algorithm that does not count is given to no library.
  const isUsable = checks.every(({ check, ok }) => ok || (check !== 'alg' && check !== 'kid'));
  const signature = isUsable ? await explainSignature(token, parts, sources) : [];
  return [formCheck(undefined), ...checks, ...signature, ...brought(parts.claims, oauth)];
}

async function explainSignature(token: string, parts: Parts, { keys }: Sources): Promise<readonly Check[]> {
  const expected = 'the keys of the issuer';
  try {
    const set = await keys.having(String(parts.header['kid']));
    return [{ check: 'keys', ok: true, expected, found: `${set.kids.length}` }, ...(await signatureChecks(token, parts, set))];
  } catch (error) {
    return [{ check: 'keys', ok: false, expected, found: reasonOf(error) }];
  }
}

async function explainOpaque(token: string, { oauth, sources, now }: Judging): Promise<readonly Explained[]> {
  try {
    const answer = (await sources.introspect?.(token)) ?? {};
    return [...introspectionChecks(answer, { oauth, now }), ...brought(answer, oauth)];
  } catch (error) {
    return [{ check: 'active', ok: false, expected: 'true', found: reasonOf(error) }];
  }
}

function explainStatic(token: string, path: string, now: () => number): readonly Explained[] {
  try {
    const found = createCheckStatic(path, { log: noLog, now })(token);
    if ('check' in found) return [found];
    return [{ check: 'static', ok: true, expected: 'one that is still good', found: found.name }, scopesRow(found), personRow(found)];
  } catch (error) {
    return [{ check: 'static', ok: false, expected: 'a file that can be used', found: reasonOf(error) }];
  }
}

function brought(claims: Claims, oauth: OAuthOptions): readonly Explained[] {
  const caller = callerFrom(claims, 'jwt', oauth);
  return [scopesRow(caller), personRow(caller)];
}

function scopesRow({ scopes }: Caller): Explained {
  const found = [...(scopes ?? [])].join(' ');
  return { check: 'scopes', ok: found !== '', expected: `any of ${SCOPES.join(', ')}`, found: found === '' ? 'none of them' : found };
}

/** Without a person an approver can't be told from the one who asks. */
const personRow = ({ person }: Caller): Explained => ({
  check: 'person',
  ok: person !== undefined,
  expected: 'a claim that tells which person it is',
  found: person === undefined ? 'none, one that is not verified, or a token of a client alone' : 'one',
});

const reasonOf = (error: unknown): string =>
  cut(error instanceof Unavailable || error instanceof UsageError ? error.message : 'an error of this program');
