/**
 * One port on both loopback addresses, or none: another process could otherwise hold `[::1]:port` while we hold 127.0.0.1, and a browser
 * that is sent to `localhost` takes either.
 */
import { createServer, type RequestListener, type Server } from 'node:http';
import { isCode } from '../store/file-lock.ts';
import { PageUnavailable } from './types.ts';

export interface Listening {
  readonly port: number;
  /** Idle and open connections are cut. */
  close(): Promise<void>;
}

const FAMILIES = [
  { host: '127.0.0.1', ipv6Only: false },
  { host: '::1', ipv6Only: true },
] as const;
const MAX_TRIES = 10;

/** `port` 0: any free one. Throws `PageUnavailable`. */
export async function listenOnLoopback(port: number, handler: RequestListener): Promise<Listening> {
  for (let tries = 0; tries < (port === 0 ? MAX_TRIES : 1); tries += 1) {
    const servers = await onBoth(port, handler);
    if (servers !== undefined) return listening(servers);
  }
  throw new PageUnavailable(
    port === 0
      ? 'No port is free on both loopback addresses (127.0.0.1 and [::1]), so the approvals page was not opened. The operator can name a free one with --page-port (KRATOS_MCP_PAGE_PORT).'
      : `Another program holds port ${port} on a loopback address (127.0.0.1 or [::1]), so the approvals page was not opened. The operator can end that program, or name another port with --page-port (KRATOS_MCP_PAGE_PORT).`,
  );
}

/** Undefined: taken on one of them. A family that this machine lacks is left out. */
async function onBoth(wanted: number, handler: RequestListener): Promise<readonly Server[] | undefined> {
  const servers: Server[] = [];
  let port = wanted;
  try {
    for (const family of FAMILIES) {
      const server = await onOne({ ...family, port }, handler);
      if (server === undefined) continue;
      servers.push(server);
      port = portOf(server);
    }
  } catch (error) {
    await Promise.all(servers.map(closed));
    if (isCode(error, 'EADDRINUSE')) return undefined;
    const denied = isCode(error, 'EACCES') || isCode(error, 'EPERM');
    if (denied)
      throw new PageUnavailable(`This system does not let the approvals page listen on port ${wanted}. Choose another --page-port.`);
    throw new PageUnavailable('The approvals page could not listen on loopback.');
  }
  if (servers.length > 0) return servers;
  throw new PageUnavailable('This machine has no loopback address, so there is no approvals page.');
}

async function onOne(
  address: { readonly host: string; readonly port: number; readonly ipv6Only: boolean },
  handler: RequestListener,
): Promise<Server | undefined> {
  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 15_000, keepAliveTimeout: 5_000, maxHeaderSize: 16 * 1024 },
    handler,
  );
  server.maxConnections = 64;
  server.maxRequestsPerSocket = 200;
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ ...address, exclusive: true }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', () => {}); // of a single connection that could not be taken
    return server;
  } catch (error) {
    if (isCode(error, 'EADDRNOTAVAIL') || isCode(error, 'EAFNOSUPPORT')) return undefined;
    throw error;
  }
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

const listening = (servers: readonly Server[]): Listening => ({
  port: servers[0] === undefined ? 0 : portOf(servers[0]),
  close: async () => void (await Promise.all(servers.map(closed))),
});

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
