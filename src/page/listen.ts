/** The page's own port: loopback alone, with what a page of forms needs and no more. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { closeServers, listen, NotListening, type WhyNot } from '../listen.ts';
import { PageUnavailable } from './types.ts';

export interface Listening {
  readonly port: number;
  /** Idle and open connections are cut. */
  close(): Promise<void>;
}

/** `port` 0: any free one. Throws `PageUnavailable`. */
export async function listenOnLoopback(port: number, handler: RequestListener): Promise<Listening> {
  try {
    const { servers, port: its } = await listen({ hosts: [], port }, () => makeServer(handler));
    return { port: its, close: () => closeServers(servers) };
  } catch (error) {
    throw error instanceof NotListening ? new PageUnavailable(refusal(error.why, port)) : error;
  }
}

function makeServer(handler: RequestListener): Server {
  const limits = { headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 5_000, maxHeaderSize: 16 * 1024 };
  const server = createServer(limits, handler);
  server.maxConnections = 64;
  server.maxRequestsPerSocket = 200;
  return server;
}

function refusal(why: WhyNot, port: number): string {
  if (why === 'taken') {
    return port === 0
      ? 'No port is free on both loopback addresses (127.0.0.1 and [::1]), so the approvals page was not opened. The operator can name a free one with --page-port (KRATOS_MCP_PAGE_PORT).'
      : `Another program holds port ${port} on a loopback address (127.0.0.1 or [::1]), so the approvals page was not opened. The operator can end that program, or name another port with --page-port (KRATOS_MCP_PAGE_PORT).`;
  }
  if (why === 'not allowed') return `This system does not let the approvals page listen on port ${port}. Choose another --page-port.`;
  if (why === 'no loopback') return 'This machine has no loopback address, so there is no approvals page.';
  return 'The approvals page could not listen on loopback.';
}
