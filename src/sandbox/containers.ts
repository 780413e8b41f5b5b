/** Objects and arrays that can be changed in place, and what evanphx/json-patch says where that can't be done. Pure. */
import { ExactNumber } from '../lib/json.ts';
import { GoError } from './json-read.ts';
import { isObject, type Json } from './json.ts';

export type Node = null | boolean | number | string | ExactNumber | Node[] | { [name: string]: Node };
export type Container = Node[] | { [name: string]: Node };

export const isIndex = (part: string): boolean => /^[+-]?\d+$/.test(part);

export function asContainer(node: Node): Container {
  if (typeof node !== 'object' || node === null || node instanceof ExactNumber) throw new GoError('invalid state detected');
  return node;
}

export function find(document: Node, parts: readonly string[]): Container | undefined {
  let at: Node | undefined = document;
  for (const part of parts) {
    if (typeof at !== 'object' || at === null || at instanceof ExactNumber) return undefined;
    at = get(at, part);
  }
  return typeof at !== 'object' || at === null || at instanceof ExactNumber ? undefined : at;
}

/** Negative indices count from the end. */
const indexIn = (list: readonly Node[], key: string): number => (Number(key) < 0 ? list.length + Number(key) : Number(key));
export function get(container: Container, key: string): Node | undefined {
  if (Array.isArray(container)) return isIndex(key) ? container[indexIn(container, key)] : undefined;
  return Object.hasOwn(container, key) ? container[key] : undefined;
}
export function set(container: Container, key: string, value: Node): void {
  if (Array.isArray(container)) container[indexIn(container, key)] = value;
  // Not by assignment: a member may be called __proto__.
  else Object.defineProperty(container, key, { value, enumerable: true, writable: true, configurable: true });
}

/** What is wrong, if something is, in the library's words. */
export function insert(container: Container, key: string, value: Node): string | undefined {
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
export function remove(container: Container, key: string): string | undefined {
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

export function copy(value: Json): Node {
  if (Array.isArray(value)) return value.map((it: Json) => copy(it));
  if (!isObject(value)) return value as Node; // a scalar: the same in both types
  return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, copy(it)]));
}
