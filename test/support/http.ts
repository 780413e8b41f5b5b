/** The whole server of `harness.ts` behind its own HTTP port, and a client like `Peer` that speaks raw JSON-RPC to it. */
import { Agent, request as nodeRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { localCaller, type Caller } from '../../src/caller.ts';
import { noMeter } from '../../src/lib/meter.ts';
import { callerOf } from '../../src/server/http/caller-of.ts';
import { openHttp } from '../../src/server/http/server.ts';
import type { Authenticate, HttpPorts, HttpServer } from '../../src/server/http/types.ts';
import { createLog } from '../../src/lib/log.ts';
import { harness, type Harness, type HarnessOptions } from './harness.ts';
import {
  askedIn,
  askPerson,
  capabilitiesOf,
  enveloped,
  MODERN,
  types,
  type Asked,
  type Called,
  type Peer,
  type PeerOptions,
  type Person,
} from './peer.ts';

type Json = Record<string, unknown>;

/** What a test does with a `Peer`, whatever it speaks over. */
export type PeerLike = Pick<Peer, keyof Peer>;

export interface HttpHarnessOptions extends HarnessOptions {
  /** In place of what is wired here. */
  readonly http?: Partial<HttpPorts>;
  /** Who has which token. Default: `TOKEN`, with the harness' principal. */
  readonly tokens?: Readonly<Record<string, Caller>>;
  /** The server ends together with its last client. */
  readonly endsWithPeers?: boolean;
}

export interface HttpPeerOptions extends PeerOptions {
  readonly token?: string;
}

export interface HttpHarness extends Omit<Harness, 'open'> {
  readonly port: number;
  readonly url: string;
  readonly server: HttpServer;
  /** A 2025-era client that declares elicitation gets a session, any other has none. */
  readonly open: (options: HttpPeerOptions) => Promise<HttpPeer>;
  readonly close: () => Promise<void>;
}

/** That of a client that names no other. */
export const TOKEN = 'token-of-the-tester';

/** Tokens from a table. What they are refused with looks as RFC 6750 has it. */
export const fromTable =
  (tokens: Readonly<Record<string, Caller>>): Authenticate =>
  async ([header = '', ...more]) => {
    const token = header.startsWith('Bearer ') && more.length === 0 ? header.slice(7) : '';
    const caller = Object.hasOwn(tokens, token) ? tokens[token] : undefined;
    const error = header === '' ? '' : ', error="invalid_token"';
    return caller ?? { status: 401, wwwAuthenticate: `Bearer scope="kratos:read"${error}`, message: 'Come with a valid token' };
  };

export const loopbackHosts = (port: number): readonly string[] => [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`];

/** What a test may leave out of the ports. */
export const plainPorts = {
  bind: { hosts: [], port: 0 },
  hosts: loopbackHosts,
  origins: [],
  resourceMetadataUrl: undefined,
  metadata: {},
  approvals: undefined,
  operations: undefined,
  trustedProxies: [],
  failuresPerMinute: 20,
  log: createLog({ level: 'error', write: () => {}, now: () => new Date() }),
  meter: noMeter,
  now: () => Date.now(),
} as const satisfies Partial<HttpPorts>;

export async function openHttpHarness({
  http = {},
  tokens,
  endsWithPeers = false,
  ...options
}: HttpHarnessOptions = {}): Promise<HttpHarness> {
  const { principal = 'os:1000:tester' } = options;
  const it = harness({ ...options, outside: { callerOf, ...options.outside } });
  const log = createLog({ level: 'debug', write: (line) => it.logs.push(line), now: () => new Date() });
  const authenticate = fromTable(tokens ?? { [TOKEN]: localCaller(principal) });
  const server = await openHttp({ ...plainPorts, build: it.build, authenticate, log, now: it.now, ...http });
  const peers = new Set<HttpPeer>();
  const close = async () => {
    await Promise.all([...peers].map((peer) => peer.end()));
    await server.close(0);
  };
  return {
    ...it,
    server,
    port: server.port,
    url: `http://localhost:${server.port}/mcp`,
    open: async (its) => {
      const peer = await HttpPeer.open(server.port, {
        ...its,
        ended: async (ended) => {
          if (peers.delete(ended) && peers.size === 0 && endsWithPeers) await close();
        },
      });
      peers.add(peer);
      return peer;
    },
    close,
  };
}

