/** Locks by name over all processes that share a state folder, so that writes to one identity go one after another whoever sends them. */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { FileLockBusy, isCode, withFileLock } from './file-lock.ts';
import { createLocks, LockBusy, type Locks } from '../lib/mutex.ts';
import type { Folder } from './folder.ts';

/** Longer than a call may take with all its reading before and after. */
const LONGEST_MS = 10 * 60_000;

export function createFileLocks(folder: Folder): Locks {
  const inside = createLocks();
  const path = (key: string) => join(folder.file('locks'), createHash('sha256').update(key).digest('hex').slice(0, 32));
  return {
    get size() {
      return inside.size;
    },
    run(keys, work, options = {}) {
      made(folder.file('locks'));
      const { waitMs = 60_000 } = options;
      const until = performance.now() + waitMs;
      // Everybody takes them in the same order, as within a process.
      const outside = [...new Set(keys)]
        .sort()
        .reduceRight<() => ReturnType<typeof work>>(
          (inner, key) => () => withFileLock(path(key), inner, { waitMs: Math.max(0, until - performance.now()), longestMs: LONGEST_MS }),
          work,
        );
      return inside.run(keys, () => outside().catch(asBusy), options);
    },
  };
}

/** Not the folder above it: one that is gone stays gone, and nothing is done. */
function made(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
  }
}

function asBusy(error: unknown): never {
  throw error instanceof FileLockBusy ? new LockBusy(error.message) : error;
}
