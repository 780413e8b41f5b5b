/**
 * A JSON Patch, applied to a copy as Kratos would apply it: `replace` on a path that is not there adds it, parents are made on the way, a
 * path that ends in an index stays strict (Kratos v26.2.0, oryx/jsonx/patch.go). Where Kratos would guess (negative or padded indexes, an
 * address that does not exist) it is refused instead. Pure; throws `InputError`.
 */
import { InputError } from '../errors.ts';
import { quote } from '../lib/text.ts';
import { FACETS, type Facets } from './facets.ts';
import { copy, emptyObject, isJsonObject, same, type Json, type JsonObject } from './json-value.ts';
import type { Step } from './patch-path.ts';

/** What would be there after the steps. `before` is left as it is. */
export function applyPatch(before: Facets, steps: readonly Step[]): Facets {
  const document = emptyObject();
  for (const facet of FACETS) if (before[facet] !== undefined) document[facet] = copy(before[facet]);
  for (const step of steps) apply(document, step);
  const after: Facets = { ...document, ...inOneSpelling(document) };
  const { traits, metadata_public, metadata_admin } = after;
  if (!same(before.traits, traits) && !isJsonObject(traits)) throw new InputError('json_patch would leave traits that are no object.');
  refuseOddMetadata('metadata_public', before.metadata_public, metadata_public);
  refuseOddMetadata('metadata_admin', before.metadata_admin, metadata_admin);
  return after;
}

/** Kratos keeps a UUID in lower case. */
const inOneSpelling = ({ organization_id: id }: Facets): Facets => (typeof id === 'string' ? { organization_id: id.toLowerCase() } : {});

function refuseOddMetadata(name: string, before: Json | undefined, after: Json | undefined): void {
  if (same(before, after) || same(after, null) || isJsonObject(after)) return;
  throw new InputError(
    `json_patch would make ${name} something else than an object; begin with {"op":"replace","path":"/${name}","value":{…}}.`,
  );
}

function apply(document: JsonObject, step: Step): void {
  const last = step.segments.at(-1) ?? '';
  const holder = holderOf(document, step);
  if (Array.isArray(holder)) changeList(holder, last, step);
  else changeObject(holder, last, step);
}

/** Kratos reads a segment as an index wherever Go's strconv.Atoi does. */
const looksLikeIndex = (segment: string): boolean => /^[+-]?\d+$/.test(segment);
/** `replace` becomes `add` in Kratos, except on a path that ends in an index. */
const isStrict = ({ op, segments }: Step): boolean => op === 'remove' || (op === 'replace' && looksLikeIndex(segments.at(-1) ?? ''));

/** The object or list that holds the last segment; made on the way where the step may add. */
function holderOf(document: JsonObject, step: Step): JsonObject | Json[] {
  let at: JsonObject | Json[] = document;
  for (const [depth, segment] of step.segments.slice(0, -1).entries()) {
    const there: Json | undefined = Array.isArray(at) ? elementOf(at, segment, step) : own(at, segment);
    if (Array.isArray(there) || isJsonObject(there)) {
      at = there;
      continue;
    }
    if (there !== undefined && there !== null) throw cannot(step, `${quote(segment)} is neither an object nor a list`);
    if (isStrict(step)) throw cannot(step, `${quote(segment)} is not there`);
    at = addParent(at, step, depth);
  }
  return at;
}

function addParent(at: JsonObject | Json[], step: Step, depth: number): JsonObject | Json[] {
  const [segment = '', next = ''] = step.segments.slice(depth);
  const made = looksLikeIndex(next) || next === '-' ? [] : emptyObject();
  if (!Array.isArray(at)) at[segment] = made;
  else if (Number(segment) === at.length) at.push(made);
  else throw cannot(step, `the list holds null at ${quote(segment)}; replace the element as a whole`);
  return made;
}

function elementOf(list: readonly Json[], segment: string, step: Step): Json | undefined {
  const index = indexIn(list, segment, step);
  if (index < list.length) return list[index];
  if (step.segments[0] === 'verifiable_addresses') {
    throw cannot(step, `the identity has ${list.length} verifiable ${list.length === 1 ? 'address' : 'addresses'}, counted from 0`);
  }
  if (index > list.length || isStrict(step)) throw cannot(step, `the list has ${list.length} elements, counted from 0`);
  return undefined;
}

function indexIn(list: readonly Json[], segment: string, step: Step): number {
  if (/^(?:0|[1-9]\d{0,8})$/.test(segment)) return Number(segment);
  throw cannot(step, `${quote(segment)} stands where a list has ${list.length} elements; name one by its index, counted from 0`);
}

function changeList(list: Json[], last: string, step: Step): void {
  if (last === '-') {
    list.push(copy(step.value)); // `add` only, see patch-path.ts
    return;
  }
  const index = indexIn(list, last, step);
  if (index > list.length || (index === list.length && step.op !== 'add')) {
    throw cannot(step, `the list has ${list.length} elements, counted from 0`);
  }
  if (step.op === 'add') list.splice(index, 0, copy(step.value));
  else if (step.op === 'replace') list[index] = copy(step.value);
  else list.splice(index, 1);
}

function changeObject(holder: JsonObject, last: string, step: Step): void {
  if (last === '-') throw cannot(step, '"-" means the end of a list, and there is an object');
  if (isStrict(step) && own(holder, last) === undefined) throw cannot(step, `${quote(last)} is not there`);
  if (step.op === 'remove') delete holder[last];
  else holder[last] = copy(step.value);
}

const own = (holder: JsonObject, key: string): Json | undefined => (Object.hasOwn(holder, key) ? holder[key] : undefined);

const cannot = ({ op, path }: Step, because: string): InputError =>
  new InputError(
    `json_patch cannot be applied: ${op} ${quote(path)}: ${because}. Read the identity and adapt the patch; nothing was sent.`,
  );
