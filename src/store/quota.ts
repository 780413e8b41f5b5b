/** How many of what lapses by itself one process may have at once: more are somebody's flood. Pure. */
export interface Quota {
  /** False: no room. */
  take(lifetimeMs: number): boolean;
}

const MOST = 20_000;

export function createQuota(now: () => number, most = MOST): Quota {
  let ends: number[] = [];
  return {
    take(lifetimeMs) {
      if (ends.length >= most) ends = ends.filter((it) => it > now());
      if (ends.length >= most) return false;
      ends.push(now() + lifetimeMs);
      return true;
    },
  };
}
