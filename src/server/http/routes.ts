/** Which path is there, and by which methods. Whatever is not in this table is not there. */
import type { HttpPorts } from './types.ts';

export type Route = 'mcp' | 'livez' | 'readyz' | 'metrics' | 'metadata' | 'approvals' | 'none';

/** Paths are compared as they came: no decoding, no dots taken out. */
export function routeOf(
  path: string,
  { metadata, approvals, operations }: Pick<HttpPorts, 'metadata' | 'approvals' | 'operations'>,
): Route {
  if (path === '/mcp') return 'mcp';
  if (path === '/livez') return 'livez';
  if (operations !== undefined && path === '/readyz') return 'readyz';
  if (operations !== undefined && path === '/metrics') return 'metrics';
  if (approvals !== undefined && (path === '/approvals' || path.startsWith('/approvals/'))) return 'approvals';
  return Object.hasOwn(metadata, path) ? 'metadata' : 'none';
}

const READING = ['GET', 'HEAD'];
const METHODS: Readonly<Record<Exclude<Route, 'approvals' | 'none'>, readonly string[]>> = {
  mcp: ['POST', 'GET', 'DELETE'],
  livez: READING,
  readyz: READING,
  metrics: READING,
  metadata: [...READING, 'OPTIONS'],
};

/** Undefined: the method is there; else those that are. */
export function otherMethods(route: Exclude<Route, 'approvals' | 'none'>, method: string): string | undefined {
  return METHODS[route].includes(method) ? undefined : METHODS[route].join(', ');
}
