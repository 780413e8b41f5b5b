/** JSON from the issuer's own endpoints: bounded in time and size, over https unless on loopback, and no redirect is followed. */
import type { Dispatcher } from 'undici';
import { within } from '../client/deadline.ts';
import { exchange } from '../client/exchange.ts';
import { openPool, type PoolOptions } from '../client/pool.ts';
import { isLoopback, isPlainHttp } from '../config/urls.ts';
import { parseJson } from '../lib/json.ts';
import { Unavailable } from './types.ts';

export interface Asked {
  readonly method: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}
export type Answer = Readonly<Record<string, unknown>>;
/** An object, or undefined where there is none at that address (404). Throws `Unavailable`, in words of ours. */
export type FetchJson = (url: string, asked?: Asked) => Promise<Answer | undefined>;

/** Callers wait for it. */
const DEADLINE_MS = 3_000;
const MAX_BYTES = 64 * 1024;

export function createFetchJson(network: PoolOptions = {}): FetchJson {
  const pools = new Map<string, Promise<Dispatcher>>();
  const poolFor = (url: URL): Promise<Dispatcher> => {
    const pool = pools.get(url.origin) ?? openPool(url, { ...network, connections: 4 });
    pools.set(url.origin, pool);
    return pool;
  };
  return async (address, { method, headers = {}, body } = { method: 'GET' }) => {
    const url = usable(address);
    const all = { accept: 'application/json', 'accept-encoding': 'identity', 'user-agent': 'ory-identity-mcp', ...headers };
    const wire = { origin: url.origin, method, path: url.pathname + url.search, headers: all, body: body ?? null };
    const where = `${url.origin}${url.pathname}`;
    try {
      const reply = await within(DEADLINE_MS, undefined, async (signal) =>
        exchange(await poolFor(url), wire, { signal, maxBodyBytes: MAX_BYTES }),
      );
      if (reply.status === 404) return undefined;
      if (reply.status !== 200) throw new Unavailable(`${where} answers ${reply.status}.${whyNot(reply.status)}`);
      return objectOf(reply.text, where);
    } catch (cause) {
      throw cause instanceof Unavailable ? cause : new Unavailable(`${where} cannot be asked (${reasonOf(cause)}).`, { cause });
    }
  };
}

/** Throws `Unavailable`. */
function usable(address: string): URL {
  if (!URL.canParse(address)) throw new Unavailable('An address of the issuer is no URL.');
  const url = new URL(address);
  const isSafe = url.protocol === 'https:' || (isPlainHttp(address) && isLoopback(address));
  if (!isSafe || url.username !== '' || url.password !== '') throw new Unavailable(`${url.origin} is not asked: it must be https.`);
  return url;
}

function whyNot(status: number): string {
  if (status >= 300 && status < 400) return ' Redirects are not followed: set the address that it leads to.';
  return status === 401 || status === 403 ? ' It does not accept the client that asks.' : '';
}

function objectOf(text: string, where: string): Answer {
  try {
    const value = parseJson(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // said below
  }
  throw new Unavailable(`${where} does not answer with a JSON object.`);
}

/** A code of Node or undici, else the kind of failure; never a text that came over the wire. */
function reasonOf(error: unknown): string {
  for (let it: unknown = error, depth = 0; it instanceof Error && depth < 5; it = it.cause, depth += 1) {
    if (it.name === 'TimeoutError') return 'no answer in time';
    if ('code' in it && typeof it.code === 'string') return it.code;
  }
  return 'the answer is too large, compressed or broken off';
}
