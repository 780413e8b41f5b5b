/** Raw MCP over HTTP, both eras, so that what goes over the wire is exactly what is meant, and can be broken off anywhere. */
import { Agent } from 'undici';

type Json = Readonly<Record<string, unknown>>;

export interface ToolResult {
  readonly isError?: boolean;
  readonly content?: readonly { readonly text?: string }[];
  readonly structuredContent?: Json;
  readonly _meta?: Json;
  /** 2026-07-28: a question in place of a result. */
  readonly inputRequests?: { readonly consent?: { readonly params: Form } };
  readonly requestState?: string;
}
interface Form {
  readonly requestedSchema: { readonly properties: { readonly typed: { readonly title: string } } };
}
export type Answer = { readonly action: 'accept'; readonly content: { readonly typed: string } } | { readonly action: 'decline' };

/** What must be typed to agree. */
export const phraseOf = ({ requestedSchema }: Form): string =>
  requestedSchema.properties.typed.title.replace(/^Type /, '').replace(/ to agree$/, '');

/** An answer that is no JSON-RPC result. */
export class Refused extends Error {
  readonly status: number;
  constructor(status: number, text: string) {
    super(`${status} ${text.slice(0, 200)}`);
    this.status = status;
  }
}

const VERSION = { modern: '2026-07-28', legacy: '2025-11-25' };
const CLIENT = { name: 'load', version: '1' };
const ELICITATION = { elicitation: { form: {} } };

export interface Call {
  readonly name: string;
  readonly args: Json;
  /** 2026-07-28: the answer to a question. */
  readonly again?: { readonly requestState: string; readonly answer: Answer };
  readonly signal?: AbortSignal;
}

interface Message {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: Json;
  readonly result?: ToolResult;
  readonly error?: { readonly code: number; readonly message: string };
}

export class Client {
  readonly #agent = new Agent({ connections: 3 });
  readonly #origin: string;
  readonly #path: string;
  readonly #common: Readonly<Record<string, string>>;
  #id = 0;
  #session: string | undefined;

  constructor(url: string, token: string) {
    const { origin, pathname } = new URL(url);
    this.#origin = origin;
    this.#path = pathname;
    this.#common = {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      authorization: `Bearer ${token}`,
    };
  }

  /** 2026-07-28: one leg. Rejects with `Refused`, or as the network does. */
  async call({ name, args, again, signal }: Call): Promise<ToolResult> {
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': VERSION.modern,
      'io.modelcontextprotocol/clientInfo': CLIENT,
      'io.modelcontextprotocol/clientCapabilities': ELICITATION,
    };
    const more = again && { requestState: again.requestState, inputResponses: { consent: again.answer } };
    const headers = { 'mcp-protocol-version': VERSION.modern, 'mcp-method': 'tools/call', 'mcp-name': name };
    return this.#ask('tools/call', { name, arguments: args, _meta, ...more }, { headers, ...(signal && { signal }) });
  }

  /** 2025-11-25: in the session, if there is one; `person` answers a question, or breaks the call off and gives nothing. */
  async callLegacy({ name, args, signal }: Call, person?: (form: Form) => Promise<Answer | undefined>): Promise<ToolResult> {
    return this.#ask(
      'tools/call',
      { name, arguments: args },
      { headers: this.#legacy(), ...(signal && { signal }), ...(person && { person }) },
    );
  }

  /** 2025-11-25, as a client that can ask its person. */
  async openSession(): Promise<void> {
    const params = { protocolVersion: VERSION.legacy, capabilities: ELICITATION, clientInfo: CLIENT };
    await this.#ask('initialize', params, { headers: {} });
    if (this.#session === undefined) throw new Error('no session was opened');
    await this.#post({ jsonrpc: '2.0', method: 'notifications/initialized' }, this.#legacy());
  }

  /** Resolves with the status of a call in it afterwards. */
  async endSession(): Promise<number> {
    const { body } = await this.#agent.request({
      origin: this.#origin,
      path: this.#path,
      method: 'DELETE',
      headers: { ...this.#common, ...this.#legacy() },
    });
    await body.dump();
    const after = await this.#send({ jsonrpc: '2.0', id: 0, method: 'tools/list' }, this.#legacy());
    await after.body.dump();
    return after.statusCode;
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }

  #legacy(): Readonly<Record<string, string>> {
    return { 'mcp-protocol-version': VERSION.legacy, ...(this.#session !== undefined && { 'mcp-session-id': this.#session }) };
  }

  #send(message: object, headers: Readonly<Record<string, string>>, signal?: AbortSignal) {
    return this.#agent.request({
      origin: this.#origin,
      path: this.#path,
      method: 'POST',
      headers: { ...this.#common, ...headers },
      body: JSON.stringify(message),
      headersTimeout: 120_000,
      bodyTimeout: 120_000,
      ...(signal && { signal }),
    });
  }

  async #post(message: object, headers: Readonly<Record<string, string>>): Promise<void> {
    const { statusCode, body } = await this.#send(message, headers);
    const text = await body.text();
    if (statusCode >= 300) throw new Refused(statusCode, text);
  }

  async #ask(method: string, params: Json, { headers, signal, person }: Asking): Promise<ToolResult> {
    const id = (this.#id += 1);
    const { statusCode, headers: its, body } = await this.#send({ jsonrpc: '2.0', id, method, params }, headers, signal);
    const session = its['mcp-session-id'];
    if (typeof session === 'string') this.#session = session;
    const isStream = String(its['content-type']).startsWith('text/event-stream');
    if (!isStream) return resultOf(JSON.parse(await body.text()) as Message, statusCode);
    for await (const message of messagesIn(body)) {
      if (message.method === 'elicitation/create' && person) {
        const answer = await person(message.params as unknown as Form); // the server's own form
        if (answer !== undefined) await this.#post({ jsonrpc: '2.0', id: message.id, result: answer }, headers);
      }
      if (message.id === id && message.method === undefined) return resultOf(message, statusCode);
    }
    throw new Refused(statusCode, 'the stream ended without an answer');
  }
}

interface Asking {
  readonly headers: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly person?: (form: Form) => Promise<Answer | undefined>;
}

function resultOf(message: Message, status: number): ToolResult {
  if (message.result !== undefined) return message.result;
  throw new Refused(status, JSON.stringify(message.error));
}

async function* messagesIn(body: AsyncIterable<Buffer>): AsyncGenerator<Message> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const data = rest.slice(0, end).split('\n').filter((it) => it.startsWith('data:')).map((it) => it.slice(5).trim()).join(''); // prettier-ignore
      rest = rest.slice(end + 2);
      if (data !== '') yield JSON.parse(data) as Message; // a JSON-RPC message
    }
  }
}
