/** Slows down whoever tries tokens. Bounded in memory, whatever comes. */
import { createHash } from 'node:crypto';

const WINDOW_MS = 60_000;
const MAX_KEPT = 10_000;
/** How long a token that counted is known as one. */
const PROVEN_MS = 10 * 60_000;

interface Counted {
  readonly since: number;
  count: number;
}

export class Failures {
  readonly #most: number;
  readonly #now: () => number;
  /** By address, oldest first. */
  readonly #counted = new Map<string, Counted>();
  /** Digests of what counted lately: such clients are not to suffer for a neighbour behind the same address. */
  readonly #proven = new Map<string, number>();

  constructor(perMinute: number, now: () => number) {
    this.#most = perMinute;
    this.#now = now;
  }

  /** Seconds to wait; undefined: it may try. */
  wait(address: string, authorization: readonly string[]): number | undefined {
    const counted = this.#counted.get(address);
    if (counted === undefined || counted.count < this.#most) return undefined;
    const left = counted.since + WINDOW_MS - this.#now();
    if (left <= 0) {
      this.#counted.delete(address);
      return undefined;
    }
    const at = this.#proven.get(digestOf(authorization));
    if (at !== undefined && this.#now() - at < PROVEN_MS) return undefined;
    return Math.ceil(left / 1_000);
  }

  failed(address: string, authorization: readonly string[]): void {
    this.#proven.delete(digestOf(authorization));
    const counted = this.#counted.get(address);
    if (counted !== undefined && this.#now() - counted.since < WINDOW_MS) {
      counted.count += 1;
      return;
    }
    put(this.#counted, address, { since: this.#now(), count: 1 });
  }

  passed(authorization: readonly string[]): void {
    const digest = digestOf(authorization);
    const at = this.#proven.get(digest);
    if (at === undefined || this.#now() - at > PROVEN_MS / 2) put(this.#proven, digest, this.#now());
  }
}

/** The newest last; the oldest goes where there are too many. */
function put<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  if (map.size >= MAX_KEPT) map.delete(map.keys().next().value ?? '');
  map.set(key, value);
}

const digestOf = (authorization: readonly string[]): string => createHash('sha256').update(authorization.join('\n')).digest('base64');
