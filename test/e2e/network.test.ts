/**
 * The built program against a Kratos over the network: the one that `KRATOS_ADMIN_URL` and `KRATOS_PUBLIC_URL` name, else the built-in one,
 * served over HTTP. All tools, and the main job as a support engineer does it.
 */
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { addresses, admin, email, emailOf, login, open, unique, withPassword } from '../contract/kratos.ts';
import { stateDir } from '../support/state-dir.ts';
import { PROGRAM } from './program.ts';

type Json = Record<string, unknown>;
const client = new Client(
  { name: 'support', version: '1' },
  { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode: { pin: '2026-07-28' } } },
);
let typed: string | undefined;
const asked: string[] = [];
const used = new Set<string>();

beforeAll(async () => {
  const { adminUrl, publicUrl } = addresses();
  client.setRequestHandler('elicitation/create', ({ params }) => {
    const { requestedSchema } = params as unknown as { requestedSchema: { properties: { typed: { title: string } } } }; // the form of ours
    const phrase = requestedSchema.properties.typed.title.replace(/^Type /, '').replace(/ to agree$/, '');
    asked.push(params.message);
    return { action: 'accept', content: { typed: typed ?? phrase } };
  });
  const args = [
    PROGRAM,
    '--admin-url',
    adminUrl,
    '--public-url',
    publicUrl,
    '--recovery-delivery',
    'reply',
    '--log-level',
    'error',
    '--state-dir',
    stateDir(),
  ];
  await client.connect(new StdioClientTransport({ command: process.execPath, args }));
});
afterAll(() => client.close());

async function call(name: string, args: Json): Promise<{ isError: boolean; text: string; value: Json }> {
  used.add(name);
  const { isError = false, content, structuredContent } = await client.callTool({ name, arguments: args });
  const text = content.map((it) => (it.type === 'text' ? it.text : '')).join('\n');
  return { isError, text, value: (structuredContent ?? {}) as Json }; // roots are objects
}
async function ok(name: string, args: Json): Promise<Json> {
  const { isError, text, value } = await call(name, args);
  expect(isError, text).toBe(false);
  return value;
}
const rows = (value: Json, member: string) => value[member] as Json[];

test('the main job: find the user by e-mail and revoke the sessions', async () => {
  const identity = await withPassword();
  for (let round = 0; round < 3; round += 1) await login(emailOf(identity));
  const found = rows(await ok('list_identities', { credentials_identifier: emailOf(identity).toUpperCase() }), 'identities');
  expect(found.map((it) => it['id'])).toEqual([identity.id]);
  const sessions = async () => rows(await ok('list_identity_sessions', { id: identity.id, active: true }), 'sessions');
  expect(await sessions()).toHaveLength(3);

  typed = 'yes';
  const refused = await call('delete_identity_sessions', { id: identity.id });
  expect(refused.text).toMatch(/^Not done \(declined\): /);
  expect(await sessions()).toHaveLength(3);
  typed = undefined;
  expect(await ok('delete_identity_sessions', { id: identity.id })).toMatchObject({ revoked: 3, changed: true });
  expect(await sessions()).toEqual([]);
  expect(asked.at(-1)).toContain(emailOf(identity));
  expect(await ok('delete_identity_sessions', { id: identity.id })).toMatchObject({ revoked: 0, changed: false });
});

