/** Takes fields out of an object until it is small enough, the largest first, and says which. Pure. */
import { isObject, type Json } from './present.ts';

export interface Shrunk {
  readonly value: Json;
  /** Dotted names of what is gone; of a list or an object that was shortened, with how much of it is left. */
  readonly gone: readonly string[];
}

export interface ShrinkOptions {
  /** By how many tokens it is too large, with these names to tell; 0 or less is small enough. */
  readonly over: (shrunk: Shrunk) => number;
  /** Members that stay, whatever they cost. */
  readonly keep: ReadonlySet<string>;
}

type Container = Json | readonly unknown[];
type Path = readonly string[];

interface Step {
  readonly path: Path;
  /** How many items or members stay; undefined: the whole field goes. */
  readonly first?: number;
  readonly of?: number;
}

/** A token of text costs about this many characters of JSON, counted on the low side: a round that took too little is followed by another. */
const CHARACTERS_PER_TOKEN = 1.5;
/** A container none of whose members is at least this part of it is shortened instead of being searched. */
const SMALL_PART = 8;

/** Each round takes something out, a fair part of what is there, so the end is near: small enough, or nothing left but what is kept. */
export function shrink(value: Json, { over, keep }: ShrinkOptions): Shrunk {
  const names = new Map<string, { readonly of?: number | undefined; readonly label: string }>();
  let shrunk: Shrunk = { value, gone: [] };
  for (let excess = over(shrunk); excess > 0; excess = over(shrunk)) {
    const step = nextStep(shrunk.value, { need: excess * CHARACTERS_PER_TOKEN, keep });
    if (!step) return shrunk;
    const name = step.path.join('.');
    for (const inner of names.keys()) if (inner.startsWith(`${name}.`)) names.delete(inner);
    const of = names.get(name)?.of ?? step.of;
    names.set(name, { of, label: step.first === undefined ? name : `${name} (first ${step.first} of ${of})` });
    const next = apply(shrunk.value, step.path, step.first);
    shrunk = { value: isObject(next) ? next : {}, gone: [...names.values()].map((it) => it.label) };
  }
  return shrunk;
}

interface Search {
  /** How many characters of JSON should go. */
  readonly need: number;
  readonly keep: ReadonlySet<string>;
}

/** Goes down into the largest member, and on as long as one alone would do, so that as little as possible is lost. */
function nextStep(root: Json, { need, keep }: Search): Step | undefined {
  let node: Container = root;
  let path: Path = [];
  for (;;) {
    const members = sized(node, path.length === 0 ? keep : new Set());
    const big = members.reduce((a, b) => (b.size > a.size ? b : a), NOTHING);
    if (big === NOTHING) return path.length > 0 ? { path } : undefined;
    if ((big.size >= need || path.length === 0) && isContainer(big.member)) {
      path = [...path, big.name];
      node = big.member;
      continue;
    }
    const total = members.reduce((sum, it) => sum + it.size, 0);
    const isSmall = big.size < need && big.size * SMALL_PART < total;
    if (path.length > 0 && (Array.isArray(node) || isSmall)) return { path, first: Math.floor(members.length / 2), of: members.length };
    return { path: [...path, big.name] };
  }
}

interface Sized {
  readonly name: string;
  readonly member: unknown;
  readonly size: number;
}
const NOTHING: Sized = { name: '', member: undefined, size: -1 };

const sized = (node: Container, keep: ReadonlySet<string>): readonly Sized[] =>
  Object.entries(node)
    .filter(([name]) => !keep.has(name))
    .map(([name, member]: [string, unknown]) => ({ name, member, size: name.length + (JSON.stringify(member) ?? '').length }));

const isContainer = (value: unknown): value is Container => typeof value === 'object' && value !== null && Object.keys(value).length > 0;

/** A copy without the field at the path, or with only its `first` items or members. */
function apply(node: unknown, [head, ...rest]: Path, first: number | undefined): unknown {
  if (head === undefined)
    return Array.isArray(node) ? node.slice(0, first) : Object.fromEntries(Object.entries(node ?? {}).slice(0, first));
  if (Array.isArray(node)) return node.map((it: unknown, index) => (String(index) === head ? apply(it, rest, first) : it));
  const entries = Object.entries(isObject(node) ? node : {});
  if (rest.length === 0 && first === undefined) return Object.fromEntries(entries.filter(([name]) => name !== head));
  return Object.fromEntries(entries.map(([name, member]) => [name, name === head ? apply(member, rest, first) : member]));
}
