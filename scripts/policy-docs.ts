/** What of the policy file's schema is written down: the table of keys in docs/policy.md, and the JSON Schema that editors use. */
import { z } from 'zod';
import { PolicyFile } from '../src/policy/file.ts';

interface Node {
  readonly description?: string;
  readonly default?: unknown;
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
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

const isPlain = (value: unknown): boolean => value !== undefined && (typeof value !== 'object' || value === null);

function valuesOf(node: Node): string {
  const { anyOf = [], type, minimum, maximum, properties } = node;
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  if (node.enum !== undefined) return node.enum.map((it) => `\`${String(it)}\``).join(', ');
  if (anyOf.length > 0)
    return [...new Set(anyOf.map((it) => (it.items === undefined ? valuesOf(it) : 'or a list')))].join(', ').replace(', or', ' or');
  if (type === 'array') return 'a list';
  if (type === 'integer' || type === 'number') return minimum !== undefined && minimum > -1e9 ? `${minimum}–${maximum}` : 'a number';
  if (type === 'boolean') return '`true`, `false`';
  if (properties === undefined && type === 'object') return 'path: value';
  return type === 'object'
    ? Object.keys(properties ?? {}).length === 1
      ? `\`{${Object.keys(properties ?? {}).join('')}: …}\``
      : ''
    : 'text';
}
