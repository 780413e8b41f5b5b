/** A client that speaks raw JSON-RPC to the server's own stdio connection, so that a test can send what no SDK would. */
import { PassThrough } from 'node:stream';
import type { McpServerFactory } from '@modelcontextprotocol/server';
import { connectStdio } from '../../src/server/stdio.ts';

export type Era = 'legacy' | 'modern';
export const ERAS: readonly Era[] = ['legacy', 'modern'];
type Json = Record<string, unknown>;

/** What the person behind the client does with a form; `undefined` never answers. */
export type Person = (params: { message: string; phrase: string }) => Json | undefined | Promise<Json | undefined>;
export const types =
  (text?: string): Person =>
  ({ phrase }) => ({ action: 'accept', content: { typed: text ?? phrase } });

export interface PeerOptions {
  readonly era: Era;
  /** The `elicitation` capability; undefined: none is declared. */
  readonly elicitation?: Json | undefined;
  readonly person?: Person;
}

export interface Called {
  readonly isError: boolean;
  readonly text: string;
  readonly outcome: string | undefined;
  readonly structured: Json | undefined;
  readonly meta: Json;
  /** The whole JSON-RPC message. */
  readonly raw: Json;
}

/** What a 2026-07-28 server answers where it has a question. */
export interface Asked extends Called {
  readonly state: string | undefined;
  readonly question: Json | undefined;
  /** Empty where nothing was asked. */
  readonly phrase: string;
}

export const MODERN = '2026-07-28';

export class Peer {
  readonly #toServer = new PassThrough();
  readonly #options: PeerOptions;
  readonly #pending = new Map<number, (message: Json) => void>();
  readonly #connection;
  #nextId = 1;
  #buffer = '';
  /** Every line the server wrote. */
  readonly lines: string[] = [];
  /** Questions that the person saw. */
  readonly asked: string[] = [];
  /** Addresses that the person was offered. */
  readonly links: string[] = [];
  /** What the person does with an address. */
  onLink: (url: string) => Json | undefined | Promise<Json | undefined> = () => ({ action: 'accept' });
  person: Person;

  constructor(build: McpServerFactory, options: PeerOptions) {
    this.#options = options;
    this.person = options.person ?? types();
    const fromServer = new PassThrough();
    fromServer.on('data', (chunk: Buffer) => this.#read(chunk.toString('utf8')));
    this.#connection = connectStdio(build, { input: this.#toServer, output: fromServer, onerror: () => {} });
  }

  static async open(build: McpServerFactory, options: PeerOptions): Promise<Peer> {
    const peer = new Peer(build, options);
    if (options.era === 'modern') return peer;
    await peer.request('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: capabilitiesOf(options),
      clientInfo: { name: 'peer', version: '1' },
    });
    peer.notify('notifications/initialized');
    return peer;
  }

  async close(): Promise<void> {
    await this.#connection.close();
    this.#toServer.destroy();
  }

