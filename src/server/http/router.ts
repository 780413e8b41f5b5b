/** From the head of a request to whoever answers it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { originOf } from './address.ts';
import { writeEmpty, writeRefusal, writeResponse } from './answer.ts';
import { corsHeaders, metadataCors, preflightHeaders } from './cors.ts';
import type { Endpoint } from './endpoint.ts';
import { hostRefusal, originRefusal, shapeRefusal, type Head } from './head.ts';
import type { Limits } from './limits.ts';
import { isRefusal, refusal, tooMany, type Refusal } from './refusal.ts';
import type { Refused } from './refusals-log.ts';
import { otherMethods, type Route } from './routes.ts';
import type { HttpPorts } from './types.ts';
import type { UnderWay } from './under-way.ts';

export interface Visit {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly head: Head;
  readonly route: Route;
  /** Of those under way in its connection. */
  readonly isFirst: boolean;
}

export interface Site extends Pick<HttpPorts, 'approvals' | 'operations' | 'log' | 'meter'> {
  readonly limits: Limits;
  readonly endpoint: Endpoint;
  /** Empty until the port is known. */
  readonly hosts: () => ReadonlySet<string>;
  readonly origins: ReadonlySet<string>;
  readonly isTrusted: (address: string) => boolean;
  readonly forwarded: UnderWay;
  /** As text. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly logRefused: (refused: Refused) => void;
  readonly isClosing: () => boolean;
}

const NONE: ReadonlySet<string> = new Set();
const CLOSING = refusal(503, 'closing', {
  message: 'This server is ending. Try again: another one may be there',
  headers: { Connection: 'close', 'Retry-After': '5' },
});
/** No client of today sends one before it has the answer to the last; as many as fit into a connection would all be worked on at once. */
const PIPELINED = refusal(429, 'pipelined', {
  message: 'One request at a time in a connection: wait for the answer, or open another connection',
  headers: { Connection: 'close', 'Retry-After': '1' },
});
const NOT_HERE = refusal(404, 'route', { message: 'There is nothing here. MCP is at /mcp, the approvals page at /approvals' });

export async function answerVisit(site: Site, visit: Visit): Promise<void> {
  try {
    await answer(site, visit);
  } catch (error) {
    fault(site, visit, error);
  }
}

async function answer(site: Site, visit: Visit): Promise<void> {
  const refused = site.isClosing() ? CLOSING : visit.isFirst ? (shapeRefusal(visit.head) ?? doorRefusal(site, visit)) : PIPELINED;
  return refused === undefined ? dispatch(site, visit) : refuse(site, visit, refused);
}

async function dispatch(site: Site, visit: Visit): Promise<void> {
  const { req, res } = visit;
  switch (visit.route) {
    case 'mcp':
      return mcp(site, visit);
    case 'livez':
      return writeEmpty(res, 200);
    case 'metadata':
      return describe(site, visit);
    case 'readyz':
    case 'metrics':
      site.operations?.(req, res);
      return;
    case 'approvals':
      if (req.headers.expect !== undefined) res.writeContinue();
      site.approvals?.(req, res);
      return;
    case 'none':
      return refuse(site, visit, NOT_HERE);
  }
}

/** Who is asked for, on whose behalf, and how. */
function doorRefusal({ hosts, origins }: Site, { req, head, route }: Visit): Refusal | undefined {
  if (route === 'approvals') return undefined; // by its own rules
  const byHost = hostRefusal(head, hosts());
  if (byHost !== undefined) return byHost;
  const byOrigin = route === 'metadata' ? undefined : originRefusal(head, route === 'mcp' ? origins : NONE);
  if (byOrigin !== undefined || route === 'none') return byOrigin;
  const allowed = otherMethods(route, req.method ?? '');
  if (allowed === undefined || isPreflight(req, head)) return undefined;
  return refusal(405, 'method', { message: `Not by this method, but by ${allowed}`, headers: { Allow: allowed } });
}

/** Of a page whose origin is listed: `originRefusal` has seen to that. */
const isPreflight = (req: IncomingMessage, { path, origins: [origin] }: Head): boolean =>
  path === '/mcp' && req.method === 'OPTIONS' && origin !== undefined && req.headers['access-control-request-method'] !== undefined;

async function mcp(site: Site, visit: Visit): Promise<void> {
  const { req, res, head } = visit;
  const [web] = head.origins;
  if (site.origins.size > 0) res.setHeader('Vary', 'Origin');
  if (web !== undefined && isPreflight(req, head)) return writeEmpty(res, 204, preflightHeaders(web));
  for (const [name, value] of Object.entries(web === undefined ? {} : corsHeaders(web))) res.setHeader(name, value);
  const origin = originOf(req, site.isTrusted);
  if (origin.isForwarded) {
    const done = site.forwarded.enter(origin.address, site.limits.connectionsPerAddress);
    if (done === undefined) return refuse(site, visit, tooMany('Your address has as many requests under way as may be'));
    res.once('close', done);
  }
  const answered = await site.endpoint.answer({ req, res, authorization: head.authorization, origin });
  if (isRefusal(answered)) return refuse(site, visit, answered);
  const { status } = answered;
  if (status >= 400) tell(site, visit, { check: status === 403 ? 'scope' : 'protocol', status });
  await writeResponse(res, answered, site.limits);
}

function describe({ metadata }: Site, { req, res, head }: Visit): void {
  for (const [name, value] of Object.entries(metadataCors)) res.setHeader(name, value);
  if (req.method === 'OPTIONS') return writeEmpty(res, 204);
  const document = metadata.get(head.path) ?? '';
  const common = { 'Content-Type': 'application/json', 'Cache-Control': 'max-age=60', 'X-Content-Type-Options': 'nosniff' };
  res.writeHead(200, { ...common, 'Content-Length': Buffer.byteLength(document) }).end(document);
}

function refuse(site: Site, visit: Visit, refused: Refusal): void {
  tell(site, visit, refused);
  writeRefusal(visit.req, visit.res, refused);
}

function tell({ logRefused, meter }: Site, { route }: Visit, { check, status }: Pick<Refusal, 'check' | 'status'>): void {
  if (check === undefined) return;
  logRefused({ check, status, route });
  meter.refused(check);
}

function fault({ log }: Site, { req, res, route }: Visit, error: unknown): void {
  if (res.destroyed || req.socket.destroyed) return; // the client has gone
  log.error('internal error', { code: `http-${route}`, kind: error instanceof Error ? error.name : typeof error });
  if (res.headersSent) res.destroy();
  else writeRefusal(req, res, { status: 500, check: undefined, message: 'Internal server error', code: -32_603 });
}
