/** An identity schema as results show it: its traits, a line each. Schemas are read as data: no reference is followed. Pure. */
import { marksOf, type Marks } from './marks.ts';
import { isObject, present, textOf, type Json } from './present.ts';

/** Schemas come from upstream and can be anything: deeper or longer is left out, and said so. */
const DEEPEST = 8;
const MOST = 200;
const TYPES: ReadonlySet<unknown> = new Set(['string', 'number', 'integer', 'boolean', 'object', 'array', 'null']);

interface Lines {
  readonly lines: [string, string][];
  omitted: number;
}

/** `{ id, title?, traits: { "name.first": "string (required, login identifier)" }, traits_omitted? }`. A list's items are `phones[]`. */
export function schemaSummary(id: string, schema: Json): Record<string, unknown> {
  const found: Lines = { lines: [], omitted: 0 };
  const root = isObject(schema['properties']) ? schema['properties']['traits'] : undefined;
  if (isObject(root)) members(root, '', { depth: 0, found });
  return present({
    id,
    title: textOf(schema['title']),
    traits: Object.fromEntries(found.lines),
    traits_omitted: found.omitted > 0 ? found.omitted : undefined,
  });
}

interface At {
  readonly depth: number;
  readonly found: Lines;
}

function members(node: Json, prefix: string, at: At): void {
  const required: readonly unknown[] = Array.isArray(node['required']) ? node['required'] : [];
  const properties = isObject(node['properties']) ? node['properties'] : {};
  for (const [name, member] of Object.entries(properties)) {
    trait(isObject(member) ? member : {}, { path: prefix + name, required: required.includes(name) }, at);
  }
}

function trait(node: Json, { path, required }: { readonly path: string; readonly required: boolean }, { depth, found }: At): void {
  if (depth >= DEEPEST || found.lines.length >= MOST) {
    found.omitted += 1;
    return;
  }
  const marks = marksOf(node);
  const inside = { depth: depth + 1, found };
  const said = notes(marks, required);
  // An object without marks is told by its members; an empty one, and one with a mark of its own, has a line too.
  if (isObject(node['properties']) && Object.keys(node['properties']).length > 0) {
    if (said.length > 0) found.lines.push([path, line('object', said)]);
    members(node, `${path}.`, inside);
    return;
  }
  found.lines.push([path, line(typeOf(node), said)]);
  if (isObject(node['items']) && (isObject(node['items']['properties']) || isMarked(marksOf(node['items'])))) {
    trait(node['items'], { path: `${path}[]`, required: false }, inside);
  }
}

const line = (type: string, said: readonly string[]) => (said.length > 0 ? `${type} (${said.join(', ')})` : type);

function notes({ identifier, recovery, verification }: Marks, required: boolean): readonly string[] {
  const all: readonly (readonly [boolean, string])[] = [
    [required, 'required'],
    [identifier, 'login identifier'],
    [recovery, 'recovery'],
    [verification, 'verification'],
  ];
  return all.filter(([holds]) => holds).map(([, word]) => word);
}

const isMarked = ({ identifier, recovery, verification }: Marks) => identifier || recovery || verification;

/** One of JSON Schema's own words; `ref` and `any` where the node says it in another way. */
function typeOf(node: Json): string {
  const { type, items } = node;
  if (Array.isArray(type)) return type.filter((it) => TYPES.has(it)).join('|') || 'any';
  if (type === 'array')
    return isObject(items) && typeof items['type'] === 'string' && TYPES.has(items['type']) ? `array of ${items['type']}` : type;
  if (typeof type === 'string' && TYPES.has(type)) return type;
  return '$ref' in node ? 'ref' : 'any';
}
