/** The state in this process. Everything is synchronous inside, so that no two can change it at the same time. */
import { freezeOf, withWhy } from './freeze.ts';
import { copyOf, emptyState, type Backing } from './state.ts';

export function memoryBacking(now: () => number = Date.now): Backing {
  let state = emptyState();
  let frozen: string | undefined;
  return {
    read: () => Promise.resolve({ state: copyOf(state), now: now() }),
    update(change) {
      try {
        const draft = copyOf(state);
        const result = change(draft, now(), () => true); // the state itself can't be lost or rolled back
        state = draft;
        return Promise.resolve(result);
      } catch (error) {
        return Promise.reject(error);
      }
    },
    freeze: {
      is: () => frozen !== undefined,
      why: () => (frozen === undefined ? undefined : freezeOf(frozen)),
      set(why) {
        frozen = withWhy(frozen, why);
      },
      clear() {
        frozen = undefined;
      },
    },
  };
}
