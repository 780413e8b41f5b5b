import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { endpoints, type EndpointName } from '../../src/client/endpoints.ts';
import { Unsent } from '../../src/errors.ts';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import { serveSandbox, type ServedSandbox } from '../../src/sandbox/serve.ts';
import { seed } from '../../src/seed.ts';
import { asker, body } from './ask.ts';

const traits = { email: 'new.person@example.com' };
/** A path and body for every endpoint, that succeeds on a fresh sandbox. */
const examples: Readonly<Record<EndpointName, { readonly path?: string; readonly body?: unknown }>> = {
  listIdentities: {},
  createIdentity: { body: { traits } },
  batchPatchIdentities: { body: { identities: [{ create: { traits } }] } },
  getIdentity: { path: `/admin/identities/${seed.ada}` },
  getIdentityByExternalId: { path: `/admin/identities/by/external/${seed.externalId}` },
  updateIdentity: { path: `/admin/identities/${seed.ada}`, body: { traits } },
  patchIdentity: { path: `/admin/identities/${seed.ada}`, body: [] },
  deleteIdentity: { path: `/admin/identities/${seed.ada}` },
  deleteIdentityCredentials: { path: `/admin/identities/${seed.grace}/credentials/totp` },
  listIdentitySessions: { path: `/admin/identities/${seed.ada}/sessions` },
  deleteIdentitySessions: { path: `/admin/identities/${seed.ada}/sessions` },
  listSessions: {},
  getSession: { path: `/admin/sessions/${seed.adaLaptop}` },
  disableSession: { path: `/admin/sessions/${seed.adaLaptop}` },
  extendSession: { path: `/admin/sessions/${seed.adaLaptop}/extend` },
  createRecoveryCode: { body: { identity_id: seed.ada } },
  createRecoveryLink: { body: { identity_id: seed.ada } },
  listCourierMessages: {},
  getCourierMessage: { path: `/admin/courier/messages/${seed.message}` },
  listIdentitySchemas: {},
  getIdentitySchema: { path: '/schemas/employee' },
  getVersion: {},
  getReady: {},
};

