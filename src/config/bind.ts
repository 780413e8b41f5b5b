/** `[HOST:]PORT`: where a server listens. */
import { isIP } from 'node:net';
import { UsageError } from '../errors.ts';
import { waysToSet } from './settings.ts';
import { isLoopback } from './urls.ts';

export interface Address {
  /** Empty: both loopback addresses. */
  readonly hosts: readonly string[];
  readonly port: number;
  readonly isLoopback: boolean;
}

/** Throws `UsageError`. `0.0.0.0` and `::` are every address of the machine, and so no loopback. */
export function bindOf(key: 'http' | 'opsPort', text: string): Address {
  const [, bracketed, plain, digits = ''] = /^(?:\[([\da-f:.]+)\]:|([^:[\]]+):)?(\d{1,5})$/i.exec(text) ?? [];
  const port = digits === '' ? Number.NaN : Number(digits);
  const host = bracketed ?? plain;
  if (!(port <= 65_535)) throw new UsageError(`${waysToSet(key)} must be [HOST:]PORT, for example 8080, 0.0.0.0:8080 or [::]:8080.`);
  if (host === undefined || host === 'localhost') return { hosts: [], port, isLoopback: true };
  if (isIP(host) === 0 || /^::ffff:/i.test(host))
    throw new UsageError(
      `${waysToSet(key)} must name an address of this machine as it is (0.0.0.0 for all), not a name or an IPv4 address in IPv6.`,
    );
  return { hosts: [host], port, isLoopback: isLoopback(`http://${bracketed === undefined ? host : `[${host}]`}/`) };
}
