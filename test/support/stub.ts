/** A real HTTP server in Kratos' place, which keeps every byte that it was sent and answers as badly as it is told to. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { type Endpoint, endpoints } from '../../src/client/endpoints.ts';

export interface Seen {
  readonly method: string;
  /** Path and query, as they came. */
  readonly path: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  /** Names and values in turn, as they came. */
  readonly rawHeaders: readonly string[];
  /** As far as it was read. */
  body: string;
}

export interface Visit {
  readonly seen: Seen;
  readonly response: ServerResponse;
  readonly socket: Socket;
  /** Reads the request's body to its end. */
  readonly body: () => Promise<string>;
}
export type Handler = (visit: Visit) => void | Promise<void>;

export interface Stub {
  /** `http://127.0.0.1:<port>/` */
  readonly url: URL;
  /** In the order of arrival. */
  readonly requests: readonly Seen[];
  /** How many connections were opened. */
  readonly connections: () => number;
  /** What it does from now on. */
  readonly handle: (handler: Handler) => void;
  readonly close: () => Promise<void>;
}

/** On loopback, on a free port. */
export async function startStub(handler: Handler = respond(200, {})): Promise<Stub> {
  let current = handler;
  let connections = 0;
  const requests: Seen[] = [];
  const server = createServer({ maxHeaderSize: 1024 * 1024 }, (incoming, response) => {
    const seen: Seen = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: incoming.headers,
      rawHeaders: incoming.rawHeaders,
      body: '',
    };
    requests.push(seen);
    response.on('error', () => {}); // the client went: what it does is what is tested
    void Promise.resolve(current({ seen, response, socket: incoming.socket, body: () => readBody(incoming, seen) })).catch(() =>
      incoming.socket.destroy(),
    );
  });
  server.on('connection', (socket) => {
    connections += 1;
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // it listens on TCP
  return {
    url: new URL(`http://127.0.0.1:${port}/`),
    requests,
    connections: () => connections,
    handle(next) {
      current = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function readBody(incoming: IncomingMessage, seen: Seen): Promise<string> {
  for await (const chunk of incoming.setEncoding('utf8')) seen.body += String(chunk);
  return seen.body;
}

/** Reads the request and answers; an object goes out as JSON, a string as it is. */
export function respond(status: number, body?: unknown, headers: Readonly<Record<string, string>> = {}): Handler {
  return async ({ response, body: read }) => {
    await read();
    const type = typeof body === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8';
    response.writeHead(status, body === undefined ? headers : { 'content-type': type, ...headers });
    response.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body));
  };
}

/** Kratos' error envelope. */
export const refuse = (
  status: number,
  error: { readonly id?: string; readonly message: string; readonly reason?: string },
  headers: Readonly<Record<string, string>> = {},
): Handler => respond(status, { error: { code: status, status: 'Refused', ...error } }, headers);

/** Answers the first requests with these, one each, and all later ones with the last. */
export function inTurn(...handlers: readonly [Handler, ...Handler[]]): Handler {
  let turn = 0;
  return (visit) => (handlers[turn++] ?? handlers.at(-1) ?? handlers[0])(visit);
}

interface Fault {
  readonly handle: Handler;
  /** What a client must conclude when a write met it: nothing was changed, or nobody knows. */
  readonly write: 'rejected' | 'ambiguous';
  /** Never ends by itself, so that only a time-out of the client does. */
  readonly endless?: true;
}

/** A status that the endpoint counts as success and that has a body (204 has none: 200 then). */
function successOf({ method, path }: Seen): number {
  const [bare = ''] = path.split('?');
  const all: readonly Endpoint[] = Object.values(endpoints);
  const found = all.find(({ route }) => {
    const [verb = '', template = ''] = route.split(' ');
    return verb === method && new RegExp(`${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(bare);
  });
  return found?.ok.find((it) => it !== 204 && it < 300) ?? 200;
}

/** A thousand times larger unpacked; packed once. */
let bomb: Buffer | undefined;
const HTML = { 'content-type': 'text/html' };
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const redirectTo = (to: string): Handler => respond(307, '<a href="there">Temporary Redirect</a>', { ...HTML, location: to });

const table = {
  'bad request': { write: 'rejected', handle: refuse(400, { message: 'The request was malformed', reason: 'because' }) },
  'database collision': {
    write: 'rejected',
    handle: refuse(400, { message: 'Unable to serialize access due to a concurrent update in another session' }),
  },
  unauthorized: { write: 'rejected', handle: refuse(401, { message: 'Access credentials are invalid' }) },
  forbidden: { write: 'rejected', handle: refuse(403, { message: 'Access credentials are not sufficient' }) },
  'public port': { write: 'rejected', handle: refuse(403, { id: 'security_csrf_violation', message: 'CSRF' }) },
  'not found': { write: 'rejected', handle: refuse(404, { message: 'Unable to locate the resource' }) },
  'not found as text': { write: 'rejected', handle: respond(404, '404 page not found\n') },
  'method not allowed': { write: 'rejected', handle: respond(405, 'Method Not Allowed\n', { allow: 'GET, HEAD' }) },
  conflict: { write: 'rejected', handle: refuse(409, { message: 'conflict', reason: 'This identity conflicts with another.' }) },
  'too large': { write: 'rejected', handle: respond(413, '<html>too large</html>', HTML) },
  'rate limited, retry-after': { write: 'rejected', handle: refuse(429, { message: 'slow down' }, { 'retry-after': '1' }) },
  'rate limited, ratelimit-reset': { write: 'rejected', handle: refuse(429, { message: 'slow down' }, { 'x-ratelimit-reset': '1' }) },
  'rate limited without a hint': { write: 'rejected', handle: respond(429, 'slow down') },
  'header fields too large': { write: 'rejected', handle: respond(431, 'Request Header Fields Too Large') },
  'server error': { write: 'ambiguous', handle: refuse(500, { message: 'pq: deadlock detected' }) },
  misconfigured: { write: 'ambiguous', handle: refuse(500, { id: 'invalid_configuration', message: 'Invalid configuration' }) },
  'bad gateway in HTML': { write: 'ambiguous', handle: respond(502, '<html><h1>502 Bad Gateway</h1></html>', HTML) },
  unavailable: { write: 'ambiguous', handle: respond(503, 'no healthy upstream') },
  'gateway time-out': { write: 'ambiguous', handle: respond(504, '<html>504</html>', HTML) },
  'reset before the body is read': { write: 'ambiguous', handle: ({ socket }) => void socket.resetAndDestroy() },
  'reset after the body is read': {
    write: 'ambiguous',
    async handle({ socket, body }) {
      await body();
      socket.resetAndDestroy();
    },
  },
  hang: {
    write: 'ambiguous',
    endless: true,
    async handle({ body }) {
      await body();
    },
  },
  'body that stops': {
    write: 'ambiguous',
    endless: true,
    async handle({ seen, response, body }) {
      await body();
      response.writeHead(successOf(seen), JSON_TYPE).write('{"id":');
    },
  },
  'slow body': {
    write: 'ambiguous',
    endless: true,
    async handle({ seen, response, body }) {
      await body();
      response.writeHead(successOf(seen), JSON_TYPE).write('{"id":"');
      const drip = setInterval(() => response.write('x'), 20);
      response.once('close', () => clearInterval(drip));
    },
  },
  'endless body': {
    write: 'ambiguous',
    async handle({ seen, response, body }) {
      await body();
      const chunk = `"${'x'.repeat(64 * 1024)}",`;
      response.writeHead(successOf(seen), JSON_TYPE).write('[');
      const pour = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', pour);
      pour();
    },
  },
  'truncated JSON': {
    write: 'ambiguous',
    async handle({ seen, response, body }) {
      await body();
      response.writeHead(successOf(seen), JSON_TYPE).end('{"id":"9f4c2a7e');
    },
  },
  'body shorter than announced': {
    write: 'ambiguous',
    async handle({ seen, response, socket, body }) {
      await body();
      response.writeHead(successOf(seen), { ...JSON_TYPE, 'content-length': '400' }).write('{"id":"9f4c2a7e', () => socket.end());
    },
  },
  'deeply nested JSON': {
    write: 'ambiguous',
    async handle({ seen, response, body }) {
      await body();
      response.writeHead(successOf(seen), JSON_TYPE).end(`${'['.repeat(20_000)}${']'.repeat(20_000)}`);
    },
  },
  'wrong-typed JSON': {
    write: 'ambiguous',
    async handle({ seen, response, body }) {
      await body();
      response.writeHead(successOf(seen), JSON_TYPE).end('{"id":{"surprise":true},"identities":7,"recovery_link":[]}');
    },
  },
  'HTML that says 200': {
    write: 'ambiguous',
    async handle({ seen, response, body }) {
      await body();
      response.writeHead(successOf(seen), HTML).end('<html>Sign in to continue</html>');
    },
  },
  'gzip nobody asked for': {
    write: 'ambiguous',
    async handle({ seen, response, body }) {
      await body();
      bomb ??= gzipSync(Buffer.alloc(16 * 1024 * 1024, 'x'));
      response.writeHead(successOf(seen), { ...JSON_TYPE, 'content-encoding': 'gzip' }).end(bomb);
    },
  },
  'redirect to itself': { write: 'ambiguous', handle: redirectTo('/admin/identities') },
} as const satisfies Readonly<Record<string, Fault>>;
export type FaultName = keyof typeof table;

/** Every way to go wrong that a client must survive, for `describe.each`; the redirect to another origin needs that origin, see below. */
export const faults = Object.entries(table) as unknown as readonly (readonly [FaultName, Fault])[]; // `entries` forgets the names

/** A redirect to another origin; `sink` must not hear of it. */
export const redirectTowards = (sink: URL, status = 307): Handler =>
  respond(status, '', { location: new URL('/admin/identities', sink).href });
