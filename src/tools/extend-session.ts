/** Prolonging a session. It counts as a takeover: the session may be a stolen one. */
import { z } from 'zod';
import { KratosSession, parseBody } from '../client/bodies.ts';
import { own, say } from '../lib/text.ts';
import { change, send } from '../operation.ts';
import { seed } from '../seed.ts';
import { wholeSeconds } from '../shape/time.ts';
import { about, describe, describeSession } from './about.ts';
import { Uuid } from './fields.ts';
import { OneSessionOut, sessionRecord } from './records.ts';
import { readSession, sessionAndOwner } from './sessions-read.ts';
import { subjectOf } from './subjects.ts';

/** The session with its expiry now and before; where that is the same, Kratos left it as it was. Only an answer that holds the session tells. */
function prolonged(session: KratosSession, before: string | undefined) {
  return {
    ...sessionRecord(session),
    changed: instant(session.expires_at) !== instant(before),
    ...(before === undefined ? {} : { expires_at_before: before }),
  };
}

/** Kratos moves the expiry of these, too (v26.2.0, session/handler.go:943). */
const INACTIVE = 'inactive (if only because it has expired, it can be used again)';

/** Kratos writes the same instant with more or fewer digits. */
const instant = (time: string | undefined): number | string | undefined => {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? time : ms;
};

export const extendSession = change({
  name: 'extend_session',
  title: 'Prolong a session',
  summary: 'Moves the expiry of one session by the lifetime that Kratos is configured for; it may leave it as it is (changed: false).',
  toolset: 'sessions',
  effects: ['takeover'],
  reads: ['getSession', 'getIdentity'],
  writes: ['extendSession'],
  idempotent: false,
  input: z.strictObject({ id: Uuid }),
  output: OneSessionOut.extend({ changed: z.boolean(), expires_at_before: z.string().optional() }),
  example: { id: seed.adaLaptop },
  async plan({ id }, { kratos }) {
    const { session, owner } = await sessionAndOwner(kratos, id);
    const { expires_at, active } = session;
    const target = about(owner);
    return {
      effects: ['takeover'],
      targets: [target],
      phrase: target.label,
      says: [
        ...describe(owner),
        say`The expiry of one session moves: ${describeSession(session)}.`,
        say`It is ${own(active === false ? INACTIVE : 'active')} and ends at ${wholeSeconds(expires_at) ?? 'an unknown time'} now. Whoever holds it, also a thief, keeps it.`,
        say`Kratos sets the new end by its own session lifetime.`,
      ],
      watch: { session: id, expires_at, active },
      subjects: [subjectOf(owner)],
      count: 1,
      calls: [send('extendSession', { id })],
      result: { ...sessionRecord(session), changed: true, ...(expires_at === undefined ? {} : { expires_at_before: expires_at }) },
    };
  },
  // With `faster_session_extend`, and on Ory Network, Kratos answers 204: what came of it is read back.
  report: ([reply], { result }) => (reply?.status === 204 ? result : prolonged(parseBody(KratosSession, reply), result.expires_at_before)),
  readBack: async ({ id, expires_at_before }, { kratos }) => prolonged(await readSession(kratos, id), expires_at_before),
  async landed({ result }, { kratos }) {
    const { expires_at } = await readSession(kratos, result.id);
    return instant(expires_at) !== instant(result.expires_at_before);
  },
});
