/** Writes answers: our own, and those that the SDK gives as a web `Response`. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Limits } from './limits.ts';
import { bodyOf, type Refusal } from './refusal.ts';

/** In lower case, as a `Response` gives its own, which go before these. */
const COMMON = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
/** A body that ends within this is taken off the line by Node, and the connection is kept. */
const SMALL_BODY = 64 * 1024;
/** How much of a body that nobody wants is taken off the line, so that its sender comes to read the answer. */
const LINGER_BYTES = 4 * 1024 * 1024;
const LINGER_MS = 1_000;

export function writeEmpty(res: ServerResponse, status: number, headers: Readonly<Record<string, string>> = {}): void {
  const hasLength = status !== 204;
  res.writeHead(status, { ...COMMON, ...headers, ...(hasLength && { 'Content-Length': 0 }) }).end();
}

/** Ends the connection where much of the body may still come. */
export function writeRefusal(req: IncomingMessage, res: ServerResponse, refused: Refusal): void {
  if (res.headersSent || res.destroyed) return;
  const body = bodyOf(refused);
  const { 'transfer-encoding': chunked, 'content-length': length = '0' } = req.headers;
  const isUnread = !req.complete && (chunked !== undefined || Number(length) > SMALL_BODY);
  res.writeHead(refused.status, {
    ...COMMON,
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(body),
    ...refused.headers,
    ...(isUnread && { Connection: 'close' }),
  });
  if (!isUnread) {
    res.end(body);
    return;
  }
  // Closed at once, the system would answer what is still coming with a reset, which can swallow the answer.
  res.write(body);
  drain(req, () => res.end());
}

function drain(req: IncomingMessage, done: () => void): void {
  let size = 0;
  const end = () => {
    clearTimeout(timer);
    req.off('data', take).off('end', end).off('close', end);
    done();
  };
  const take = (chunk: Buffer) => {
    size += chunk.length;
    if (size > LINGER_BYTES) end();
  };
  const timer = setTimeout(end, LINGER_MS);
  req.on('data', take).once('end', end).once('close', end).resume();
}

/** Returns when all of it has been handed to the system, or the client has gone. */
export async function writeResponse(res: ServerResponse, response: Response, { stallMs }: Pick<Limits, 'stallMs'>): Promise<void> {
  if (res.destroyed) {
    await response.body?.cancel();
    return;
  }
  const headers: Record<string, string | number> = { ...COMMON };
  // Of the connection, Node decides.
  for (const [name, value] of response.headers) if (name !== 'connection') headers[name] = value;
  if (response.body === null) {
    res.writeHead(response.status, headers).end();
    return;
  }
  if (headers['content-type'] === 'application/json') {
    const text = await response.text();
    if (res.destroyed) return;
    headers['content-length'] = Buffer.byteLength(text);
    res.writeHead(response.status, headers).end(text);
    return;
  }
  res.writeHead(response.status, headers);
  res.flushHeaders();
  await pour(response.body, res, stallMs);
}

async function pour(body: ReadableStream<Uint8Array>, res: ServerResponse, stallMs: number): Promise<void> {
  const reader = body.getReader();
  const leave = () => void reader.cancel().catch(() => {});
  res.once('close', leave);
  for (;;) {
    const { done, value } = await reader.read();
    if (done || res.destroyed) break;
    if (!res.write(value)) await drained(res, stallMs);
  }
  res.off('close', leave);
  res.end();
}

/** Whoever takes nothing for so long is cut off. */
function drained(res: ServerResponse, stallMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => res.destroy(), stallMs);
    const done = () => {
      clearTimeout(timer);
      res.off('drain', done).off('close', done);
      resolve();
    };
    res.on('drain', done).on('close', done);
  });
}
