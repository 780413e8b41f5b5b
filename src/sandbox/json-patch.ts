/**
 * JSON Patch as Kratos applies it (oryx/jsonx/patch.go over evanphx/json-patch): add, remove and replace only; `replace` becomes `add`,
 * which makes the parents that are missing, unless the path ends in an index; some paths are denied. Pure.
 */
import { ExactNumber } from '../lib/json.ts';
import { GoError, goKindOf, isObject, readWhole, write, type Json } from './go/json.ts';

/** JSON that can be changed in place. */
type Node = null | boolean | number | string | ExactNumber | Container;
type Container = Node[] | { [name: string]: Node };

interface Operation {
  readonly op: 'add' | 'remove' | 'replace';
  readonly path: string;
  readonly value: Node;
}

/** handler.go:1097. Compared in lower case; the key of `stateChangedAt` is in truth `state_changed_at`, so that this one denies nothing. */
const DENIED = /^(?:\/id|\/statechangedat|\/credentials|\/credentials\/oidc\/.*)$/s;

/** The patched copy of what `document` is as JSON. Throws `GoError` with the library's words; then nothing is applied. */
export function applyPatch(text: string, document: unknown): Json {
  return operations(text).reduce(apply, readWhole(write(document)) as Node); // just read: nobody else has it
}

function operations(text: string): Operation[] {
  let patch: Json;
  try {
    patch = readWhole(text);
  } catch {
    throw new GoError('invalid state detected');
  }
  if (patch === null) return [];
  if (!Array.isArray(patch)) throw new GoError(`json: cannot unmarshal ${goKindOf(patch)} into Go value of type jsonpatch.Patch`);
  const parsed = patch.map((it: Json) => operation(it));
  for (const { op, path } of parsed) {
    if (op === 'test' || op === 'move' || op === 'copy') throw new GoError(`unsupported operation: ${op}`);
    if (DENIED.test(path.toLowerCase())) throw new GoError(`patch includes denied path: ${path}`);
  }
  // The three others have thrown above.
  return parsed.map(({ op, path, value }) => ({ op: op === 'replace' && !endsInIndex(path) ? 'add' : op, path, value }) as Operation);
}

function operation(given: Json): { readonly op: string; readonly path: string; readonly value: Json } {
  if (!isObject(given)) throw new GoError(`json: cannot unmarshal ${goKindOf(given)} into Go value of type jsonpatch.Operation`);
  const { op, path, value } = given;
  const fail = (why: string) => new GoError(`invalid operation ${write(given)}: ${why}`);
  if (typeof op !== 'string' || !['add', 'remove', 'replace', 'test', 'move', 'copy'].includes(op)) throw fail('unsupported operation');
  if (path === undefined || path === null) throw fail("failed to decode 'path': operation missing path field: missing value");
  if (typeof path !== 'string')
    throw fail(`failed to decode 'path': json: cannot unmarshal ${goKindOf(path)} into Go value of type string`);
  if (value === undefined && (op === 'add' || op === 'replace')) {
    throw fail("failed to decode 'value': operation, missing value field: missing value");
  }
  return { op, path, value: value ?? null };
}

const endsInIndex = (path: string): boolean => {
  const last = path.slice(path.lastIndexOf('/') + 1);
  return path.includes('/') && (last === '-' || isIndex(last));
};

/** The document with the operation applied, in place unless it is replaced as a whole. */
function apply(document: Node, { op, path, value }: Operation): Node {
  if (path === '' && op === 'add') return wholeDocument(value);
  if (op === 'add') makeParents(document, path.split('/').slice(1));
  const [container, key] = find(document, path);
  if (container === undefined) throw missing(op, 'path', op === 'replace' ? path : JSON.stringify(path));
  if (op === 'replace') {
    if (get(container, key) === undefined) throw missing(op, 'key', path);
    set(container, key, value);
    return document;
  }
  const failed = op === 'add' ? insert(container, key, value) : remove(container, key);
  if (failed !== undefined) throw new GoError(`error in ${op} for path: '${path}': ${failed}`);
  return document;
}
const missing = (op: string, what: string, shown: string): GoError =>
  new GoError(`${op} operation does not apply: doc is missing ${what}: ${shown}: missing value`);

const unescaped = (part: string): string => part.replaceAll('~1', '/').replaceAll('~0', '~');

/** The path "" stands for all of it. */
function wholeDocument(value: Node): Container {
  if (isContainer(value)) return value;
  throw new GoError(`json: cannot unmarshal ${goKindOf(value)} into Go value of type map[string]*jsonpatch.lazyNode`);
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
  if (size > 10_000) throw new GoError(badIndex(index));
  return Array.from({ length: size }, () => null);
}

const isIndex = (part: string): boolean => /^[+-]?\d+$/.test(part);
const isContainer = (node: Node | undefined): node is Container =>
  typeof node === 'object' && node !== null && !(node instanceof ExactNumber);
function asContainer(node: Node): Container {
  if (!isContainer(node)) throw new GoError('invalid state detected');
  return node;
}
/** What holds the last part of a path, and that part. */
function find(document: Node, path: string): [container: Container | undefined, key: string] {
  const parts = path.split('/').slice(1).map(unescaped);
  const key = parts.pop() ?? '';
  let at: Node | undefined = path === '' || path.startsWith('/') ? document : undefined;
  for (const part of parts) at = isContainer(at) ? get(at, part) : undefined;
  return [isContainer(at) ? at : undefined, key];
}

/** Negative indices count from the end. */
const indexIn = (list: readonly Node[], key: string): number => (Number(key) < 0 ? list.length + Number(key) : Number(key));
function get(container: Container, key: string): Node | undefined {
  if (Array.isArray(container)) return isIndex(key) ? container[indexIn(container, key)] : undefined;
  return Object.hasOwn(container, key) ? container[key] : undefined;
}
function set(container: Container, key: string, value: Node): void {
  if (Array.isArray(container)) container[indexIn(container, key)] = value;
  // Not by assignment: a member may be called __proto__.
  else Object.defineProperty(container, key, { value, enumerable: true, writable: true, configurable: true });
}

/** What is wrong, if something is, in the library's words. */
function insert(container: Container, key: string, value: Node): string | undefined {
  if (!Array.isArray(container)) {
    set(container, key, value);
    return undefined;
  }
  if (key !== '-' && !isIndex(key)) return `value was not a proper array index: '${key}': ${notAnIndex(key)}`;
  // Counted over the array that will be: -1 appends.
  const at = key === '-' ? container.length : Number(key) < 0 ? container.length + 1 + Number(key) : Number(key);
  if (at < 0 || at > container.length) return badIndex(key);
  container.splice(at, 0, value);
  return undefined;
}
function remove(container: Container, key: string): string | undefined {
  if (!Array.isArray(container)) {
    if (!Object.hasOwn(container, key)) return `unable to remove nonexistent key: ${key}: missing value`;
    Reflect.deleteProperty(container, key);
    return undefined;
  }
  if (!isIndex(key)) return notAnIndex(key);
  const at = indexIn(container, key);
  if (at < 0 || at >= container.length) return badIndex(key);
  container.splice(at, 1);
  return undefined;
}
const notAnIndex = (key: string): string => `strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`;
const badIndex = (key: string): string => `Unable to access invalid index: ${Number(key)}: invalid index referenced`;
