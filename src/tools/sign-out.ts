/** Ending all sessions of an identity: what is there, what is said of it, what came of it. */
import type { KratosSession } from '../client/bodies.ts';
import type { Kratos, Reply } from '../client/types.ts';
import { own, say, type Said } from '../lib/text.ts';
import { describeSession } from './about.ts';
import { sessionRecord } from './records.ts';
import { sessionsOf } from './sessions-read.ts';

export interface SignOut {
  /** How many are signed in now. */
  readonly revoked: number;
  /** How many there are, with those that have ended. */
  readonly erased: number;
  /** What was there, for the last time: the newest of them. */
  readonly sessions: ReturnType<typeof erasedRecord>[];
  readonly says: readonly Said[];
  readonly irreversible: Said;
}

export async function readSignOut(kratos: Kratos<'listIdentitySessions'>, id: string): Promise<SignOut> {
  const all = await sessionsOf(kratos, id);
  const erased = all.total ?? all.sessions.length;
  // By Kratos' filter: in the list, the sessions of an inactive identity are inactive too, and would come back to life with it.
  const active = await sessionsOf(kratos, id, { active: true });
  const revoked = active.total ?? active.sessions.length;
  const sessions = all.sessions.map(erasedRecord);
  const kept = erased > sessions.length ? say`the newest ${sessions.length} of them` : say`them`;
  return {
    revoked,
    erased,
    sessions,
    says: [
      say`It is signed out everywhere: ${revoked} active and ${erased - revoked} ended sessions just now, and any that begin before it is done.`,
      ...listed(active.sessions),
    ],
    irreversible: say`Kratos erases the sessions with their devices and addresses; the answer of the tool shows ${own(kept)} for the last time.`,
  };
}

/** What was erased, by the answer to it: Kratos' 404 says that there was none left. */
export const erasedBy = <T extends Readonly<Record<'revoked' | 'erased', number>> & { readonly sessions: readonly unknown[] }>(
  reply: Reply | undefined,
  planned: T,
): T => (reply?.status === 404 ? { ...planned, revoked: 0, erased: 0, sessions: [] } : planned);

/** How many sessions are left, active and ended. */
export async function countSessions(kratos: Kratos<'listIdentitySessions'>, id: string): Promise<number> {
  const { sessions, total = 0 } = await sessionsOf(kratos, id, { size: 1 });
  return Math.max(total, sessions.length);
}

const MOST_LINES = 5;
function listed(sessions: readonly KratosSession[]): readonly Said[] {
  const lines = sessions.slice(0, MOST_LINES).map((it) => say`Session: ${describeSession(it)}.`);
  return sessions.length > MOST_LINES ? [...lines, say`And ${sessions.length - MOST_LINES} more.`] : lines;
}

/** What is kept of a session that is gone: nobody should take it for one that is there. Its owner stands in the result once. */
function erasedRecord(session: KratosSession) {
  const { id, active, identity_id: _owner, ...rest } = { active: undefined, identity_id: undefined, ...sessionRecord(session) };
  return { id, ...(typeof active === 'boolean' ? { was_active: active } : {}), ...rest };
}
