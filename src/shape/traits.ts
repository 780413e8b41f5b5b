/** Where in the traits a schema has marks, and whether a change touches one. What is not understood counts as marked. Pure. */
import { ALL, either, identifierForms, marksOf, NONE, type IdentifierForm, type Marks } from './marks.ts';
import { isObject, type Json } from './present.ts';

/** A place in the traits, as segments below `traits`; `*` is any item of a list. */
export interface MarkedTrait {
  readonly path: readonly string[];
  readonly marks: Marks;
  /** How the login identifiers made of it are stored; none where the schema says something here that this file does not read. */
  readonly forms: readonly IdentifierForm[];
}

export interface TraitMarks {
  /** The marked places. */
  readonly traits: readonly MarkedTrait[];
  /**
   * What a change at this path (`['traits']`, `['traits', 'name', 'first']`, `['traits', 'emails', '0']`) touches: itself, its ancestors and
   * what lies below it. Throws on a path that is not into the traits: a caller's mistake must not read as "touches nothing".
   */
  readonly marksUnder: (path: readonly string[]) => Marks;
}

const DEEPEST = 32;
const MOST_NODES = 5_000;
const ANY = Symbol('any item');
type Segment = string | typeof ANY;

/** Keywords that hold no schema which applies to the value; `definitions` count only through a `$ref`, which is not understood anyway. */
const PLAIN: ReadonlySet<string> = new Set(
  `type title description format minLength maxLength pattern enum const default examples minimum maximum exclusiveMinimum exclusiveMaximum
   multipleOf minItems maxItems uniqueItems minProperties maxProperties required $id id $schema $comment definitions $defs readOnly writeOnly
   contentEncoding contentMediaType ory.sh/kratos properties items`.split(/\s+/),
);

type Place = Omit<MarkedTrait, 'path'> & { readonly path: readonly Segment[] };
/** Not understood: all marks, for everything below. */
const opaque = (path: readonly Segment[]): Place => ({ path, marks: ALL, forms: [] });

/** Reads the marks of a schema (the whole document, as Kratos gives it). A schema that is no object marks everything. */
export function traitMarks(schema: unknown): TraitMarks {
  const places: Place[] = [];
  const budget = { nodes: MOST_NODES };
  const root = isObject(schema) && isUnderstood(schema) && isObject(schema['properties']) ? schema['properties']['traits'] : undefined;
  if (isObject(root)) collect(root, [], { places, budget });
  else places.push(opaque([]));
  return {
    traits: places.map((it) => ({ ...it, path: it.path.map((segment) => (segment === ANY ? '*' : segment)) })),
    marksUnder: ([top, ...path]) => {
      if (top !== 'traits') throw new Error('not a path into the traits');
      return places.filter((it) => overlaps(it.path, path)).reduce((sum, it) => either(sum, it.marks), NONE);
    },
  };
}

interface Collecting {
  readonly places: Place[];
  readonly budget: { nodes: number };
}

function collect(node: unknown, path: readonly Segment[], into: Collecting): void {
  if (typeof node === 'boolean') return; // a schema that accepts or refuses anything, and marks nothing
  into.budget.nodes -= 1;
  if (!isObject(node) || path.length > DEEPEST || into.budget.nodes < 0 || !isUnderstood(node)) {
    into.places.push(opaque(path));
    return;
  }
  const marks = marksOf(node);
  if (marks.identifier || marks.verification || marks.recovery) into.places.push({ path, marks, forms: identifierForms(node) });
  const properties = isObject(node['properties']) ? node['properties'] : {};
  for (const [name, member] of Object.entries(properties)) collect(member, [...path, name], into);
  if (node['items'] !== undefined) collect(node['items'], [...path, ANY], into);
}

/** Whether a node says nothing in a way that this file does not read: references, combinations, patterns, lists of item schemas. */
function isUnderstood(node: Json): boolean {
  if ('properties' in node && !isObject(node['properties'])) return false;
  return Object.entries(node).every(([keyword, value]) => {
    if (PLAIN.has(keyword)) return true;
    if (keyword === 'additionalProperties') return typeof value === 'boolean';
    return !keyword.startsWith('$') && (typeof value !== 'object' || value === null); // a word of the operator's own that holds no schema
  });
}

/** One leads to the other: an ancestor replaced replaces the trait, and a member changed changes it. */
function overlaps(place: readonly Segment[], path: readonly string[]): boolean {
  return place.slice(0, path.length).every((it, index) => it === ANY || it === path[index]);
}
