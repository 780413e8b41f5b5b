/** What a change is sealed with: what the yes depends on, and what is looked for afterwards. Pure. */
import { z } from 'zod';
import type { KratosIdentity } from '../client/bodies.ts';
import type { Plan } from '../operation.ts';
import { textOf } from '../shape/present.ts';
import { about } from './about.ts';
import type { Change } from './difference.ts';
import { facetsOf, type Facets } from './facets.ts';
import { member, same } from './json-value.ts';

/** The address that an index meant when the identity was read. */
export function addressAt({ verifiable_addresses }: Facets, index = ''): Readonly<Record<'value' | 'via' | 'status', string>> {
  const address = Array.isArray(verifiable_addresses) ? verifiable_addresses[Number(index)] : undefined;
  const text = (name: string) => textOf(member(address, name)) ?? '';
  return { value: text('value'), via: text('via'), status: text('status') };
}

/** What the yes depends on: whose account, its state, what the difference showed; with an index, which address it means. */
export function watched(identity: KratosIdentity, changes: readonly Change[], credentials: readonly string[]): Record<string, unknown> {
  const { id, label } = about(identity);
  const indexes = changes.filter((it) => it.path[0] === 'verifiable_addresses').map((it) => it.path[1] ?? '');
  const meant = [...new Set(indexes)].map((it): [string, string] => [it, nameOf(addressAt(facetsOf(identity), it))]);
  const watch = {
    changes: changes.map((it) => ({ ...it, path: [...it.path] })),
    addresses: Object.fromEntries(meant),
    credentials: [...credentials],
  };
  return { id, label, state: identity.state, schema_id: identity.schema_id, ...(watch satisfies Watched) };
}

/** The part of `watch` that is read again afterwards. */
const Watched = z.looseObject({
  changes: z.array(z.object({ path: z.array(z.string()), before: z.unknown().optional(), after: z.unknown().optional() })),
  addresses: z.record(z.string(), z.string()),
  credentials: z.array(z.string()),
});
type Watched = z.output<typeof Watched>;
const nameOf = ({ via, value }: { readonly via: string; readonly value: string }): string => `${via}:${value}`;

/** The planned changes, without the clearing of a value in whose place others are set: those tell. */
export function lasting({ watch }: Pick<Plan, 'watch'>): Watched['changes'] {
  const { changes } = Watched.parse(watch);
  const isReplaced = (path: readonly string[]) =>
    changes.some((it) => it.after !== undefined && path.every((name, index) => name === it.path[index]));
  return changes.filter((it) => it.after !== undefined || !isReplaced(it.path));
}

/** Whether a planned value is what an identity has now; an address is found by what it is, its index may have moved. */
export function isThere({ path, after }: Watched['changes'][number], identity: KratosIdentity, { watch }: Pick<Plan, 'watch'>): boolean {
  const [facet = '', index = '', name = ''] = path;
  const now = facetsOf(identity);
  if (facet !== 'verifiable_addresses') return same(valueAt(now, path), after);
  const meant = Watched.parse(watch).addresses[index];
  const address = identity.verifiable_addresses.find((it) => nameOf(it) === meant);
  const value = member(address, name);
  return name === 'verified_at' ? sameTime(value, after) : same(value, after);
}

/** Whether the call carried credentials, which nobody can read back. */
export const carriesCredentials = ({ watch }: Pick<Plan, 'watch'>): boolean => Watched.parse(watch).credentials.length > 0;

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => (Array.isArray(at) ? at[Number(name)] : member(at, name)), value);
}

const sameTime = (one: unknown, other: unknown): boolean =>
  typeof one === 'string' && typeof other === 'string' ? Date.parse(one) === Date.parse(other) : same(one, other);
