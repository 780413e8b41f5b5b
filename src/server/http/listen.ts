/** Where this server listens, and in what bounds its connections are taken. */
import { createServer, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { UsageError } from '../../errors.ts';
import { listen, NotListening, type Listening, type WhyNot } from '../../listen.ts';
import type { Limits } from './limits.ts';
import type { Bind } from './types.ts';

/** Throws `UsageError`: a port that is taken or not allowed, an address that this machine does not have, a certificate that can't be used. */
export async function listenAt(bind: Bind, make: () => Server): Promise<Listening> {
  try {
    return await listen(bind, make);
  } catch (error) {
    throw error instanceof NotListening ? new UsageError(refusal(error.why, bind)) : error;
  }
}

function refusal(why: WhyNot, { hosts, port }: Bind): string {
  switch (why) {
    case 'taken': {
      const where = hosts.length === 0 ? 'a loopback address (127.0.0.1 or [::1])' : hosts.join(' or ');
      return `Another program holds port ${port} on ${where}. End that program, or name another port with --http (KRATOS_MCP_HTTP).`;
    }
    case 'not allowed':
      return `This system does not let the server listen on port ${port}. Name another one with --http (KRATOS_MCP_HTTP).`;
    case 'no such address':
      return 'This machine does not have the address that --http (KRATOS_MCP_HTTP) names.';
    case 'no loopback':
      return 'This machine has no loopback address to listen on. Name an address with --http HOST:PORT (KRATOS_MCP_HTTP).';
    case 'failed':
      return `The server could not listen on port ${port}.`;
  }
}

/** Throws `UsageError` where the certificate or its key can't be used. */
export function makeServer(tls: Bind['tls'], limits: Limits): Server {
  const options: ServerOptions = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.checkMs,
    maxHeaderSize: 16 * 1024,
    // Left to our own checks, which answer as everywhere.
    requireHostHeader: false,
  };
  const server = tls === undefined ? createServer(options) : tlsServer(options, tls, limits);
  server.maxRequestsPerSocket = limits.requestsPerSocket;
  server.maxHeadersCount = 0; // their size is bounded; what comes after the 2,000th would otherwise be dropped unseen, an Origin for example
  return server;
}

function tlsServer(options: ServerOptions, { cert, key }: NonNullable<Bind['tls']>, { headersMs }: Limits): Server {
  try {
    return createTlsServer({ ...options, cert, key, minVersion: 'TLSv1.2', handshakeTimeout: headersMs });
  } catch {
    // Without its text, which may quote the key.
    throw new UsageError(
      'The certificate or its key (--tls-cert-file, --tls-key-file) could not be used: both must be PEM, and belong together.',
    );
  }
}
