/**
 * One port on several addresses, or on none. On loopback another process could otherwise hold `[::1]:port` while we hold 127.0.0.1, and
 * whoever is told `localhost` takes either.
 */
import type { Server } from 'node:http';
import { isIPv6 } from 'node:net';

export interface Place {
  /** Empty: both loopback addresses, of which a family that this machine lacks is left out; an address that is named is not. */
  readonly hosts: readonly string[];
  /** 0: any that is free on all of them. */
  readonly port: number;
}
export interface Listening {
  readonly port: number;
  readonly servers: readonly Server[];
}

export type WhyNot = 'taken' | 'not allowed' | 'no such address' | 'no loopback' | 'failed';

/** Nothing listens. The words for people are for whoever asked. */
export class NotListening extends Error {
  override readonly name = 'NotListening';
  readonly why: WhyNot;
  constructor(why: WhyNot, options?: ErrorOptions) {
    super(`no port could be had: ${why}`, options);
    this.why = why;
  }
}

const LOOPBACK = ['127.0.0.1', '::1'];
const MAX_TRIES = 10;

/** Throws `NotListening`, and what `make` throws. */
export async function listen({ hosts, port }: Place, make: () => Server): Promise<Listening> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await onAll({ hosts, port }, make);
    } catch (error) {
      const mayBeFree = port === 0 && tries < MAX_TRIES;
      if (!(error instanceof NotListening && error.why === 'taken' && mayBeFree)) throw error;
    }
  }
}

async function onAll({ hosts, port: wanted }: Place, make: () => Server): Promise<Listening> {
  const servers: Server[] = [];
  let port = wanted;
  try {
    for (const host of hosts.length === 0 ? LOOPBACK : hosts) {
      // `::` alone takes IPv4, too, as everywhere.
      const server = await onOne(make(), { host, port, ipv6Only: isIPv6(host) && hosts.length !== 1, mayLack: hosts.length === 0 });
      if (server === undefined) continue;
      servers.push(server);
      port = portOf(server);
    }
  } catch (error) {
    await closeServers(servers);
    throw error;
  }
  if (servers.length === 0) throw new NotListening('no loopback');
  return { servers, port };
}

interface Address {
  readonly host: string;
  readonly port: number;
  readonly ipv6Only: boolean;
  readonly mayLack: boolean;
}

async function onOne(server: Server, { mayLack, ...address }: Address): Promise<Server | undefined> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ ...address, exclusive: true }, () => {
        server.off('error', reject);
        resolve();
      });
    });
    server.on('error', () => {}); // of a single connection that could not be taken
    return server;
  } catch (error) {
    const why = whyNot(error);
    if (why === 'no such address' && mayLack) return undefined;
    throw new NotListening(why, { cause: error });
  }
}

const WHY: Readonly<Record<string, WhyNot>> = {
  EADDRINUSE: 'taken',
  EACCES: 'not allowed',
  EPERM: 'not allowed',
  EADDRNOTAVAIL: 'no such address',
  EAFNOSUPPORT: 'no such address',
};
function whyNot(error: unknown): WhyNot {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return WHY[code] ?? 'failed';
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

/** Open connections are cut. */
export const closeServers = async (servers: readonly Server[]): Promise<void> => void (await Promise.all(servers.map(closed)));

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
