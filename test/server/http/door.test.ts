/** Who is asked for and on whose behalf, letter for letter, before anything else happens. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { localCaller } from '../../../src/caller.ts';
import { answerFrom, closeAll, echoCall, FAMILIES, raw, small, type Small } from './raw.ts';

afterEach(closeAll);

/** However it ends. */
const closed = (socket: Socket): Promise<void> => new Promise((resolve) => void socket.once('close', () => resolve()));
const untouched = { authenticated: 0, built: 0 };

/** With the port, where the name alone is meant. */
const FOREIGN_HOSTS = [
  'evil.com@localhost',
  'localhost#evil.com',
  'localhost/evil',
  'localhost\\@evil.com',
  'loc\talhost',
  '127.1',
  '2130706433',
  '0x7f.1',
  'localhost.',
  '[::ffff:127.0.0.1]',
  '0.0.0.0',
  '127.0.0.1.nip.io',
  'localhost%00',
  'LOCALHOST',
  'Localhost',
  'evil.com',
  'localhost, evil.com',
  '127.0.0.2',
  '[::]',
  '',
];
const FOREIGN_ORIGINS = [
  'http://localhost:1234',
  'https://localhost',
  'http://localhost',
  'moz-extension://localhost',
  'vscode-webview://localhost',
  'null',
  'file://',
  'http://localhost.evil.com',
  'http://127.0.0.1',
  '',
];

describe.each(FAMILIES)('on %s', (host) => {
  test.each(FOREIGN_HOSTS)('Host %j is refused, with the port or without', async (name) => {
    const it = await small();
    for (const value of [`${name}:${it.port}`, name, `${name}:1`]) {
      expect((await raw(it.port, echoCall(it.port, { Host: value }), { host })).status).toBe(403);
    }
    expect(it.entered).toEqual(untouched);
  });

  test('the listed ones are answered to, with their port only', async () => {
    const it = await small();
    for (const name of ['localhost', '127.0.0.1', '[::1]']) {
      expect((await raw(it.port, echoCall(it.port, { Host: `${name}:${it.port}` }), { host })).status).toBe(200);
      for (const other of [name, `${name}:`, `${name}:80`, `${name}:0${it.port}`]) {
        expect((await raw(it.port, echoCall(it.port, { Host: other }), { host })).status).toBe(403);
      }
    }
    expect(it.entered.built).toBe(3);
  });

  test.each(FOREIGN_ORIGINS)('Origin %j is refused', async (origin) => {
    const it = await small();
    const own = `http://localhost:${it.port}`;
    expect((await raw(it.port, echoCall(it.port, { Origin: origin }), { host })).status).toBe(403);
    expect((await raw(it.port, echoCall(it.port, { Origin: own }), { host })).status).toBe(403);
    expect(it.entered).toEqual(untouched);
    expect(it.metered).toContain('refused origin');
  });

  test.each([
    ['no Host', 400, (port: number) => echoCall(port, { Host: undefined })],
    ['Host twice', 400, (port: number) => echoCall(port).replace('\r\n', `\r\nHost: localhost:${port}\r\n`)],
    ['two different Hosts', 400, (port: number) => echoCall(port).replace('\r\n', '\r\nHost: evil.com\r\n')],
    ['Origin twice', 400, (port: number) => echoCall(port).replace('\r\n', '\r\nOrigin: http://a\r\nOrigin: http://a\r\n')],
    ['a session id twice', 400, (port: number) => echoCall(port).replace('\r\n', '\r\nMcp-Session-Id: a\r\nMCP-SESSION-ID: a\r\n')],
    ['a type twice', 400, (port: number) => echoCall(port).replace('\r\n', '\r\nContent-Type: text/plain\r\n')],
    ['a length twice', 400, (port: number) => echoCall(port).replace('\r\n', '\r\nContent-Length: 1\r\n')],
    ['a length and chunks', 400, (port: number) => echoCall(port).replace('\r\n', '\r\nTransfer-Encoding: chunked\r\n')],
    ['a target with a host', 400, (port: number) => echoCall(port).replace('/mcp', `http://localhost:${port}/mcp`)],
    ['a target with another host', 400, (port: number) => echoCall(port).replace('/mcp', 'http://evil.com/mcp')],
    ['the target *', 400, (port: number) => echoCall(port).replace('POST /mcp', 'OPTIONS *')],
    ['a tunnel', 400, (port: number) => `CONNECT localhost:${port} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`],
    ['HTTP/1.0 without Host', 400, (port: number) => echoCall(port, { Host: undefined }).replace('HTTP/1.1', 'HTTP/1.0')],
    ['a line break in Host', 400, (port: number) => echoCall(port, { Host: `localhost:${port}\n x` })],
    ['NUL in Host', 400, (port: number) => echoCall(port, { Host: `localhost\0:${port}` })],
    ['a name before the port', 404, (port: number) => echoCall(port).replace('/mcp', '//localhost/mcp')],
  ])('%s is refused', async (_name, status, bytes) => {
    const it = await small();
    expect((await raw(it.port, bytes(it.port), { host })).status).toBe(status);
    expect(it.entered).toEqual(untouched);
  });

  test('HTTP/1.0 with its Host is answered', async () => {
    const it = await small();
    expect((await raw(it.port, echoCall(it.port).replace('HTTP/1.1', 'HTTP/1.0'), { host })).status).toBe(200);
  });
});

