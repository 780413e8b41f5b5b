/** Identity schemas, which Kratos serves on its public port. */
import { z } from 'zod';
import { KratosSchema, parseBody } from '../client/bodies.ts';
import { read, type Operation } from '../operation.ts';
import { schemaSummary } from '../shape/schema.ts';
import { Page, pageOf, PageSize, PageToken, SchemaId, View } from './fields.ts';
import { cut, offsetOf, windowOver } from './window.ts';

const SchemaRecord = z.looseObject({
  id: z.string(),
  traits: z.record(z.string(), z.string()).optional(),
  schema: z.looseObject({}).optional(),
});

const schemaRecord = ({ id, schema }: KratosSchema, view: z.output<typeof View>) =>
  view === 'full' ? { id, schema } : { ...schemaSummary(id, schema), id };

export const schemas: readonly Operation[] = [
  read({
    name: 'list_identity_schemas',
    title: 'List identity schemas',
    summary:
      'Lists the identity schemas: per trait its type, and whether it is required, a login identifier, or used for recovery or verification.',
    toolset: 'schemas',
    reads: ['listIdentitySchemas'],
    input: z.strictObject({ view: View.default('summary'), page_size: PageSize(1000), page_token: PageToken.optional() }),
    output: z.looseObject({ schemas: z.array(SchemaRecord), page: Page }),
    example: {},
    records: 'schemas',
    async run({ view, page_size, page_token }, { kratos }) {
      const window = windowOver(offsetOf(page_token), page_size);
      const reply = await kratos('listIdentitySchemas', {}, { query: { page: window.page, per_page: window.perPage } });
      const { rows, next } = cut(parseBody(z.array(KratosSchema), reply), window, reply.total);
      return { schemas: rows.map((it) => schemaRecord(it, view)), page: pageOf(next, reply.total) };
    },
  }),
  read({
    name: 'get_identity_schema',
    title: 'Read an identity schema',
    summary: 'Reads the JSON Schema of one kind of identity.',
    toolset: 'schemas',
    reads: ['getIdentitySchema'],
    input: z.strictObject({ id: SchemaId, view: View.default('full') }),
    output: SchemaRecord,
    example: { id: 'default' },
    async run({ id, view }, { kratos }) {
      const schema = parseBody(z.record(z.string(), z.unknown()), await kratos('getIdentitySchema', { id }));
      return schemaRecord({ id, schema }, view);
    },
  }),
];
