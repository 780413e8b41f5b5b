/** Stores on one redis-server, as the tests need them. */
import { onTestFinished } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { noMeter } from '../../src/lib/meter.ts';
import { openRedisStore, type RedisStore, type RedisStoreOptions, type Tuning } from '../../src/store/redis/open.ts';

export const KEY = new Uint8Array(32).fill(7);

let names = 0;
/** For what belongs together; others on the same server don't see it. */
export const prefix = (): string => `test-${process.pid}-${(names += 1)}:{v1}:`;

export interface Opening extends Partial<RedisStoreOptions> {
  readonly url: string;
  readonly tuning?: Partial<Tuning>;
  readonly lines?: string[];
}

/** Closed when the test ends. */
export async function openStore({ tuning, lines = [], ...options }: Opening): Promise<RedisStore> {
  const log = createLog({ level: 'debug', write: (line) => void lines.push(line), now: () => new Date() });
  const opened = await openRedisStore(
    { keys: [KEY], instance: 'this one', randomId: () => `id-${process.pid}-${(names += 1)}`, meter: noMeter, log, ...options },
    tuning,
  );
  onTestFinished(() => opened.close());
  return opened;
}

/** Until it is so, and no longer than five seconds. */
export async function until(it: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 5_000;
  while (!(await it())) {
    if (performance.now() > end) throw new Error('it did not become so');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A gated call that can't be made is refused within a second. */
export async function withinASecond(work: Promise<unknown>): Promise<void> {
  const begun = performance.now();
  await work;
  const took = performance.now() - begun;
  if (took > 1_000) throw new Error(`it took ${Math.round(took)} ms`);
}
