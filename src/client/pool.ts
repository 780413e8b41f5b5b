/** The connections to one address: straight or through a proxy, with their time-outs and TLS. */
import type { Dispatcher } from 'undici';
import { proxyFor, type ProxySettings } from './proxy.ts';
import { codeOf } from './retry.ts';

export interface PoolOptions extends ProxySettings {
  /** PEM. Replaces the CAs that Node trusts. */
  readonly ca?: string | undefined;
  /** PEM, a client certificate and its key. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Milliseconds, TLS included. */
  readonly connectTimeoutMs?: number;
  /** Milliseconds from the request's last byte to the answer's headers. */
  readonly headersTimeoutMs?: number;
  /** Milliseconds between two pieces of the body. */
  readonly bodyTimeoutMs?: number;
  /** At once, per origin. */
  readonly connections?: number;
}

// `Link` repeats a query with many ids once or twice; Node's own limit is 16 KiB.
const MAX_HEADER_BYTES = 64 * 1024;

/** undici is loaded with the first call: it costs more start-up time than all of ours. */
export async function openPool(url: URL, options: PoolOptions): Promise<Dispatcher> {
  const { Pool, ProxyAgent } = await import('undici');
  const { connectTimeoutMs: timeout = 2_000, headersTimeoutMs: headersTimeout = 10_000, bodyTimeoutMs: bodyTimeout = 5_000 } = options;
  const { ca, cert, key } = options;
  const shared = { connections: options.connections ?? 16, pipelining: 1, headersTimeout, bodyTimeout, maxHeaderSize: MAX_HEADER_BYTES };
  const connect = { timeout, ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key !== undefined && { key }) };
  const uri = proxyFor(url, options);
  if (uri === undefined) return new Pool(url.origin, { ...shared, connect });
  // The client certificate is for Kratos; the proxy is not shown it.
  return new ProxyAgent({
    uri,
    ...shared,
    requestTls: connect,
    proxyTls: { timeout },
    clientFactory(origin, given) {
      const pool = new Pool(origin, { ...given, headersTimeout });
      return Object.assign(pool, { connect: (to: Parameters<typeof tunnel>[1]) => tunnel(pool, to) });
    },
  });
}

/**
 * undici takes a proxy that hangs up for a lost connection and asks again at once, without end and also after the call was given up
 * (7.30: three thousand connections a second). Under a code of ours it gives up.
 */
async function tunnel(pool: Dispatcher, to: Dispatcher.ConnectOptions): Promise<Dispatcher.ConnectData<unknown>> {
  try {
    const connect = Object.getPrototypeOf(pool).connect as Dispatcher['connect']; // the method that the one above covers
    return await connect.call(pool, to);
  } catch (cause) {
    if (codeOf(cause) !== 'UND_ERR_SOCKET') throw cause;
    throw Object.assign(new Error('the proxy hung up', { cause }), { code: 'ERR_PROXY_HUNG_UP' });
  }
}
