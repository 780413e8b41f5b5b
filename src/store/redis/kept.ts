/** Short-lived values for all replicas, sealed under the state key. Those of an earlier run of the server are gone: each is taken once. */
import { createHash } from 'node:crypto';
import type { Log } from '../../lib/log.ts';
import { createQuota } from '../quota.ts';
import type { Kept } from '../types.ts';
import type { Box } from './box.ts';
import type { Link } from './link.ts';
import { GET, PUT } from './scripts.ts';

export interface KeptOptions {
  readonly link: Link;
  readonly box: Box;
  readonly key: (name: string) => string;
  readonly log: Log;
}

export function createRedisKept({ link, box, key, log }: KeptOptions): Kept {
  const quota = createQuota(() => performance.now());
  // A name may be a secret itself, such as a session's id.
  const keyOf = (name: string) => key(`kept:${createHash('sha256').update(name).digest('base64url')}`);
  const about = (name: string) => `kept ${name}`;
  const found = async (name: string, take: '0' | '1'): Promise<string | undefined> => {
    const sealed = await link.run(GET, { keys: [keyOf(name)], args: [take] });
    if (typeof sealed !== 'string') return undefined;
    try {
      return box.open(sealed, about(name));
    } catch {
      log.warn('a value in the store cannot be opened: it was changed there, or sealed by a key that is not among ours');
      return undefined;
    }
  };
  return {
    async put(name, value, lifetimeMs) {
      const ms = Math.ceil(lifetimeMs);
      if (!(ms > 0) || !quota.take(ms)) return false;
      return (await link.run(PUT, { keys: [keyOf(name)], args: [box.seal(value, about(name)), String(ms)] })) === 1;
    },
    get: (name) => found(name, '0'),
    take: (name) => found(name, '1'),
  };
}
