/** The clients that people have, over HTTP: the 1.x SDK's and the 2.x SDK's, in both eras. */
import { Client as ClientV2, StreamableHTTPClientTransport as HttpV2 } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as HttpV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { ElicitRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, describe, expect, test } from 'vitest';
import { seed } from '../../../src/seed.ts';
import { operations } from '../../../src/tools/index.ts';
import { openHttpHarness, TOKEN, type HttpHarness } from '../../support/http.ts';

type Json = Record<string, unknown>;
interface Result {
  readonly isError?: boolean | undefined;
  readonly content: readonly { readonly text?: string }[];
  readonly structuredContent?: Json | undefined;
}
interface Session {
  call(name: string, args: Json): Promise<Result>;
  tools(): Promise<readonly string[]>;
  read(uri: string): Promise<string>;
  close(): Promise<void>;
}
type Person = (phrase: string) => { action: 'accept'; content: { typed: string } } | { action: 'decline' };

const capabilities = { elicitation: { form: {} } };
const headers = { Authorization: `Bearer ${TOKEN}` };
const phraseOf = (params: unknown) => {
  const { requestedSchema } = params as { requestedSchema: { properties: { typed: { title: string } } } }; // as our form has it
  return requestedSchema.properties.typed.title.replace(/^Type /, '').replace(/ to agree$/, '');
};

async function v1(url: URL, person: Person | undefined): Promise<Session> {
  const client = new ClientV1({ name: 'v1', version: '1' }, person && { capabilities });
  if (person) client.setRequestHandler(ElicitRequestSchema, ({ params }) => person(phraseOf(params)));
  const transport = new HttpV1(url, { requestInit: { headers } });
  await client.connect(transport as Transport); // its types are not made for exactOptionalPropertyTypes
  return sessionOf(client, async () => {
    await transport.terminateSession();
    await client.close();
  });
}

const v2 =
  (mode: 'legacy' | 'auto' | { pin: string }) =>
  async (url: URL, person: Person | undefined): Promise<Session> => {
    const client = new ClientV2({ name: 'v2', version: '1' }, { ...(person && { capabilities }), versionNegotiation: { mode } });
    if (person) client.setRequestHandler('elicitation/create', ({ params }) => person(phraseOf(params)));
    const transport = new HttpV2(url, { requestInit: { headers } });
    await client.connect(transport);
    return sessionOf(client, () => client.close());
  };

function sessionOf(client: ClientV1 | ClientV2, close: () => Promise<void>): Session {
  const it = client as ClientV2; // only the methods below, which are alike
  return {
    call: async (name, args) => (await it.callTool({ name, arguments: args })) as Result,
    tools: async () => (await it.listTools()).tools.map(({ name }) => name),
    read: async (uri) => (await it.readResource({ uri })).contents.map((each) => ('text' in each ? each.text : '')).join(''),
    close,
  };
}

const clients: readonly [string, (url: URL, person: Person | undefined) => Promise<Session>][] = [
  ['the 1.x client', v1],
  ['the 2.x client, 2025 era', v2('legacy')],
  ['the 2.x client, negotiating', v2('auto')],
  ['the 2.x client, 2026-07-28', v2({ pin: '2026-07-28' })],
];

describe.each(clients)('%s', (_name, connect) => {
  let it: HttpHarness;
  let session: Session | undefined;
  afterEach(async () => {
    await session?.close();
    session = undefined;
    await it.close();
  });
  const open = async (person?: Person): Promise<Session> => {
    it = await openHttpHarness();
    session = await connect(new URL(it.url), person);
    return session;
  };

  test('finds a user by e-mail and revokes the sessions, once a person typed the phrase', async () => {
    const answers: Person[] = [
      () => ({ action: 'accept', content: { typed: 'yes' } }),
      (phrase) => ({ action: 'accept', content: { typed: phrase } }),
    ];
    const client = await open((phrase) => (answers.shift() ?? (() => ({ action: 'decline' })))(phrase));
    const found = await client.call('list_identities', { credentials_identifier: 'ada.byron@example.com' });
    expect(found.structuredContent).toMatchObject({ identities: [{ id: seed.ada }] });
    const refused = await client.call('delete_identity_sessions', { id: seed.ada });
    expect([refused.isError, refused.content[0]?.text]).toEqual([true, expect.stringMatching(/^Not done \(declined\): /)]);
    expect(it.writes()).toEqual([]);
    const done = await client.call('delete_identity_sessions', { id: seed.ada });
    expect(done.structuredContent).toMatchObject({ id: seed.ada, revoked: 3, changed: true });
    expect(it.writes()).toHaveLength(1);
  });

  test('lists every tool and reads a resource', async () => {
    const client = await open(() => ({ action: 'decline' }));
    expect(await client.tools()).toEqual(operations.map(({ name }) => name));
    expect(await client.read('kratos://policy')).toContain('preset "standard"');
  });

  test('without a way to ask, reads, and is told that nobody can be asked', async () => {
    const client = await open();
    expect((await client.call('get_identity', { id: seed.ada })).isError ?? false).toBe(false);
    const refused = await client.call('delete_identity_sessions', { id: seed.ada });
    expect([refused.isError, refused.content[0]?.text]).toEqual([true, expect.stringMatching(/^Not done \(denied\): /)]);
    expect(it.writes()).toEqual([]);
  });
});

test('a client without a token does not connect', async () => {
  const it = await openHttpHarness();
  const client = new ClientV2({ name: 'v2', version: '1' });
  await expect(client.connect(new HttpV2(new URL(it.url)))).rejects.toThrow();
  await it.close();
});
