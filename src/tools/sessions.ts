/** Ending sessions. */
import { z } from 'zod';
import type { KratosSession } from '../client/bodies.ts';
import { own, say, type Said } from '../lib/text.ts';
import { change, send, type Operation } from '../operation.ts';
import { seed } from '../seed.ts';
import { SessionOut } from '../shape/session.ts';
import { about, describe, describeSession } from './about.ts';
import { extendSession } from './extend-session.ts';
import { Uuid } from './fields.ts';
import { readIdentity } from './read-identity.ts';
import { OneSessionOut, sessionRecord } from './records.ts';
import { readSession, sessionAndOwner, sessionsOf, sessionsRead } from './sessions-read.ts';

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

const deleteIdentitySessions = change({
  name: 'delete_identity_sessions',
  title: 'Revoke all sessions of an identity',
  summary: 'Signs one identity out everywhere by deleting all of its sessions; the answer keeps what was erased.',
  toolset: 'sessions',
  effects: ['destructive'],
  reads: ['getIdentity', 'listIdentitySessions'],
  writes: ['deleteIdentitySessions'],
  idempotent: true,
  input: z.strictObject({ id: Uuid }),
  output: z.looseObject({
    id: z.string(),
    changed: z.boolean(),
    revoked: z.number(),
    erased: z.number(),
    sessions: z.array(SessionOut.extend({ was_active: z.boolean().optional() })),
  }),
  example: { id: seed.ada },
  records: 'sessions',
  async plan({ id }, { kratos }) {
    const identity = await readIdentity(kratos, id);
    const target = about(identity);
    const all = await sessionsOf(kratos, id);
    const erased = all.total ?? all.sessions.length;
    // By Kratos' filter: in the list, the sessions of an inactive identity are inactive too, and would come back to life with it.
    const active = await sessionsOf(kratos, id, { active: true });
    const revoked = active.total ?? active.sessions.length;
    const sessions = all.sessions.map(erasedRecord);
    const kept = erased > sessions.length ? say`the newest ${sessions.length} of them` : say`them`;
    return {
      effects: ['destructive'],
      targets: [target],
      phrase: target.label,
      says: [
        ...describe(identity),
        say`It is signed out everywhere: ${revoked} active and ${erased - revoked} ended sessions just now, and any that begin before it is done.`,
        ...listed(active.sessions),
      ],
      irreversible: say`Kratos erases the sessions with their devices and addresses; the answer of the tool shows ${own(kept)} for the last time.`,
      // Not the sessions: whoever is to be signed out could keep opening new ones.
      watch: { state: identity.state },
      calls: erased > 0 ? [send('deleteIdentitySessions', { id })] : [],
      result: { id, changed: erased > 0, revoked, erased, sessions },
    };
  },
  // Kratos' 404 says that there was none left.
  report: ([reply], { result }) => (reply?.status === 404 ? { ...result, changed: false, revoked: 0, erased: 0, sessions: [] } : result),
  async landed({ result }, { kratos }) {
    const { sessions, total } = await sessionsOf(kratos, result.id, { size: 1 });
    return sessions.length === 0 && (total ?? 0) === 0;
  },
});

const disableSession = change({
  name: 'disable_session',
  title: 'Revoke one session',
  summary: 'Signs one session out; Kratos keeps its record, inactive.',
  toolset: 'sessions',
  effects: ['destructive'],
  reads: ['getSession', 'getIdentity'],
  writes: ['disableSession'],
  idempotent: true,
  input: z.strictObject({ id: Uuid }),
  output: OneSessionOut.extend({ changed: z.boolean() }),
  example: { id: seed.adaLaptop },
  async plan({ id }, { kratos }) {
    const { session, owner } = await sessionAndOwner(kratos, id);
    // Of an inactive identity every session is said to be inactive: whether this one is, is only said without it.
    const { active } = owner.state === 'inactive' ? await readSession(kratos, id, ['devices']) : session;
    const target = about(owner);
    return {
      effects: ['destructive'],
      targets: [target],
      phrase: target.label,
      says: [...describe(owner), say`One session ends: ${describeSession(session)}.`],
      irreversible: say`A revoked session does not come back; the person has to sign in again on that device.`,
      watch: { session: id },
      calls: active === false ? [] : [send('disableSession', { id })],
      result: { ...sessionRecord(session), active: false, changed: active !== false },
    };
  },
  async readBack({ id, changed }, { kratos }) {
    return { ...sessionRecord(await readSession(kratos, id)), changed };
  },
  async landed({ result }, { kratos }) {
    const { active } = await readSession(kratos, result.id, ['devices']);
    return active === false;
  },
});

export const sessions: readonly Operation[] = [...sessionsRead, deleteIdentitySessions, disableSession, extendSession];