type Ended = (peer: HttpPeer) => Promise<void>;

export class HttpPeer implements PeerLike {
  readonly #port: number;
  readonly #options: HttpPeerOptions & { readonly ended?: Ended };
  readonly #agent = new Agent({ keepAlive: true });
  readonly #underWay = new Map<number, ClientRequest>();
  #nextId = 1;
  /** Of a 2025-era client that declared elicitation. */
  session: string | undefined;
  /** Of the answers, in the order in which they came. */
  readonly statuses: number[] = [];
  readonly lines: string[] = [];
  readonly asked: string[] = [];
  readonly links: string[] = [];
  onLink: Peer['onLink'] = () => ({ action: 'accept' });
  person: Person;

  constructor(port: number, options: HttpPeerOptions & { readonly ended?: Ended }) {
    this.#port = port;
    this.#options = options;
    this.person = options.person ?? types();
  }

  static async open(port: number, options: HttpPeerOptions & { readonly ended?: Ended }): Promise<HttpPeer> {
    const peer = new HttpPeer(port, options);
    if (options.era === 'modern') return peer;
    const clientInfo = { name: 'peer', version: '1' };
    await peer.request('initialize', { protocolVersion: '2025-11-25', capabilities: capabilitiesOf(options), clientInfo });
    await peer.#tell('notifications/initialized', {});
    return peer;
  }

  /** Goes away, and takes the server along where it ends with its clients. */
  async close(): Promise<void> {
    if (this.session !== undefined) await this.#send(undefined, { method: 'DELETE' });
    await this.end();
    await this.#options.ended?.(this);
  }

