/** Short-lived values in this process. */
import type { Kept } from './types.ts';

/** More than this many are somebody's flood: then nothing more is kept. */
const MAX_KEPT = 20_000;

export function createKept(now: () => number): Kept {
  const kept = new Map<string, { readonly value: string; readonly until: number }>();
  const live = (name: string): string | undefined => {
    const found = kept.get(name);
    if (found !== undefined && found.until > now()) return found.value;
    kept.delete(name);
    return undefined;
  };
  const sweep = (): void => {
    for (const [name, { until }] of kept) if (until <= now()) kept.delete(name);
  };
  return {
    put(name, value, lifetimeMs) {
      if (live(name) !== undefined) return Promise.resolve(false);
      if (kept.size >= MAX_KEPT) sweep();
      if (kept.size >= MAX_KEPT) return Promise.resolve(false);
      kept.set(name, { value, until: now() + lifetimeMs });
      return Promise.resolve(true);
    },
    get: (name) => Promise.resolve(live(name)),
    take(name) {
      const value = live(name);
      kept.delete(name);
      return Promise.resolve(value);
    },
  };
}
