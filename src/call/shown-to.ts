/** How many identities each principal was shown within the last hour. */
export interface ShownTo {
  /** When (milliseconds since 1970) there is room again; undefined: there is. */
  full(principal: string, limit: number): number | undefined;
  add(principal: string, identities: number): void;
}

/** The same, as all replicas count it: late by a moment, and no read waits for it. */
export interface SharedShown {
  /** As far as it is known here. */
  total(principal: string): number;
  add(principal: string, identities: number): void;
}

const HOUR_MS = 3_600_000;
const TOGETHER_MS = 1_000;

interface Window {
  /** Oldest first. */
  readonly entries: { readonly at: number; identities: number }[];
  total: number;
}

export function createShownTo(now: () => number, shared?: SharedShown): ShownTo {
  const shown = new Map<string, Window>();
  /** What left the hour is taken off from its beginning: each entry once, however many there are. */
  const recent = (principal: string): Window => {
    const window = shown.get(principal) ?? { entries: [], total: 0 };
    shown.set(principal, window);
    const since = now() - HOUR_MS;
    const left = window.entries.findIndex((it) => it.at > since);
    for (const { identities } of window.entries.splice(0, left < 0 ? window.entries.length : left)) window.total -= identities;
    return window;
  };
  return {
    full(principal, limit) {
      const { entries, total } = recent(principal);
      const [first] = entries;
      const all = Math.max(total, shared?.total(principal) ?? 0);
      return all < limit ? undefined : (first?.at ?? now()) + HOUR_MS; // with a limit of 0 there is never room
    },
    add(principal, identities) {
      if (identities === 0) return;
      const window = recent(principal);
      const last = window.entries.at(-1);
      // What is shown within a second is one entry: an agent that reads all the time does not fill the memory.
      if (last !== undefined && now() - last.at < TOGETHER_MS) last.identities += identities;
      else window.entries.push({ at: now(), identities });
      window.total += identities;
      shared?.add(principal, identities);
    },
  };
}