  /** Sends one request; resolves with the whole answer. `sent` tells its id, to cancel it by. */
  request(method: string, params: Json, sent?: (id: number) => void): Promise<Json> {
    const id = this.#nextId++;
    sent?.(id);
    const answered = new Promise<Json>((resolve) => this.#pending.set(id, resolve));
    this.#write({ jsonrpc: '2.0', id, method, params: enveloped(params, this.#options) });
    return answered;
  }

  notify(method: string, params: Json = {}): void {
    this.#write({ jsonrpc: '2.0', method, params: enveloped(params, this.#options) });
  }

  /** Writes a line as it is, in one piece or in these. */
  writeLine(line: string | readonly Buffer[], id: number): Promise<Json> {
    const answered = new Promise<Json>((resolve) => this.#pending.set(id, resolve));
    if (typeof line === 'string') this.#toServer.write(`${line}\n`);
    else for (const piece of line) this.#toServer.write(piece);
    return answered;
  }

  /** One tools/call, without any leg after it. `beside` goes beside the arguments; `sent` tells the request's id, to cancel it by. */
  async once(name: string, args: Json, { sent, ...beside }: Json & { readonly sent?: (id: number) => void } = {}): Promise<Asked> {
    return askedIn(await this.request('tools/call', { name, arguments: args, ...beside }, sent));
  }

  /** A tools/call as a client makes it: where the server asks, the person is asked, and the call is made again with the answer. */
  async call(name: string, args: Json, again: { args?: Json; name?: string; state?: string } = {}): Promise<Called> {
    const first = await this.once(name, args);
    if (first.question === undefined) return first;
    const answer = await askPerson(this, first.question);
    if (answer === undefined) return first;
    return this.once(again.name ?? name, again.args ?? args, {
      requestState: again.state ?? first.state,
      inputResponses: { consent: answer },
    });
  }

  #write(message: Json): void {
    this.#toServer.write(`${JSON.stringify(message)}\n`);
  }

  #read(text: string): void {
    this.#buffer += text;
    const lines = this.#buffer.split('\n');
    this.#buffer = lines.pop() ?? '';
    for (const line of lines) {
      this.lines.push(line);
      void this.#receive(JSON.parse(line) as Json);
    }
  }

  async #receive(message: Json): Promise<void> {
    const { id, method } = message;
    if (method === undefined) {
      this.#pending.get(id as number)?.(message);
      this.#pending.delete(id as number);
      return;
    }
    if (method !== 'elicitation/create') return;
    const result = await askPerson(this, message['params'] as Json);
    if (result !== undefined) this.#write({ jsonrpc: '2.0', id, result });
  }
}

/** A question, by a form or with an address, put before the person behind a client. */
export async function askPerson(client: Pick<Peer, 'asked' | 'links' | 'onLink' | 'person'>, params: Json): Promise<Json | undefined> {
  if (params['mode'] === 'url') {
    client.links.push(String(params['url']));
    return client.onLink(String(params['url']));
  }
  const message = String(params['message']);
  client.asked.push(message);
  return client.person({ message, phrase: phraseIn(params) });
}

export const capabilitiesOf = ({ elicitation }: PeerOptions): Json => (elicitation === undefined ? {} : { elicitation });

/** What 2026-07-28 says with each message. */
export function enveloped(params: Json, options: PeerOptions): Json {
  if (options.era === 'legacy') return params;
  const envelope = {
    'io.modelcontextprotocol/protocolVersion': MODERN,
    'io.modelcontextprotocol/clientInfo': { name: 'peer', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': capabilitiesOf(options),
  };
  return { ...params, _meta: { ...envelope, ...(params['_meta'] as Json | undefined) } };
}

/** What a tools/call was answered, with its question where there is one. */
export function askedIn(raw: Json): Asked {
  const result = (raw['result'] ?? {}) as Json;
  const requests = result['inputRequests'] as Record<string, { params: Json }> | undefined;
  const question = requests?.['consent']?.params;
  return {
    ...called(raw),
    state: result['requestState'] as string | undefined,
    question,
    phrase: question && question['mode'] !== 'url' ? phraseIn(question) : '',
  };
}

/** The phrase as a person reads it off the form. */
function phraseIn(params: Json): string {
  const schema = params['requestedSchema'] as { properties: { typed: { title: string } } };
  return schema.properties.typed.title.replace(/^Type /, '').replace(/ to agree$/, '');
}

export function called(raw: Json): Called {
  const result = (raw['result'] ?? {}) as Json;
  const content = (result['content'] ?? []) as { text?: string }[];
  const meta = (result['_meta'] ?? {}) as Json;
  const error = raw['error'] as { message: string } | undefined;
  return {
    isError: result['isError'] === true || error !== undefined,
    text: error?.message ?? content.map((it) => it.text ?? '').join('\n'),
    outcome: meta['ory-identity-mcp/outcome'] as string | undefined,
    structured: result['structuredContent'] as Json | undefined,
    meta,
    raw,
  };
}
