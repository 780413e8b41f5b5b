/**
 * What the page remembers from one request to the next, wherever that one arrives: tokens that were used, sign-ins, logins under way.
 * Short-lived, and by names that give nothing away: a browser's cookie would be one.
 */
import { createHmac } from 'node:crypto';
import type { Kept } from '../store/types.ts';

export type Kind = 'used' | 'sign-in' | 'login';
export interface Shelf {
  /** False where there is one by that name already, or no room. */
  put(kind: Kind, name: string, it: { readonly value: string; readonly lifetimeMs: number }): Promise<boolean>;
  get(kind: Kind, name: string): Promise<string | undefined>;
  /** Once: of several that take at the same time, one gets it. */
  take(kind: Kind, name: string): Promise<string | undefined>;
}

/** More than this come from no people within half an hour. Whoever floods the page must not push recovery secrets out of what is kept. */
const MAX_PUTS = 10_000;
const WINDOW_MS = 30 * 60_000;

export interface ShelfPorts {
  readonly kept: Kept;
  readonly key: Uint8Array;
  readonly now: () => number;
}

export function createShelf({ kept, key, now }: ShelfPorts): Shelf {
  const puts: number[] = []; // when, oldest first
  const nameOf = (kind: Kind, name: string): string =>
    `page ${createHmac('sha256', key).update(`shelf ${kind}\n${name}`).digest('base64url')}`;
  return {
    async put(kind, name, { value, lifetimeMs }) {
      while ((puts[0] ?? Number.POSITIVE_INFINITY) <= now() - WINDOW_MS) puts.shift();
      if (puts.length >= MAX_PUTS) return false;
      puts.push(now());
      return kept.put(nameOf(kind, name), value, lifetimeMs);
    },
    get: (kind, name) => kept.get(nameOf(kind, name)),
    take: (kind, name) => kept.take(nameOf(kind, name)),
  };
}
