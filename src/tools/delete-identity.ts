/** Deleting an account for good. */
import { z } from 'zod';
import { KratosIdentity, parseBody } from '../client/bodies.ts';
import { KratosError } from '../errors.ts';
import { say } from '../lib/text.ts';
import { change, send } from '../operation.ts';
import { seed } from '../seed.ts';
import { about, describe, quoteList } from './about.ts';
import { Uuid } from './fields.ts';
import { methodsOf, NEEDED } from './methods.ts';
import { sessionsOf } from './sessions-read.ts';

export const deleteIdentity = change({
  name: 'delete_identity',
  title: 'Delete an identity',
  summary:
    'Deletes one identity for good, with its sessions and credentials. Gentler: patch_identity to state inactive, or delete_identity_sessions.',
  toolset: 'identities',
  effects: ['destructive'],
  reads: ['getIdentity', 'listIdentitySessions'],
  writes: ['deleteIdentity'],
  idempotent: true,
  input: z.strictObject({ id: Uuid }),
  output: z.looseObject({ id: z.string(), changed: z.boolean(), deleted: z.boolean() }),
  example: { id: seed.unverified },
  async plan({ id }, { kratos }) {
    const identity = parseBody(KratosIdentity, await kratos('getIdentity', { id }, { query: { include_credential: NEEDED } }));
    const active = await sessionsOf(kratos, id, { active: true, size: 1 });
    const target = about(identity);
    const methods = methodsOf(identity);
    return {
      effects: ['destructive'],
      targets: [target],
      phrase: target.label,
      says: [
        ...describe(identity),
        methods.length > 0 ? say`Ways to sign in that go with it: ${quoteList(methods)}.` : say`It has no way to sign in.`,
        say`Active sessions that end: ${active.total ?? active.sessions.length}.`,
        say`Gentler: make it inactive (patch_identity with state inactive), or only end its sessions (delete_identity_sessions).`,
      ],
      irreversible: say`The account is gone with its traits, metadata, credentials, addresses and sessions, and gets another id if it is made again.`,
      watch: { state: identity.state, schema_id: identity.schema_id, external_id: identity.external_id },
      calls: [send('deleteIdentity', { id })],
      result: { id, changed: true, deleted: true },
    };
  },
  async landed({ result }, { kratos }) {
    try {
      await kratos('getIdentity', { id: result.id });
      return false;
    } catch (error) {
      // Kratos' own 404, not one of a router or proxy that does not know the route.
      return error instanceof KratosError && error.status === 404 && error.said !== undefined;
    }
  },
});
