import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseBody, RecoveryReply } from '../../src/client/bodies.ts';
import { createKratos, type KratosOptions, narrow } from '../../src/client/kratos.ts';
import { createTransport, type Transport } from '../../src/client/transport.ts';
import type { Send } from '../../src/client/types.ts';
import { InputError, KratosError, Unsent } from '../../src/errors.ts';
import { ExactNumber } from '../../src/lib/json.ts';
import { inTurn, refuse, respond, startStub, type Stub } from '../support/stub.ts';
import { failureOf, ID } from './calls.ts';

let stub: Stub;
let transport: Transport;
let waits: number[];
beforeEach(async () => {
  waits = [];
  stub = await startStub();
  transport = createTransport({ adminUrl: stub.url });
});
afterEach(async () => {
  await stub.close();
  await transport.close();
});

const kratosWith = (options: Partial<KratosOptions> = {}) =>
  createKratos({
    send: transport.send,
    network: false,
    publicConfigured: true,
    retry: { random: () => 0.5 },
    wait: async (ms) => void waits.push(ms),
    ...options,
  });

describe('a call', () => {
  test('goes out on its route with its query and body', async () => {
    stub.handle(respond(200, {}));
    await kratosWith()('updateIdentity', { id: ID }, { query: { ids: ['a', 'b'] }, body: { traits: { n: 1, list: ['é'] } } });
    expect(stub.requests).toMatchObject([
      { method: 'PUT', path: `/admin/identities/${ID}?ids=a&ids=b`, body: '{"traits":{"n":1,"list":["é"]}}' },
    ]);
  });

  test('hands back status, body, next page and total', async () => {
    stub.handle(respond(200, [{ id: ID }], { link: '</x?page_token=t>; rel="next"', 'x-total-count': '7' }));
    expect(await kratosWith()('listIdentities', {})).toEqual({ status: 200, body: [{ id: ID }], next: 't', total: 7 });
    stub.handle(respond(204));
    expect(await kratosWith()('deleteIdentity', { id: ID })).toEqual({ status: 204, body: undefined });
  });

  test('keeps numbers that a double can not carry', async () => {
    stub.handle(respond(200, '{"traits":{"n":9007199254740993}}', { 'content-type': 'application/json' }));
    const { body } = await kratosWith()('getIdentity', { id: ID });
    expect(body).toEqual({ traits: { n: new ExactNumber('9007199254740993') } });
  });

  test.each([
    ['one that was read exactly', new ExactNumber('1e400')],
    ['infinity', Infinity],
    ['no number', NaN],
  ])('refuses to send a number that would change: %s', async (_, n) => {
    const error = await failureOf(kratosWith()('createIdentity', {}, { body: { traits: { list: [{ n }] } } }));
    expect(error).toBeInstanceOf(InputError);
    expect(stub.requests).toEqual([]);
  });

  test('refuses an empty filter before anything is sent', async () => {
    const error = await failureOf(kratosWith()('listIdentities', {}, { query: { credentials_identifier: '' } }));
    expect(error).toBeInstanceOf(InputError);
    expect(stub.requests).toEqual([]);
  });

  test('takes a 404 for success only where the table says so and Kratos itself said it', async () => {
    stub.handle(refuse(404, { message: 'Unable to locate the resource' }));
    expect((await kratosWith()('deleteIdentitySessions', { id: ID })).status).toBe(404);
    expect(await failureOf(kratosWith()('deleteIdentity', { id: ID }))).toMatchObject({ status: 404, effect: 'rejected' });
    stub.handle(respond(404, '404 page not found\n'));
    expect(await failureOf(kratosWith()('deleteIdentitySessions', { id: ID }))).toMatchObject({ status: 404, effect: 'rejected' });
    stub.handle(respond(404, { message: 'no route' }));
    expect(await failureOf(kratosWith()('deleteIdentitySessions', { id: ID }))).toBeInstanceOf(KratosError);
  });

  test('whose answer has other types than promised is left to the shape check', async () => {
    stub.handle(respond(201, { recovery_link: [] }));
    const reply = await kratosWith()('createRecoveryCode', {}, { body: {} });
    expect(() => parseBody(RecoveryReply, reply)).toThrow(KratosError);
  });
});

