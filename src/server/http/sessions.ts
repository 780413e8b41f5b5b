/**
 * Sessions of 2025-era clients that can ask their person: a question goes out inside the answer to the call, and comes back as a request of
 * its own, which has to find that call. They live in this process: another replica answers as if there were none.
 */
import { randomUUID } from 'node:crypto';
import {
  isJSONRPCNotification,
  isJSONRPCRequest,
  WebStandardStreamableHTTPServerTransport as SessionTransport,
  type McpServerFactory,
} from '@modelcontextprotocol/server';
import type { Meter } from '../../lib/meter.ts';
import type { Exchange } from './exchange.ts';
import type { Limits } from './limits.ts';
import { refusal, type Refusal } from './refusal.ts';

type RequestId = string | number;

export interface Session {
  readonly id: string;
  readonly principal: string;
  readonly transport: SessionTransport;
  /** When the last request ended. */
  last: number;
  /** Requests under way, its standing stream among them. */
  open: number;
  readonly calls: Set<RequestId>;
}

export interface SessionPorts {
  readonly build: McpServerFactory;
  readonly limits: Limits;
  readonly meter: Meter;
  readonly now: () => number;
}

export class Sessions {
  readonly #ports: SessionPorts;
  readonly #all = new Map<string, Session>();
  readonly #reaper: NodeJS.Timeout;

  constructor(ports: SessionPorts) {
    this.#ports = ports;
    this.#reaper = setInterval(() => this.#reap(), Math.min(30_000, ports.limits.sessionIdleMs / 2)).unref();
  }

  /** Another's is as none. */
  of(id: string, principal: string): Session | undefined {
    const session = this.#all.get(id);
    if (session === undefined || session.principal !== principal || this.#isOver(session)) return undefined;
    return session;
  }

  /** By an `initialize` that declares elicitation. */
  async begin(exchange: Exchange): Promise<Response | Refusal> {
    const { principal } = exchange.caller;
    const refused = this.#makeRoom(principal);
    if (refused !== undefined) return refused;
    const session = this.#add(principal);
    try {
      return await this.#initialize(session, exchange);
    } finally {
      // Not initialized after all: its place is free again.
      if (session.transport.sessionId === undefined) void session.transport.close();
    }
  }

  async #initialize(session: Session, exchange: Exchange): Promise<Response> {
    const { authInfo, request } = exchange;
    const server = await this.#ports.build({ era: 'legacy', authInfo, requestInfo: request });
    await server.connect(session.transport);
    return this.serve(session, exchange);
  }

  /** Any other request in it, under the caller of this request. */
  async serve(session: Session, exchange: Exchange): Promise<Response> {
    const { request, body, authInfo } = exchange;
    session.open += 1;
    exchange.atEnd(() => {
      session.open -= 1;
      session.last = this.#ports.now();
    });
    if (isJSONRPCRequest(body)) this.#follow(session, body.id, exchange);
    const response = await session.transport.handleRequest(request, { authInfo, ...(body !== undefined && { parsedBody: body }) });
    const calledOff = calledOffBy(body);
    if (calledOff !== undefined) await forget(session.transport, calledOff);
    return response;
  }

  /** Undefined where it may come: an id stands for one call at a time, or answers could not be told apart. */
  repeats({ calls }: Session, body: unknown): Refusal | undefined {
    if (!isJSONRPCRequest(body) || !calls.has(body.id)) return undefined;
    return refusal(400, 'repeated-id', { message: 'A request with this id is under way in this session', code: -32_600 });
  }

  /** Calls off what nobody waits for any more: the transport itself would let it run on. */
  #follow({ calls, transport }: Session, id: RequestId, { gone, atEnd, authInfo }: Exchange): void {
    calls.add(id);
    atEnd(() => calls.delete(id));
    gone.addEventListener('abort', () => {
      const params = { requestId: id, reason: 'the client has gone' };
      transport.onmessage?.({ jsonrpc: '2.0', method: 'notifications/cancelled', params }, { authInfo });
      void forget(transport, id);
    });
  }

  async close(): Promise<void> {
    clearInterval(this.#reaper);
    await Promise.all([...this.#all.values()].map(({ transport }) => transport.close()));
  }

  #add(principal: string): Session {
    const id = randomUUID();
    const transport = new SessionTransport({ sessionIdGenerator: () => id });
    const session: Session = { id, principal, transport, last: this.#ports.now(), open: 0, calls: new Set() };
    transport.onclose = () => {
      this.#all.delete(id);
      this.#ports.meter.set('sessions', this.#all.size);
    };
    this.#all.set(id, session);
    this.#ports.meter.set('sessions', this.#all.size);
    return session;
  }

  #makeRoom(principal: string): Refusal | undefined {
    const { limits, now } = this.#ports;
    const own = [...this.#all.values()].filter((it) => it.principal === principal);
    if (own.length >= limits.sessionsPerPrincipal) {
      const [idle] = own.filter((it) => it.open === 0 && now() - it.last >= limits.sessionYieldsMs).toSorted((a, b) => a.last - b.last);
      if (idle === undefined)
        return refusal(429, 'sessions-of-principal', {
          message: `You have ${own.length} sessions here, which is as many as may be. End one (DELETE), or try again in some minutes`,
          headers: { 'Retry-After': '60' },
        });
      void idle.transport.close();
    }
    if (this.#all.size < limits.sessions) return undefined;
    return refusal(503, 'sessions', {
      message: 'This server has as many sessions as it can hold. Try again later',
      headers: { 'Retry-After': '60' },
    });
  }

  #isOver({ open, last }: Session): boolean {
    return open === 0 && this.#ports.now() - last > this.#ports.limits.sessionIdleMs;
  }

  #reap(): void {
    for (const session of this.#all.values()) if (this.#isOver(session)) void session.transport.close();
  }
}

/**
 * The SDK answers nothing to a call that was called off: its stream would stay open, and what the transport knows of it would stay there as
 * long as the session. What is sent here reaches nobody, since the stream is closed before.
 */
async function forget(transport: SessionTransport, id: RequestId): Promise<void> {
  transport.closeSSEStream(id);
  await transport.send({ jsonrpc: '2.0', id, error: { code: -32_000, message: 'called off' } }).catch(() => {}); // it is over already
}

function calledOffBy(body: unknown): RequestId | undefined {
  if (!isJSONRPCNotification(body) || body.method !== 'notifications/cancelled') return undefined;
  const id: unknown = body.params?.['requestId'];
  return typeof id === 'string' || typeof id === 'number' ? id : undefined;
}
