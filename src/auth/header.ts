/** The `Authorization` header (RFC 6750 §2.1). A token anywhere else, in the address above all, is not looked for. Pure. */
import { shown } from './shown.ts';
import type { Check } from './types.ts';

/** Far above any token that is no attack; Node's own limit for all headers is 16 KiB, too. */
export const MAX_TOKEN_BYTES = 16 * 1024;

export type Shown =
  | { readonly kind: 'none' }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'bad'; readonly check: Check };

/** `b64token` of RFC 6750 §2.1. */
const TOKEN = /^[A-Za-z\d\-._~+/]+=*$/;

/** None, and another scheme, is no attempt (RFC 6750 §3.1): its answer has no error code. */
export function shownIn(authorization: readonly string[]): Shown {
  const [header, ...more] = authorization;
  if (header === undefined) return { kind: 'none' };
  if (more.length > 0) return bad('header', { expected: 'one Authorization header', found: `${authorization.length} of them` });
  const [, scheme = '', rest = ''] = /^([^ \t]*)[ \t]*([^]*)$/.exec(header.trim()) ?? [];
  if (!/^bearer$/i.test(scheme)) return scheme.includes(',') || scheme === '' ? bad('header', ONE_TOKEN(scheme)) : { kind: 'none' };
  if (rest.length > MAX_TOKEN_BYTES) {
    return bad('size', { expected: `at most ${MAX_TOKEN_BYTES} characters`, found: `${rest.length} characters` });
  }
  return TOKEN.test(rest) ? { kind: 'token', token: rest } : bad('header', ONE_TOKEN(rest));
}

const ONE_TOKEN = (text: string) => ({ expected: 'Bearer and one token', found: text === '' ? shown('') : 'something else' });

const bad = (check: 'header' | 'size', { expected, found }: Pick<Check, 'expected' | 'found'>): Shown => ({
  kind: 'bad',
  check: { check, ok: false, expected, found },
});
