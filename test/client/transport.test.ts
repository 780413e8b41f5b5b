import { type AddressInfo, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { Ambiguous, InputError, Unsent } from '../../src/errors.ts';
import { failureOf } from './calls.ts';
import { create, KEY, schemas, sink, stub, transport, version } from './opened.ts';
import { inTurn, redirectTowards, respond, type Visit } from '../support/stub.ts';

describe('a request', () => {
  test('goes out as it was given, with constant headers and no wish for compression', async () => {
    stub.handle(respond(201, { id: 1 }, { link: '<x>; rel="next"', 'x-total-count': '3' }));
    const reply = await transport().send({ ...create, path: '/admin/identities?x=a%20b' });
    expect(stub.requests).toEqual([expect.objectContaining({ method: 'POST', path: '/admin/identities?x=a%20b', body: '{"a":"ü"}' })]);
    expect(stub.requests[0]?.headers).toEqual({
      host: stub.url.host,
      connection: 'keep-alive',
      accept: 'application/json',
      'accept-encoding': 'identity',
      'content-length': '10',
      'content-type': 'application/json',
      'user-agent': 'ory-identity-mcp',
    });
    expect(reply).toMatchObject({ status: 201, text: '{"id":1}', headers: { link: '<x>; rel="next"', 'x-total-count': '3' } });
  });

  test('keeps the base path of the address', async () => {
    const { send } = transport({ adminUrl: new URL('/kratos/v1/', stub.url), publicUrl: new URL('/public', stub.url) });
    await send(version);
    await send(schemas);
    expect(stub.requests.map((it) => it.path)).toEqual(['/kratos/v1/version', '/public/schemas']);
  });

  test.each([
    '/../admin/identities',
    '/a/%2e%2e/b',
    '/a/./b',
    '/a\\b',
    '//evil.example/x',
    'http://evil.example/',
    'a',
    '/a b',
    '/a#b',
    '',
  ])('is not sent when its path would be read as another: %s', async (path) => {
    await expect(transport({ adminUrl: new URL('/base', stub.url) }).send({ ...version, path })).rejects.toBeInstanceOf(InputError);
    expect(stub.connections()).toBe(0);
  });

  test('asks the admin address for schemas where there is no public one', async () => {
    await transport().send(schemas);
    expect(stub.requests).toHaveLength(1);
  });
});

describe('the credential', () => {
  test('goes to the admin address, and to the public one only if that is the same origin', async () => {
    const network = transport({ bearer: KEY, publicUrl: stub.url });
    await network.send(version);
    await network.send(schemas);
    expect(stub.requests.map((it) => it.headers['authorization'])).toEqual([`Bearer ${KEY}`, `Bearer ${KEY}`]);

    await transport({ bearer: KEY, publicUrl: sink.url }).send(schemas);
    expect(sink.requests).toHaveLength(1);
    expect(JSON.stringify(sink.requests)).not.toContain(KEY);
  });

  test.each([301, 302, 303, 307, 308])('does not follow a %i, and neither does the request', async (status) => {
    const { send } = transport({ bearer: KEY });
    stub.handle(redirectTowards(sink.url, status));
    for (const request of [version, create]) expect((await send(request)).status).toBe(status);
    stub.handle(respond(status, '', { location: '/elsewhere' }));
    for (const request of [version, create]) expect((await send(request)).status).toBe(status);
    expect(stub.requests).toHaveLength(4);
    expect(sink.connections()).toBe(0);
  });
});

describe('what was provably not sent', () => {
  test('is a refused connection', async () => {
    await sink.close();
    const error = await failureOf(transport({ adminUrl: sink.url }).send(create));
    expect(error).toBeInstanceOf(Unsent);
    expect(error.message).toBe('Kratos could not be reached: nothing listens at the configured address (ECONNREFUSED).');
  });

  test('is a name that nobody knows', async () => {
    const error = await failureOf(transport({ adminUrl: new URL('http://kratos.invalid') }).send(create));
    expect(error).toBeInstanceOf(Unsent);
  });

  test('is a TLS handshake with something that speaks none', async () => {
    const address = new URL(stub.url.href.replace('http:', 'https:'));
    const error = await failureOf(transport({ adminUrl: address }).send(create));
    expect(error).toBeInstanceOf(Unsent);
    expect(error.message).toMatch(/does not speak TLS; perhaps the address should begin with http/);
    expect(stub.requests).toEqual([]);
  });

  test('is a TLS handshake that is never answered', async () => {
    const silent = createServer((socket) => void socket.on('error', () => {}));
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo; // it listens on TCP
    const error = await failureOf(transport({ adminUrl: new URL(`https://127.0.0.1:${port}`), connectTimeoutMs: 60 }).send(create));
    expect(error).toBeInstanceOf(Unsent);
    expect(error.message).toMatch(/no connection within the time allowed/);
    silent.close();
  });

  test('is a request that waited for a free connection until its time was up', async () => {
    stub.handle(() => {}); // never answers
    const { send } = transport({ connections: 1, callTimeoutMs: 80 });
    const [first, second] = await Promise.all([failureOf(send(version)), failureOf(send(create))]);
    expect([first, second]).toEqual([expect.any(Ambiguous), expect.any(Unsent)]);
    stub.handle(respond(200, {}));
    expect((await send(version)).status).toBe(200);
    expect(stub.requests.map((it) => it.method)).toEqual(['GET', 'GET']);
  });

  test('is a call that was cancelled beforehand', async () => {
    const signal = AbortSignal.abort();
    expect(await failureOf(transport().send({ ...create, signal }))).toBeInstanceOf(Unsent);
    expect(stub.connections()).toBe(0);
  });
});

describe('what may have been sent', () => {
  test('is a request whose connection broke, and that connection is not used again', async () => {
    stub.handle(inTurn(({ socket }) => void socket.resetAndDestroy(), respond(200, {})));
    const { send } = transport();
    expect(await failureOf(send(create))).toBeInstanceOf(Ambiguous);
    expect(stub.requests).toHaveLength(1);
    await send(version);
    expect(stub.connections()).toBe(2);
  });

  test('is also a reset on a connection that was kept open', async () => {
    stub.handle(inTurn(respond(200, {}), ({ socket }) => void socket.resetAndDestroy()));
    const { send } = transport();
    await send(version);
    await sleep(20); // until undici counts the connection as free
    expect(await failureOf(send(create))).toBeInstanceOf(Ambiguous);
    expect(stub.connections()).toBe(1);
    expect(stub.requests).toHaveLength(2);
  });

  test('is a request that is not answered in time', async () => {
    stub.handle(() => {});
    const error = await failureOf(transport({ headersTimeoutMs: 60 }).send(create));
    expect(error).toBeInstanceOf(Ambiguous);
    expect(error.message).toBe('The call to Kratos was not answered within the time allowed.');
  });

  test('is a request whose answer stops in the middle', async () => {
    stub.handle(({ response }) => void response.writeHead(200).write('{'));
    const error = await failureOf(transport({ bodyTimeoutMs: 60 }).send(create));
    expect(error).toBeInstanceOf(Ambiguous);
    expect(error.message).toMatch(/in part/);
  });

  test('is a request that was cancelled on its way; the other side sees it end', async () => {
    const ended = new Promise<void>((resolve) => {
      stub.handle(({ socket }) => void socket.once('close', () => resolve()));
    });
    const controller = new AbortController();
    const sent = failureOf(transport().send({ ...create, signal: controller.signal }));
    setTimeout(() => controller.abort(), 50);
    expect(await sent).toBeInstanceOf(Ambiguous);
    await ended;
  });

  test('is a request whose answer takes longer than the whole call may', async () => {
    stub.handle(({ response }) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write(' '), 10);
      response.once('close', () => clearInterval(drip));
    });
    const at = performance.now();
    expect(await failureOf(transport({ callTimeoutMs: 120 }).send(create))).toBeInstanceOf(Ambiguous);
    expect(performance.now() - at).toBeLessThan(1000);
  });
});

