/** Who has signed in with which browser, for 15 minutes. Enough to look, never to approve or to be shown a secret. */
import type { Claims } from '../caller.ts';
import type { Shelf } from './shelf.ts';

/** Somebody who has signed in. */
export interface Session {
  /** An enrolled approver's id, or which person it is by the provider. */
  readonly id: string;
  /** For people; cleaned. */
  readonly name: string;
  /** Of a sign-in with the provider: policy is asked about them again at each look. */
  readonly claims?: Claims;
}

export interface Sessions {
  /** Answers the browser's name, a new one for somebody new: one that was set before the sign-in is worth nothing afterwards. */
  open(before: string, session: Session): Promise<string>;
  of(browser: string): Promise<Session | undefined>;
  close(browser: string): Promise<void>;
}

const SESSION_MS = 15 * 60_000;

export function createSessions({ shelf, randomId }: { readonly shelf: Shelf; readonly randomId: () => string }): Sessions {
  const of = async (browser: string): Promise<Session | undefined> => {
    const text = await shelf.get('sign-in', browser);
    return text === undefined ? undefined : (JSON.parse(text) as Session); // written below
  };
  return {
    of,
    async open(before, session) {
      const isSame = (await of(before))?.id === session.id; // the forms in other windows of theirs stay good
      await shelf.take('sign-in', before);
      const browser = isSame ? before : randomId();
      await shelf.put('sign-in', browser, { value: JSON.stringify(session), lifetimeMs: SESSION_MS });
      return browser;
    },
    async close(browser) {
      await shelf.take('sign-in', browser);
    },
  };
}