test('a life of an account, by every other tool', async () => {
  const address = email('life');
  const external_id = `crm-${unique()}`;
  const created = await ok('create_identity', {
    traits: { email: address },
    external_id,
    credentials: { password: { config: { password: 'correct-horse-9' } } },
  });
  const id = String(created['id']);
  expect(await ok('get_identity', { id, view: 'full' })).toMatchObject({ id, external_id });
  expect(await ok('get_identity_by_external_id', { external_id })).toMatchObject({ id });

  const session = await login(address);
  expect(await ok('get_session', { id: session.id })).toMatchObject({ active: true, identity_id: id });
  expect(rows(await ok('list_sessions', { active: true, page_size: 1000 }), 'sessions').length).toBeGreaterThan(0);
  expect(await ok('extend_session', { id: session.id })).toMatchObject({ id: session.id });
  expect(await ok('disable_session', { id: session.id })).toMatchObject({ active: false, changed: true });

  expect(await ok('patch_identity', { id, json_patch: [{ op: 'add', path: '/traits/name', value: { first: 'Li' } }] })).toMatchObject({
    changed: true,
  });
  const moved = email('moved');
  const updated = await ok('update_identity', { id, traits: { email: moved }, external_id });
  expect(JSON.stringify(updated)).toContain(moved);
  expect((await ok('update_identity', { id, traits: { email: moved }, external_id }))['changed']).toBe(false);

  // Of another account: a new address and a recovery of the same one are the pattern of a takeover.
  expect((await call('create_recovery_code_for_identity', { identity_id: id })).text).toMatch(
    /^Not done \(denied\): An approver must agree/,
  );
  const other = await withPassword();
  expect((await ok('create_recovery_code_for_identity', { identity_id: other.id, expires_in: '5m' }))['recovery_code']).toMatch(/^\d{6}$/);
  expect((await ok('create_recovery_link_for_identity', { identity_id: other.id }))['recovery_link']).toContain('token=');

  const patch = [
    {
      op: 'add',
      path: '/credentials/lookup_secret',
      value: { type: 'lookup_secret', identifiers: [id], config: { recovery_codes: [{ code: 'aaaa1111' }] }, version: 0 },
    },
  ];
  expect((await admin('PATCH', `/identities/${id}`, { body: patch })).status).toBe(200);
  expect(await ok('get_identity', { id, include_credential: ['lookup_secret'], view: 'full' })).toMatchObject({
    credentials: { lookup_secret: { unused: 1 } },
  });
  expect(await ok('delete_identity_credentials', { id, type: 'lookup_secret' })).toMatchObject({ deleted: true, changed: true });
  expect((await call('delete_identity_credentials', { id, type: 'password' })).text).toMatch(/last/i);

  expect(await ok('lock_identity', { id })).toMatchObject({ changed: true });
  expect(await ok('get_identity', { id })).toMatchObject({ state: 'inactive' });
  expect(await ok('delete_identity', { id })).toMatchObject({ id, deleted: true });
  expect((await call('get_identity', { id })).isError).toBe(true);
});

test('schemas, messages and a batch', async () => {
  const schemas = rows(await ok('list_identity_schemas', {}), 'schemas');
  expect(schemas.map((it) => it['id'])).toEqual(expect.arrayContaining(['default', 'employee']));
  expect(JSON.stringify(await ok('get_identity_schema', { id: 'default' }))).toContain('ory.sh/kratos');

  const identity = await withPassword();
  const flow = await open('GET', '/self-service/recovery/api');
  const { ui } = flow.as<{ ui: { action: string } }>();
  const action = new URL(ui.action);
  await open('POST', action.pathname + action.search, { body: { method: 'code', email: emailOf(identity) } });
  const [message] = rows(await ok('list_courier_messages', { recipient: emailOf(identity) }), 'messages');
  expect(message?.['template_type']).toMatch(/^recovery_code/);
  expect(Object.keys(await ok('get_courier_message', { id: String(message?.['id']) }))).not.toEqual(expect.arrayContaining(['body']));

  const result = await ok('batch_patch_identities', {
    identities: [{ create: { traits: { email: email('b') } } }, { create: { traits: { email: 'no address' } } }],
  });
  expect(result).toMatchObject({ created: 1, failed: 1 });
  for (const { identity: id } of rows(result, 'identities')) if (typeof id === 'string') await admin('DELETE', `/identities/${id}`);
});

test('no tool was left out', async () => {
  const { tools } = await client.listTools();
  expect(tools.map((it) => it.name).filter((name) => !used.has(name))).toEqual([]);
});
