/** The state in this process. Everything is synchronous inside, so that no two can change it at the same time. */
import { copyOf, emptyState, type Backing } from './state.ts';

export function memoryBacking(): Backing {
  let state = emptyState();
  let frozen = false;
  return {
    read: () => Promise.resolve(copyOf(state)),
    update(change) {
      try {
        const draft = copyOf(state);
        const result = change(draft);
        state = draft;
        return Promise.resolve(result);
      } catch (error) {
        return Promise.reject(error);
      }
    },
    burn: () => true, // the state itself can't be lost or rolled back
    freeze: {
      is: () => frozen,
      set() {
        frozen = true;
      },
      clear() {
        frozen = false;
      },
    },
  };
}
