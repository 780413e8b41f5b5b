/** From a request on one of the two ports to the handler of its route, as Go's router does it: exact paths, plain text where there is none. */
import { endpoints, type EndpointName } from '../client/endpoints.ts';
import { errorReply, internal, json, plain, Refusal, type SandboxReply } from './envelope.ts';
import { publicRoutes } from './public.ts';
import { parseQuery } from './query.ts';
import { BODY_LIMIT } from './request.ts';
import { csrf, redirects } from './redirects.ts';
import type { Incoming, Route } from './exchange.ts';
import { moved } from './moved.ts';
import { routes, type Handler } from './routes.ts';
import type { World } from './world.ts';

const underAdmin = (path: string): string => (path === '/admin' || path.startsWith('/admin/') ? path : `/admin${path}`);

const endpointRoutes: Route[] = (Object.keys(endpoints) as EndpointName[]).map((name) => {
  const { route, port } = endpoints[name];
  const [method = '', path = ''] = route.split(' ');
  // The table's own parameter names fill `params`, so each handler gets what its type says.
  const handler = routes[name] as Handler<EndpointName>;
  return {
    port,
    method,
    pattern: port === 'admin' ? underAdmin(path) : path,
    answer: (world, { incoming, params, path: asked, query }) => {
      const { body, contentType } = incoming;
      const truncated = Buffer.byteLength(body) > BODY_LIMIT;
      const kept = truncated ? Buffer.from(body).subarray(0, BODY_LIMIT).toString() : body;
      return handler(world, { params: params as never, path: asked, query, body: kept, truncated, contentType });
    },
  };
});
const alive = () => json(200, { status: 'ok' });
const health: Route[] = [
  { port: 'admin', method: 'GET', pattern: '/admin/health/alive', answer: alive },
  { port: 'public', method: 'GET', pattern: '/health/alive', answer: alive },
  { port: 'public', method: 'GET', pattern: '/health/ready', answer: alive },
];
// Public `/admin/schemas` is the same list. Redirects come first: `whoami` is no session id.
const publicSchemas: Route[] = endpointRoutes.filter((it) => it.port === 'public').map((it) => ({ ...it, pattern: `/admin${it.pattern}` }));
const table: readonly { readonly route: Route; readonly parts: readonly string[] }[] = [
  ...redirects,
  ...publicRoutes,
  ...endpointRoutes,
  ...publicSchemas,
  ...health,
].map((route) => ({ route, parts: route.pattern.split('/') }));

/** Never throws for a request, however bad. */
export async function answer(world: World, incoming: Incoming): Promise<SandboxReply> {
  const at = incoming.target.indexOf('?');
  const asked = at < 0 ? incoming.target : incoming.target.slice(0, at);
  const search = at < 0 ? '' : incoming.target.slice(at);
  if (/%(?![0-9a-f]{2})/i.test(asked)) {
    return { status: 400, headers: { 'content-type': 'text/plain; charset=utf-8' }, text: '400 Bad Request' };
  }
  const reply = await find(world, incoming, { asked, search });
  return incoming.method === 'GET' ? withoutCache(reply) : reply;
}

async function find(world: World, incoming: Incoming, { asked, search }: { asked: string; search: string }): Promise<SandboxReply> {
  if (asked.startsWith('//')) return plain(404, '404 page not found\n');
  const clean = cleaned(asked);
  if (clean !== asked) return moved(clean + search, incoming.method);
  const path = pathOf(incoming.port, asked);
  const method = incoming.method === 'HEAD' ? 'GET' : incoming.method;
  const found = table.filter(({ route, parts }) => route.port === incoming.port && fits(parts, path));
  const hit = found.find(({ route }) => route.method === method);
  if (hit === undefined) return missed(incoming, found);
  const exchange = { incoming, params: paramsOf(hit.parts, path), path: decoded(path), query: parseQuery(search.slice(1)), search };
  return refused(() => hit.route.answer(world, exchange), incoming.requestId);
}

function missed(incoming: Incoming, found: readonly { readonly route: Route }[]): SandboxReply {
  const isSafe = ['GET', 'HEAD', 'OPTIONS'].includes(incoming.method);
  if (incoming.port === 'public' && !isSafe && !found.some(({ route }) => route.exempt === true)) {
    return errorReply(csrf(), incoming.requestId);
  }
  return found.length === 0 ? plain(404, '404 page not found\n') : wrongMethod(found.map((it) => it.route.method));
}

async function refused(run: () => SandboxReply | Promise<SandboxReply>, requestId: string | undefined): Promise<SandboxReply> {
  try {
    return await run();
  } catch (error) {
    // What Kratos has no type for is a 500 with its text, and so it is here.
    const refusal = error instanceof Refusal ? error : internal(error instanceof Error ? error.message : 'unknown');
    return errorReply(refusal, requestId);
  }
}

const withoutCache = (reply: SandboxReply): SandboxReply => ({
  ...reply,
  headers: { ...reply.headers, 'cache-control': 'private, no-cache, no-store, must-revalidate' },
});

/** The admin port adds the prefix where it is missing, and then has decoded the path before it looks for the route. */
function pathOf(port: 'admin' | 'public', path: string): string {
  const prefixed = port === 'admin' ? underAdmin(path) : path;
  return prefixed === path || port === 'public' ? path : decoded(prefixed);
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
function paramsOf(parts: readonly string[], path: string): Record<string, string> {
  const given = path.split('/');
  return Object.fromEntries(
    parts.flatMap((part, index) => (isParameter(part) ? [[part.slice(1, -1), decoded(given[index] ?? '')] as const] : [])),
  );
}

function wrongMethod(methods: readonly string[]): SandboxReply {
  const allowed = new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods);
  return plain(405, 'Method Not Allowed\n', { allow: [...allowed].sort().join(', ') });
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
