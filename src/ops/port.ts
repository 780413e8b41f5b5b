/** A port of its own for what an operator's machines ask, so that it can be kept from everybody else by a network rule. */
import { createServer, type RequestListener, type Server } from 'node:http';
import { UsageError } from '../errors.ts';
import { closeServers, listen, NotListening, type Place, type WhyNot } from '../listen.ts';

export interface OpsPortOptions extends Place {
  readonly listener: RequestListener;
}

export interface OpsPort {
  readonly port: number;
  /** Open connections are cut: a probe asks again. */
  readonly close: () => Promise<void>;
}

/** Throws `UsageError` where it can't be had. */
export async function openOpsPort({ hosts, port, listener }: OpsPortOptions): Promise<OpsPort> {
  try {
    const { servers, port: its } = await listen({ hosts, port }, () => makeServer(listener));
    return { port: its, close: () => closeServers(servers) };
  } catch (error) {
    throw error instanceof NotListening ? new UsageError(refusal(error.why, port)) : error;
  }
}

function makeServer(listener: RequestListener): Server {
  const limits = { headersTimeout: 5_000, requestTimeout: 5_000, keepAliveTimeout: 5_000, maxHeaderSize: 8 * 1024 };
  const server = createServer(limits, listener);
  server.maxConnections = 64;
  return server;
}

function refusal(why: WhyNot, port: number): string {
  if (why === 'taken') return `Another program holds the port ${port} that KRATOS_MCP_OPS_PORT (--ops-port) names. Name another one.`;
  if (why === 'no loopback') return 'KRATOS_MCP_OPS_PORT (--ops-port): this machine has no loopback address. Name an address.';
  return 'KRATOS_MCP_OPS_PORT (--ops-port): this system does not let it listen there. Name another address or port.';
}
