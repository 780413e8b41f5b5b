/** Deleting an account for good. */
import { z } from 'zod';
import type { KratosIdentity } from '../client/bodies.ts';
import type { Kratos } from '../client/types.ts';
import { KratosError } from '../errors.ts';
import { say } from '../lib/text.ts';
import { change, send } from '../operation.ts';
import { seed } from '../seed.ts';
import { about, describe, quoteList } from './about.ts';
import { Uuid } from './fields.ts';
import { methodsOf, NEEDED } from './methods.ts';
import { readIdentity } from './read-identity.ts';
import { sessionsOf } from './sessions-read.ts';
import { subjectOf } from './subjects.ts';

/** What every deletion has in its plan. */
const common = (id: string) => ({
  effects: ['destructive'] as const,
  irreversible: say`The account is gone with its traits, metadata, credentials, addresses and sessions, and gets another id if it is made again.`,
  calls: [send('deleteIdentity', { id })],
  result: { id, changed: true, deleted: true },
  count: 1,
});

/** The identity; undefined if there is one that Kratos can no longer read. */
async function readable(kratos: Kratos<'getIdentity'>, id: string): Promise<KratosIdentity | undefined> {
  try {
    return await readIdentity(kratos, id, NEEDED);
  } catch (error) {
    if (isSchemaGone(error)) return undefined;
    throw error;
  }
}

/**
 * An identity whose schema is no longer configured is answered with 500, wherever it would be shown, and so is every list that holds it:
 * deleting it is all that can be done about it (Kratos v26.2.0, persistence/sql/identity/persister_identity.go:1515).
 */
const isSchemaGone = (error: unknown): boolean =>
  error instanceof KratosError &&
  error.status === 500 &&
  error.said?.message === 'Invalid configuration' &&
  /^The JSON Schema ".*" for this identity's traits could not be found\.$/.test(error.said.reason ?? '');

/** Nothing is known of it but its id, which is what the person types. */
const planUnseen = (id: string) => ({
  ...common(id),
  targets: [{ id, label: id }],
  phrase: id,
  says: [
    say`Kratos cannot read this account: its identity schema is no longer configured. Nobody can tell here whose it is, nor what it holds.`,
    say`Gentler: if the schema is configured again, the account and every list that holds it can be read again.`,
  ],
  watch: { unreadable: true },
  subjects: [{ id }],
});

/** Whether nobody has this id any more: by Kratos' own 404, not one of a router or proxy that does not know the route. */
async function isGone(kratos: Kratos<'getIdentity'>, id: string): Promise<boolean> {
  try {
    await kratos('getIdentity', { id });
    return false;
  } catch (error) {
    return error instanceof KratosError && error.status === 404 && error.said !== undefined;
  }
}

export const deleteIdentity = change({
  name: 'delete_identity',
  title: 'Delete an identity',
  summary: 'Deletes one identity for good, with its sessions and credentials. Gentler: lock_identity, or delete_identity_sessions.',
  toolset: 'identities',
  effects: ['destructive'],
  reads: ['getIdentity', 'listIdentitySessions'],
  writes: ['deleteIdentity'],
  idempotent: true,
  input: z.strictObject({ id: Uuid }),
  output: z.looseObject({ id: z.string(), changed: z.boolean(), deleted: z.boolean() }),
  example: { id: seed.unverified },
  async plan({ id }, { kratos }) {
    const identity = await readable(kratos, id);
    if (!identity) return planUnseen(id);
    const active = await sessionsOf(kratos, id, { active: true, size: 1 });
    const target = about(identity);
    const methods = methodsOf(identity);
    return {
      ...common(id),
      targets: [target],
      phrase: target.label,
      says: [
        ...describe(identity),
        methods.length > 0 ? say`Ways to sign in that go with it: ${quoteList(methods)}.` : say`It has no way to sign in.`,
        say`Active sessions that end: ${active.total ?? active.sessions.length}.`,
        say`Gentler: lock it (lock_identity), or only end its sessions (delete_identity_sessions).`,
      ],
      watch: { state: identity.state, schema_id: identity.schema_id, external_id: identity.external_id },
      subjects: [subjectOf(identity)],
    };
  },
  landed: ({ result }, { kratos }) => isGone(kratos, result.id),
  reconcile: async ({ id = '' }, { kratos }) => isGone(kratos, id),
});
