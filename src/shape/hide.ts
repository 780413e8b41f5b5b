/** Drops what the operator's policy hides from every identity in a result, before anything else sees it. Pure. */
import { mapIdentityRecords } from './identity-records.ts';
import { isObject, type Json } from './present.ts';

/** Segments below an identity (`['traits', 'phone']`); `*` is any member or item, and a list is looked into without one, too. */
export type HiddenPath = readonly string[];

export interface Hidden {
  readonly value: Json;
  /** How many values are gone. */
  readonly hidden: number;
}

/** What every result needs: whom it is about. */
const KEPT: ReadonlySet<string> = new Set(['id', 'changed']);

export function hide(value: Json, paths: readonly HiddenPath[]): Hidden {
  const wanted = paths.filter(([first]) => first !== undefined && !KEPT.has(first));
  if (wanted.length === 0) return { value, hidden: 0 };
  const count = { hidden: 0 };
  const shown = mapIdentityRecords(value, (record) => dropAll(record, wanted, count));
  return { value: isObject(shown) ? shown : {}, hidden: count.hidden };
}

/** Whether a value at this path is hidden, is in something hidden, or holds something hidden. */
export const touchesHidden = (path: readonly string[], hidden: readonly HiddenPath[]): boolean =>
  hidden.some((it) => it.every((name, index) => index >= path.length || name === '*' || name === path[index]));

interface Count {
  hidden: number;
}

function dropAll(record: Json, paths: readonly HiddenPath[], count: Count): Json {
  const entries = Object.entries(record);
  const open = Object.fromEntries(entries.filter(([name]) => !KEPT.has(name)));
  const left = paths.reduce<unknown>((value, path) => drop(value, path, count), open);
  const shown = isObject(left) ? left : {};
  return { ...Object.fromEntries(entries.filter(([name]) => KEPT.has(name))), ...withoutKeys(shown, paths) };
}

/** The names in `metadata_admin` stand in a member of ours as well. */
function withoutKeys(record: Json, paths: readonly HiddenPath[]): Json {
  const { metadata_admin_keys: keys, ...others } = record;
  if (!Array.isArray(keys)) return record;
  const isHidden = (key: unknown) => paths.some(([first, name, ...rest]) => isAdmin(first) && rest.length === 0 && isName(name, key));
  const left = keys.filter((it) => !isHidden(it));
  return left.length > 0 ? { ...others, metadata_admin_keys: left } : others;
}
const isAdmin = (first: string | undefined): boolean => first === 'metadata_admin' || first === '*';
const isName = (name: string | undefined, key: unknown): boolean => name === undefined || name === '*' || name === key;

function drop(value: unknown, path: HiddenPath, count: Count): unknown {
  if (Array.isArray(value)) return dropItems(value, path, count);
  if (!isObject(value)) return value;
  const left = Object.entries(value).flatMap(([name, member]): [string, unknown][] => {
    const rests = restsAfter(name, path);
    if (rests.some((it) => it.length === 0)) {
      count.hidden += 1;
      return [];
    }
    return [[name, rests.reduce((it, rest) => drop(it, rest, count), member)]];
  });
  return Object.fromEntries(left);
}

/** What of the path is left below a member of this name; a name that holds dots itself counts as its segments, too. */
function restsAfter(name: string, path: HiddenPath): readonly HiddenPath[] {
  const rests = path[0] === '*' ? [path.slice(1)] : [];
  const segments = name.includes('.') ? [1, name.split('.').length] : [1];
  for (const length of segments) if (path[0] !== '*' && path.slice(0, length).join('.') === name) rests.push(path.slice(length));
  return rests;
}

function dropItems(items: readonly unknown[], path: HiddenPath, count: Count): readonly unknown[] {
  const [head = '', ...rest] = path;
  return items.flatMap((item, index) => {
    const isNamed = head === '*' || head === String(index);
    // In a summary an address is one text.
    const isAddress = typeof item === 'string' && (isNamed ? rest.join('.') === 'value' : path.join('.') === 'value');
    if ((isNamed && rest.length === 0) || isAddress) {
      count.hidden += 1;
      return [];
    }
    return [drop(item, isNamed ? rest : path, count)];
  });
}
