/** What an operator's machines ask: /livez, /readyz, /metrics. Nothing in the answers is about a person. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Secret } from '../lib/secret.ts';

/** Words of ours only: they go out as they are. */
export interface Readiness {
  readonly ok: boolean;
  /** Why not. */
  readonly because?: string;
  /** What does not work although it is ready: reads go on while the store is away. */
  readonly degraded?: string;
}

export interface OperationsPorts {
  readonly metricsText: () => Promise<string>;
  readonly contentType: string;
  readonly isReady: () => Readiness;
  /** With one, /readyz and /metrics are for whoever shows it; without one, the port is nobody else's. */
  readonly token?: Secret;
}

type Answer = (response: ServerResponse) => void | Promise<void>;

export function createOperations(ports: OperationsPorts): RequestListener {
  const routes: ReadonlyMap<string, Answer> = new Map<string, Answer>([
    ['/livez', (response) => send(response, 200)],
    ['/readyz', (response) => sayReady(response, ports.isReady())],
    ['/metrics', async (response) => send(response, 200, { type: ports.contentType, text: await ports.metricsText() })],
  ]);
  return (request, response) => {
    request.resume(); // nobody reads a body here
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    const answer = routes.get(path);
    if (answer === undefined) return send(response, 404);
    if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, { headers: { allow: 'GET, HEAD' } });
    if (path !== '/livez' && ports.token !== undefined && !shows(request, ports.token)) {
      return send(response, 401, { headers: { 'www-authenticate': 'Bearer' } });
    }
    void answerWith(answer, response);
  };
}

async function answerWith(answer: Answer, response: ServerResponse): Promise<void> {
  try {
    await answer(response);
  } catch {
    send(response, 500);
  }
}

function sayReady(response: ServerResponse, { ok, because, degraded }: Readiness): void {
  send(response, ok ? 200 : 503, { type: 'application/json', text: JSON.stringify({ ok, because, degraded }) });
}

interface Content {
  readonly type?: string;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `node:http` itself keeps the body from an answer to HEAD. */
function send(response: ServerResponse, status: number, { type, text = '', headers = {} }: Content = {}): void {
  if (response.headersSent) return;
  response.writeHead(status, {
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'content-length': Buffer.byteLength(text),
    ...(type !== undefined && { 'content-type': type }),
    ...headers,
  });
  response.end(text);
}

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Exactly one `Authorization`; compared as digests, whose lengths are equal and whose bytes a caller can't choose. */
function shows({ headersDistinct }: IncomingMessage, token: Secret): boolean {
  const given = headersDistinct['authorization'] ?? [];
  const [, shown] = /^bearer +([\x21-\x7e]+)$/i.exec(given[0] ?? '') ?? [];
  return given.length === 1 && shown !== undefined && timingSafeEqual(digestOf(shown), digestOf(token.reveal()));
}
