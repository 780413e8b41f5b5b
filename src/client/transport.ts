/** Sends over the network. No redirect is followed and nothing is sent twice; what to try again is decided above, in `kratos.ts`. */
import type { Dispatcher } from 'undici';
import { InputError } from '../errors.ts';
import { within } from './deadline.ts';
import { exchange } from './exchange.ts';
import { openPool, type PoolOptions } from './pool.ts';
import { outgoingHeaders } from '../trace.ts';
import type { Send, WireRequest } from './types.ts';

export interface TransportOptions extends PoolOptions {
  /** May hold a base path, which is put before every path. */
  readonly adminUrl: URL;
  /** Without it, schemas are asked for at `adminUrl`. */
  readonly publicUrl?: URL | undefined;
  /** Sent to the origin of `adminUrl` and to no other. */
  readonly bearer?: string | undefined;
  /** Milliseconds for one request and its answer, waiting for a free connection included. */
  readonly callTimeoutMs?: number;
  /** Of an answer's body. */
  readonly maxBodyBytes?: number;
}

const MIB = 1024 * 1024;

export interface Transport {
  readonly send: Send;
  /** Lets what is under way finish. */
  close(): Promise<void>;
}

export function createTransport(options: TransportOptions): Transport {
  const { adminUrl, publicUrl = adminUrl, bearer, callTimeoutMs = 30_000, maxBodyBytes = 8 * MIB } = options;
  const pools = new Map<string, Promise<Dispatcher>>();

  function poolFor(url: URL): Promise<Dispatcher> {
    const pool = pools.get(url.origin) ?? openPool(url, options);
    pools.set(url.origin, pool);
    return pool;
  }

  async function send(request: WireRequest) {
    const url = request.port === 'public' ? publicUrl : adminUrl;
    const { method, body } = request;
    const path = pathBelow(url, request.path);
    const headers: Record<string, string> = {
      accept: 'application/json',
      'accept-encoding': 'identity',
      'user-agent': 'ory-identity-mcp',
      ...outgoingHeaders(),
    };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (bearer !== undefined && url.origin === adminUrl.origin) headers['authorization'] = `Bearer ${bearer}`;
    return within(callTimeoutMs, request.signal, async (signal) => {
      const wire = { origin: url.origin, method: method as Dispatcher.HttpMethod, path, headers, body: body ?? null }; // a verb of our table
      return exchange(await poolFor(url), wire, { signal, maxBodyBytes });
    });
  }

  return {
    send,
    async close() {
      const open = await Promise.all(pools.values());
      await Promise.all(open.map((it) => it.close()));
    },
  };
}

/** The path as sent. Throws `InputError` if anything that parses URLs would read another one than was written, or one outside the base. */
function pathBelow(url: URL, path: string): string {
  const base = url.pathname.replace(/\/+$/, '');
  const full = base + path;
  const read = URL.canParse(full, url.origin) ? new URL(full, url.origin) : undefined;
  const isSame = read?.origin === url.origin && read.pathname + read.search === full;
  if (isSame && path.startsWith('/') && !read.pathname.includes('//')) return full;
  throw new InputError('The address built from these arguments would be read as another one on its way. It is not sent.');
}
