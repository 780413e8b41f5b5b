/** Changing parts of an account. */
import { z } from 'zod';
import { change, send } from '../operation.ts';
import { seed } from '../seed.ts';
import { applyPatch } from './apply-patch.ts';
import { IDENTITY_EFFECTS } from './effects.ts';
import { facetsOf } from './facets.ts';
import { Uuid } from './fields.ts';
import { ChangedIdentity, hasLanded, readBackChange, reportChange } from './change-outcome.ts';
import { CHANGE_READS, planChange } from './identity-change.ts';
import { readIdentity } from './read-identity.ts';
import { readPatch, type PatchOperation, type Step } from './patch-path.ts';

const Operation = z.strictObject({ op: z.enum(['add', 'remove', 'replace']), path: z.string(), value: z.unknown().optional() });

export const patchIdentity = change({
  name: 'patch_identity',
  title: 'Change parts of an identity',
  summary:
    'Applies a JSON Patch to an identity: below /traits, /metadata_public, /metadata_admin; /state, /schema_id, /external_id, /organization_id, /verifiable_addresses/N/verified (status, verified_at). A replace adds what is not there.',
  toolset: 'identities',
  effects: IDENTITY_EFFECTS,
  reads: CHANGE_READS,
  writes: ['patchIdentity'],
  idempotent: false, // "add" at the end of a list
  input: z.strictObject({ id: Uuid, json_patch: z.array(Operation).min(1) }),
  output: ChangedIdentity,
  example: { id: seed.ada, json_patch: [{ op: 'replace', path: '/traits/name/last', value: 'Lovelace' }] },
  async plan({ id, json_patch }, { kratos }) {
    const patch = json_patch.map(asGiven);
    const steps = readPatch(patch);
    const identity = await readIdentity(kratos, id);
    const before = facetsOf(identity);
    return planChange(kratos, {
      identity,
      before,
      after: applyPatch(before, steps),
      isSpelledOut: (path) => steps.some((it) => spellsOut(it, path)),
      call: send('patchIdentity', { id }, { body: patch }),
    });
  },
  report: reportChange,
  readBack: (result, { kratos }) => readBackChange(result, kratos),
  landed: (plan, { kratos }) => hasLanded(plan, kratos),
});

/** No `value` where none was given: undefined is not JSON. */
const asGiven = ({ op, path, value }: z.output<typeof Operation>): PatchOperation =>
  value === undefined ? { op, path } : { op, path, value };

/**
 * Whether a step says that this value goes: a `remove` of it or of what holds it, below traits or metadata. One of an element moves the
 * others up, so that it speaks for its list. Taking away metadata as a whole, or replacing what holds the value, clears as a PUT does.
 */
function spellsOut({ op, segments }: Step, path: readonly string[]): boolean {
  if (segments[0] === 'external_id') return path[0] === 'external_id';
  if (op !== 'remove' || segments.length < 2) return false;
  const named = /^\d+$/.test(segments.at(-1) ?? '') && segments.length > 2 ? segments.slice(0, -1) : segments;
  return named.every((it, index) => it === path[index]);
}
