/** Shutting an account out in one go: it can't sign in any more, and is signed out everywhere. */
import { z } from 'zod';
import { KratosIdentity, parseBody } from '../client/bodies.ts';
import type { Kratos } from '../client/types.ts';
import { say } from '../lib/text.ts';
import { change, send } from '../operation.ts';
import { seed } from '../seed.ts';
import { about, describe } from './about.ts';
import { Uuid } from './fields.ts';
import { readIdentity } from './read-identity.ts';
import { ErasedSession } from './records.ts';
import { countSessions, erasedBy, readSignOut } from './sign-out.ts';
import { subjectOf } from './subjects.ts';

const [DEACTIVATE, REVOKE] = ['deactivate', 'revoke_sessions'] as const;
const Step = z.looseObject({ step: z.enum([DEACTIVATE, REVOKE]), done: z.boolean() });
const LockOut = z.looseObject({
  id: z.string(),
  changed: z.boolean(),
  state: z.string().optional(),
  steps: z.array(Step),
  remaining_sessions: z.number().optional(),
  hint: z.string().optional(),
  revoked: z.number(),
  erased: z.number(),
  sessions: z.array(ErasedSession),
});

/** It was so before. */
const ALREADY = { already: true };
const INACTIVE = [{ op: 'replace', path: '/state', value: 'inactive' }];
const HALF =
  'Not done: revoke_sessions. The account is inactive, so that its sessions are not accepted, but they are kept and would count again with it: delete_identity_sessions erases them.';

async function isLocked(kratos: Kratos<'getIdentity' | 'listIdentitySessions'>, id: string): Promise<boolean> {
  const { state } = await readIdentity(kratos, id);
  return state === 'inactive' && (await countSessions(kratos, id)) === 0;
}

export const lockIdentity = change({
  name: 'lock_identity',
  title: 'Lock an identity',
  summary: 'Makes one identity inactive and then deletes all of its sessions, in one step for the person who agrees; each is reported.',
  toolset: 'identities',
  effects: ['destructive'],
  reads: ['getIdentity', 'listIdentitySessions'],
  writes: ['patchIdentity', 'deleteIdentitySessions'],
  idempotent: true,
  input: z.strictObject({ id: Uuid }),
  output: LockOut,
  example: { id: seed.ada },
  records: 'sessions',
  async plan({ id }, { kratos }) {
    const identity = await readIdentity(kratos, id);
    const { says, irreversible, ...signOut } = await readSignOut(kratos, id);
    const target = about(identity);
    const subject = subjectOf(identity);
    const isActive = identity.state !== 'inactive';
    // Not only where there are some: until the account is inactive another can begin, and a yes must not depend on that.
    const signsOut = isActive || signOut.erased > 0;
    return {
      effects: ['destructive'],
      targets: [target],
      phrase: target.label,
      says: [
        ...describe(identity),
        isActive
          ? say`First it becomes inactive: it cannot sign in any more, until somebody makes it active again (patch_identity).`
          : say`It is inactive already.`,
        ...says,
      ],
      irreversible,
      ifUnknown: 'Each step may have been done or not: get_identity shows the state, list_identity_sessions what is left.',
      watch: { state: identity.state },
      subjects: [subject, { ...subject, state: 'inactive' }],
      ...(isActive
        ? { differences: [{ path: ['state'], before: identity.state, after: 'inactive', effect: 'destructive' as const }] }
        : {}),
      count: 1,
      calls: [
        ...(isActive ? [send('patchIdentity', { id }, { body: INACTIVE })] : []),
        ...(signsOut ? [send('deleteIdentitySessions', { id })] : []),
      ],
      result: {
        id,
        changed: signsOut,
        state: 'inactive',
        steps: [
          { step: DEACTIVATE, done: true, ...(isActive ? {} : ALREADY) },
          { step: REVOKE, done: true, ...(signsOut ? { revoked: signOut.revoked } : ALREADY) },
        ],
        ...signOut,
      },
    };
  },
  report(replies, { calls, result }) {
    const replyTo = (endpoint: string) => replies[calls.findIndex((it) => it.endpoint === endpoint)];
    const [deactivated, signedOut] = [replyTo('patchIdentity'), replyTo('deleteIdentitySessions')];
    const state = deactivated === undefined ? result.state : parseBody(KratosIdentity, deactivated).state;
    const first = { ...result.steps[0], step: DEACTIVATE, done: state === 'inactive' };
    if (signedOut === undefined) {
      const steps = [first, { step: REVOKE, done: false }];
      return { ...result, state, steps, hint: HALF, revoked: 0, erased: 0, sessions: [] };
    }
    const erased = erasedBy(signedOut, result);
    return { ...erased, state, steps: [first, { step: REVOKE, done: true, revoked: erased.revoked }] };
  },
  async readBack(result, { kratos }) {
    const { state } = await readIdentity(kratos, result.id);
    return { ...result, state, remaining_sessions: await countSessions(kratos, result.id) };
  },
  landed: ({ result }, { kratos }) => isLocked(kratos, result.id),
  reconcile: async ({ id = '' }, { kratos }) => isLocked(kratos, id),
});
