/** Who has signed in with which browser: in memory, for 15 minutes. Enough to look, never to approve or to be shown a secret. */

export interface Sessions {
  /** Answers the browser's new name: one that was set before the sign-in is worth nothing afterwards. */
  open(before: string, approver: string): string;
  /** The approver's id. */
  of(browser: string): string | undefined;
  close(browser: string): void;
}

const SESSION_MS = 15 * 60_000;
const MAX_SESSIONS = 200;

export function createSessions({ now, randomId }: { readonly now: () => number; readonly randomId: () => string }): Sessions {
  const open = new Map<string, { readonly approver: string; readonly until: number }>();

  function sweep(): void {
    for (const [browser, { until }] of open) if (until <= now()) open.delete(browser);
    for (const browser of open.keys()) {
      if (open.size < MAX_SESSIONS) return;
      open.delete(browser);
    }
  }

  return {
    open(before, approver) {
      open.delete(before);
      sweep();
      const browser = randomId();
      open.set(browser, { approver, until: now() + SESSION_MS });
      return browser;
    },
    of(browser) {
      const session = open.get(browser);
      return session !== undefined && session.until > now() ? session.approver : undefined;
    },
    close(browser) {
      open.delete(browser);
    },
  };
}
