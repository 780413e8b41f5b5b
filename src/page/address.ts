/** Where the page is to be found, and what follows from it: the Host and Origin that count, and the cookie. Pure. */
import { UsageError } from '../errors.ts';

export interface Address {
  /** `https://identity-mcp.example.com`, `http://localhost:8765`: as browsers write it, without a slash at its end. */
  readonly origin: string;
  /** As it must stand in the Host header. */
  readonly host: string;
  readonly isHttps: boolean;
  /** Passkeys are enrolled on localhost, and are good for that name alone. */
  readonly isLocalhost: boolean;
}

/** Throws `UsageError`: elsewhere than on https and http://localhost a browser keeps no cookie safe. */
export function addressOf(origin: string): Address {
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  const isHttps = url?.protocol === 'https:';
  const isLocalhost = url?.hostname === 'localhost';
  if (url === undefined || url.origin !== origin || !(isHttps || (url.protocol === 'http:' && isLocalhost))) {
    throw new UsageError(
      'The approvals page needs an address for browsers that is https://HOST or http://localhost:PORT, without a path. Set --external-url (KRATOS_MCP_EXTERNAL_URL).',
    );
  }
  return { origin, host: url.host, isHttps, isLocalhost };
}

/**
 * `__Host-` and `Secure` always on https, and on http://localhost where a browser takes them there: those built on Chromium do. Ports do not
 * isolate cookies, so the name has the port in it, and Origin is what keeps other pages of this machine out.
 */
function cookieName(address: Address, userAgent: string): string {
  const { port } = new URL(address.origin);
  const name = address.isHttps && port === '' ? 'ory-identity-mcp' : `ory-identity-mcp-${port === '' ? '80' : port}`;
  return takesSecure(address, userAgent) ? `__Host-${name}` : name;
}
const takesSecure = ({ isHttps }: Address, userAgent: string): boolean => isHttps || /Chrom(?:e|ium)\//.test(userAgent);

export const cookieFor = (browser: string, { address, userAgent }: { readonly address: Address; readonly userAgent: string }): string =>
  `${cookieName(address, userAgent)}=${browser}; Path=/; HttpOnly; SameSite=Strict${takesSecure(address, userAgent) ? '; Secure' : ''}`;

/** The browser's name in its cookies; undefined where it is not there exactly once. */
export function browserIn(cookies: string | undefined, address: Address, userAgent: string): string | undefined {
  const name = cookieName(address, userAgent);
  const found = (cookies ?? '').split(/;\s*/).filter((it) => it.startsWith(`${name}=`));
  const value = found.length === 1 ? found[0]?.slice(name.length + 1) : undefined;
  return value !== undefined && /^[A-Za-z0-9_-]{22}$/.test(value) ? value : undefined;
}
