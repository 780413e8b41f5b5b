/** A key that says that this process is there, and whose absence says that one is not. */
import type { Log } from '../../lib/log.ts';
import type { Owner } from '../state.ts';
import type { Link } from './link.ts';
import { ALIVE } from './scripts.ts';

/** How long a process counts as there after it was last heard of. */
export const ALIVE_MS = 30_000;

export interface SignOfLife {
  /** Whether the last sign could be given: a store that is full can be looked at, and takes nothing. */
  isWell(): boolean;
  /** Gone for as long as a sign lasts; of a server that has just been started nothing is known yet. */
  isGone(owner: Owner): Promise<boolean>;
  /** Says at once that it is not there any more. */
  end(): Promise<void>;
}

export interface SignOptions {
  readonly link: Link;
  readonly key: (name: string) => string;
  readonly instance: string;
  readonly aliveMs: number;
  readonly log: Log;
  /** What else is looked after each time. */
  readonly also: () => Promise<unknown>;
}

/** Resolves when it has been given once. */
export async function createSignOfLife({ link, key, instance, aliveMs, log, also }: SignOptions): Promise<SignOfLife> {
  const name = (its: string) => key(`alive:${its}`);
  const give = () => link.command(['SET', name(instance), String(process.pid), 'PX', String(aliveMs)]);
  let wasWell = true;
  const tick = async (): Promise<void> => {
    try {
      await give();
      await also();
      wasWell = true;
    } catch (error) {
      if (wasWell) log.warn('store out of use', { because: error instanceof Error ? error.message : 'for an unknown reason' });
      wasWell = false;
    }
  };
  await give();
  const timer = setInterval(() => void tick(), aliveMs / 3).unref();
  link.onReady(() => void tick());
  return {
    isWell: () => wasWell,
    async isGone({ instance: its }) {
      if (its === instance) return false;
      const [isThere, upSeconds] = listOf(await link.run(ALIVE, { keys: [name(its)], args: [] }));
      return Number(isThere) === 0 && Number(upSeconds) * 1000 > aliveMs;
    },
    async end() {
      clearInterval(timer);
      await link.command(['DEL', name(instance)]).catch(() => {}); // else it lapses
    },
  };
}

const listOf = (reply: unknown): readonly unknown[] => (Array.isArray(reply) ? reply : []);
