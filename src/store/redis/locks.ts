/** Locks by name over all replicas, so that writes to one identity go one after another whoever sends them. */
import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from '../../lib/log.ts';
import { createLocks, LockBusy, type Locks } from '../../lib/mutex.ts';
import type { Link } from './link.ts';
import { LOCK, RENEW, UNLOCK } from './scripts.ts';

/** What one that died holds is free after so long: sooner than others stop waiting for it. */
const HELD_MS = 15_000;
const WAIT_MS = 60_000;
const SHORTEST_PAUSE_MS = 5;
const LONGEST_PAUSE_MS = 100;

export interface LocksOptions {
  readonly link: Link;
  readonly key: (name: string) => string;
  readonly log: Log;
  /** Left out: 15 s. */
  readonly heldMs?: number;
}

/** Whoever can't be renewed for longer than a lock lasts (the store is gone) loses it without notice: its work is not interrupted. */
export function createRedisLocks({ link, key, log, heldMs = HELD_MS }: LocksOptions): Locks {
  const inside = createLocks();
  const nameOf = (it: string) => key(`lock:${createHash('sha256').update(it).digest('base64url').slice(0, 32)}`);

  async function held<T>(keys: readonly string[], work: () => Promise<T>, until: number): Promise<T> {
    const token = randomBytes(16).toString('base64url');
    const giveBack = () => link.run(UNLOCK, { keys, args: [token] }).catch(() => {}); // else it lapses
    try {
      await taken(keys, token, until);
    } catch (error) {
      if (!(error instanceof LockBusy)) void giveBack(); // its answer may have been lost
      throw error;
    }
    const renewing = setInterval(() => void renew(keys, token), heldMs / 4).unref();
    try {
      return await work();
    } finally {
      clearInterval(renewing);
      await giveBack();
    }
  }

  /** All at once or none, so that no two can wait for each other. */
  async function taken(keys: readonly string[], token: string, until: number): Promise<void> {
    for (let pause = SHORTEST_PAUSE_MS; ; pause = Math.min(pause * 1.5, LONGEST_PAUSE_MS)) {
      if ((await link.run(LOCK, { keys, args: [token, String(heldMs)] })) === 1) return;
      if (performance.now() > until) throw new LockBusy('Another change of the same account is still under way.');
      await sleep(pause * (0.5 + Math.random()));
    }
  }

  async function renew(keys: readonly string[], token: string): Promise<void> {
    const left = await link.run(RENEW, { keys, args: [token, String(heldMs)] }).catch(() => undefined);
    if (left !== undefined && Number(left) < keys.length) log.warn('a lock in the store was lost while it was held');
  }

  return {
    get size() {
      return inside.size;
    },
    run(keys, work, options = {}) {
      const until = performance.now() + (options.waitMs ?? WAIT_MS);
      const names = [...new Set(keys)].sort().map(nameOf);
      return inside.run(keys, () => (names.length === 0 ? work() : held(names, work, until)), options);
    },
  };
}
