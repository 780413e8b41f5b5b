/**
 * Which JSON Patches may leave this server: an allow-list of exact segments after RFC 6901 decoding. Kratos' own list of what it denies
 * is short: it lets a patch rewrite a password hash, or the document as a whole. Pure; throws `InputError` before anything is sent.
 */
import { InputError } from '../errors.ts';
import { clean, quote } from '../lib/text.ts';
import { ExternalId, isUuid } from './fields.ts';
import { isObject } from './json-value.ts';

export interface PatchOperation {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly value?: unknown;
}

/** One operation, its path decoded. */
export interface Step {
  readonly op: PatchOperation['op'];
  readonly path: string;
  readonly segments: readonly string[];
  /** Undefined for `remove`. */
  readonly value: unknown;
}

const MAX_OPERATIONS = 100;
const MAX_SEGMENTS = 20;
const MAX_POINTER = 1024;
const REPARENTING = new Set(['__proto__', 'constructor', 'prototype']);
const INDEX = /^(?:0|[1-9]\d{0,3})$/;

const REACHABLE =
  '/traits and /metadata_public and /metadata_admin with anything below them, /state, /schema_id, /external_id, /organization_id, and ' +
  '/verifiable_addresses/N/verified, …/status, …/verified_at';

/** The steps of a patch, every one on the allow-list. */
export function readPatch(patch: readonly PatchOperation[]): readonly Step[] {
  if (patch.length > MAX_OPERATIONS) throw new InputError(`json_patch holds ${patch.length} operations; ${MAX_OPERATIONS} is the most, split the call.`);
  return patch.map(readStep);
}

function readStep(operation: PatchOperation): Step {
  const { op, path } = operation;
  const segments = segmentsOf(path);
  if (!isReachable(segments)) throw new InputError(`json_patch cannot reach the path ${quote(path)}. It reaches ${REACHABLE}.`);
  const given = Object.hasOwn(operation, 'value') && operation.value !== undefined;
  if (op === 'remove' && given) throw new InputError(`remove takes no value: drop it, or use replace at ${quote(path)}.`);
  if (op !== 'remove' && !given) throw new InputError(`${op} needs a value at ${quote(path)}; null is one.`);
  if (segments.at(-1) === '-' && op !== 'add') throw new InputError(`"-" means the end of a list and goes with add only: ${quote(path)}.`);
  const problem = op === 'remove' ? problemWithRemoving(segments) : problemWithValue(segments, operation.value);
  if (problem) throw new InputError(`${quote(path)}: ${problem}`);
  return { op, path, segments, value: operation.value };
}

/** RFC 6901. The empty pointer, which names the whole document, has no segments. */
function segmentsOf(path: string): readonly string[] {
  if (path.length > MAX_POINTER) throw new InputError(`A path in json_patch is longer than ${MAX_POINTER} characters.`);
  if (path !== '' && !path.startsWith('/')) throw new InputError(`A path in json_patch begins with a slash: ${quote(path)}.`);
  if (/~(?![01])/.test(path)) throw new InputError(`A "~" in a path is written ~0, a "/" in a name ~1: ${quote(path)}.`);
  const segments = path.split('/').slice(1);
  if (segments.length > MAX_SEGMENTS) throw new InputError(`A path in json_patch has more than ${MAX_SEGMENTS} segments: ${quote(path)}.`);
  return segments.map((it) => it.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** The allow-list. */
function isReachable(segments: readonly string[]): boolean {
  const [first, second, third] = segments;
  if (first === 'traits' || first === 'metadata_public' || first === 'metadata_admin') return segments.slice(1).every(isName) && dashIsLast(segments);
  if (first === 'state' || first === 'schema_id' || first === 'external_id' || first === 'organization_id') return segments.length === 1;
  if (first !== 'verifiable_addresses' || segments.length !== 3) return false;
  return second !== undefined && INDEX.test(second) && (third === 'verified' || third === 'status' || third === 'verified_at');
}

/** A name that can be shown as it is, and that no object inherits. */
const isName = (segment: string): boolean =>
  segment !== '' && !REPARENTING.has(segment) && clean(segment, MAX_POINTER).removed === 0 && !/[\n\r\t]/.test(segment);

const dashIsLast = (segments: readonly string[]): boolean => !segments.slice(0, -1).includes('-');

const UNREMOVABLE: Readonly<Record<string, string>> = {
  traits: 'the traits as a whole cannot be removed; replace them, or remove one of them.',
  state: 'the state cannot be removed; set it to active or inactive.',
  schema_id: 'the schema cannot be removed; name another one.',
};

function problemWithRemoving(segments: readonly string[]): string | undefined {
  const [first = '', , third] = segments;
  if (third === 'verified' || third === 'status') {
    return first === 'verifiable_addresses' ? `${third} cannot be removed; set it to another value.` : undefined;
  }
  return segments.length === 1 && Object.hasOwn(UNREMOVABLE, first) ? UNREMOVABLE[first] : undefined;
}

/** What Kratos would take for the member and must not: it answers 200 to a bare number as metadata and can then no longer read the identity. */
function problemWithValue(segments: readonly string[], value: unknown): string | undefined {
  if (segments[0] === 'verifiable_addresses') return problemWithAddress(segments[2], value);
  if (segments.length > 1) return undefined;
  switch (segments[0]) {
    case 'traits':
      return isObject(value) ? undefined : 'traits are an object.';
    case 'metadata_public':
    case 'metadata_admin':
      return isObject(value) || value === null ? undefined : 'metadata is an object or null.';
    case 'state':
      return value === 'active' || value === 'inactive' ? undefined : 'the state is active or inactive.';
    case 'schema_id':
      return typeof value === 'string' && value !== '' ? undefined : 'the schema is named by its id.';
    case 'external_id':
      if (value === null || ExternalId.safeParse(value).success) return undefined;
      return 'an external id has 1 to 64 characters, none of them control characters, and is not "." or ".."; null clears it.';
    default:
      return value === null || (typeof value === 'string' && isUuid(value)) ? undefined : 'an organization is a UUID; null clears it.';
  }
}

function problemWithAddress(name: string | undefined, value: unknown): string | undefined {
  if (name === 'verified') return typeof value === 'boolean' ? undefined : 'verified is true or false.';
  if (name === 'status') return value === 'pending' || value === 'sent' || value === 'completed' ? undefined : 'the status is pending, sent or completed.';
  if (value === null) return undefined;
  return typeof value === 'string' && RFC3339.test(value) && !Number.isNaN(Date.parse(value)) ? undefined : 'verified_at is a time like 2026-01-31T12:00:00Z; null clears it.';
}
const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/;