test('what decides is the head: nothing of the body has to have come', async () => {
  const it = await small();
  const head = echoCall(it.port, { Host: 'evil.com', 'Content-Length': '1000' }).split('\r\n\r\n')[0];
  expect((await raw(it.port, `${head}\r\n\r\n`)).status).toBe(403);
  const expecting = echoCall(it.port, { Expect: '100-continue', Authorization: 'Bearer wrong' }).split('\r\n\r\n')[0];
  expect((await raw(it.port, `${expecting}\r\n\r\n`)).status).toBe(401);
});

test('a refusal says which setting is meant, and neither it nor the log repeats what came', async () => {
  const it = await small();
  const got = await raw(it.port, echoCall(it.port, { Host: 'canary-host.example' }));
  await raw(it.port, echoCall(it.port, { Origin: 'http://canary-origin.example' }));
  expect(got.body).toContain('KRATOS_MCP_ALLOWED_HOSTS');
  expect(`${got.body}${it.logs.join('')}${JSON.stringify(got.headers)}`).not.toContain('canary');
  expect(it.logs.map((line) => JSON.parse(line) as object)).toMatchObject([
    { event: 'request refused', check: 'host', status: 403, route: 'mcp' },
    { event: 'request refused', check: 'origin', status: 403, route: 'mcp' },
  ]);
});

