/** Changes of a state that is written as a whole: one write for all that came since the last one. */
import type { Backing, Burn, State } from './state.ts';

export interface Waiting {
  readonly change: (state: State, now: number, burn: Burn) => unknown;
  readonly durable: boolean;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What comes while a state is being written waits, and is written together: with many callers, each file and each sync serves many. */
export function together(write: (changes: readonly Waiting[]) => Promise<readonly (() => void)[]>): Backing['update'] {
  let waiting: Waiting[] = [];
  let running: Promise<void> | undefined;
  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        for (const tell of await write(batch)) tell();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    running = undefined;
  }
  return <T>(change: (state: State, now: number, burn: Burn) => T, { durable = false }: { readonly durable?: boolean } = {}): Promise<T> =>
    new Promise((resolve, reject) => {
      waiting.push({ change, durable, resolve: resolve as (result: unknown) => void, reject }); // what `change` comes back with is a T
      running ??= drain();
    });
}
