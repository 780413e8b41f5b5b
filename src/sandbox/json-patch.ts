/**
 * JSON Patch as Kratos applies it (oryx/jsonx/patch.go over evanphx/json-patch): add, remove and replace only; `replace` becomes `add`,
 * which makes the parents that are missing, unless the path ends in an index; some paths are denied. Pure.
 */
import { asContainer, copy, find, get, insert, isIndex, remove, set, type Container, type Node } from './containers.ts';
import { GoError, readWhole } from './json-read.ts';
import { isObject, kindOf, write, type Json } from './json.ts';

interface Operation {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly value: Json;
}

/** handler.go:1097. Compared in lower case; the key of `stateChangedAt` is in truth `state_changed_at`, so that this one denies nothing. */
const DENIED = /^(?:\/id|\/statechangedat|\/credentials|\/credentials\/oidc\/.*)$/s;

/** The patched copy. Throws `GoError` with the library's words; then nothing is applied. */
export function applyPatch(text: string, document: Json): Json {
  const root = { document: copy(document) };
  for (const operation of operations(text)) apply(root, operation);
  return root.document;
}

function operations(text: string): Operation[] {
  let patch: Json;
  try {
    patch = readWhole(text);
  } catch {
    throw new GoError('invalid state detected');
  }
  if (patch === null) return [];
  if (!Array.isArray(patch)) throw new GoError(`json: cannot unmarshal ${goKind(patch)} into Go value of type jsonpatch.Patch`);
  const parsed = patch.map((it: Json) => operation(it));
  for (const { op, path } of parsed) {
    if (op === 'test' || op === 'move' || op === 'copy') throw new GoError(`unsupported operation: ${op}`);
    if (DENIED.test(path.toLowerCase())) throw new GoError(`patch includes denied path: ${path}`);
  }
  // The three others have thrown above.
  return parsed.map(({ op, path, value }) => ({ op: op === 'replace' && !endsInIndex(path) ? 'add' : op, path, value }) as Operation);
}

const goKind = (value: Json): string => (kindOf(value) === 'boolean' ? 'bool' : kindOf(value));

function operation(given: Json): { readonly op: string; readonly path: string; readonly value: Json } {
  if (!isObject(given)) throw new GoError(`json: cannot unmarshal ${goKind(given)} into Go value of type jsonpatch.Operation`);
  const { op, path, value } = given;
  const fail = (why: string) => new GoError(`invalid operation ${write(given)}: ${why}`);
  if (typeof op !== 'string' || !['add', 'remove', 'replace', 'test', 'move', 'copy'].includes(op)) throw fail('unsupported operation');
  if (path === undefined || path === null) throw fail("failed to decode 'path': operation missing path field: missing value");
  if (typeof path !== 'string') throw fail(`failed to decode 'path': json: cannot unmarshal ${goKind(path)} into Go value of type string`);
  if (value === undefined && (op === 'add' || op === 'replace')) {
    throw fail("failed to decode 'value': operation, missing value field: missing value");
  }
  return { op, path, value: value ?? null };
}

const endsInIndex = (path: string): boolean => {
  const last = path.slice(path.lastIndexOf('/') + 1);
  return path.includes('/') && (last === '-' || isIndex(last));
};

function apply(root: { document: Node }, { op, path, value }: Operation): void {
  if (path === '' && op === 'add') {
    root.document = wholeDocument(value);
    return;
  }
  const raw = path.split('/').slice(1);
  if (op === 'add') makeParents(root.document, raw);
  const parts = raw.map(unescaped);
  const key = parts.at(-1) ?? '';
  const isPointer = path === '' || path.startsWith('/');
  const container = isPointer ? find(root.document, parts.slice(0, -1)) : undefined;
  if (container === undefined) {
    const shown = op === 'replace' ? path : JSON.stringify(path);
    throw new GoError(`${op} operation does not apply: doc is missing path: ${shown}: missing value`);
  }
  if (op === 'replace') {
    replace(container, key, { path, value });
    return;
  }
  const failed = op === 'add' ? insert(container, key, copy(value)) : remove(container, key);
  if (failed !== undefined) throw new GoError(`error in ${op} for path: '${path}': ${failed}`);
}

const unescaped = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');

function replace(container: Container, key: string, { path, value }: Pick<Operation, 'path' | 'value'>): void {
  const missing = get(container, key) === undefined;
  if (missing) throw new GoError(`replace operation does not apply: doc is missing key: ${path}: missing value`);
  set(container, key, copy(value));
}

/** The path "" stands for all of it. */
function wholeDocument(value: Json): Node {
  if (isObject(value) || Array.isArray(value)) return copy(value);
  throw new GoError(`json: cannot unmarshal ${goKind(value)} into Go value of type map[string]*jsonpatch.lazyNode`);
}

/**
 * Walks to the container of the last part, making what is missing: an array where the next part is an index, else an object. A bug comes
 * along: a missing parent is made under its name as written, with `~0` and `~1` in it, and so not found afterwards.
 */
function makeParents(document: Node, parts: readonly string[]): void {
  let at = asContainer(document);
  for (const [index, part] of parts.slice(0, -1).entries()) {
    const there = get(at, unescaped(part));
    if (there !== undefined && there !== null) {
      at = asContainer(there);
      continue;
    }
    const next = parts[index + 1] ?? '';
    if (isIndex(next) && Number(next) < -1) {
      throw new GoError(`Unable to ensure path for negative index other than -1: ${next}: invalid index referenced`);
    }
    const fresh: Container = next === '-' || isIndex(next) ? nulls(next) : {};
    if (Array.isArray(at) && isIndex(part)) at.push(...nulls(part).slice(at.length));
    if (there === null) set(at, part, fresh);
    else insert(at, part, fresh);
    at = fresh;
  }
}

/** What stands before an index in a list that begins with it. Kratos makes as many as it is told to; here there is an end. */
function nulls(index: string): null[] {
  const size = Math.max(Number(index) || 0, 0);
  if (size > 10_000) throw new GoError(`Unable to access invalid index: ${size}: invalid index referenced`);
  return Array.from({ length: size }, () => null);
}