describe('pages of a listed origin', () => {
  const PAGE = 'https://app.example.com';
  const preflight = (port: number, origin: string) =>
    `OPTIONS /mcp HTTP/1.1\r\nHost: localhost:${port}\r\nOrigin: ${origin}\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n\r\n`;
  const openFor = (): Promise<Small> => small({ origins: [PAGE] });

  test('are told that they may call, by the exact origin and without credentials', async () => {
    const it = await openFor();
    const asked = await raw(it.port, preflight(it.port, PAGE));
    expect([asked.status, asked.headers['access-control-allow-origin'], asked.headers['vary']]).toEqual([204, PAGE, 'Origin']);
    expect(asked.headers['access-control-allow-headers']).toContain('Authorization');
    expect(it.entered).toEqual(untouched);
    const called = await raw(it.port, echoCall(it.port, { Origin: PAGE }));
    expect([called.status, called.headers['access-control-allow-origin'], called.headers['vary']]).toEqual([200, PAGE, 'Origin']);
    for (const { headers } of [asked, called]) expect(headers).not.toHaveProperty('access-control-allow-credentials');
  });

  test('learn of a refusal, too, so that they can get a token', async () => {
    const it = await openFor();
    const got = await raw(it.port, echoCall(it.port, { Origin: PAGE, Authorization: undefined }));
    expect([got.status, got.headers['access-control-allow-origin']]).toEqual([401, PAGE]);
    expect(got.headers['access-control-expose-headers']).toContain('WWW-Authenticate');
  });

  test('are no other pages', async () => {
    const it = await openFor();
    for (const origin of [
      'https://app.example.com:443',
      'https://APP.example.com',
      'http://app.example.com',
      'https://app.example.com.evil.com',
      'null',
    ]) {
      const got = await raw(it.port, preflight(it.port, origin));
      expect([got.status, got.headers['access-control-allow-origin']]).toEqual([403, undefined]);
      expect((await raw(it.port, echoCall(it.port, { Origin: origin }))).status).toBe(403);
    }
    expect(it.entered).toEqual(untouched);
  });

  test('get nothing but /mcp', async () => {
    const it = await openFor();
    expect((await raw(it.port, `GET /livez HTTP/1.1\r\nHost: localhost:${it.port}\r\nOrigin: ${PAGE}\r\n\r\n`)).status).toBe(403);
    const plain = `OPTIONS /mcp HTTP/1.1\r\nHost: localhost:${it.port}\r\n\r\n`;
    expect((await raw(it.port, plain)).status).toBe(405);
  });
});

test('an Origin is seen behind however many other headers', async () => {
  const it = await small();
  const others = Array.from({ length: 2_500 }, () => 'a:').join('\r\n');
  const late = echoCall(it.port).replace('\r\n\r\n', `\r\n${others}\r\nOrigin: http://evil.com\r\n\r\n`);
  expect((await raw(it.port, late)).status).toBe(403);
  expect(it.entered).toEqual(untouched);
});

test('who resets a tunnel that was asked for harms nobody, and none is held open', async () => {
  const it = await small();
  const asked = `CONNECT a.example:1 HTTP/1.1\r\nHost: localhost:${it.port}\r\n\r\n`;
  for (let tries = 0; tries < 20; tries += 1) {
    const socket = connect({ host: '127.0.0.1', port: it.port });
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.write(asked + 'x'.repeat(tries % 2 === 0 ? 0 : 100_000), () => socket.resetAndDestroy());
    await closed(socket);
  }
  const patient = connect({ host: '127.0.0.1', port: it.port, allowHalfOpen: true });
  patient.on('error', () => {}).resume();
  patient.write(asked);
  await once(patient, 'end');
  const writing = setInterval(() => patient.write('still here'), 20);
  await closed(patient); // by a reset: its other half was not left open
  clearInterval(writing);
  expect((await raw(it.port, echoCall(it.port))).status).toBe(200);
});

describe('in one connection', () => {
  test('a request that does not wait for the answer to the last one is refused, and ends it', async () => {
    const most = { now: 0, ever: 0 };
    const it = await small({
      authenticate: async () => {
        most.now += 1;
        most.ever = Math.max(most.ever, most.now);
        await sleep(20);
        most.now -= 1;
        return localCaller('tester');
      },
    });
    const socket = connect({ host: '127.0.0.1', port: it.port });
    socket.write(echoCall(it.port).repeat(20));
    let text = '';
    socket.on('data', (more) => (text += more.toString('latin1')));
    const statuses = () => [...text.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => Number(status));
    await closed(socket);
    expect([statuses(), most.ever]).toEqual([[200, 429], 1]);
    expect(it.metered.filter((its) => its === 'refused pipelined')).toHaveLength(1); // what came behind is not looked at
  });

  test('those that wait are, however many', async () => {
    const it = await small();
    const socket = connect({ host: '127.0.0.1', port: it.port }).setMaxListeners(0);
    for (let tries = 0; tries < 100; tries += 1) {
      socket.write(echoCall(it.port));
      expect((await answerFrom(socket)).status).toBe(200);
    }
    socket.destroy();
  });
});
