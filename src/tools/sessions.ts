/** Ending sessions. */
import { z } from 'zod';
import type { Kratos } from '../client/types.ts';
import { say } from '../lib/text.ts';
import { change, send, type Operation } from '../operation.ts';
import { seed } from '../seed.ts';
import { about, describe, describeSession } from './about.ts';
import { extendSession } from './extend-session.ts';
import { Uuid } from './fields.ts';
import { readIdentity } from './read-identity.ts';
import { ErasedSession, OneSessionOut, sessionRecord } from './records.ts';
import { readSession, sessionAndOwner, sessionsRead } from './sessions-read.ts';
import { countSessions, erasedBy, readSignOut } from './sign-out.ts';
import { subjectOf } from './subjects.ts';

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
    sessions: z.array(ErasedSession),
  }),
  example: { id: seed.ada },
  records: 'sessions',
  async plan({ id }, { kratos }) {
    const identity = await readIdentity(kratos, id);
    const target = about(identity);
    const { says, irreversible, ...signOut } = await readSignOut(kratos, id);
    const changed = signOut.erased > 0;
    return {
      effects: ['destructive'],
      targets: [target],
      phrase: target.label,
      says: [...describe(identity), ...says],
      irreversible,
      // Not the sessions: whoever is to be signed out could keep opening new ones.
      watch: { state: identity.state },
      subjects: [subjectOf(identity)],
      count: 1,
      calls: changed ? [send('deleteIdentitySessions', { id })] : [],
      result: { id, changed, ...signOut },
    };
  },
  report: ([reply], { result }) => ({ ...erasedBy(reply, result), changed: reply?.status !== 404 }),
  landed: async ({ result }, { kratos }) => (await countSessions(kratos, result.id)) === 0,
  reconcile: async ({ id = '' }, { kratos }) => (await countSessions(kratos, id)) === 0,
});

/** Whether it has ended by itself, whatever the state of its owner. */
async function isEnded(kratos: Kratos<'getSession'>, id: string): Promise<boolean> {
  const { active } = await readSession(kratos, id, ['devices']);
  return active === false;
}

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
      subjects: [subjectOf(owner)],
      count: 1,
      calls: active === false ? [] : [send('disableSession', { id })],
      result: { ...sessionRecord(session), active: false, changed: active !== false },
    };
  },
  async readBack({ id, changed }, { kratos }) {
    return { ...sessionRecord(await readSession(kratos, id)), changed };
  },
  landed: ({ result }, { kratos }) => isEnded(kratos, result.id),
  reconcile: async ({ id = '' }, { kratos }) => isEnded(kratos, id),
});

export const sessions: readonly Operation[] = [...sessionsRead, deleteIdentitySessions, disableSession, extendSession];