describe('without a socket', () => {
  test.each(Object.keys(endpoints) as EndpointName[])('%s is answered as the wire table says', async (endpoint) => {
    const { route, port, ok } = endpoints[endpoint];
    const [method = '', pattern = ''] = route.split(' ');
    const example = examples[endpoint];
    const reply = await createSandbox().send({
      endpoint,
      port,
      method,
      path: example.path ?? pattern,
      ...(example.body === undefined ? {} : { body: JSON.stringify(example.body) }),
    });
    expect(ok, reply.text).toContain(reply.status);
    expect(Object.keys(reply.headers)).toEqual(Object.keys(reply.headers).map((it) => it.toLowerCase()));
  });

  test('nothing is sent for a call that was given up before', async () => {
    const { send, world } = createSandbox();
    const call = send({
      endpoint: 'deleteIdentity',
      port: 'admin',
      method: 'DELETE',
      path: `/admin/identities/${seed.ada}`,
      signal: AbortSignal.abort(),
    });
    await expect(call).rejects.toThrow(Unsent);
    expect(world.identities.has(seed.ada)).toBe(true);
  });

  test('a recovery endpoint can be turned off, and extending answers 204 where it is told to', async () => {
    const ask = asker(createSandbox({ recovery: { code: false, link: true }, fasterExtend: true }));
    expect((await ask('POST /admin/recovery/code', { identity_id: seed.ada })).status).toBe(404);
    expect((await ask('POST /admin/recovery/link', { identity_id: seed.ada })).status).toBe(200);
    expect((await ask(`PATCH /admin/sessions/${seed.adaLaptop}/extend`)).status).toBe(204);
  });

  test('the base URLs are those it was given', async () => {
    const ask = asker(createSandbox({ publicUrl: 'https://id.example.com/', adminUrl: 'http://kratos.internal:4434' }));
    const reply = await ask('POST /admin/identities', { traits });
    expect(body<{ schema_url: string }>(reply, 201).schema_url).toBe('https://id.example.com/schemas/ZGVmYXVsdA');
    expect(reply.headers['location']).toMatch(/^http:\/\/kratos\.internal:4434\/identities\//);
  });

  test('writes that come at once do not undo each other', async () => {
    const ask = asker(createSandbox());
    const members = Array.from({ length: 20 }, (_, index) => `m${index}`);
    const path = `/admin/identities/${seed.ada}`;
    await Promise.all(members.map((it) => ask(`PATCH ${path}`, [{ op: 'add', path: `/metadata_public/${it}`, value: 1 }])));
    const { metadata_public } = body<{ metadata_public: Record<string, unknown> }>(await ask(`GET ${path}`));
    expect(Object.keys(metadata_public)).toEqual(expect.arrayContaining(members));
  });

  test('an address may bring its id along, unless somebody has it', async () => {
    const ask = asker(createSandbox());
    const create = (email: string) =>
      ask('POST /admin/identities', { traits: { email }, verifiable_addresses: [{ id: seed.nobody, value: email, via: 'email' }] });
    expect((await create('one@example.com')).text).toContain(`"verifiable_addresses":[{"id":"${seed.nobody}"`);
    expect((await create('other@example.com')).status).toBe(409);
  });

  test('two of them in one process do not know of each other', async () => {
    const employee = { schema_id: 'employee', traits: { ...traits, phone: '+4930123456' } };
    const replies = await Promise.all([{}, { empty: true }].map((it) => asker(createSandbox(it))('POST /admin/identities', employee)));
    // Only the seeded one's employees have a phone.
    expect(replies.map((it) => it.status)).toEqual([201, 400]);
  });

  test('of creates at once with one e-mail just one succeeds', async () => {
    const ask = asker(createSandbox());
    const replies = await Promise.all(Array.from({ length: 10 }, () => ask('POST /admin/identities', { traits })));
    const count = (status: number) => replies.filter((it) => it.status === status).length;
    expect([count(201), count(409)]).toEqual([1, 9]);
  });
});

describe('over HTTP', () => {
  let served: ServedSandbox;
  beforeAll(async () => {
    served = await serveSandbox({ adminPort: 0, publicPort: 0 });
  });
  afterAll(() => served.close());

  test.each([
    '/admin/identities?page_size=3',
    `/admin/identities/${seed.grace}`,
    '/admin/identities/none',
    '/admin/none',
    '/admin/schemas',
  ])('GET %s is the same answer', async (path) => {
    const ask = asker(createSandbox({ ...served }));
    const [here, there] = [await ask(`GET ${path}`), await fetch(served.adminUrl + path, { redirect: 'manual' })];
    // The two sandboxes were started at different times.
    const timeless = (text: string) => text.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, 'then');
    expect(there.status).toBe(here.status);
    for (const name of ['content-type', 'link', 'location']) expect(there.headers.get(name)).toBe(here.headers[name] ?? null);
    expect(timeless(await there.text())).toBe(timeless(here.text));
  });

  const login = async (identifier: string, password: string) => {
    const flow = (await (await fetch(`${served.publicUrl}/self-service/login/api`)).json()) as { ui: { action: string } };
    return fetch(flow.ui.action, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'user-agent': 'example-agent/1.0' },
      body: JSON.stringify({ method: 'password', identifier, password }),
    });
  };

  test('Ada signs in with the password of the seed, and whoami knows her until she is signed out', async () => {
    const reply = await login('ada.byron@example.com', seed.password);
    expect(reply.status).toBe(200);
    const { session_token, session } = (await reply.json()) as { session_token: string; session: { id: string } };
    const whoami = () => fetch(`${served.publicUrl}/sessions/whoami`, { headers: { 'x-session-token': session_token } });
    expect((await whoami()).headers.get('x-kratos-authenticated-identity-id')).toBe(seed.ada);
    await fetch(`${served.adminUrl}/admin/sessions/${session.id}`, { method: 'DELETE' });
    expect((await whoami()).status).toBe(401);
  });

  test('nobody signs in with a wrong password or as somebody with an imported hash', async () => {
    expect((await login('ada.byron@example.com', 'wrong')).status).toBe(400);
    expect((await login('grace.murray@example.com', seed.password)).status).toBe(400);
  });

  test('a body of more than 5 MiB is refused, unless its JSON ends before', async () => {
    const post = (text: string) => fetch(`${served.adminUrl}/admin/identities`, { method: 'POST', body: text });
    const blanks = ' '.repeat(5 * 1024 * 1024);
    const refused = await post(`{"traits":{"email":"big@example.com"},"metadata_public":"${blanks}"}`);
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('http: request body too large');
    expect((await post(`{"traits":{"email":"big@example.com"}}${blanks}`)).status).toBe(201);
  });

  test('HEAD has no body', async () => {
    const reply = await fetch(`${served.adminUrl}/admin/identities/${seed.ada}`, { method: 'HEAD' });
    expect(reply.status).toBe(200);
    expect(await reply.text()).toBe('');
  });

  test('it listens on loopback only', () => {
    for (const url of [served.adminUrl, served.publicUrl]) expect(new URL(url).hostname).toBe('127.0.0.1');
  });

  test('a port that is taken is named, and the other one is free again', async () => {
    const taken = Number(new URL(served.adminUrl).port);
    await expect(serveSandbox({ adminPort: 0, publicPort: taken })).rejects.toThrow(`Port ${taken} on 127.0.0.1 is taken`);
  });
});
