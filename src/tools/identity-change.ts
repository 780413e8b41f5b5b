/** What update_identity and patch_identity have in common: the plan of a change to one identity. */
import type { KratosIdentity } from '../client/bodies.ts';
import { say, type Said } from '../lib/text.ts';
import type { Call, Plan } from '../operation.ts';
import { textOf } from '../shape/present.ts';
import { about, describe } from './about.ts';
import { addressesOf, type ChangedIdentity } from './change-outcome.ts';
import { addressAt, watched } from './change-watch.ts';
import { credentialsSaid } from './credential-words.ts';
import { changesBetween, differenceLines, isLost, type Change } from './difference.ts';
import { chainOf, differencesOf } from './differences.ts';
import { effectsOf, type IdentityEffect, type SchemaMarks } from './effects.ts';
import type { Facets } from './facets.ts';
import type { Credentials } from './identity-input.ts';
import { identityRecord } from './records.ts';
import { readMarks, unreadableSchema, type ReadSchema } from './schema-marks.ts';
import { contactChangedAt, subjectAfter, subjectOf } from './subjects.ts';

export const CHANGE_READS = ['getIdentity', 'getIdentitySchema', 'listIdentitySessions'] as const;
type ChangeWrite = 'updateIdentity' | 'patchIdentity';

export interface Wanted<W extends ChangeWrite = ChangeWrite> {
  readonly identity: KratosIdentity;
  readonly before: Facets;
  readonly after: Facets;
  readonly credentials?: Credentials | undefined;
  /** See `effectsOf`. */
  readonly isSpelledOut: (path: readonly string[]) => boolean;
  readonly call: Call<W>;
}

export async function planChange<W extends ChangeWrite>(
  kratos: ReadSchema,
  wanted: Wanted<W>,
): Promise<Plan<IdentityEffect, W, ChangedIdentity>> {
  const { identity, before, after, credentials, isSpelledOut, call } = wanted;
  const target = about(identity);
  const changes = changesBetween(before, after);
  const common = {
    targets: [target],
    phrase: target.label,
    subjects: [subjectOf(identity), subjectAfter(identity.id, before, after)],
    count: 1,
  };
  if (changes.length === 0 && credentials === undefined) {
    return {
      ...common,
      effects: ['write'],
      says: [],
      watch: {},
      calls: [],
      result: { ...identityRecord(identity, { view: 'summary' }), changed: false },
    };
  }
  const marks = await marksFor(kratos, changes, wanted);
  const addresses = newAddresses(changes, marks, identity);
  const says = [...describe(identity), ...differenceLines(changes, before), ...consequences(changes, wanted, addresses)];
  const comparison = { changes, after, marks, isSpelledOut };
  return {
    ...common,
    effects: effectsOf({ ...comparison, credentials: credentials !== undefined }),
    differences: differencesOf(comparison, credentials),
    ...takeoverOf(chainOf(comparison, credentials), identity),
    says: needsMarks(changes) && !isReadable(marks) ? [...says, unreadableSchema] : says,
    ...(changes.some(isLost) ? { irreversible: say`What is cleared cannot be brought back: Kratos keeps no earlier version.` } : {}),
    watch: watched(identity, changes, Object.keys(credentials ?? {})),
    calls: [call],
    result: {
      id: identity.id,
      changed: true,
      ...(touches(changes, 'metadata_public') ? { metadata_public: after.metadata_public ?? null } : {}),
      ...(addresses.length > 0 ? { new_addresses: [...addresses] } : {}),
    },
  };
}

/** The links of a takeover, and when contact data changed before, where one of them is about that. */
function takeoverOf({ chain }: ReturnType<typeof chainOf>, identity: KratosIdentity): Pick<Plan, 'chain' | 'contactChangedAt'> {
  if (chain === undefined) return {};
  const changedAt = contactChangedAt(identity);
  return { chain, ...(changedAt === undefined ? {} : { contactChangedAt: changedAt }) };
}

const touches = (changes: readonly Change[], facet: string): boolean => changes.some((it) => it.path[0] === facet);
const needsMarks = (changes: readonly Change[]): boolean => touches(changes, 'traits') || touches(changes, 'schema_id');
const isReadable = ({ before, after }: SchemaMarks): boolean => before !== undefined && after !== undefined;

/** Of the schema that is there and of the one that would be; read only where a change depends on them. */
async function marksFor(kratos: ReadSchema, changes: readonly Change[], { identity, after }: Wanted): Promise<SchemaMarks> {
  if (!needsMarks(changes)) return { before: undefined, after: undefined };
  const before = await readMarks(kratos, identity.schema_id, 'account');
  if (after.schema_id === identity.schema_id) return { before, after: before };
  return { before, after: await readMarks(kratos, textOf(after.schema_id) ?? '', 'call') };
}

/** Values that Kratos makes addresses of and that the identity does not have yet, as it stores e-mails. A guess where the schema is not known. */
function newAddresses(changes: readonly Change[], { after: marks }: SchemaMarks, identity: KratosIdentity): readonly string[] {
  const isAddress = (path: readonly string[], text: string) => {
    if (marks === undefined) return text.includes('@');
    const { verification, recovery } = marks.marksUnder(path);
    return verification || recovery;
  };
  const there = new Set(addressesOf(identity).map((it) => it.value));
  const values = changes.flatMap(({ path, after }) => {
    const text = textOf(after)?.trim().toLowerCase() ?? '';
    return path[0] === 'traits' && text !== '' && !there.has(text) && isAddress(path, text) ? [text] : [];
  });
  return [...new Set(values)];
}

function consequences(changes: readonly Change[], { before, after, credentials }: Wanted, addresses: readonly string[]): readonly Said[] {
  const lines = addresses.map((it) => say`${it} will be unverified, and Kratos sends no mail about it.`);
  if (touches(changes, 'state')) {
    lines.push(
      after.state === 'inactive'
        ? say`An inactive account cannot sign in and its sessions are not accepted; they are kept, and count again once it is active.`
        : say`An active account can sign in, and its sessions that have not expired count again.`,
    );
  }
  lines.push(...verifiedAlone(changes, before, after));
  if (credentials) lines.push(credentialsSaid(credentials), say`Sessions stay as they are.`);
  return lines;
}

/** Kratos sets the time of a verification by itself, but not its status (v26.2.0, identity/handler.go:1097). */
function verifiedAlone(changes: readonly Change[], before: Facets, after: Facets): readonly Said[] {
  return changes
    .filter(({ path, after: value }) => path[0] === 'verifiable_addresses' && path[2] === 'verified' && value === true)
    .map(({ path }) => ({ was: addressAt(before, path[1]), is: addressAt(after, path[1]) }))
    .filter(({ is }) => is.status !== 'completed')
    .map(({ was, is }) => say`${was.value} will count as verified while its status stays ${is.status}: Kratos does not set it.`);
}
