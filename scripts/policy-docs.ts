/** What of the policy file's schema is written down: the table of keys in docs/policy.md, and the JSON Schema that editors use. */
import { z } from 'zod';
import { PolicyFile } from '../src/policy/file.ts';

interface Node {
  readonly description?: string;
  readonly default?: string | number | boolean | object;
  readonly type?: string;
  readonly const?: string | number | boolean;
  readonly enum?: readonly (string | number | boolean)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly anyOf?: readonly Node[];
  readonly items?: Node;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: Node | boolean;
  readonly required?: readonly string[];
}

// The cast: of JSON Schema, only what zod writes for this one is looked at.
const schema = z.toJSONSchema(PolicyFile, { io: 'input' }) as Node;

/** As an editor reads it; lists of plain values on one line, as the formatter has them. */
export const policySchema = (): string =>
  `${JSON.stringify({ title: 'Policy of ory-identity-mcp', ...schema }, null, 2).replace(/\[\s+([^[\]{}]*?)\s+\]/g, (_, items: string) => `[${items.replace(/,\s+/g, ', ')}]`)}\n`;

/** Key, values, default, what it means. */
export const policyKeys = (): readonly (readonly string[])[] => keysOf(schema, '');

function keysOf({ properties = {}, required = [] }: Node, above: string): readonly (readonly string[])[] {
  return Object.entries(properties).flatMap(([name, node]) => {
    const key = `${above}${name}`;
    const fallback = required.includes(name) ? 'required' : isPlain(node.default) ? `\`${String(node.default)}\`` : '';
    const row = [`\`${key}\``, valuesOf(node), fallback, (node.description ?? '').replace(/\.$/, '')];
    return [row, ...keysOf(node, `${key}.`), ...keysOf(node.items ?? {}, `${key}[].`)];
  });
}

const isPlain = (value: Node['default']): value is string | number | boolean => value !== undefined && typeof value !== 'object';

function valuesOf(node: Node): string {
  const { anyOf, type = '', minimum = 0, maximum, properties } = node;
  const literals = node.const === undefined ? node.enum : [node.const];
  if (literals !== undefined) return literals.map((it) => `\`${it}\``).join(', ');
  if (anyOf !== undefined) {
    const single = anyOf.filter((it) => it.items === undefined).map(valuesOf);
    return `${[...new Set(single)].join(', ')}${single.length < anyOf.length ? ' or a list' : ''}`;
  }
  if (properties !== undefined) return Object.keys(properties).length > 1 ? 'mapping' : `\`{${Object.keys(properties).join('')}: …}\``;
  if (type === 'integer' || type === 'number') return `${minimum}–${maximum}`;
  return { array: 'a list', boolean: '`true`, `false`', object: 'path: value' }[type] ?? 'text';
}
