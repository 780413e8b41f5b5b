/** The HTTP server of a team: one port, a closed table of routes, checks of the head before anything else. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Listening } from '../../listen.ts';
import { traceOf, withTrace } from '../../trace.ts';
import { inCidrs } from './address.ts';
import { Connections } from './connections.ts';
import { Endpoint } from './endpoint.ts';
import { headOf } from './head.ts';
import { LIMITS } from './limits.ts';
import { listenAt, makeServer } from './listen.ts';
import { createRefusalsLog } from './refusals-log.ts';
import { answerVisit, type Site } from './router.ts';
import { routeOf } from './routes.ts';
import type { HttpPorts, HttpServer } from './types.ts';
import { UnderWay } from './under-way.ts';

/** Two years, as browsers' lists want it. */
const HSTS = 'max-age=63072000';
/** Its target is no path, so that it never comes to a route. */
const NO_TUNNEL = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/** Throws `UsageError` where it can't listen. */
export async function openHttp(ports: HttpPorts): Promise<HttpServer> {
  const { bind, log, now } = ports;
  const limits = { ...LIMITS, ...ports.limits };
  const isTrusted = inCidrs(ports.trustedProxies);
  const connections = new Connections(limits, isTrusted);
  const endpoint = new Endpoint(ports, limits);
  let hosts: ReadonlySet<string> = new Set();
  let isClosing = false;
  const site: Site = {
    ...ports,
    limits,
    endpoint,
    hosts: () => hosts,
    origins: new Set(ports.origins),
    isTrusted,
    forwarded: new UnderWay(),
    metadata: new Map(Object.entries(ports.metadata).map(([path, document]) => [path, JSON.stringify(document)])),
    logRefused: createRefusalsLog(log, now),
    isClosing: () => isClosing,
  };
  const calls = new Calls();
  const take = taker({ ports, site, connections, calls });
  const listening = await listenAt(bind, () => {
    const server = makeServer(bind.tls, limits);
    connections.watch(server);
    // Instead of Node's own `100 Continue`: it is said when the body is wanted.
    server.on('request', take).on('checkContinue', take);
    server.on('connect', (_request, socket) => refuseTunnel(socket));
    return server;
  });
  hosts = new Set(ports.hosts(listening.port));
  let closed: Promise<void> | undefined;
  const close = (graceMs: number): Promise<void> => {
    isClosing = true;
    closed ??= closeAll({ listening, endpoint, calls, graceMs });
    return closed;
  };
  return { port: listening.port, close };
}

/** Node lets go of the socket of a CONNECT, its own listener for errors included: a client that resets it must not end the process. */
function refuseTunnel(socket: Duplex): void {
  socket.on('error', () => {});
  socket.end(NO_TUNNEL, () => socket.destroy());
}

interface Taking {
  readonly ports: HttpPorts;
  readonly site: Site;
  readonly connections: Connections;
  readonly calls: Calls;
}

function taker({ ports, site, connections, calls }: Taking): (req: IncomingMessage, res: ServerResponse) => void {
  const { bind, meter } = ports;
  return (req, res) => {
    const begun = connections.begin(req.socket);
    if (begun === undefined) return;
    const { isFirst, end } = begun;
    const began = performance.now();
    const head = headOf(req.url ?? '', req.rawHeaders);
    const route = routeOf(head.path, ports);
    // A GET of /mcp is a standing stream: nobody waits for its end.
    if (route !== 'mcp' || req.method !== 'GET') calls.begin(res);
    res.once('close', () => {
      end();
      // 499: the client went away before there was an answer.
      meter.http(route, res.headersSent ? res.statusCode : 499, performance.now() - began);
    });
    if (bind.tls !== undefined) res.setHeader('Strict-Transport-Security', HSTS);
    withTrace(traceOf(req.headers['traceparent']), () => void answerVisit(site, { req, res, head, route, isFirst }));
  };
}

/** Those under way, to wait for at the end. */
class Calls {
  readonly #open = new Set<ServerResponse>();
  #whenNone = (): void => {};

  begin(res: ServerResponse): void {
    this.#open.add(res);
    res.once('close', () => {
      this.#open.delete(res);
      if (this.#open.size === 0) this.#whenNone();
    });
  }

  /** Until there are none, but no longer than this. */
  none(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#whenNone = () => {
        clearTimeout(timer);
        resolve();
      };
      if (this.#open.size === 0) this.#whenNone();
    });
  }
}

interface Closing {
  readonly listening: Listening;
  readonly endpoint: Endpoint;
  readonly calls: Calls;
  readonly graceMs: number;
}

async function closeAll({ listening, endpoint, calls, graceMs }: Closing): Promise<void> {
  const closed = Promise.all(listening.servers.map(closedOf));
  await calls.none(graceMs);
  await endpoint.close();
  for (const server of listening.servers) server.closeAllConnections();
  await closed;
}

/** Takes no new connection from here on, and ends those that are idle. */
const closedOf = (server: Server): Promise<void> => new Promise((resolve) => void server.close(() => resolve()));
