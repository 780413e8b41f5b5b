/**
 * What the head of a request must be like, before it is routed and before a byte of its body is read. Nothing is parsed as an address: a
 * value is one of those that are listed, letter for letter, or it is refused.
 */
import { refusal, type Refusal } from './refusal.ts';

/** What decides about a request must not come twice: two readers could take different ones. */
const ONCE = new Set(['host', 'origin', 'content-type', 'content-length', 'content-encoding', 'transfer-encoding', 'last-event-id']);

export interface Head {
  /** Without the query. */
  readonly path: string;
  readonly hosts: readonly string[];
  readonly origins: readonly string[];
  readonly authorization: readonly string[];
  readonly repeats: boolean;
}

/** By the headers as they came: Node keeps the first of some, and joins others. */
export function headOf(url: string, rawHeaders: readonly string[]): Head {
  const hosts: string[] = [];
  const origins: string[] = [];
  const authorization: string[] = [];
  const seen = new Set<string>();
  let repeats = false;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]?.toLowerCase() ?? '';
    const value = rawHeaders[i + 1] ?? '';
    if (name === 'authorization') authorization.push(value);
    if (!ONCE.has(name) && !name.startsWith('mcp-')) continue;
    repeats ||= seen.has(name);
    seen.add(name);
    if (name === 'host') hosts.push(value);
    else if (name === 'origin') origins.push(value);
  }
  const query = url.indexOf('?');
  return { path: query < 0 ? url : url.slice(0, query), hosts, origins, authorization, repeats };
}

/** For every route. */
export function shapeRefusal(head: Head): Refusal | undefined {
  if (!head.path.startsWith('/')) return refusal(400, 'target', { message: 'This is no proxy: ask for a path' });
  if (head.repeats) return refusal(400, 'repeated-header', { message: 'A header that may come once came twice' });
  return undefined;
}

/** A name of this server, exactly; against DNS rebinding. */
export function hostRefusal({ hosts: [host] }: Head, allowed: ReadonlySet<string>): Refusal | undefined {
  if (host === undefined) return refusal(400, 'host', { message: 'The header Host is missing' });
  if (!allowed.has(host))
    return refusal(403, 'host', {
      message: 'This server does not answer to that Host. Its operator can add it to --allowed-hosts (KRATOS_MCP_ALLOWED_HOSTS)',
    });
  return undefined;
}

/** Only a browser sends one, and only for a web page. */
export function originRefusal({ origins: [origin] }: Head, allowed: ReadonlySet<string>): Refusal | undefined {
  if (origin === undefined || allowed.has(origin)) return undefined;
  return refusal(403, 'origin', {
    message: 'Web pages of that Origin may not call this server. Its operator can add it to --allowed-origins (KRATOS_MCP_ALLOWED_ORIGINS)',
  });
}
