/**
 * What a form of the page carries back: proof that this server (one of its replicas) served it, to this browser, for this purpose and
 * subject, and when. A GET leaves nothing behind here; only a form that comes back does, and it comes back once.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { canonical } from '../lib/json.ts';
import type { Shelf } from './shelf.ts';

export type Purpose = 'decide' | 'reveal' | 'sign-in' | 'sign-out' | 'unlock' | 'thaw' | 'enroll';
export interface Use {
  readonly purpose: Purpose;
  /** The plan, the principal, the freeze, or nothing. */
  readonly subject: string;
  /** The browser, by its cookie. */
  readonly browser: string;
}
/** One page as it was served. */
export interface View {
  readonly token: string;
  /** Of this view alone; a passkey's challenge is made with it. */
  readonly nonce: string;
}
export type Redeemed = { readonly kind: 'ok'; readonly nonce: string; readonly ageMs: number } | { readonly kind: 'bad' | 'old' | 'used' };

export interface Tokens {
  mint(use: Use): View;
  /** Once per view: the second time it is `used`, however the first one went. */
  redeem(token: string, use: Use): Promise<Redeemed>;
}

/** As long as a person may think over a page. */
const TOKEN_MS = 30 * 60_000;

export interface TokenPorts {
  /** The same for all replicas. */
  readonly key: Uint8Array;
  readonly now: () => number;
  readonly randomId: () => string;
  readonly shelf: Shelf;
}

export function createTokens({ key, now, randomId, shelf }: TokenPorts): Tokens {
  const mac = (use: Use, served: string, nonce: string) =>
    createHmac('sha256', key)
      .update(canonical([use.purpose, use.subject, use.browser, served, nonce]))
      .digest();

  /** Also false where no more can be remembered: then none is taken. */
  const isFresh = (nonce: string): Promise<boolean> => shelf.put('used', nonce, { value: '', lifetimeMs: TOKEN_MS });

  return {
    mint(use) {
      const nonce = randomId();
      const served = now().toString(36);
      return { token: `${served}.${nonce}.${mac(use, served, nonce).toString('base64url')}`, nonce };
    },
    async redeem(token, use) {
      const [served = '', nonce = '', given = '', ...rest] = token.length < 200 ? token.split('.') : [];
      const expected = mac(use, served, nonce);
      const bytes = Buffer.from(given, 'base64url');
      if (rest.length > 0 || bytes.length !== expected.length || !timingSafeEqual(bytes, expected)) return { kind: 'bad' };
      if (bytes.toString('base64url') !== given) return { kind: 'bad' }; // base64url decoding ignores stray bits
      const ageMs = now() - Number.parseInt(served, 36);
      if (!(ageMs >= 0 && ageMs < TOKEN_MS)) return { kind: 'old' };
      return (await isFresh(nonce)) ? { kind: 'ok', nonce, ageMs } : { kind: 'used' };
    },
  };
}
