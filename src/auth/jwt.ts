/** A JWT access token: form, header, claims, then the signature. The first check that fails is the one that is told. */
import { createHash } from 'node:crypto';
import type { Caller } from '../caller.ts';
import { callerFrom } from './caller-from.ts';
import { claimChecks, failedOf, headerChecks, jwtChecks, timeChecks } from './checks.ts';
import { BadForm, partsOf, type Parts } from './form.ts';
import type { Keys, KeySet } from './keys.ts';
import { cut, shown } from './shown.ts';
import type { Check, OAuthOptions } from './types.ts';

/** Throws `Unavailable` and `StaleKeys`. */
export type CheckJwt = (token: string) => Promise<Caller | Check>;

export interface JwtPorts {
  readonly keys: Keys;
  readonly now: () => number;
}

/** How many tokens are remembered whose signature was right; each is asked for on every call of its client. */
const REMEMBERED = 1_000;

/** What was right under these keys stays right while they are the current ones; only time has to be looked at again. */
export function createCheckJwt(oauth: OAuthOptions, { keys, now }: JwtPorts): CheckJwt {
  const known = new Map<string, { readonly caller: Caller; readonly version: number }>();

  const underWay = new Map<string, ReturnType<typeof checkAfresh>>();

  async function checkAfresh(token: string): Promise<{ readonly caller: Caller; readonly version: number } | Check> {
    const parts = tryParts(token);
    if (parts instanceof BadForm) return formCheck(parts);
    const failed = failedOf(partsChecks(parts, oauth, now()));
    if (failed) return failed;
    const set = await keys.having(String(parts.header['kid']));
    const unsigned = failedOf(await signatureChecks(token, parts, set));
    return unsigned ?? { caller: callerFrom(parts.claims, 'jwt', oauth), version: set.version };
  }

  /** However many calls come with it at the same time, a token is checked once. */
  async function checkOnce(token: string, id: string): ReturnType<typeof checkAfresh> {
    const checking = underWay.get(id) ?? checkAfresh(token).finally(() => underWay.delete(id));
    underWay.set(id, checking);
    return checking;
  }

  return async (token) => {
    const id = createHash('sha256').update(token).digest('base64');
    const seen = known.get(id);
    if (seen !== undefined && seen.version === (await keys.current()).version) {
      return failedOf(timeChecks(seen.caller.claims, now())) ?? seen.caller;
    }
    known.delete(id);
    const checked = await checkOnce(token, id);
    if ('check' in checked) return checked;
    const [oldest] = known.keys();
    if (known.size >= REMEMBERED && oldest !== undefined) known.delete(oldest);
    known.set(id, checked);
    return checked.caller;
  };
}

export function tryParts(token: string): Parts | BadForm {
  try {
    return partsOf(token);
  } catch (error) {
    if (error instanceof BadForm) return error;
    throw error;
  }
}

export const formCheck = (bad: BadForm | undefined): Check => ({
  check: 'form',
  ok: bad === undefined,
  expected: 'a signed JWT of three parts',
  found: bad?.message ?? 'one',
});

/** All that can be said without a key. `now` in milliseconds. */
export const partsChecks = ({ header, claims }: Parts, oauth: OAuthOptions, now: number): readonly Check[] => [
  ...headerChecks(header, oauth),
  ...claimChecks(claims, { oauth, now }),
  ...jwtChecks(claims, header['typ'], oauth),
];

export async function signatureChecks(token: string, { header }: Parts, set: KeySet): Promise<readonly Check[]> {
  const [kid, alg] = [String(header['kid']), String(header['alg'])];
  const candidates = await set.find(kid, alg);
  const known: Check = {
    check: 'kid',
    ok: candidates.length > 0,
    expected: cut(`one of the issuer's keys for ${alg}: ${set.kids.join(', ')}`),
    found: shown(kid),
  };
  if (!known.ok) return [known];
  const { compactVerify, errors } = await import('jose');
  for (const key of candidates) {
    try {
      await compactVerify(token, key, { algorithms: [alg] }); // alg is in our list: the header's checks came first
      return [known, signature(true)];
    } catch (error) {
      if (!(error instanceof errors.JOSEError || error instanceof TypeError)) throw error;
    }
  }
  return [known, signature(false)];
}

const signature = (ok: boolean): Check => ({
  check: 'signature',
  ok,
  expected: 'by that key, over this token',
  found: ok ? 'such a one' : 'another one',
});
