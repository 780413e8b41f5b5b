/** `fetch` through the proxy that the settings name: the runtime's own knows of none. */
import { proxyFor, type ProxySettings } from '../client/proxy.ts';

/** Undefined: no proxy is set, and the runtime's own serves. */
export async function proxiedFetch(proxies: ProxySettings): Promise<typeof fetch | undefined> {
  if (!proxies.httpsProxy && !proxies.httpProxy) return undefined;
  const undici = await import('undici');
  const agents = new Map<string, InstanceType<typeof undici.ProxyAgent>>();
  const agentFor = (proxy: string) => {
    const agent = agents.get(proxy) ?? new undici.ProxyAgent(proxy);
    agents.set(proxy, agent);
    return agent;
  };
  const through = (input: string | URL | Request, init?: RequestInit) => {
    const address = input instanceof Request ? input.url : input;
    const proxy = proxyFor(new URL(address), proxies);
    return undici.fetch(address, { ...init, ...(proxy !== undefined && { dispatcher: agentFor(proxy) }) } as Parameters<
      typeof undici.fetch
    >[1]);
  };
  return through as typeof fetch; // the same function by another name: the runtime's `fetch` is undici's
}
