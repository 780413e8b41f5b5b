/** Which proxy, if any, stands between here and an address. Pure. */
import { BlockList, isIP } from 'node:net';

export interface ProxySettings {
  /** For https addresses. Empty counts as not set. */
  readonly httpsProxy?: string | undefined;
  /** For http addresses. */
  readonly httpProxy?: string | undefined;
  /** Comma-separated: `host` (with everything below it), `.host`, `host:port`, an address, a range like `10.0.0.0/8`, or `*`. */
  readonly noProxy?: string | undefined;
}

/** The proxy's URL; undefined: straight there. Loopback never goes through a proxy, which would look for it on its own machine. */
export function proxyFor(url: URL, { httpsProxy, httpProxy, noProxy = '' }: ProxySettings): string | undefined {
  const proxy = (url.protocol === 'https:' ? httpsProxy : httpProxy) || undefined;
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase();
  if (proxy === undefined || isLoopback(host)) return undefined;
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const exempt = noProxy.split(/[,\s]+/).some((entry) => entry !== '' && matches(entry.toLowerCase(), host, port));
  return exempt ? undefined : proxy;
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return inRange(entry, host);
  const [, bracketed, plain = entry, wanted = port] = /^(?:\[(.+)\]|([^:]+))(?::(\d+))?$/.exec(entry) ?? [];
  const name = (bracketed ?? plain).replace(/^\*?\./, '');
  return wanted === port && (host === name || (isIP(host) === 0 && host.endsWith(`.${name}`)));
}

function inRange(entry: string, host: string): boolean {
  const [network = '', bits = ''] = entry.split('/');
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
  if (isIP(network) === 0 || isIP(host) !== isIP(network) || !/^\d{1,3}$/.test(bits)) return false;
  if (Number(bits) > (family === 'ipv6' ? 128 : 32)) return false;
  const range = new BlockList();
  range.addSubnet(network, Number(bits), family);
  return range.check(host, family);
}
