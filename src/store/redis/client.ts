/** The library's client, one for each connection: it neither connects again nor keeps commands for later. */
import type * as Library from '@redis/client';
import { UsageError } from '../../errors.ts';
import type { Secret } from '../../lib/secret.ts';
import type { Address } from './address.ts';

export interface ClientOptions {
  readonly address: Address;
  readonly username?: string | undefined;
  readonly password?: Secret | undefined;
  /** PEM, instead of the system's. */
  readonly tlsCa?: string | Buffer | undefined;
}

/** What we use of the library's client. */
export interface Client {
  connect(): Promise<unknown>;
  sendCommand(args: readonly string[]): Promise<unknown>;
  destroy(): void;
  on(event: 'error' | 'end', listener: () => void): unknown;
}
export type MakeClient = () => Client;

export const CONNECT_MS = 2_000;

/** Throws `UsageError` where the package is not there. */
export async function clientMaker({ address, username, password, tlsCa }: ClientOptions): Promise<MakeClient> {
  const { createClient } = await library();
  const { host, port, database } = address;
  const common = { host, port, connectTimeout: CONNECT_MS, reconnectStrategy: false } as const;
  const ca = tlsCa === undefined ? {} : { ca: tlsCa };
  return () =>
    createClient({
      RESP: 2,
      socket: address.tls ? { ...common, tls: true, minVersion: 'TLSv1.2', ...ca } : common,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password: password.reveal() }),
      database,
      disableOfflineQueue: true,
      disableClientInfo: true,
      maintNotifications: 'disabled',
    });
}

async function library(): Promise<Pick<typeof Library, 'createClient'>> {
  try {
    return await import('@redis/client');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')
      throw new UsageError('--store (KRATOS_MCP_STORE) needs the package @redis/client beside this one: npm install @redis/client@6');
    throw error;
  }
}
