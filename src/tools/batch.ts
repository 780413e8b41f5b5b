/** Making many accounts with one call. */
import { z } from 'zod';
import type { Kratos } from '../client/types.ts';
import { InputError, KratosError } from '../errors.ts';
import { own, say, type Said } from '../lib/text.ts';
import { change, send, type Operation } from '../operation.ts';
import { loginIdentifiers } from '../shape/identifiers.ts';
import { quoteList } from './about.ts';
import { BatchOut, reportBatch } from './batch-outcome.ts';
import { hasPlainPassword, refuseRepeatedProviders } from './credential-words.ts';
import { CREATION_EFFECTS, effectsOfCreating, hasPrivileges, isProven, type CreationEffect } from './effects.ts';
import { Uuid } from './fields.ts';
import { NewIdentity } from './identity-input.ts';
import { readSchema, type ReadSchema } from './schema-marks.ts';
import { subjectToCreate } from './subjects.ts';

/** Kratos hashes them all before it answers, and refuses more than this (v26.2.0, identity/handler.go:785). */
const MOST_PLAIN_PASSWORDS = 200;
/** How many different schemas are read to tell the accounts by what they will sign in with. */
const MOST_SCHEMAS = 10;

const Item = z.strictObject({
  // Printed short: its members are those of create_identity.
  create: z.unknown().meta({ type: 'object', description: 'As the arguments of create_identity' }).pipe(NewIdentity),
  patch_id: Uuid.optional(),
});
type Item = z.output<typeof Item>;

export const batch: readonly Operation[] = [
  change({
    name: 'batch_patch_identities',
    title: 'Create many identities',
    summary: 'Creates up to 1000 identities, at most 200 of them with a plain password. Not atomic: each is created or refused by itself.',
    toolset: 'identities',
    effects: [...CREATION_EFFECTS, 'mass'],
    reads: ['getIdentitySchema', 'listIdentities'],
    writes: ['batchPatchIdentities'],
    idempotent: false,
    input: z.strictObject({ identities: z.array(Item).min(1).max(1000) }),
    output: BatchOut,
    example: {
      identities: [
        { create: { traits: { email: 'first.of.two@example.com' } } },
        { create: { traits: { email: 'second.of.two@example.com' } } },
      ],
    },
    records: 'identities',
    async plan({ identities }, { kratos, settings }) {
      const plain = identities.filter((it) => hasPlainPassword(it.create.credentials)).length;
      if (plain > MOST_PLAIN_PASSWORDS) {
        throw new InputError(
          `${plain} of the identities have a plain password, and Kratos takes ${MOST_PLAIN_PASSWORDS} at a time. Split the batch.`,
        );
      }
      for (const { create } of identities) if (create.credentials) refuseRepeatedProviders(create.credentials);
      return {
        effects: effectsOfBatch(identities, settings.defaultSchemaId),
        targets: [],
        phrase: String(identities.length),
        says: await saysOf(identities, settings.defaultSchemaId, kratos),
        ifUnknown: 'Some may have been created: look for each with list_identities (credentials_identifier) before any is created again.',
        watch: {},
        subjects: identities.map((it) => subjectToCreate(it.create, settings.defaultSchemaId)),
        count: identities.length,
        ...(await totalOf(kratos)),
        calls: [send('batchPatchIdentities', {}, { body: { identities } })],
        result: { created: 0, failed: 0, identities: [] },
      };
    },
    report: reportBatch,
  }),
];

/** How many identities there are, where Kratos tells: only beside its old page numbers (v26.2.0, identity/handler.go). */
async function totalOf(kratos: Kratos<'listIdentities'>): Promise<{ readonly ofAll?: number }> {
  try {
    const { total } = await kratos('listIdentities', {}, { query: { page: 0, per_page: 1 } });
    return total === undefined ? {} : { ofAll: total };
  } catch (error) {
    if (error instanceof KratosError) return {};
    throw error;
  }
}

function effectsOfBatch(items: readonly Item[], defaultSchemaId: string): readonly (CreationEffect | 'mass')[] {
  const found = new Set(items.flatMap((it) => effectsOfCreating(it.create, defaultSchemaId)));
  return [...CREATION_EFFECTS.filter((it) => found.has(it)), 'mass'];
}

async function saysOf(items: readonly Item[], defaultSchemaId: string, kratos: ReadSchema): Promise<readonly Said[]> {
  const schemaOf = ({ create }: Item) => create.schema_id ?? defaultSchemaId;
  const bySchema = new Map<string, number>();
  for (const item of items) bySchema.set(schemaOf(item), (bySchema.get(schemaOf(item)) ?? 0) + 1);
  const schemas = await readSchemas([...bySchema.keys()], defaultSchemaId, kratos);
  const named = items.map((it) => namesOf(it, schemas.get(schemaOf(it))));
  const labels = named.map((it, index) => it[0] ?? `item ${index}`);
  const count = (holds: (item: Item) => boolean) => items.filter(holds).length;
  const counted: readonly (readonly [number, Said])[] = [
    [count((it) => it.create.credentials !== undefined), say`with credentials that someone can sign in with`],
    [count((it) => it.create.verifiable_addresses?.some(isProven) === true), say`with an address marked verified`],
    [count((it) => hasPrivileges(it.create)), say`with metadata, an organization or an external id`],
    [count((it) => it.create.state === 'inactive'), say`inactive`],
    [repeated(named), say`repeating a name of an earlier one, which Kratos will refuse`],
  ];
  return [
    say`Creates ${items.length} ${own(items.length === 1 ? 'account' : 'accounts')}.`,
    ...[...bySchema].slice(0, MOST_SCHEMAS).map(([schema, of]) => say`By schema ${schema}: ${of}.`),
    ...(bySchema.size > MOST_SCHEMAS ? [say`By ${bySchema.size - MOST_SCHEMAS} more schemas: the rest.`] : []),
    ...endsOf(labels),
    ...counted.filter(([of]) => of > 0).map(([of, what]) => say`${of} ${own(what)}.`),
  ];
}

async function readSchemas(ids: readonly string[], defaultSchemaId: string, kratos: ReadSchema): Promise<ReadonlyMap<string, unknown>> {
  const read = async (id: string): Promise<[string, unknown]> => [
    id,
    await readSchema(kratos, id, id === defaultSchemaId ? 'account' : 'call'),
  ];
  return new Map(await Promise.all(ids.slice(0, MOST_SCHEMAS).map(read)));
}

/** What the account will be known by, the best first; two accounts can't share one. */
function namesOf({ create }: Item, schema: unknown): readonly string[] {
  const identifiers = schema === undefined ? [] : loginIdentifiers(schema, create.traits);
  return [...identifiers, ...(create.external_id === undefined ? [] : [`external id ${create.external_id}`])];
}

/** How many items have a name that an earlier one has. */
function repeated(named: readonly (readonly string[])[]): number {
  const seen = new Set<string>();
  let count = 0;
  for (const names of named) {
    if (names.some((it) => seen.has(it))) count += 1;
    for (const name of names) seen.add(name);
  }
  return count;
}

const SHOWN = 5;
function endsOf(labels: readonly string[]): readonly Said[] {
  if (labels.length <= 2 * SHOWN) return [say`${own(labels.length === 1 ? 'It is' : 'They are')} ${quoteList(labels, 2 * SHOWN)}.`];
  return [say`The first: ${quoteList(labels.slice(0, SHOWN))}.`, say`The last: ${quoteList(labels.slice(-SHOWN))}.`];
}
