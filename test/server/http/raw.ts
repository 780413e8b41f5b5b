/** Bytes of a test's own choosing to a server on loopback, and what comes back. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { McpServer } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { openHttp } from '../../../src/server/http/server.ts';
import type { HttpPorts, HttpServer } from '../../../src/server/http/types.ts';
import { fromTable, plainPorts, TOKEN } from '../../support/http.ts';
import { localCaller } from '../../../src/caller.ts';

export interface Got {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export const FAMILIES = ['127.0.0.1', '::1'] as const;
type Family = (typeof FAMILIES)[number];

/** Opens a connection and sends this; the answer is complete by its length, or ends with the connection. Status 0: there was none. */
export async function raw(port: number, bytes: string | Buffer, { host = '127.0.0.1' as Family, ms = 5_000 } = {}): Promise<Got> {
  const socket = connect({ host, port });
  socket.on('error', () => {}); // a reset after the answer is none of the test's business
  socket.write(bytes);
  try {
    return await answerFrom(socket, ms);
  } finally {
    socket.destroy();
  }
}

export async function answerFrom(socket: Socket, ms = 5_000): Promise<Got> {
  let text = '';
  const timer = setTimeout(() => socket.destroy(), ms);
  const ended = once(socket, 'close').catch(() => []);
  try {
    for (;;) {
      const more = once(socket, 'data').catch(() => []);
      const [chunk]: unknown[] = await Promise.race([more, ended]);
      if (!(chunk instanceof Buffer)) return parse(text) ?? { status: 0, headers: {}, body: text };
      text += chunk.toString('latin1');
      const got = parse(text);
      if (got !== undefined && isWhole(got)) return got;
    }
  } finally {
    clearTimeout(timer);
  }
}

function parse(text: string): Got | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = text.slice(0, end).split('\r\n');
  const status = Number(first.split(' ')[1]);
  if (status === 100) return parse(text.slice(end + 4));
  const headers = Object.fromEntries(lines.map((it) => [it.slice(0, it.indexOf(':')).toLowerCase(), it.slice(it.indexOf(':') + 1).trim()]));
  return { status, headers, body: text.slice(end + 4) };
}

function isWhole({ status, headers, body }: Got): boolean {
  if (status === 204 || status === 202) return true;
  const { 'content-length': length } = headers;
  return length === undefined ? body.endsWith('0\r\n\r\n') : body.length >= Number(length);
}

export const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'echo', arguments: { text: 'hello' } } };

/** A request as a client sends it; `undefined` leaves a header out. */
export function post(port: number, body: string, headers: Readonly<Record<string, string | undefined>> = {}): string {
  const all: Readonly<Record<string, string | undefined>> = {
    Host: `localhost:${port}`,
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    Authorization: `Bearer ${TOKEN}`,
    'Content-Length': String(Buffer.byteLength(body)),
    ...headers,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return `POST /mcp HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body}`;
}

export const echoCall = (port: number, headers: Readonly<Record<string, string | undefined>> = {}): string =>
  post(port, JSON.stringify(call), headers);

export interface Small {
  readonly server: HttpServer;
  readonly port: number;
  /** How often a token was looked at, and a server was built. */
  readonly entered: { authenticated: number; built: number };
  readonly logs: string[];
  readonly metered: string[];
}

const open: HttpServer[] = [];
/** For `afterEach`. */
export const closeAll = async (): Promise<void> => void (await Promise.all(open.splice(0).map((it) => it.close(0))));

/** Our transport before a server with one tool, which says what it was told. */
export async function small(ports: Partial<HttpPorts> = {}): Promise<Small> {
  const entered = { authenticated: 0, built: 0 };
  const logs: string[] = [];
  const metered: string[] = [];
  const check = fromTable({ [TOKEN]: localCaller('tester') });
  const server = await openHttp({
    ...plainPorts,
    log: {
      ...plainPorts.log,
      error: (event, fields) => void logs.push(JSON.stringify({ event, ...fields })),
      warn: (event, fields) => void logs.push(JSON.stringify({ event, ...fields })),
    },
    meter: {
      ...plainPorts.meter,
      http: (route, status) => void metered.push(`${route} ${status}`),
      refused: (it) => void metered.push(`refused ${it}`),
    },
    build: () => {
      entered.built += 1;
      const it = new McpServer({ name: 'small', version: '1' });
      it.registerTool('echo', { inputSchema: z.object({ text: z.string() }) }, ({ text }) => ({ content: [{ type: 'text', text }] }));
      return it;
    },
    authenticate: (authorization) => {
      entered.authenticated += 1;
      return check(authorization);
    },
    ...ports,
  });
  open.push(server);
  return { server, port: server.port, entered, logs, metered };
}
