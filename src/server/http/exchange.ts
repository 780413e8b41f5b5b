/** One authenticated request to `/mcp`, as the SDK takes it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuthInfo } from '@modelcontextprotocol/server';
import type { Caller } from '../../caller.ts';

export interface Exchange {
  /** Its head; the body was read and parsed before. */
  readonly request: Request;
  /** Undefined where the method has none. */
  readonly body: unknown;
  readonly caller: Caller;
  readonly authInfo: AuthInfo;
  /** Aborted where the client goes away before it has its answer. */
  readonly gone: AbortSignal;
  /** Once, when the answer is out or nobody is there to take it. */
  readonly atEnd: (run: () => void) => void;
}

/** The one thing that the SDK reads of the address is that there is one. */
const ADDRESS = 'http://localhost/mcp';

/**
 * With the headers that the protocol knows, and no others: above all neither token nor cookie. The signal is put on afterwards: made with
 * one, a `Request` costs three times as much, and more to collect.
 */
export function headRequest({ method = '', headers }: IncomingMessage, signal: AbortSignal): Request {
  const kept: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (typeof value === 'string' && isKept(name)) kept[name] = value;
  return Object.defineProperty(new Request(ADDRESS, { method, headers: kept }), 'signal', { value: signal });
}

const isKept = (name: string): boolean =>
  name.startsWith('mcp-') || name === 'accept' || name === 'content-type' || name === 'last-event-id';

export function goneSignal(res: ServerResponse): AbortSignal {
  const gone = new AbortController();
  res.once('close', () => {
    if (!res.writableFinished) gone.abort();
  });
  return gone.signal;
}
