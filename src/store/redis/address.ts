/** Where the shared store is, from its address; and whether what goes there may go there. */
import { UsageError } from '../../errors.ts';
import type { Secret } from '../../lib/secret.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
  readonly database: number;
  readonly tls: boolean;
  /** For people: without anything secret. */
  readonly name: string;
}

const DEFAULT_PORT = 6379;
const EXAMPLE = 'Write it as redis://host:port/db or rediss://host:port/db.';

/** Throws `UsageError`, which repeats the address only where it can hold no password. */
export function addressOf(text: string): Address {
  const url = parsed(text);
  if (url === undefined || (url.protocol !== 'redis:' && url.protocol !== 'rediss:') || url.hostname === '')
    throw new UsageError(`--store (KRATOS_MCP_STORE) is no address of a Redis or Valkey. ${EXAMPLE}`);
  if (url.username !== '' || url.password !== '')
    throw new UsageError(
      '--store (KRATOS_MCP_STORE) holds a user or a password, which others could read there. Put them into the file of --store-password-file.',
    );
  const [, database] = /^\/?(\d{0,4})$/.exec(url.pathname) ?? [];
  if (database === undefined || url.search !== '' || url.hash !== '')
    throw new UsageError(`--store (KRATOS_MCP_STORE) has something after the host and port that is no number of a database. ${EXAMPLE}`);
  const host = decodeURIComponent(url.hostname).replace(/^\[(.*)\]$/, '$1');
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  const tls = url.protocol === 'rediss:';
  const name = `${url.protocol}//${url.hostname}:${port}/${Number(database)}`;
  return { host, port, database: Number(database), tls, name };
}

function parsed(text: string): URL | undefined {
  try {
    return new URL(text.trim());
  } catch {
    return undefined;
  }
}

/** Plans, and values for one person's eyes, go over this wire. Throws `UsageError`. */
export function checkReach({ host, tls, name }: Address, password: Secret | undefined): void {
  if (isLoopback(host)) return;
  if (password === undefined)
    throw new UsageError(
      `The store ${name} is on another machine, where it needs a password: set one there, and name a file with it by --store-password-file (KRATOS_MCP_STORE_PASSWORD_FILE).`,
    );
  if (!tls)
    throw new UsageError(
      `The store ${name} is on another machine, and its password would travel in clear. Use rediss:// (TLS); --store redis:// is for loopback alone.`,
    );
}

/** By spelling: a name that others resolve is none. */
const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || /^127\.(?:\d{1,3}\.){2}\d{1,3}$/.test(host);
