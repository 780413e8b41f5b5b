/**
 * What a call would do to an account, out of what is there and what would be there afterwards. Values are compared, not presence: setting
 * what is already there changes nothing. What cannot be told apart counts as takeover. Pure.
 */
import type { ChangeEffect } from '../operation.ts';
import type { TraitMarks } from '../shape/traits.ts';
import { contentsOf, isLost, type Change } from './difference.ts';
import type { Facets } from './facets.ts';
import { same } from './json-value.ts';

export type IdentityEffect = Exclude<ChangeEffect, 'mass'>;
export const IDENTITY_EFFECTS = ['write', 'privilege', 'takeover', 'destructive'] as const satisfies readonly IdentityEffect[];

/** What a creation can be: it takes nothing away from anybody. */
export type CreationEffect = Exclude<IdentityEffect, 'destructive'>;
export const CREATION_EFFECTS = ['write', 'privilege', 'takeover'] as const satisfies readonly CreationEffect[];

/** The marks of the schema that the identity has and of the one that it would have. `undefined`: it could not be read. */
export interface SchemaMarks {
  readonly before: TraitMarks | undefined;
  readonly after: TraitMarks | undefined;
}

export interface Comparison {
  readonly changes: readonly Change[];
  readonly after: Facets;
  readonly marks: SchemaMarks;
  /** Whether the call carries credentials. */
  readonly credentials: boolean;
  /** Whether the call names this value as what it takes away. A PUT never does: it clears by leaving out. */
  readonly isSpelledOut: (path: readonly string[]) => boolean;
}

/** All that apply, weakest first. None: nothing would change. */
export function effectsOf(comparison: Comparison): readonly IdentityEffect[] {
  const found = new Set<IdentityEffect>(comparison.changes.flatMap((it) => effectsOfChange(it, comparison)));
  if (comparison.credentials) found.add('takeover');
  return IDENTITY_EFFECTS.filter((it) => found.has(it));
}

/** What this change alone would be, weakest first. */
export function effectsOfChange(
  change: Change,
  { after, marks, isSpelledOut }: Pick<Comparison, 'after' | 'marks' | 'isSpelledOut'>,
): readonly IdentityEffect[] {
  const found = new Set([effectOf(change, marks)]);
  if (isLost(change) && !isSpelledOut(change.path)) found.add('destructive');
  if (change.path[0] === 'schema_id' && meansOtherwise(after, marks)) found.add('takeover');
  return IDENTITY_EFFECTS.filter((it) => found.has(it));
}

/** Whether a login identifier, a recovery or verifiable address, or whether one is verified, would be another. */
export const touchesContact = ({ changes, after, marks }: Pick<Comparison, 'changes' | 'after' | 'marks'>): boolean =>
  changes.some(({ path }) => {
    const [facet] = path;
    if (facet === 'traits') return isSensitive(path, marks);
    return facet === 'verifiable_addresses' || (facet === 'schema_id' && meansOtherwise(after, marks));
  });

function effectOf({ path, after }: Change, marks: SchemaMarks): IdentityEffect {
  const [facet = ''] = path;
  switch (facet) {
    case 'traits':
      return isSensitive(path, marks) ? 'takeover' : 'write';
    case 'metadata_public':
    case 'metadata_admin':
    case 'organization_id':
    case 'schema_id':
      return 'privilege';
    case 'state':
      return after === 'inactive' ? 'destructive' : 'takeover';
    default:
      return 'takeover'; // external_id, addresses, and whatever this list forgets
  }
}

/** Whether Kratos makes a login identifier or an address of this trait, by either schema. */
function isSensitive(path: readonly string[], { before, after }: SchemaMarks): boolean {
  if (before === undefined || after === undefined) return true;
  return isMarked(before, path) || isMarked(after, path);
}

const isMarked = (marks: TraitMarks, path: readonly string[]): boolean => Object.values(marks.marksUnder(path)).includes(true);

/** Whether another schema makes other identifiers or addresses of the same traits. */
function meansOtherwise({ traits }: Facets, { before, after }: SchemaMarks): boolean {
  if (before === undefined || after === undefined) return true;
  const values = contentsOf(traits === undefined ? {} : { traits });
  return values.some(({ path }) => !same(before.marksUnder(path), after.marksUnder(path)));
}

/** What a creation says that decides what it is. */
export interface Creation {
  readonly schema_id?: string | undefined;
  readonly metadata_public?: unknown;
  readonly metadata_admin?: unknown;
  readonly organization_id?: string | undefined;
  readonly external_id?: string | undefined;
  readonly credentials?: object | undefined;
  readonly verifiable_addresses?: readonly NewAddress[] | undefined;
}
interface NewAddress {
  readonly verified?: boolean | undefined;
  readonly status?: string | undefined;
  readonly verified_at?: string | undefined;
}

export function effectsOfCreating(creation: Creation, defaultSchemaId: string): readonly CreationEffect[] {
  const found = new Set<CreationEffect>();
  if (creation.credentials !== undefined || creation.verifiable_addresses?.some(isProven)) found.add('takeover');
  if (hasPrivileges(creation) || (creation.schema_id ?? defaultSchemaId) !== defaultSchemaId) found.add('privilege');
  if (found.size === 0) found.add('write');
  return CREATION_EFFECTS.filter((it) => found.has(it));
}

/** Whether an address claims to have been verified, in whichever way. */
export const isProven = ({ verified, status = 'pending', verified_at }: NewAddress): boolean =>
  verified === true || verified_at !== undefined || status !== 'pending';

/** Roles and tenancy: what applications go by and end users cannot write. */
export const hasPrivileges = ({ metadata_public, metadata_admin, organization_id, external_id }: Creation): boolean =>
  [metadata_public, metadata_admin, organization_id, external_id].some((it) => it !== undefined && it !== null);
