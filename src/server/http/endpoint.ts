/** `/mcp`: who calls, what they send, and which of the two eras it is. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  classifyInboundRequest,
  createMcpHandler,
  isInitializeRequest,
  legacyStatelessFallback,
  TRACEPARENT_META_KEY,
  type McpHttpHandler,
} from '@modelcontextprotocol/server';
import { traceOf, withTrace } from '../../trace.ts';
import type { Origin } from './address.ts';
import { Authentication } from './authentication.ts';
import { contentRefusal, readMessage } from './body.ts';
import { authInfoOf, forOneTool } from './caller-of.ts';
import { goneSignal, headRequest, type Exchange } from './exchange.ts';
import type { Limits } from './limits.ts';
import { isRefusal, refusal, tooMany, type Refusal } from './refusal.ts';
import { Sessions } from './sessions.ts';
import type { HttpPorts } from './types.ts';
import { UnderWay } from './under-way.ts';

/** Its head has passed all checks of heads. */
export interface Arrived {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly authorization: readonly string[];
  readonly origin: Origin;
}

export class Endpoint {
  readonly #metadataUrl: string | undefined;
  readonly #limits: Limits;
  readonly #authentication: Authentication;
  readonly #modern: McpHttpHandler;
  readonly #stateless: ReturnType<typeof legacyStatelessFallback>;
  readonly #sessions: Sessions;
  readonly #underWay = new UnderWay();

  constructor(ports: HttpPorts, limits: Limits) {
    const { build, log } = ports;
    // What it reports besides failures of ours are requests that it refused, in words that quote them.
    const onerror = (error: Error) => log.debug('reported by the protocol library', { kind: error.name });
    this.#metadataUrl = ports.resourceMetadataUrl;
    this.#limits = limits;
    this.#authentication = new Authentication(ports);
    this.#modern = createMcpHandler(build, { legacy: 'reject', onerror });
    this.#stateless = legacyStatelessFallback(build, onerror);
    this.#sessions = new Sessions({ ...ports, limits });
  }

  async answer({ req, res, authorization, origin }: Arrived): Promise<Response | Refusal> {
    const caller = await this.#authentication.of(authorization, origin.address);
    if (isRefusal(caller)) return caller;
    const most = this.#limits.requestsPerPrincipal;
    const leave = this.#underWay.enter(caller.principal, most);
    if (leave === undefined) return tooMany(`You have ${most} requests under way, which is as many as may be`);
    res.once('close', leave);
    const gone = goneSignal(res);
    const common = {
      request: headRequest(req, gone),
      caller,
      authInfo: authInfoOf(caller, this.#metadataUrl, gone),
      gone,
      atEnd: (run: () => void) => void res.once('close', run),
    };
    if (req.method !== 'POST') return this.#inSession({ ...common, body: undefined });
    const refused = contentRefusal(req, this.#limits);
    if (refused !== undefined) return refused;
    const read = await readMessage(req, res, this.#limits);
    return 'refused' in read ? read.refused : this.#dispatch({ ...common, body: read.body });
  }

  /** Calls off what is under way, and ends streams that stand open for what the server might say by itself. */
  async close(): Promise<void> {
    await Promise.all([this.#modern.close(), this.#sessions.close()]);
  }

  #dispatch(exchange: Exchange): Promise<Response | Refusal> {
    const { body, request, authInfo } = exchange;
    const tool = toolIn(body);
    if (tool !== undefined) forOneTool(authInfo, tool);
    if (isLegacy(request, body)) return this.#legacy(exchange);
    return withTrace(traceOf(traceparentIn(body)), () => this.#modern.fetch(request, { authInfo, parsedBody: body }));
  }

  async #legacy(exchange: Exchange): Promise<Response | Refusal> {
    const { body, request, authInfo } = exchange;
    if (request.headers.has('mcp-session-id')) return this.#inSession(exchange);
    if (isInitializeRequest(body) && body.params.capabilities.elicitation !== undefined) return this.#sessions.begin(exchange);
    return this.#stateless(request, { authInfo, parsedBody: body });
  }

  async #inSession(exchange: Exchange): Promise<Response | Refusal> {
    const { request, body, caller } = exchange;
    const id = request.headers.get('mcp-session-id');
    if (id === null) return refusal(405, 'method', { message: 'Without a session there is only POST', headers: { Allow: 'POST' } });
    const session = this.#sessions.of(id, caller.principal);
    // Of another principal, over, or never there: nobody can tell which.
    if (session === undefined) return refusal(404, 'session', { message: 'Session not found', code: -32_001 });
    return this.#sessions.repeats(session, body) ?? this.#sessions.serve(session, exchange);
  }
}

/** By the library's own classification; what it rejects is the modern handler's to answer. */
function isLegacy({ headers }: Request, body: unknown): boolean {
  const named = <K extends string>(key: K, value: string | null) => (value === null ? {} : { [key]: value });
  const { kind } = classifyInboundRequest({
    httpMethod: 'POST',
    body,
    ...named('protocolVersionHeader', headers.get('mcp-protocol-version')),
    ...named('mcpMethodHeader', headers.get('mcp-method')),
    ...named('mcpNameHeader', headers.get('mcp-name')),
  });
  return kind === 'legacy';
}

/** Of a message that calls a tool, by the body, which is what is carried out. */
function toolIn(body: unknown): string | undefined {
  const { method, params } = (body ?? {}) as { readonly method?: unknown; readonly params?: { readonly name?: unknown } }; // read as unknown in the end
  return method === 'tools/call' && typeof params?.name === 'string' ? params.name : undefined;
}

/** 2026-07-28 carries it in the message, too. */
function traceparentIn(body: unknown): unknown {
  const { params } = (body ?? {}) as { readonly params?: { readonly _meta?: Readonly<Record<string, unknown>> } }; // read as unknown in the end
  return params?._meta?.[TRACEPARENT_META_KEY];
}
