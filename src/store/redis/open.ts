/** The store that replicas share, on a Redis or Valkey: opened, checked, and with everything that is kept there. */
import { UsageError } from '../../errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Meter } from '../../lib/meter.ts';
import type { Secret } from '../../lib/secret.ts';
import { BadState } from '../encode.ts';
import { freezeOf, withWhy } from '../freeze.ts';
import { keyring } from '../keyring.ts';
import { copyOf, StateLost, type Backing } from '../state.ts';
import { createStore } from '../store.ts';
import type { Kept, Store } from '../types.ts';
import { addressOf, checkReach } from './address.ts';
import { createBox } from './box.ts';
import { createRedisKept } from './kept.ts';
import { Link } from './link.ts';
import { createRedisLocks } from './locks.ts';
import { SharedState } from './shared-state.ts';
import { createSharedShown, type Shown } from './shown.ts';
import { ALIVE_MS, createSignOfLife, type SignOfLife } from './sign-of-life.ts';

export interface RedisStoreOptions {
  /** `redis://host:port/db` or `rediss://…`, without user and password. */
  readonly url: string;
  readonly username?: string | undefined;
  readonly password?: Secret | undefined;
  /** PEM of the authority that signed the server's certificate; left out: the system's. */
  readonly tlsCa?: string | Buffer | undefined;
  /** The first one seals, all of them open. */
  readonly keys: readonly Uint8Array[];
  /** Another one each time the program starts. */
  readonly instance: string;
  /** 128 bits, base64url. */
  readonly randomId: () => string;
  readonly meter: Meter;
  readonly log: Log;
}

/** For tests: several on one server, and what else would take minutes. */
export interface Tuning {
  /** Of all keys; what is in braces keeps them together. */
  readonly prefix: string;
  readonly deadlineMs: number;
  readonly startMs: number;
  readonly aliveMs: number;
  readonly heldMs: number;
  /** The store's time, from the server's. */
  readonly time: (server: number) => number;
}

const TUNING: Tuning = {
  prefix: 'ory-identity-mcp:{v1}:',
  deadlineMs: 700,
  startMs: 5_000,
  aliveMs: ALIVE_MS,
  heldMs: 15_000,
  time: (server) => server,
};

export interface RedisStore {
  readonly store: Store;
  readonly kept: Kept;
  readonly shown: Shown;
  /** Whether a change could be made now; reads go on without it. */
  readonly isReady: () => boolean;
  /** Nothing of it can be used afterwards. */
  readonly close: () => Promise<void>;
}

/** Throws `UsageError` where it can't be reached, or must not keep what is to be kept there. */
export async function openRedisStore(options: RedisStoreOptions, tuning: Partial<Tuning> = {}): Promise<RedisStore> {
  const { url, username, password, tlsCa, keys, instance, randomId, meter, log } = options;
  const { prefix, deadlineMs, startMs, aliveMs, heldMs, time } = { ...TUNING, ...tuning };
  const address = addressOf(url);
  checkReach(address, password);
  const ring = keyring(keys);
  const box = createBox(ring.all('state'));
  const key = (name: string) => `${prefix}${name}`;
  const link = await Link.open({ address, username, password, tlsCa, meter, log, deadlineMs, startMs });
  try {
    const shared = new SharedState({ link, box, key, deadlineMs, time });
    await opened(shared, { log, name: address.name });
    const sign = await createSignOfLife({ link, key, instance, aliveMs, log, also: () => shared.look() });
    const backing = backingOf(shared, { sign, link });
    return {
      store: createStore(backing, { randomId, instance }, createRedisLocks({ link, key, log, heldMs })),
      kept: createRedisKept({ link, box, key, log }),
      shown: createSharedShown({ link, key, pseudonyms: ring.key('pseudonyms') }),
      isReady: () => link.isReady() && shared.isWell() && sign.isWell(),
      close: async () => backing.close?.(),
    };
  } catch (error) {
    link.close();
    throw error instanceof StateLost ? new UsageError(error.message, { cause: error }) : error;
  }
}

function backingOf(shared: SharedState, { sign, link }: { readonly sign: SignOfLife; readonly link: Link }): Backing {
  return {
    async read() {
      const { state, now } = await shared.look();
      return { state: copyOf(state), now };
    },
    update: (change, options) => shared.commit(({ state, now, burn }) => change(state, now, burn), options),
    freeze: {
      is: async () => (await shared.look()).frozen !== undefined,
      async why() {
        const { frozen } = await shared.look();
        return frozen === undefined ? undefined : freezeOf(frozen);
      },
      set: (why) =>
        shared.commit(
          (draft) => {
            draft.frozen = withWhy(draft.frozen, why);
          },
          { durable: true },
        ),
      clear: () =>
        shared.commit(
          (draft) => {
            draft.frozen = undefined;
          },
          { durable: true },
        ),
    },
    isGone: (owner) => sign.isGone(owner),
    async close() {
      await sign.end();
      link.close();
    },
  };
}

/** What is there already is looked at; where there is nothing, it begins. */
async function opened(shared: SharedState, { log, name }: { readonly log: Log; readonly name: string }): Promise<void> {
  try {
    if (await shared.open())
      log.warn('the store was empty: a new state begins there', {
        store: name,
        lost: 'if there was one before: questions, budgets, cool-downs, locks, and that changes were frozen',
      });
  } catch (error) {
    if (error instanceof BadState) throw new UsageError(refusal(name, error));
    throw error;
  }
}

function refusal(name: string, { kind, message }: BadState): string {
  if (kind === 'newer')
    return `What the store ${name} holds was written by a newer version of this program: ${message}. Use that version, or another database.`;
  return (
    `What the store ${name} holds cannot be used: ${message}. Look into why; give all replicas the same KRATOS_MCP_STATE_KEYS, ` +
    'and let those who do not belong together use different databases (redis://host:port/1).'
  );
}
