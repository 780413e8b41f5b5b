/** Tokens that are no JWT: the issuer is asked about each (RFC 7662), and its answers are remembered for a short while. */
import { createHash } from 'node:crypto';
import type { Caller, Claims } from '../caller.ts';
import { callerFrom } from './caller-from.ts';
import { failedOf, introspectionChecks } from './checks.ts';
import type { FetchJson } from './fetch.ts';
import type { IntrospectionConfig } from '../config/http.ts';
import { Unavailable, type Check, type OAuthOptions } from './types.ts';

/** Throws `Unavailable`. */
export type Introspect = (token: string) => Promise<Claims>;

interface Asking {
  readonly fetchJson: FetchJson;
  readonly now: () => number;
}

/** So long a token that was revoked may still count. */
const ACTIVE_MS = 60_000;
/** A token that is not active may become so: replicas of an issuer lag. */
const INACTIVE_MS = 5_000;
const REMEMBERED = 1_000;

export function createIntrospect({ url, clientId, secret }: IntrospectionConfig, { fetchJson, now }: Asking): Introspect {
  const known = new Map<string, { readonly answer: Promise<Claims>; until: number }>();
  // RFC 6749 §2.3.1: both are form-encoded before they are joined.
  const encoded = [clientId, secret.reveal()].map((it) => new URLSearchParams({ it }).toString().slice('it='.length)).join(':');
  const headers = {
    authorization: `Basic ${Buffer.from(encoded).toString('base64')}`,
    'content-type': 'application/x-www-form-urlencoded',
  };

  async function ask(token: string): Promise<Claims> {
    const body = new URLSearchParams({ token, token_type_hint: 'access_token' }).toString();
    const answer = await fetchJson(url, { method: 'POST', headers, body });
    if (answer === undefined) throw new Unavailable('There is no introspection endpoint at the address that was set.');
    if (typeof answer['active'] !== 'boolean') throw new Unavailable('The introspection endpoint does not say whether a token is active.');
    return answer;
  }

  return (token) => {
    const id = createHash('sha256').update(token).digest('base64');
    const seen = known.get(id);
    if (seen !== undefined && seen.until > now() && seen.until <= now() + ACTIVE_MS) return seen.answer;
    const entry = { answer: ask(token), until: now() + ACTIVE_MS };
    known.delete(id);
    const [oldest] = known.keys();
    if (known.size >= REMEMBERED && oldest !== undefined) known.delete(oldest);
    known.set(id, entry);
    entry.answer.then(
      (answer) => {
        if (answer['active'] !== true) entry.until = Math.min(entry.until, now() + INACTIVE_MS);
      },
      () => {
        if (known.get(id) === entry) known.delete(id);
      },
    );
    return entry.answer;
  };
}

/** Time is looked at on every call, however long the answer is remembered. Throws `Unavailable`. */
export async function checkOpaque(
  token: string,
  oauth: OAuthOptions,
  { introspect, now }: { readonly introspect: Introspect; readonly now: () => number },
): Promise<Caller | Check> {
  const answer = await introspect(token);
  return failedOf(introspectionChecks(answer, { oauth, now: now() })) ?? callerFrom(answer, 'opaque', oauth);
}
