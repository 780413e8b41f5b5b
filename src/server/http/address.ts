/** Where a request comes from, for limits per address; never for deciding who somebody is. */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { UsageError } from '../../errors.ts';

/** IPv4 in IPv6 as IPv4. */
const plain = (address: string): string => (/^::ffff:[\d.]+$/i.test(address) ? address.slice(7) : address);

export const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');

/** Of IPv6 the first 64 bits: so much any subscriber has. */
export function groupOf(address: string): string {
  const it = plain(address);
  if (!it.includes(':') || it === '::1') return it;
  const [head = '', tail] = it.split('%', 1)[0]?.split('::') ?? [];
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? [] : Array.from({ length: Math.max(0, 8 - before.length - after.length) }, () => '0');
  return `${[...before, ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}

/** Whether an address is in one of these CIDRs. Throws `UsageError` for what is none. */
export function inCidrs(cidrs: readonly string[]): (address: string) => boolean {
  if (cidrs.length === 0) return () => false;
  const list = new BlockList();
  for (const cidr of cidrs) add(list, cidr);
  return (address) => {
    const it = plain(address);
    return isIP(it) !== 0 && list.check(it, isIP(it) === 6 ? 'ipv6' : 'ipv4');
  };
}

function add(list: BlockList, cidr: string): void {
  const [address = '', length, ...more] = cidr.split('/');
  const version = isIP(address);
  const bits = length === undefined ? (version === 6 ? 128 : 32) : Number(length);
  const isRight = version !== 0 && more.length === 0 && /^\d{1,3}$/.test(length ?? '0') && bits <= (version === 6 ? 128 : 32);
  if (!isRight)
    throw new UsageError('--trusted-proxies (KRATOS_MCP_TRUSTED_PROXIES) must hold addresses or CIDRs, for example 10.0.0.0/8.');
  list.addSubnet(address, bits, version === 6 ? 'ipv6' : 'ipv4');
}

export interface Origin {
  /** Grouped as limits count. */
  readonly address: string;
  /** A trusted proxy named it. */
  readonly isForwarded: boolean;
}

/** The last address that no trusted proxy has; what stands before it, anybody can write. */
export function originOf({ socket, headers }: Pick<IncomingMessage, 'socket' | 'headers'>, isTrusted: (it: string) => boolean): Origin {
  const peer = socket.remoteAddress ?? '';
  const forwarded = headers['x-forwarded-for'];
  if (typeof forwarded !== 'string' || !isTrusted(peer)) return { address: groupOf(peer), isForwarded: false };
  let address = peer;
  for (const entry of forwarded.split(',').toReversed()) {
    const it = entry.trim();
    if (isIP(it) === 0) break;
    address = it;
    if (!isTrusted(it)) break;
  }
  return { address: groupOf(address), isForwarded: address !== peer };
}
