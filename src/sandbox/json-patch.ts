/**
 * JSON Patch as Kratos applies it (oryx/jsonx/patch.go over evanphx/json-patch): add, remove and replace only; `replace` becomes `add`,
 * which makes the parents that are missing, unless the path ends in an index; some paths are denied. Pure.
 */
import { ExactNumber } from '../lib/json.ts';
import { GoError, isObject, kindOf, readWhole, write, type Json } from './json.ts';

type Node = null | boolean | number | string | ExactNumber | Node[] | { [name: string]: Node };
type Container = Node[] | { [name: string]: Node };

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

const isIndex = (part: string): boolean => /^[+-]?\d+$/.test(part);
const endsInIndex = (path: string): boolean => {
  const last = path.slice(path.lastIndexOf('/') + 1);
  return path.includes('/') && (last === '-' || isIndex(last));
};

function apply(root: { document: Node }, { op, path, value }: Operation): void {
  const parts = path.split('/').slice(1).map((it) => it.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (path === '' && op === 'add') {
    if (typeof value !== 'object' || value === null || value instanceof ExactNumber) {
      throw new GoError(`json: cannot unmarshal ${goKind(value)} into Go value of type map[string]*jsonpatch.lazyNode`);
    }
    root.document = copy(value);
    return;
  }
  if (op === 'add') makeParents(root.document, parts);
  const key = parts.at(-1) ?? '';
  const container = path.startsWith('/') || path === '' ? find(root.document, parts.slice(0, -1)) : undefined;
  if (container === undefined) {
    throw new GoError(`${op} operation does not apply: doc is missing path: ${op === 'replace' ? path : JSON.stringify(path)}: missing value`);
  }
  if (op === 'replace') {
    if (get(container, key) === undefined) throw new GoError(`replace operation does not apply: doc is missing key: ${path}: missing value`);
    set(container, key, copy(value));
    return;
  }
  const failed = op === 'add' ? insert(container, key, copy(value)) : remove(container, key);
  if (failed !== undefined) throw new GoError(`error in ${op} for path: '${path}': ${failed}`);
}

/** Walks to the container of the last part, making what is missing: an array where the next part is an index, else an object. */
function makeParents(document: Node, parts: readonly string[]): void {
  let at = asContainer(document);
  for (const [index, part] of parts.slice(0, -1).entries()) {
    const there = get(at, part);
    if (there !== undefined && there !== null) {
      at = asContainer(there);
      continue;
    }
    const next = parts[index + 1] ?? '';
    const fresh: Container = next === '-' || isIndex(next) ? Array.from({ length: Math.max(Number(next) || 0, 0) }, () => null) : {};
    if (Array.isArray(at) && isIndex(part)) while (at.length < Number(part)) at.push(null);
    if (there === null) set(at, part, fresh);
    else insert(at, part, fresh);
    at = fresh;
  }
}
function asContainer(node: Node): Container {
  if (typeof node !== 'object' || node === null || node instanceof ExactNumber) throw new GoError('invalid state detected');
  return node;
}

function find(document: Node, parts: readonly string[]): Container | undefined {
  let at: Node | undefined = document;
  for (const part of parts) {
    if (typeof at !== 'object' || at === null || at instanceof ExactNumber) return undefined;
    at = get(at, part);
  }
  return typeof at !== 'object' || at === null || at instanceof ExactNumber ? undefined : at;
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

/** What is wrong, if something is. */
function insert(container: Container, key: string, value: Node): string | undefined {
  if (!Array.isArray(container)) {
    set(container, key, value);
    return undefined;
  }
  if (key === '-') {
    container.push(value);
    return undefined;
  }
  if (!isIndex(key)) return `value was not a proper array index: '${key}': strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`;
  // Counted over the array that will be: -1 appends.
  const at = Number(key) < 0 ? container.length + 1 + Number(key) : Number(key);
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
  if (!isIndex(key)) return `strconv.Atoi: parsing ${JSON.stringify(key)}: invalid syntax`;
  const at = indexIn(container, key);
  if (at < 0 || at >= container.length) return badIndex(key);
  container.splice(at, 1);
  return undefined;
}
const badIndex = (key: string): string => `Unable to access invalid index: ${Number(key)}: invalid index referenced`;

function copy(value: Json): Node {
  if (Array.isArray(value)) return value.map((it: Json) => copy(it));
  if (!isObject(value)) return value as Node; // a scalar: the same in both types
  return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, copy(it)]));
}
