/**
 * Which JSON Patches may leave this server: an allow-list of exact segments after RFC 6901 decoding. Kratos' own list of what it denies
 * is short: it lets a patch rewrite a password hash, or the document as a whole. Pure; throws `InputError` before anything is sent.
 */
import { InputError } from '../errors.ts';
import { clean, quote } from '../lib/text.ts';
import { isAddressMember, isMember, problemWithRemoving, problemWithValue } from './patch-value.ts';

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
  if (patch.length > MAX_OPERATIONS)
    throw new InputError(`json_patch holds ${patch.length} operations; ${MAX_OPERATIONS} is the most, split the call.`);
  return patch.map(readStep);
}

function readStep(operation: PatchOperation): Step {
  const { op, path, value } = operation;
  const segments = segmentsOf(path);
  if (!isReachable(segments)) throw new InputError(`json_patch cannot reach the path ${quote(path)}. It reaches ${REACHABLE}.`);
  const problem = problemWithOp(op, value !== undefined, segments) ?? problemWith(op, segments, value);
  if (problem) throw new InputError(`json_patch: ${op} ${quote(path)}: ${problem}`);
  return { op, path, segments, value };
}

function problemWithOp(op: Step['op'], hasValue: boolean, segments: readonly string[]): string | undefined {
  if (op === 'remove' && hasValue) return 'remove takes no value; drop it, or use replace.';
  if (op !== 'remove' && !hasValue) return `${op} needs a value; null is one.`;
  return segments.at(-1) === '-' && op !== 'add' ? '"-" means the end of a list and goes with add only.' : undefined;
}

const problemWith = (op: Step['op'], segments: readonly string[], value: unknown): string | undefined =>
  op === 'remove' ? problemWithRemoving(segments) : problemWithValue(segments, value);

/** RFC 6901. The empty pointer, which names the whole document, has no segments. */
function segmentsOf(path: string): readonly string[] {
  if (path.length > MAX_POINTER) throw new InputError(`A path in json_patch is longer than ${MAX_POINTER} characters.`);
  if (path !== '' && !path.startsWith('/')) throw new InputError(`A path in json_patch begins with a slash: ${quote(path)}.`);
  if (/~(?![01])/.test(path)) throw new InputError(`A "~" in a path is written ~0, a "/" in a name ~1: ${quote(path)}.`);
  const segments = path.split('/').slice(1);
  if (segments.length > MAX_SEGMENTS) throw new InputError(`A path in json_patch has more than ${MAX_SEGMENTS} segments: ${quote(path)}.`);
  return segments.map((it) => it.replaceAll('~1', '/').replaceAll('~0', '~'));
}

const DEEP: ReadonlySet<string | undefined> = new Set(['traits', 'metadata_public', 'metadata_admin']);

/** The allow-list. */
function isReachable(segments: readonly string[]): boolean {
  const [first, index = '', name] = segments;
  if (first === 'verifiable_addresses') return segments.length === 3 && INDEX.test(index) && isAddressMember(name);
  if (DEEP.has(first)) return segments.slice(1).every(isName) && dashIsLast(segments);
  return segments.length === 1 && isMember(first);
}

/** A name that can be shown as it is, and that no object inherits. */
const isName = (segment: string): boolean =>
  segment !== '' && !REPARENTING.has(segment) && clean(segment, MAX_POINTER).removed === 0 && !/[\n\r\t]/.test(segment);

const dashIsLast = (segments: readonly string[]): boolean => !segments.slice(0, -1).includes('-');
