/** Locks by name, in this process: who asks first runs first. */

export interface Locks {
  /**
   * Runs `work` while holding all `keys`; the locks are given back however it ends. Throws `LockBusy` if they are not all free within
   * `waitMs` (default: waits for ever); `work` has not begun then.
   */
  run<T>(keys: readonly string[], work: () => Promise<T>, options?: { readonly waitMs?: number }): Promise<T>;
  /** How many keys are held or waited for. */
  readonly size: number;
}

/** The caller reads it: others held a lock for too long; nothing was begun. */
export class LockBusy extends Error {
  override readonly name = 'LockBusy';
}

export function createLocks(): Locks {
  /** Those who wait for a key. A key that is in here is held; the holder hands it to the first who waits, or removes it. */
  const waiting = new Map<string, (() => void)[]>();

  function take(key: string, until: number): Promise<void> {
    const queue = waiting.get(key);
    if (!queue) {
      waiting.set(key, []);
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const turn = () => {
        clearTimeout(timer);
        resolve();
      };
      const giveUp = () => {
        queue.splice(queue.indexOf(turn), 1);
        reject(new LockBusy('Another change of the same account is still under way.'));
      };
      const timer = until === Infinity ? undefined : setTimeout(giveUp, Math.max(0, until - performance.now()));
      queue.push(turn);
    });
  }

  function release(key: string): void {
    const next = waiting.get(key)?.shift();
    if (next) next();
    else waiting.delete(key);
  }

  return {
    async run(keys, work, { waitMs = Infinity } = {}) {
      const until = performance.now() + waitMs;
      const held: string[] = [];
      try {
        // Everybody takes them in the same order, so that no two can wait for each other.
        for (const key of [...new Set(keys)].sort()) {
          await take(key, until);
          held.push(key);
        }
        return await work();
      } finally {
        for (const key of held.reverse()) release(key);
      }
    },
    get size() {
      return waiting.size;
    },
  };
}
