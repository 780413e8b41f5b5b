/** A server's share of a Redis, as a process of its own: a line in (a command and its words), a line of JSON out. Bundled by the tests. */
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { createLog } from '../../src/lib/log.ts';
import { noMeter } from '../../src/lib/meter.ts';
import { openRedisStore } from '../../src/store/redis/open.ts';
import type { Spending } from '../../src/store/types.ts';

const [url = '', instance = '', aliveMs = '', skewMs = '0'] = process.argv.slice(2);
if (skewMs !== '0') {
  const now = Date.now.bind(Date);
  Date.now = () => now() + Number(skewMs); // the clock of this machine is wrong
}
const log = createLog({ level: 'error', write: (line) => void process.stderr.write(line), now: () => new Date() });
const randomId = () => randomBytes(16).toString('base64url');
const options = { url, keys: [new Uint8Array(32).fill(7)], instance, randomId, meter: noMeter, log };
const { store, kept } = await openRedisStore(options, aliveMs === '' ? {} : { aliveMs: Number(aliveMs) });
const say = (it: unknown) => process.stdout.write(`${JSON.stringify(it ?? null)}\n`);
const atOnce = async (times: string, work: () => Promise<boolean>) =>
  (await Promise.all(Array.from({ length: Number(times) }, work))).filter(Boolean).length;

const spending = (of: string, limit: string): Spending => ({
  budget: 'destructive',
  of,
  items: 1,
  limit: Number(limit),
  windowMs: 3_600_000,
});

const commands: Readonly<Record<string, (words: readonly string[]) => Promise<unknown>>> = {
  /** What throws is no grant. */
  claim: ([id = '', digest = '', principal = '', times = '']) =>
    atOnce(times, () => store.plans.claim(id, { digest, principal }).catch(() => false)),
  spend: ([of = '', limit = '', times = '']) => atOnce(times, async () => (await store.counters.spend([spending(of, limit)])).ok),
  take: ([name = '', times = '']) => atOnce(times, async () => (await kept.take(name)) !== undefined),
  state: async ([id = '']) => (await store.plans.find(id))?.state,
  yes: ([id = '']) => store.plans.answer(id, { by: 'a', name: 'Ann', method: 'passkey', at: Date.now() }),
  lock: ([key = '']) =>
    store.locks.run([key], () => {
      say('held');
      return new Promise(() => setInterval(() => {}, 1_000));
    }),
};

say('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const [command = '', ...words] = line.split(' ');
  void commands[command]?.(words).then(say, (error: unknown) => say(error instanceof Error ? error.name : 'odd'));
}
