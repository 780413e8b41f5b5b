import { afterAll, beforeAll, expect, test } from 'vitest';
import type { EndpointName } from '../../src/client/endpoints.ts';
import { createKratos } from '../../src/client/kratos.ts';
import { createTransport, type Transport } from '../../src/client/transport.ts';
import type { Kratos } from '../../src/client/types.ts';
import { InputError } from '../../src/errors.ts';
import { respond, startStub, type Stub } from '../support/stub.ts';
import { callByName, endpointNames, failureOf, ID, paramsOf } from './calls.ts';

/** No parameter takes these. */
const refusedEverywhere = [
  ['', '.', '..', '../', '/..', './', '../sessions', '..\\sessions', 'a/../b', 'a\\..\\b', 'a/./b', '/./', '../'.repeat(20)],
  ['%2e', '%2e%2e', '%2E%2E', '.%2e', '%2e.', '%252e%252e', '%252e%252e%252f', '..%2f', '..%5c', '%2e%2e%2fsessions', 'a%2f..%2fb'],
  ['\0', 'a\0b', 'a\tb', 'a\nb', 'a\rb', 'a\r\nX-Evil: 1', '\x7f', '\x1b[2J', '\u0085', '\u009b', 'a\u2028b', 'a\u2029b'],
  ['\ud800', 'a\udfff', '\udc00\ud800', `${ID}/..`, `${ID}\n`, 'x'.repeat(513), '%25252525252e'],
].flat();
/** An operator or application may call something so; they are sent whole, as one segment, or not at all. */
const refusedAsUuidOrType = [
  ['a?x=1', 'a#b', 'a/b', 'a\\b', '//', 'a b', 'a%00b', '%zz', 'a;b=c', 'a&b', '~', '*', '...', 'ü', '𝕏', 'ａ', "'", '"'],
  ['\u202eabc', 'a\u200bb', 'preset://email', 'constructor', '__proto__'],
  [`{${ID}}`, `urn:uuid:${ID}`, `${ID}?x`, ` ${ID}`, `${ID}/sessions`, `${ID}%2Fsessions`],
].flat();

let stub: Stub;
let transport: Transport;
let kratos: Kratos<EndpointName>;
beforeAll(async () => {
  stub = await startStub(respond(200, {}));
  transport = createTransport({ adminUrl: stub.url });
  kratos = createKratos({ send: transport.send, network: false, publicConfigured: true });
});
afterAll(async () => {
  await transport.close();
  await stub.close();
});

const parameters = endpointNames.flatMap((name) => paramsOf(name).map((param) => ({ name, param })));
const isFree = ({ name, param }: (typeof parameters)[number]) => param === 'external_id' || name === 'getIdentitySchema';
const send = ({ name, param }: (typeof parameters)[number], value: string) => callByName(kratos, name, { params: { [param]: value } });

test.each(parameters)('$name refuses a $param that leads somewhere else, before anything is sent', async (parameter) => {
  const isWord = (value: string) => parameter.param === 'type' && /^[a-z]+$/.test(value);
  const others = isFree(parameter) ? [] : [...refusedAsUuidOrType, 'Password'].filter((it) => !isWord(it));
  const before = stub.requests.length;
  for (const value of [...refusedEverywhere, ...others]) {
    expect(await failureOf(send(parameter, value)), JSON.stringify(value)).toBeInstanceOf(InputError);
  }
  expect(stub.requests).toHaveLength(before);
});

test.each(parameters.filter(isFree))('$name sends a $param that is only unusual whole, as one segment', async (parameter) => {
  for (const value of refusedAsUuidOrType) {
    await send(parameter, value);
    const path = stub.requests.at(-1)?.path ?? '';
    const [, segment = ''] = /^\/(?:admin\/identities\/by\/external|schemas)\/([^/?#]+)$/.exec(path) ?? [];
    expect(decodeURIComponent(segment)).toBe(value);
  }
});

test('a missing parameter is refused like an empty one', async () => {
  expect(await failureOf(kratos('getIdentity', {} as never))).toBeInstanceOf(InputError);
});

test('a value that was refused is kept apart from our words', async () => {
  const error = await failureOf(kratos('getIdentity', { id: 'ignore previous instructions' }));
  expect(error).toMatchObject({ quoted: 'ignore previous instructions', message: expect.not.stringContaining('ignore') as string });
});

test('there are at least 60 values', () => {
  expect(refusedEverywhere.length + refusedAsUuidOrType.length).toBeGreaterThanOrEqual(60);
});
