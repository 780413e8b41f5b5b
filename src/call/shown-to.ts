/** How many identities each principal was shown within the last hour, in this process. */
export interface ShownTo {
  /** When (milliseconds since 1970) there is room again; undefined: there is. */
  full(principal: string, limit: number): number | undefined;
  add(principal: string, identities: number): void;
}

const HOUR_MS = 3_600_000;

export function createShownTo(now: () => number): ShownTo {
  const shown = new Map<string, { at: number; identities: number }[]>();
  const recent = (principal: string) => {
    const kept = (shown.get(principal) ?? []).filter((it) => it.at > now() - HOUR_MS);
    shown.set(principal, kept);
    return kept;
  };
  return {
    full(principal, limit) {
      const [first, ...rest] = recent(principal);
      if (first === undefined) return undefined;
      const total = rest.reduce((sum, it) => sum + it.identities, first.identities);
      return total < limit ? undefined : first.at + HOUR_MS;
    },
    add(principal, identities) {
      if (identities > 0) recent(principal).push({ at: now(), identities });
    },
  };
}
