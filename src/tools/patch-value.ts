/** Which values a JSON Patch may give to a member as a whole. Below traits and metadata the identity schema decides, and Kratos reads it. Pure. */
import { isUuid } from '../lib/uuid.ts';
import { isObject } from '../shape/present.ts';
import { ExternalId } from './fields.ts';

interface Rule {
  readonly fits: (value: unknown) => boolean;
  /** What it must be, as a sentence. */
  readonly must: string;
  /** Set where `remove` would leave a member that Kratos refuses or misreads. */
  readonly kept?: string;
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
const isTime = (value: unknown): boolean => typeof value === 'string' && RFC3339.test(value) && !Number.isNaN(Date.parse(value));

/** Kratos answers 200 to a bare number as metadata, and can then no longer read the identity (v26.2.0 on SQLite). */
const METADATA: Rule = { fits: (it) => it === null || isObject(it), must: 'metadata is an object or null.' };

const MEMBERS: ReadonlyMap<string | undefined, Rule> = new Map<string, Rule>([
  [
    'traits',
    {
      fits: isObject,
      must: 'traits are an object.',
      kept: 'the traits as a whole cannot be removed; replace them, or remove one of them.',
    },
  ],
  ['metadata_public', METADATA],
  ['metadata_admin', METADATA],
  [
    'state',
    {
      fits: (it) => it === 'active' || it === 'inactive',
      must: 'the state is active or inactive.',
      kept: 'the state cannot be removed; set it to active or inactive.',
    },
  ],
  [
    'schema_id',
    {
      fits: (it) => typeof it === 'string' && it !== '',
      must: 'the schema is named by its id.',
      kept: 'the schema cannot be removed; name another one.',
    },
  ],
  [
    'external_id',
    {
      fits: (it) => it === null || ExternalId.safeParse(it).success,
      must: 'an external id has 1 to 64 characters, none of them control characters, and is not "." or ".."; null clears it.',
    },
  ],
  [
    'organization_id',
    { fits: (it) => it === null || (typeof it === 'string' && isUuid(it)), must: 'an organization is a UUID; null clears it.' },
  ],
]);

/** Of a verifiable address. Kratos takes any text as its status. */
const ADDRESS_MEMBERS: ReadonlyMap<string | undefined, Rule> = new Map<string, Rule>([
  [
    'verified',
    { fits: (it) => typeof it === 'boolean', must: 'verified is true or false.', kept: 'verified cannot be removed; set it to false.' },
  ],
  [
    'status',
    {
      fits: (it) => it === 'pending' || it === 'sent' || it === 'completed',
      must: 'the status is pending, sent or completed.',
      kept: 'the status cannot be removed; set it to another one.',
    },
  ],
  ['verified_at', { fits: (it) => it === null || isTime(it), must: 'verified_at is a time like 2026-01-31T12:00:00Z; null clears it.' }],
]);

/** Members of an identity that a patch may name as a whole. */
export const isMember = (name: string | undefined): boolean => MEMBERS.has(name);
export const isAddressMember = (name: string | undefined): boolean => ADDRESS_MEMBERS.has(name);

function ruleFor(segments: readonly string[]): Rule | undefined {
  if (segments[0] === 'verifiable_addresses') return ADDRESS_MEMBERS.get(segments[2]);
  return segments.length === 1 ? MEMBERS.get(segments[0]) : undefined;
}

/** What is wrong with giving this value, as a sentence; undefined if nothing is. */
export function problemWithValue(segments: readonly string[], value: unknown): string | undefined {
  const rule = ruleFor(segments);
  return rule === undefined || rule.fits(value) ? undefined : rule.must;
}

export const problemWithRemoving = (segments: readonly string[]): string | undefined => ruleFor(segments)?.kept;