  /** Goes away without a word. */
  async end(): Promise<void> {
    for (const request of this.#underWay.values()) request.destroy();
    this.#agent.destroy();
  }

  request(method: string, params: Json, sent?: (id: number) => void): Promise<Json> {
    const id = this.#nextId++;
    sent?.(id);
    return this.#answered(JSON.stringify({ jsonrpc: '2.0', id, method, params: enveloped(params, this.#options) }), id);
  }

  /** A client that speaks 2026-07-28, or has no session, calls a call off by going away from it. */
  notify(method: string, params: Json = {}): void {
    if (method === 'notifications/cancelled' && this.session === undefined) this.#underWay.get(Number(params['requestId']))?.destroy();
    else void this.#tell(method, params);
  }

  /** Goes away from one call without a word. */
  abandon(id: number): void {
    this.#underWay.get(id)?.destroy();
  }

  writeLine(line: string | readonly Buffer[], id: number): Promise<Json> {
    return this.#answered(line, id);
  }

  async once(name: string, args: Json, { sent, ...beside }: Json & { readonly sent?: (id: number) => void } = {}): Promise<Asked> {
    return askedIn(await this.request('tools/call', { name, arguments: args, ...beside }, sent));
  }

  async call(name: string, args: Json, again: { args?: Json; name?: string; state?: string } = {}): Promise<Called> {
    const first = await this.once(name, args);
    if (first.question === undefined) return first;
    const answer = await askPerson(this, first.question);
    if (answer === undefined) return first;
    const second = { requestState: again.state ?? first.state, inputResponses: { consent: answer } };
    return this.once(again.name ?? name, again.args ?? args, second);
  }

  /** Resolves where an answer with this id came, or a refusal without one; never where the call was called off. */
  #answered(body: string | readonly Buffer[], id: number): Promise<Json> {
    return new Promise((resolve, reject) => {
      const onMessage = (message: Json) => {
        if (message['method'] === undefined && (message['id'] === id || message['id'] === null)) resolve(message);
      };
      this.#send(body, { id, onMessage }).catch((error: unknown) => {
        if (this.#underWay.delete(id)) reject(error instanceof Error ? error : new Error('no answer'));
      });
    });
  }

  async #tell(method: string, params: Json): Promise<void> {
    await this.#send(JSON.stringify({ jsonrpc: '2.0', method, params: enveloped(params, this.#options) })).catch(() => {});
  }

  /** Resolves when the answer has ended. */
  #send(body: string | readonly Buffer[] | undefined, { method = 'POST', id, onMessage = () => {} }: Sending = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      const { token = TOKEN } = this.#options;
      const headers = {
        Accept: 'application/json, text/event-stream',
        Authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...this.#named(body),
      };
      const { hostname, port } = { hostname: '127.0.0.1', port: this.#port };
      const request = nodeRequest({ hostname, port, path: '/mcp', method, agent: this.#agent, headers }, (response) => {
        void this.#read(response, onMessage).then(resolve, reject);
      });
      if (id !== undefined) {
        this.#underWay.set(id, request);
        request.once('close', () => this.#underWay.delete(id));
      }
      // Called off by this client itself: no answer will come, and none is waited for.
      request.once('error', (error) => (request.destroyed && !isRefused(error) ? undefined : reject(error)));
      for (const piece of typeof body === 'string' ? [body] : (body ?? [])) request.write(piece);
      request.end();
    });
  }

  async #read(response: IncomingMessage, onMessage: (message: Json) => void): Promise<void> {
    this.statuses.push(response.statusCode ?? 0);
    const session = response.headers['mcp-session-id'];
    if (typeof session === 'string') this.session = session;
    const isStream = response.headers['content-type'] === 'text/event-stream';
    let text = '';
    response.setEncoding('utf8');
    for await (const more of response as AsyncIterable<string>) {
      text += more; // a cast: with an encoding it gives texts
      if (!isStream) continue;
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) this.#receive(/^data: (.*)$/m.exec(event)?.[1], onMessage);
    }
    if (!isStream && text !== '') this.#receive(text, onMessage);
  }

  #receive(line: string | undefined, onMessage: (message: Json) => void): void {
    if (line === undefined) return;
    this.lines.push(line);
    const message = JSON.parse(line) as Json; // the server writes JSON-RPC
    onMessage(message);
    if (message['method'] === 'elicitation/create') void this.#answer(message);
  }

  async #answer({ id, params }: Json): Promise<void> {
    const result = await askPerson(this, params as Json); // as the protocol has them
    if (result !== undefined) await this.#send(JSON.stringify({ jsonrpc: '2.0', id, result })).catch(() => {});
  }

  /** What the head repeats of the message. */
  #named(body: string | readonly Buffer[] | undefined): Record<string, string> {
    if (this.#options.era === 'legacy') return this.session === undefined ? {} : { 'Mcp-Session-Id': this.session };
    const text = typeof body === 'string' ? body : Buffer.concat(body ?? []).toString('utf8');
    const { method, params } = parsed(text);
    const name = params?.['name'] ?? params?.['uri'];
    return {
      'MCP-Protocol-Version': MODERN,
      ...(typeof method === 'string' && { 'Mcp-Method': method }),
      ...(typeof name === 'string' && { 'Mcp-Name': headerValue(name) }),
    };
  }
}

interface Sending {
  readonly method?: string;
  readonly id?: number;
  readonly onMessage?: (message: Json) => void;
}

const isRefused = (error: Error): boolean => 'code' in error && error.code === 'ECONNREFUSED';

function parsed(text: string): { readonly method?: unknown; readonly params?: Json } {
  try {
    return (JSON.parse(text) ?? {}) as { readonly method?: unknown; readonly params?: Json }; // read as unknown in the end
  } catch {
    return {};
  }
}

/** What a header can't carry goes as base64 (2026-07-28, standard request headers). */
const headerValue = (text: string): string =>
  /^[!-~](?:[ -~]*[!-~])?$/.test(text) && !text.startsWith('=?') ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`;
