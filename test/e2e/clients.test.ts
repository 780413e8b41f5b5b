/** The built program over stdio, spoken to by the clients that people have: the 1.x SDK's and the 2.x SDK's, in both eras. */
import { Client as ClientV2 } from '@modelcontextprotocol/client';
import { StdioClientTransport as StdioV2 } from '@modelcontextprotocol/client/stdio';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as StdioV1 } from '@modelcontextprotocol/sdk/client/stdio.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, describe, expect, test } from 'vitest';
import { seed } from '../../src/seed.ts';
import { operations } from '../../src/tools/index.ts';
import { stateDir } from '../support/state-dir.ts';
import { PROGRAM } from './program.ts';

type Json = Record<string, unknown>;
interface Result {
  readonly isError?: boolean | undefined;
  readonly content: readonly { readonly type: string; readonly text?: string }[];
  readonly structuredContent?: Json | undefined;
}
/** What every client can do, whatever its version calls it. */
interface Session {
  call(name: string, args: Json): Promise<Result>;
  tools(): Promise<readonly { name: string }[]>;
  schemas(): Promise<readonly { uri: string }[]>;
  read(uri: string): Promise<string>;
  complete(value: string): Promise<readonly string[]>;
  close(): Promise<void>;
}
type Person = (phrase: string) => { action: 'accept'; content: { typed: string } } | { action: 'decline' };

const server = () => ({ command: process.execPath, args: [PROGRAM, '--sandbox', '--log-level', 'error', '--state-dir', stateDir()] });
const capabilities = { elicitation: { form: {} } };
const phraseOf = (params: unknown) => {
  const { requestedSchema } = params as { requestedSchema: { properties: { typed: { title: string } } } };
  return requestedSchema.properties.typed.title.replace(/^Type /, '').replace(/ to agree$/, '');
};
const rows = ({ structuredContent = {} }: Result, member: string) => structuredContent[member] as { id: string }[];
const COMPLETION = { ref: { type: 'ref/resource', uri: 'kratos://schemas/{id}' } } as const;

async function v1(person: Person): Promise<Session> {
  const client = new ClientV1({ name: 'v1', version: '1' }, { capabilities });
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => person(phraseOf(params)));
  await client.connect(new StdioV1(server()));
  return sessionOf(client);
}

const v2 =
  (mode: 'legacy' | 'auto' | { pin: string }) =>
  async (person: Person): Promise<Session> => {
    const client = new ClientV2({ name: 'v2', version: '1' }, { capabilities, versionNegotiation: { mode } });
    client.setRequestHandler('elicitation/create', ({ params }) => person(phraseOf(params)));
    await client.connect(new StdioV2(server()));
    return sessionOf(client);
  };

/** Both SDKs' clients have these methods, with types of their own. */
function sessionOf(client: ClientV1 | ClientV2): Session {
  const it = client as ClientV2; // only the methods below, which are alike
  return {
    call: async (name, args) => (await it.callTool({ name, arguments: args })) as Result,
    tools: async () => (await it.listTools()).tools,
    schemas: async () => (await it.listResources()).resources,
    read: async (uri) => (await it.readResource({ uri })).contents.map((each) => ('text' in each ? each.text : '')).join(''),
    complete: async (value) => (await it.complete({ ...COMPLETION, argument: { name: 'id', value } })).completion.values,
    close: () => it.close(),
  };
}

const clients: readonly [string, (person: Person) => Promise<Session>][] = [
  ['the 1.x client', v1],
  ['the 2.x client, 2025 era', v2('legacy')],
  ['the 2.x client, negotiating', v2('auto')],
  ['the 2.x client, 2026-07-28', v2({ pin: '2026-07-28' })],
];

describe.each(clients)('%s', (_name, connect) => {
  let session: Session | undefined;
  afterEach(async () => {
    await session?.close();
    session = undefined;
  });
  const sessionsLeft = async (it: Session) => rows(await it.call('list_identity_sessions', { id: seed.ada }), 'sessions').length;

  test('finds a user by e-mail and revokes the sessions, once a person typed the phrase', async () => {
    const answers: Person[] = [
      () => ({ action: 'accept', content: { typed: 'yes' } }),
      (phrase) => ({ action: 'accept', content: { typed: phrase } }),
    ];
    session = await connect((phrase) => (answers.shift() ?? (() => ({ action: 'decline' })))(phrase));
    const found = await session.call('list_identities', { credentials_identifier: 'ada.byron@example.com' });
    const [ada] = rows(found, 'identities');
    expect(ada?.id).toBe(seed.ada);
    expect(await sessionsLeft(session)).toBe(3);
    const refused = await session.call('delete_identity_sessions', { id: seed.ada });
    expect(refused.isError).toBe(true);
    expect(refused.content[0]?.text).toMatch(/^Not done \(declined\): /);
    expect(await sessionsLeft(session)).toBe(3);
    const done = await session.call('delete_identity_sessions', { id: seed.ada });
    expect(done.isError ?? false).toBe(false);
    expect(done.structuredContent).toMatchObject({ id: seed.ada, revoked: 3, changed: true });
    expect(await sessionsLeft(session)).toBe(0);
  });

  test('lists every tool, reads schemas as resources and completes their ids', async () => {
    session = await connect(() => ({ action: 'decline' }));
    expect((await session.tools()).map((it) => it.name)).toEqual(operations.map((it) => it.name));
    const uris = (await session.schemas()).map(({ uri }) => uri);
    expect(uris).toEqual(expect.arrayContaining(['kratos://schemas/default', 'kratos://schemas/employee', 'kratos://policy']));
    const schema = JSON.parse(await session.read('kratos://schemas/employee')) as { properties: { traits: unknown } };
    expect(schema.properties.traits).toBeDefined();
    expect(await session.read('kratos://policy')).toContain('preset "standard"');
    expect(await session.complete('emp')).toEqual(['employee']);
  });
});

test('two programs serve two clients at the same time', async () => {
  const [a, b] = await Promise.all([v1(() => ({ action: 'decline' })), v2({ pin: '2026-07-28' })(() => ({ action: 'decline' }))]);
  expect((await a.tools()).map((it) => it.name)).toEqual((await b.tools()).map((it) => it.name));
  await Promise.all([a.close(), b.close()]);
});
