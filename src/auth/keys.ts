/** The issuer's public keys: cached, asked for again when one is unknown, and no longer believed when nobody could say for an hour. */
import type { CryptoKey, JSONWebKeySet } from 'jose';
import { Unavailable } from './types.ts';

/** A set as it came, with a number of its own. */
export interface KeySet {
  readonly version: number;
  readonly kids: readonly string[];
  /** All that could have signed under this name and algorithm; mostly one. */
  readonly find: (kid: string, alg: string) => Promise<readonly CryptoKey[]>;
}

export interface Keys {
  /** Throws `Unavailable` where there are none to believe; `StaleKeys` where there were. */
  current(): Promise<KeySet>;
  /** A set with this key in it, if there is one: asks again for it, though not often. Throws as `current`. */
  having(kid: string): Promise<KeySet>;
}

/** The issuer could not be asked for so long that its last keys may be withdrawn. */
export class StaleKeys extends Error {
  override readonly name = 'StaleKeys';
}

interface KeyPorts {
  /** Throws `Unavailable`. */
  readonly fetch: () => Promise<JSONWebKeySet>;
  readonly now: () => number;
  /** Told of each failure, with why. */
  readonly failed: (why: string) => void;
}

const MINUTE = 60_000;
const FRESH_MS = 10 * MINUTE;
const STALE_MS = 60 * MINUTE;
/** Between two times that an unknown key, or keys that are no longer fresh, make us ask. */
const COOL_MS = MINUTE / 2;
/** The same where there are no keys at all: the issuer may just be starting. */
const COOL_EMPTY_MS = 5_000;

export function createKeys({ fetch, now, failed }: KeyPorts): Keys {
  let set: KeySet | undefined;
  let fetchedAt = -Infinity;
  /** When we last asked: because what we have is old, and because somebody named a key that is not in it. */
  let asked = { aged: -Infinity, unknown: -Infinity };
  let lastFailed = false;
  let pending: Promise<void> | undefined;
  let version = 0;

  async function ask(): Promise<void> {
    try {
      set = await keySet(await fetch(), (version += 1));
      fetchedAt = now();
      lastFailed = false;
    } catch (error) {
      lastFailed = true;
      failed(error instanceof Unavailable ? error.message : 'What it answers are no keys.');
    }
  }

  /** One at a time, whoever asks. */
  function refresh(): Promise<void> {
    pending ??= ask().finally(() => {
      pending = undefined;
    });
    return pending;
  }

  /** Also where the clock was set back. */
  const since = (time: number): number => Math.abs(now() - time);
  const age = (): number => since(fetchedAt);

  async function current(): Promise<KeySet> {
    if (age() > FRESH_MS && (pending || since(asked.aged) >= (set === undefined ? COOL_EMPTY_MS : COOL_MS))) {
      if (!pending) asked = { ...asked, aged: now() };
      await refresh();
    }
    if (set === undefined) throw new Unavailable('The keys of the issuer could not be had yet.');
    if (age() > STALE_MS) throw new StaleKeys('The keys of the issuer are too old.');
    return set;
  }

  return {
    current,
    async having(kid) {
      const known = await current();
      if (known.kids.includes(kid)) return known;
      const isFailing = lastFailed && since(asked.aged) < COOL_MS;
      if (pending || (!isFailing && since(asked.unknown) >= COOL_MS)) {
        if (!pending) asked = { ...asked, unknown: now() };
        await refresh();
      }
      const again = await current();
      if (lastFailed && !again.kids.includes(kid)) throw new Unavailable('Whether the issuer has such a key could not be asked.');
      return again;
    },
  };
}

/** Public signing keys with a name; everything else in the document is left out. Throws what `jose` throws. */
async function keySet(document: JSONWebKeySet, version: number): Promise<KeySet> {
  const { createLocalJWKSet, errors } = await import('jose');
  const keys = document.keys.filter(
    ({ kid, kty, d }) => typeof kid === 'string' && kid !== '' && ['EC', 'RSA', 'OKP'].includes(String(kty)) && d === undefined,
  );
  if (keys.length === 0) throw new Unavailable('What it answers holds no public key with a kid.');
  const find = createLocalJWKSet({ keys });
  return {
    version,
    kids: keys.map(({ kid }) => String(kid)),
    async find(kid, alg) {
      try {
        return [await find({ kid, alg })];
      } catch (error) {
        if (error instanceof errors.JWKSNoMatchingKey) return [];
        if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
        const several: CryptoKey[] = [];
        for await (const key of error) several.push(key);
        return several;
      }
    },
  };
}
