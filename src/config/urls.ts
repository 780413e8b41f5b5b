/** The rules for Kratos' addresses. They come from configuration only; a message never repeats one, since it may hold a password. */
import { BlockList } from 'node:net';
import { UsageError } from '../errors.ts';

/** Where clouds answer with the machine's own credentials: link-local, and the IPv6 address that AWS uses. Matches IPv4-mapped forms too. */
const metadata = new BlockList();
metadata.addSubnet('169.254.0.0', 16, 'ipv4');
metadata.addAddress('fd00:ec2::254', 'ipv6');

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** `host` as `URL.hostname` gives it. */
function within(list: BlockList, host: string): boolean {
  if (host.startsWith('[')) return list.check(host.slice(1, -1), 'ipv6');
  return /^[\d.]+$/.test(host) && list.check(host, 'ipv4');
}

export const isLoopback = (url: string): boolean => {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || within(loopback, hostname);
};
export const isPlainHttp = (url: string): boolean => new URL(url).protocol === 'http:';
/** A project on Ory Network, by its address. Projects under a domain of their own are known by their API key. */
export const isNetworkHost = (url: string): boolean => new URL(url).hostname.endsWith('.projects.oryapis.com');

/** `WHATWG URL` drops tabs and line breaks and turns a backslash into a slash: what it would repair is refused instead. */
const REPAIRED = /[\s\\\p{Cc}]/u;

/** The address without a slash at its end; a base path is kept. Throws `UsageError`. */
export function baseUrl(name: string, raw: string): string {
  const refuse = (why: string): UsageError => new UsageError(`${name} ${why}. Give an address like http://127.0.0.1:4434.`);
  if (REPAIRED.test(raw) || !URL.canParse(raw)) throw refuse('is no URL');
  const url = new URL(raw);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw refuse('must begin with http:// or https://');
  if (url.username !== '' || url.password !== '' || raw.includes('@')) throw refuse('must not hold a user name or password');
  if (raw.includes('?') || raw.includes('#')) throw refuse('must not hold a query or fragment');
  if (within(metadata, url.hostname)) throw refuse('is the metadata address of a cloud, which hands out credentials');
  return url.origin + url.pathname.replace(/\/+$/, '');
}