describe('trying again', () => {
  const busy = refuse(429, { message: 'slow down' }, { 'retry-after': '3' });

  test('waits as long as the answer says, then succeeds', async () => {
    stub.handle(inTurn(busy, refuse(429, { message: 'x' }, { 'x-ratelimit-reset': '2' }), respond(503, 'later'), respond(200, [])));
    expect((await kratosWith()('listIdentities', {})).status).toBe(200);
    expect(waits).toEqual([3000, 2000, 1000]);
    expect(stub.requests).toHaveLength(4);
  });

  test('ends after four times', async () => {
    stub.handle(respond(503, 'later'));
    expect(await failureOf(kratosWith()('listIdentities', {}))).toMatchObject({ status: 503, retryable: true, effect: 'rejected' });
    expect(stub.requests).toHaveLength(4);
  });

  test('fails at once where the wait would outlast the call, and says how long it is', async () => {
    stub.handle(busy);
    const error = await failureOf(kratosWith({ callTimeoutMs: 2000 })('listIdentities', {}));
    expect(error).toMatchObject({ status: 429, retryAfter: 3, retryable: true });
    expect(error).toHaveProperty('hint', expect.stringContaining('Wait 3 s'));
    expect([stub.requests.length, waits]).toEqual([1, []]);
  });

  test('reads a date as well', async () => {
    stub.handle(refuse(503, { message: 'x' }, { 'retry-after': 'Wed, 25 Nov 2026 10:00:05 GMT' }));
    const now = () => Date.parse('2026-11-25T10:00:00.500Z');
    expect(await failureOf(kratosWith({ now, callTimeoutMs: 2000 })('listIdentities', {}))).toMatchObject({ retryAfter: 5 });
  });

  test.each([
    ['was answered 429', busy],
    ['was answered 503', respond(503, 'later', { 'retry-after': '0' })],
    ['was answered 504', respond(504, '<html>')],
    ['lost against another transaction', refuse(400, { message: 'Unable to serialize access due to a concurrent update' })],
  ])('is never done with a write that %s', async (_, handler) => {
    stub.handle(handler);
    expect(await failureOf(kratosWith()('createIdentity', {}, { body: {} }))).toBeInstanceOf(KratosError);
    expect(stub.requests).toHaveLength(1);
  });

  test('is done twice more with a write of which no byte got out', async () => {
    let times = 0;
    const send: Send = async (request) => {
      times += 1;
      if (times < 3) throw new Unsent('refused', { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) });
      return transport.send(request);
    };
    stub.handle(respond(204));
    await kratosWith({ send })('deleteIdentity', { id: ID });
    expect(waits).toEqual([250, 500]);
    expect(stub.requests).toHaveLength(1);
  });

  test('ends with a plain refusal when nobody listens', async () => {
    await stub.close();
    const error = await failureOf(kratosWith()('deleteIdentity', { id: ID }));
    expect(error).toMatchObject({ status: undefined, effect: 'rejected', retryable: true });
    expect(error.message).toMatch(/nothing listens/);
    expect(waits).toEqual([250, 500]);
  });
});

describe('the end of a call', () => {
  const never = () => {};

  test('comes with its deadline, whatever is being waited for', async () => {
    stub.handle(never);
    const at = performance.now();
    const read = failureOf(kratosWith({ callTimeoutMs: 80 })('listIdentities', {}));
    const write = failureOf(kratosWith({ callTimeoutMs: 80 })('deleteIdentity', { id: ID }));
    expect(await read).toMatchObject({ message: 'Kratos did not answer within 0.08 s.', effect: 'rejected', retryable: true });
    expect(await write).toMatchObject({ effect: 'ambiguous', retryable: false });
    expect(performance.now() - at).toBeLessThan(1000);
    expect(stub.requests).toHaveLength(2);
  });

  test('comes with the deadline while waiting for the next try', async () => {
    stub.handle(respond(503, 'later'));
    const kratos = createKratos({
      send: transport.send,
      network: false,
      publicConfigured: true,
      callTimeoutMs: 400,
      retry: { baseMs: 200, random: () => 0.5 },
    });
    const at = performance.now();
    await failureOf(kratos('listIdentities', {}));
    expect(performance.now() - at).toBeLessThan(1000);
    expect(stub.requests.length).toBeLessThanOrEqual(2);
  });

  test('comes when the caller cancels: before, during, and between two tries', async () => {
    const before = await failureOf(kratosWith()('deleteIdentity', { id: ID }, { signal: AbortSignal.abort() }));
    expect(before).toMatchObject({ message: 'The call was cancelled.', effect: 'rejected', retryable: false });
    expect(stub.requests).toEqual([]);

    stub.handle(never);
    const during = new AbortController();
    const calls = [
      failureOf(kratosWith()('deleteIdentity', { id: ID }, { signal: during.signal })),
      failureOf(kratosWith()('getIdentity', { id: ID }, { signal: during.signal })),
    ];
    setTimeout(() => during.abort(), 50);
    expect(await Promise.all(calls)).toMatchObject([
      { message: 'The call was cancelled.', effect: 'ambiguous', retryable: false },
      { message: 'The call was cancelled.', effect: 'rejected', retryable: false },
    ]);

    stub.handle(refuse(429, { message: 'x' }, { 'retry-after': '5' }));
    const between = new AbortController();
    setTimeout(() => between.abort(), 50);
    const kratos = createKratos({ send: transport.send, network: false, publicConfigured: true });
    expect(await failureOf(kratos('getIdentity', { id: ID }, { signal: between.signal }))).toMatchObject({
      message: 'The call was cancelled.',
    });
    expect(stub.requests).toHaveLength(3);
  });

  test("is called a deadline, not a cancellation, when the caller's own time ran out", async () => {
    stub.handle(never);
    const error = await failureOf(kratosWith()('getIdentity', { id: ID }, { signal: AbortSignal.timeout(50) }));
    expect(error).toMatchObject({ message: 'Kratos did not answer within the time allowed.' });
  });
});

describe('a narrowed client', () => {
  test('refuses what it was not given, also where the types were circumvented', async () => {
    const narrowed = narrow(kratosWith(), ['getIdentity'], new AbortController().signal);
    expect(await failureOf(narrowed('deleteIdentity' as never, { id: ID } as never))).toHaveProperty(
      'message',
      expect.stringContaining('deleteIdentity'),
    );
    expect(stub.requests).toEqual([]);
    expect((await narrowed('getIdentity', { id: ID })).status).toBe(200);
  });

  test('ends with its signal', async () => {
    const narrowed = narrow(kratosWith(), ['getIdentity'], AbortSignal.abort());
    expect(await failureOf(narrowed('getIdentity', { id: ID }))).toMatchObject({ message: 'The call was cancelled.' });
  });
});