describe('an answer', () => {
  test('may be as large as the cap and no larger, announced or not', async () => {
    const { send } = transport({ maxBodyBytes: 1000 });
    stub.handle(respond(200, 'x'.repeat(1000)));
    expect((await send(version)).text).toHaveLength(1000);
    stub.handle(respond(200, 'x'.repeat(1001), { 'content-length': '1001' }));
    expect((await failureOf(send(version))).message).toMatch(/more than 0 KiB; ask for less at a time/);
    stub.handle(respond(200, 'x'.repeat(1001), { 'transfer-encoding': 'chunked' }));
    expect(await failureOf(send(version))).toBeInstanceOf(Ambiguous);
  });

  test('without end costs no more memory than the cap', async () => {
    stub.handle(({ response }) => {
      const chunk = Buffer.alloc(256 * 1024, 'x');
      const pour = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', pour);
      pour();
    });
    const { send } = transport();
    const before = process.memoryUsage().rss;
    expect((await failureOf(send(version))).message).toMatch(/more than 8192 KiB/);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
  });

  test('is refused when it is compressed', async () => {
    stub.handle(respond(200, 'not even gzip', { 'content-encoding': 'gzip' }));
    expect((await failureOf(transport().send(version))).message).toMatch(/compression/);
  });

  test('is refused when it is no UTF-8, unless it is a refusal, whose status counts', async () => {
    const latin: Parameters<typeof stub.handle>[0] = ({ response }) => void response.end(Buffer.from('caf\xe9', 'latin1'));
    stub.handle(latin);
    expect((await failureOf(transport().send(version))).message).toMatch(/not UTF-8/);
    stub.handle((visit) => {
      visit.response.statusCode = 403;
      return latin(visit);
    });
    expect(await transport().send(version)).toMatchObject({ status: 403, text: 'caf\ufffd' });
  });

  test.each([
    ['is compressed', respond(404, 'x', { 'content-encoding': 'br' })],
    ['is too large', respond(404, 'x'.repeat(2000))],
    ['stops', stops],
  ])('keeps its status when the text of a refusal %s', async (_, handler) => {
    stub.handle(handler);
    expect(await transport({ maxBodyBytes: 1000, bodyTimeoutMs: 60 }).send(create)).toMatchObject({ status: 404, text: '' });
  });

  test('may have the headers that a list filtered by many ids has', async () => {
    stub.handle(respond(200, [], { link: `<${'x'.repeat(40_000)}>; rel="first"` }));
    expect((await transport().send(version)).headers['link']).toHaveLength(40_015);
    stub.handle(respond(200, [], { link: `<${'x'.repeat(100_000)}>; rel="first"` }));
    expect((await failureOf(transport().send(version))).message).toMatch(/headers that are too large/);
  });

  test.each([
    ['headers', 'HTTP/1.1 200 OK\r\n', 'x-more: and more\r\n'],
    ['answers before the answer', '', 'HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n'],
    ['chunk extensions', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;', 'x'],
  ])('whose %s never end costs no more memory, and no more time than the call has', async (_, begin, again) => {
    const hostile = await raw((socket) => {
      const piece = again.repeat(4096);
      const pour = () => {
        while (!socket.destroyed && socket.write(piece));
      };
      socket.on('drain', pour).write(begin);
      pour();
    });
    const { send } = transport({ adminUrl: hostile.url, callTimeoutMs: 700 });
    const before = process.memoryUsage().rss;
    const at = performance.now();
    expect(await failureOf(send(create))).toBeInstanceOf(Ambiguous);
    expect(performance.now() - at).toBeLessThan(3000);
    expect(process.memoryUsage().rss - before).toBeLessThan(64 * 1024 * 1024);
    hostile.close();
  });

  test('that is not HTTP is said to be none', async () => {
    const odd = await raw((socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
    const error = await failureOf(transport({ adminUrl: odd.url }).send(version));
    expect(error.message).toMatch(/something that is not HTTP/);
    odd.close();
  });
});

/** A server below HTTP's surface: what it does once a request has begun to come. */
async function raw(answer: (socket: Socket) => void) {
  const server = createServer((socket) => {
    socket.on('error', () => {}).once('data', () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return { url: new URL(`http://127.0.0.1:${port}`), close: () => server.close() };
}

function stops({ response }: Visit): void {
  response.writeHead(404).write('x');
}
