/**
 * What a call would do to an account, out of what is there and what would be there afterwards. Values are compared, not presence: setting
 * what is already there changes nothing. What cannot be told apart counts as takeover. Pure.
 */
import { EFFECTS, type ChangeEffect } from '../operation.ts';
import type { TraitMarks } from '../shape/traits.ts';
import { contentsOf, type Change } from './difference.ts';
import type { Facets } from './facets.ts';
import { same } from './json-value.ts';

export type IdentityEffect = Exclude<ChangeEffect, 'mass'>;
export const IDENTITY_EFFECTS = ['write', 'privilege', 'takeover', 'destructive'] as const satisfies readonly IdentityEffect[];

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
export function effectsOf({ changes, after, marks, credentials, isSpelledOut }: Comparison): readonly IdentityEffect[] {
  const found = new Set<IdentityEffect>(changes.map((it) => effectOf(it, marks)));
  if (credentials) found.add('takeover');
  if (changes.some((it) => isLost(it) && !isSpelledOut(it.path))) found.add('destructive');
  if (changes.some((it) => it.path[0] === 'schema_id') && meansOtherwise(after, marks)) found.add('takeover');
  return inOrder(found);
}

function effectOf({ path, after }: Change, marks: SchemaMarks): IdentityEffect {
  switch (path[0]) {
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
export function isSensitive(path: readonly string[], { before, after }: SchemaMarks): boolean {
  if (before === undefined || after === undefined) return true;
  return isMarked(before, path) || isMarked(after, path);
}

const isMarked = (marks: TraitMarks, path: readonly string[]): boolean => Object.values(marks.marksUnder(pointerTo(path))).includes(true);

/** Metadata, traits or the external id that would be gone. */
const isLost = ({ path, before, after }: Change): boolean =>
  before !== undefined && after === undefined && (path[0] === 'traits' || path[0] === 'external_id' || path[0]?.startsWith('metadata_') === true);

/** Whether another schema makes other identifiers or addresses of the same traits. */
function meansOtherwise({ traits }: Facets, { before, after }: SchemaMarks): boolean {
  if (before === undefined || after === undefined) return true;
  const values = contentsOf(traits === undefined ? {} : { traits });
  return values.some(({ path }) => !same(before.marksUnder(pointerTo(path)), after.marksUnder(pointerTo(path))));
}

/** RFC 6901. */
export const pointerTo = (path: readonly string[]): string => path.map((it) => `/${it.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** What a creation does. */
export interface Creation {
  readonly schema_id?: string | undefined;
  readonly metadata_public?: unknown;
  readonly metadata_admin?: unknown;
  readonly organization_id?: string | undefined;
  readonly external_id?: string | undefined;
  readonly credentials?: object | undefined;
  readonly verifiable_addresses?: readonly { readonly verified?: boolean | undefined; readonly status?: string | undefined; readonly verified_at?: string | undefined }[] | undefined;
}

export function effectsOfCreating(creation: Creation, defaultSchemaId: string): readonly IdentityEffect[] {
  const { schema_id = defaultSchemaId, metadata_public, metadata_admin, organization_id, external_id, credentials, verifiable_addresses = [] } = creation;
  const found = new Set<IdentityEffect>();
  const imported = verifiable_addresses.some((it) => it.verified === true || it.verified_at !== undefined || (it.status ?? 'pending') !== 'pending');
  if (credentials !== undefined || imported) found.add('takeover');
  const given = [metadata_public, metadata_admin, organization_id, external_id].some((it) => it !== undefined && it !== null);
  if (given || schema_id !== defaultSchemaId) found.add('privilege');
  if (found.size === 0) found.add('write');
  return inOrder(found);
}

const inOrder = (found: ReadonlySet<ChangeEffect>): readonly IdentityEffect[] =>
  EFFECTS.filter((it): it is IdentityEffect => it !== 'mass' && found.has(it));
