/** The two identity schemas and the routes that show them (schema/handler.go). */
import { json, notFound, type SandboxReply } from './envelope.ts';
import type { JsonObject } from './go/json.ts';
import { schemaPage } from './pages.ts';
import type { SandboxRequest } from './request.ts';
import type { IdentitySchema, World } from './world.ts';

const email = {
  type: 'string',
  format: 'email',
  title: 'E-Mail',
  minLength: 3,
  'ory.sh/kratos': {
    credentials: { password: { identifier: true } },
    verification: { via: 'email' },
    recovery: { via: 'email' },
  },
};
const DRAFT = 'http://json-schema.org/draft-07/schema#';
const schemaOf = (name: string, title: string, traits: JsonObject): JsonObject => ({
  $id: `https://schemas.example.com/${name}.schema.json`,
  $schema: DRAFT,
  title,
  type: 'object',
  properties: { traits },
});

const person = schemaOf('default', 'Default', {
  type: 'object',
  properties: {
    email,
    username: { type: 'string', minLength: 2, 'ory.sh/kratos': { credentials: { password: { identifier: true } } } },
    phone: { type: 'string', format: 'tel', 'ory.sh/kratos': { verification: { via: 'sms' } } },
    name: { type: 'object', properties: { first: { type: 'string' }, last: { type: 'string' } } },
  },
  required: ['email'],
  additionalProperties: false,
});
const employee = (more: JsonObject): JsonObject =>
  schemaOf('employee', 'Employee', {
    type: 'object',
    properties: { email, department: { type: 'string' }, ...more },
    additionalProperties: false,
  });
/** What somebody without an e-mail address signs in with. */
const phone = {
  type: 'string',
  format: 'tel',
  title: 'Phone',
  'ory.sh/kratos': { credentials: { code: { identifier: true, via: 'sms' } }, verification: { via: 'sms' } },
};

/** The schemas of the contract suite's configuration. */
export const PLAIN_SCHEMAS: readonly IdentitySchema[] = [
  { id: 'default', schema: person },
  { id: 'employee', schema: employee({}) },
];
/** Those of the seeded world: employees may have a phone, too. */
export const SEED_SCHEMAS: readonly IdentitySchema[] = [
  { id: 'default', schema: person },
  { id: 'employee', schema: employee({ phone }) },
];

export function listIdentitySchemas(world: World, request: SandboxRequest<'listIdentitySchemas'>): SandboxReply {
  const page = schemaPage(request, world.schemas);
  return json(200, page.items, page.headers);
}

export function getIdentitySchema(world: World, request: SandboxRequest<'getIdentitySchema'>): SandboxReply {
  const found = world.schema(request.params.id);
  if (found === undefined) throw notFound(`Identity schema \`${request.params.id}\` could not be found.`);
  return json(200, found.schema);
}
