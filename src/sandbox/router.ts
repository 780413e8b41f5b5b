/** From a request on one of the two ports to the handler of its route, as Go's router does it: exact paths, plain text where there is none. */
import { endpoints, type EndpointName } from '../client/endpoints.ts';
import { csrf, errorReply, internal, json, moved, plain, Refusal, type SandboxReply } from './envelope.ts';
import { parseQuery } from './go/query.ts';
import { publicRoutes } from './public.ts';
import { BODY_LIMIT, type Handler, type Incoming, type Route, type SandboxRequest } from './request.ts';
import { routes } from './routes.ts';
import type { World } from './world.ts';

const underAdmin = (path: string): string => (path === '/admin' || path.startsWith('/admin/') ? path : `/admin${path}`);
const withoutQuery = ({ target, search }: SandboxRequest): string => target.slice(0, target.length - search.length);

const toPublic: Handler = (world, { method, path, search }) =>
  moved(world.settings.publicUrl + path.replace(/^\/admin/, '') + search, method);
const toAdmin: Handler = (world, request) =>
  moved(world.settings.adminUrl + underAdmin(withoutQuery(request)) + request.search, request.method);

const on =
  (port: Route['port'], handler: Handler, exempt = false) =>
  (line: string): Route => {
    const [method = '', pattern = ''] = line.split(' ');
    return { port, method, pattern, handler, exempt };
  };
const IDENTITIES = [
  'GET /identities',
  'POST /identities',
  'GET /identities/{id}',
  'PUT /identities/{id}',
  'PATCH /identities/{id}',
  'DELETE /identities/{id}',
  'DELETE /identities/{id}/credentials/{type}',
  'GET /identities/by/external/{external_id}',
];
const OTHERS = ['GET /admin/courier/messages', 'GET /admin/courier/messages/{id}', 'POST /recovery/code', 'POST /recovery/link'];
/** What one port answers to the other port's routes (x/redir; schema/handler.go:72, session/handler.go:81). */
const redirects = [
  ...['GET /admin/schemas', 'GET /admin/schemas/{id}', 'GET /admin/sessions/whoami', 'DELETE /admin/sessions'].map(on('admin', toPublic)),
  ...[...IDENTITIES, ...IDENTITIES.map((line) => line.replace(' ', ' /admin')), ...OTHERS].map(on('public', toAdmin, true)),
];

/** The wire table. The admin port puts its prefix before every path; public `/admin/schemas` is the same list. */
const tableRoutes = (Object.keys(endpoints) as EndpointName[]).flatMap((name) => {
  const { route, port } = endpoints[name];
  const prefixed = route.replace(/ (?!\/admin\/)/, ' /admin');
  // The table's own parameter names fill `params`, so each handler gets what its type says.
  return (port === 'admin' ? [prefixed] : [route, prefixed]).map(on(port, routes[name] as Handler));
});
const alive: Handler = () => json(200, { status: 'ok' });
const health = [on('admin', alive)('GET /admin/health/alive'), ...['GET /health/alive', 'GET /health/ready'].map(on('public', alive))];

// Redirects come first: `whoami` is no session id.
const table = [...redirects, ...publicRoutes, ...tableRoutes, ...health].map((route) => ({ ...route, parts: route.pattern.split('/') }));

/** Never throws for a request, however bad. */
export async function answer(world: World, incoming: Incoming): Promise<SandboxReply> {
  const reply = await find(world, incoming);
  if (incoming.method === 'HEAD') return { ...reply, text: '' };
  if (incoming.method !== 'GET') return reply;
  return { ...reply, headers: { ...reply.headers, 'cache-control': 'private, no-cache, no-store, must-revalidate' } };
}

async function find(world: World, incoming: Incoming): Promise<SandboxReply> {
  const { port, target, requestId } = incoming;
  const [asked = ''] = target.split('?', 1);
  const search = target.slice(asked.length);
  if (/%(?![0-9a-f]{2})/i.test(asked))
    return { ...plain(400, '400 Bad Request'), headers: { 'content-type': 'text/plain; charset=utf-8' } };
  if (asked.startsWith('//')) return plain(404, '404 page not found\n');
  const clean = cleaned(asked);
  if (clean !== asked) return moved(clean + search, incoming.method);
  // The admin port adds the prefix where it is missing, and then has decoded the path before it looks for the route.
  const path = port === 'admin' && underAdmin(asked) !== asked ? decoded(underAdmin(asked)) : asked;
  const method = incoming.method === 'HEAD' ? 'GET' : incoming.method;
  const found = table.filter((it) => it.port === port && fits(it.parts, path));
  const hit = found.find((it) => it.method === method);
  if (hit === undefined) return missed(incoming, found);
  const request = {
    ...incoming,
    ...cut(incoming.body),
    params: paramsOf(hit.parts, path),
    path: decoded(path),
    query: parseQuery(search.slice(1)),
    search,
  };
  try {
    return await hit.handler(world, request);
  } catch (error) {
    // What Kratos has no type for is a 500 with its text, and so it is here.
    const refusal = error instanceof Refusal ? error : internal(error instanceof Error ? error.message : 'unknown');
    return errorReply(refusal, requestId);
  }
}

function missed({ port, method, requestId }: Incoming, found: readonly Route[]): SandboxReply {
  const isSafe = ['GET', 'HEAD', 'OPTIONS'].includes(method);
  if (port === 'public' && !isSafe && !found.some((it) => it.exempt === true)) return errorReply(csrf(), requestId);
  if (found.length === 0) return plain(404, '404 page not found\n');
  const allowed = new Set(found.flatMap((it) => (it.method === 'GET' ? ['GET', 'HEAD'] : [it.method])));
  return plain(405, 'Method Not Allowed\n', { allow: [...allowed].sort().join(', ') });
}

function cut(body: string): Pick<SandboxRequest, 'body' | 'truncated'> {
  const bytes = Buffer.from(body);
  const truncated = bytes.length > BODY_LIMIT;
  return { truncated, body: truncated ? bytes.subarray(0, BODY_LIMIT).toString() : body };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const isParameter = (part: string): boolean => part.startsWith('{');
function fits(parts: readonly string[], path: string): boolean {
  const given = path.split('/');
  return given.length === parts.length && parts.every((part, index) => (isParameter(part) ? given[index] !== '' : part === given[index]));
}
/** With the names that the pattern has, which are those of the handler's type. */
function paramsOf(parts: readonly string[], path: string): never {
  const given = path.split('/');
  const entries = parts.flatMap((part, index) => (isParameter(part) ? [[part.slice(1, -1), decoded(given[index] ?? '')] as const] : []));
  return Object.fromEntries(entries) as never;
}

/** Go's ServeMux sends an unclean path to the clean one; `%2e%2e` is no `..` to it. */
function cleaned(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/').slice(1)) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  const slash = parts.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${parts.join('/')}${slash}`;
}
