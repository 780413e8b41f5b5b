/** From here on every client of the harness comes over HTTP: 2025-era ones in a session where they declare elicitation, all others without. */
import type { McpServerFactory } from '@modelcontextprotocol/server';
import { localCaller } from '../../src/caller.ts';
import { openHttp } from '../../src/server/http/server.ts';
import { transport } from './harness.ts';
import { fromTable, HttpPeer, plainPorts, TOKEN } from './http.ts';
import type { Peer, PeerOptions } from './peer.ts';

/** One server per factory, for as long as it has a client. */
const servers = new WeakMap<McpServerFactory, Promise<{ readonly port: number; close: () => Promise<void>; clients: number }>>();

async function serve(build: McpServerFactory) {
  const authenticate = fromTable({ [TOKEN]: localCaller('os:1000:tester') });
  const server = await openHttp({ ...plainPorts, build, authenticate });
  return { port: server.port, close: () => server.close(0), clients: 0 };
}

export function overHttp(): void {
  transport.open = async (build: McpServerFactory, options: PeerOptions) => {
    const serving = servers.get(build) ?? serve(build);
    servers.set(build, serving);
    const server = await serving;
    server.clients += 1;
    const ended = async () => {
      server.clients -= 1;
      if (server.clients > 0) return;
      servers.delete(build);
      await server.close();
    };
    const peer: Pick<Peer, keyof Peer> = await HttpPeer.open(server.port, { ...options, ended });
    return peer as Peer; // all that a test can do with one; the class has private members besides
  };
}
