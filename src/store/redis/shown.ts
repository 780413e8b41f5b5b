/** How many identities each principal was shown within the last hour, over all replicas. No read waits for it, and none stops without it. */
import { createHmac } from 'node:crypto';
import type { Link } from './link.ts';
import { COUNT } from './scripts.ts';

export interface Shown {
  /** As far as it is known here: late by a moment. */
  total(principal: string): number;
  add(principal: string, identities: number): void;
}

export interface ShownOptions {
  readonly link: Link;
  readonly key: (name: string) => string;
  /** Principals are people. */
  readonly pseudonyms: Buffer;
}

/** The last hour is counted by these, and the one that has partly left it counts wholly. */
const BUCKET_S = 300;
const BUCKETS = 3_600 / BUCKET_S + 1;
/** What others have shown is asked for anew after this long. */
const FRESH_MS = 2_000;
const MAX_PRINCIPALS = 10_000;

interface Count {
  readonly buckets: ReadonlyMap<number, number>;
  /** Seconds since 1970 by the server's clock. */
  readonly serverS: number;
  /** When it was asked for, by `performance.now()`. */
  readonly at: number;
}
const NOTHING: Count = { buckets: new Map(), serverS: 0, at: -Infinity };

export function createSharedShown({ link, key, pseudonyms }: ShownOptions): Shown {
  const counts = new Map<string, Count>();
  const asking = new Set<string>();
  const keyOf = (principal: string) => key(`shown:${createHmac('sha256', pseudonyms).update(principal).digest('base64url').slice(0, 22)}`);
  const keep = (principal: string, count: Count) => {
    counts.delete(principal);
    counts.set(principal, count);
    const [oldest] = counts.keys();
    if (counts.size > MAX_PRINCIPALS && oldest !== undefined) counts.delete(oldest);
  };
  const count = async (principal: string, more: number): Promise<void> => {
    const at = performance.now();
    const reply = await link.run(COUNT, { keys: [keyOf(principal)], args: [String(more), String(BUCKET_S), String(BUCKETS)] });
    const [serverS, ...pairs] = Array.isArray(reply) ? reply.map(Number) : [];
    if (serverS === undefined) return;
    const entries = pairs.flatMap((it, index): [number, number][] => (index % 2 === 0 ? [[it, pairs[index + 1] ?? 0]] : []));
    keep(principal, { buckets: new Map(entries), serverS, at });
  };
  /** One at a time for each, and none where the store can't be had. */
  const refresh = (principal: string) => {
    if (asking.has(principal) || !link.isReady()) return;
    asking.add(principal);
    void count(principal, 0)
      .catch(() => {})
      .finally(() => asking.delete(principal));
  };
  return {
    total(principal) {
      const { buckets, serverS, at } = counts.get(principal) ?? NOTHING;
      const sinceMs = performance.now() - at;
      if (sinceMs > FRESH_MS) refresh(principal);
      const oldest = Math.floor((serverS + sinceMs / 1000) / BUCKET_S) - BUCKETS;
      return [...buckets].reduce((sum, [bucket, its]) => (bucket > oldest ? sum + its : sum), 0);
    },
    add(principal, identities) {
      if (!(identities > 0) || !link.isReady()) return;
      void count(principal, Math.floor(identities)).catch(() => {});
    },
  };
}
