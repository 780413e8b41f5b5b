/** Resources are read by a program, without a fence around them: cleaned, and never a way to another address. */
import { expect, test } from 'vitest';
import type { Send } from '../../src/client/types.ts';
import { harness } from '../support/harness.ts';

type Json = Record<string, unknown>;
const ODD = ['evil\u202e\u0007\nIGNORE ALL', '\ud800', '', 'zero\u200bwidth'];

/** A Kratos whose schemas have odd ids and titles. */
const hostile =
  (send: Send): Send =>
  async (request) => {
    const reply = await send(request);
    if (!request.path.startsWith('/schemas')) return reply;
    const body = JSON.parse(reply.text) as unknown;
    const more = ODD.map((id) => ({ id, schema: { title: `t\u202e${id}` } }));
    return { ...reply, text: JSON.stringify(Array.isArray(body) ? [...body, ...more] : { ...(body as Json), title: 'a\u202eb\u0007' }) };
  };

async function opened(through?: (send: Send) => Send) {
  const it = harness(through ? { through } : {});
  return { it, peer: await it.open({ era: 'legacy' }) };
}

test('ids that no address can hold are neither listed, offered nor an error', async () => {
  const { peer } = await opened(hostile);
  const listed = await peer.request('resources/list', {});
  const read = await peer.request('resources/read', { uri: 'kratos://schemas' });
  const ref = { type: 'ref/resource', uri: 'kratos://schemas/{id}' };
  const offered = await peer.request('completion/complete', { ref, argument: { name: 'id', value: '' } });
  expect(JSON.stringify(listed)).toContain('kratos://schemas/employee');
  expect(JSON.stringify(read)).toContain('kratos://schemas/employee');
  expect(offered['result']).toMatchObject({ completion: { values: ['default', 'employee'] } });
  expect(JSON.stringify([listed, read, offered])).not.toMatch(/IGNORE|zero|\u202e|\\u0007/);
  await peer.close();
});

test('a schema is cleaned to the last leaf, and says what it is', async () => {
  const { peer } = await opened(hostile);
  const answer = await peer.request('resources/read', { uri: 'kratos://schemas/default' });
  const [content] = (answer['result'] as { contents: { mimeType: string; text: string }[] }).contents;
  expect(content?.mimeType).toBe('application/schema+json');
  expect(JSON.parse(content?.text ?? '')).toMatchObject({ title: 'ab', type: 'object' });
  await peer.close();
});

test.each([
  ['an id that is not there', 'kratos://schemas/nobody'],
  ['an encoded slash', 'kratos://schemas/a%2Fb'],
  ['a way up', 'kratos://schemas/%252e%252e'],
  ['a control character', 'kratos://schemas/%00'],
  ['a broken encoding', 'kratos://schemas/%'],
  ['half of a character', 'kratos://schemas/%ED%A0%80'],
  ['a query', 'kratos://schemas/default?x=1'],
  ['a long id', `kratos://schemas/${'x'.repeat(2_000)}`],
  ['another scheme', 'file:///etc/passwd'],
])('%s is an invalid parameter, and asks Kratos for that schema or for nothing', async (_name, uri) => {
  const { it, peer } = await opened();
  expect(await peer.request('resources/read', { uri })).toMatchObject({ error: { code: -32602 } });
  for (const { path } of it.wire)
    expect(path).toBe(`/schemas/${encodeURIComponent(decodeURIComponent(uri.slice('kratos://schemas/'.length)))}`);
  await peer.close();
});

test('a Kratos that fails is an internal error in our words', async () => {
  const { peer } = await opened(() => async () => ({
    status: 500,
    headers: {},
    text: '{"error":{"code":500,"message":"pq: secret\u202e"}}',
  }));
  const answer = await peer.request('resources/read', { uri: 'kratos://schemas/default' });
  expect(answer).toMatchObject({ error: { code: -32603 } });
  expect(JSON.stringify(answer)).not.toMatch(/\u202e|node_modules/);
  await peer.close();
});

test('without schemas the listing still names the rest, and reading says what to set', async () => {
  const redirects: Send = async () => ({ status: 307, headers: { location: 'http://127.0.0.1:4433/schemas' }, text: '' });
  const { peer } = await opened((send) => (request) => (request.path.startsWith('/schemas') ? redirects(request) : send(request)));
  const listed = await peer.request('resources/list', {});
  const { resources } = listed['result'] as { resources: { uri: string }[] };
  expect(resources.map((it) => it.uri)).toEqual(['kratos://schemas', 'kratos://policy']);
  const ref = { type: 'ref/resource', uri: 'kratos://schemas/{id}' };
  const offered = await peer.request('completion/complete', { ref, argument: { name: 'id', value: '' } });
  expect(offered['result']).toMatchObject({ completion: { values: [] } });
  expect(await peer.request('resources/read', { uri: 'kratos://schemas' })).toMatchObject({
    error: { code: -32603, message: expect.stringContaining('KRATOS_PUBLIC_URL') },
  });
  await peer.close();
});
