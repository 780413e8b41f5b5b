/** Between Node's server and the routes: exact Host and Origin, small bodies, the same strict headers on every answer. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { PASSKEY_SCRIPT_HASH } from './script.ts';

/** A request that has passed the checks of its head. */
export interface Visit {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** The browser's name by its cookie; undefined: it has none yet. */
  readonly browser: string | undefined;
  readonly userAgent: string;
  /** Of a POST. A field that came twice is not in it. */
  readonly form: ReadonlyMap<string, string>;
}
export interface Reply {
  readonly status: number;
  /** HTML unless `headers` says otherwise. */
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}
export type Routes = (visit: Visit) => Promise<Reply>;

const MAX_BODY = 16 * 1024;
const HEADERS: Readonly<Record<string, string>> = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': `default-src 'none'; style-src 'self'; script-src '${PASSKEY_SCRIPT_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  'X-Frame-Options': 'DENY',
  'X-Content-Type-Options': 'nosniff',
  // Not `no-referrer`: under that, browsers send `Origin: null` with this page's own forms. To others nothing is sent either way.
  'Referrer-Policy': 'same-origin',
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Permissions-Policy':
    'publickey-credentials-get=(self), publickey-credentials-create=(self), camera=(), microphone=(), geolocation=(), payment=(), usb=(), clipboard-read=()',
  'X-Robots-Tag': 'noindex',
};

/** `authority`: the one `host:port` that this page answers to. `failed` hears of a fault of ours. */
export function listener(authority: string, routes: Routes, failed: () => void): RequestListener {
  return (request, response) => {
    void answerTo(request, { authority, routes })
      .catch(() => {
        failed();
        return plain(500, 'Something went wrong here. Nothing was decided by this request; reload the page to see how things stand.');
      })
      .then((reply) => write(response, reply));
  };
}

async function answerTo(
  request: IncomingMessage,
  { authority, routes }: { readonly authority: string; readonly routes: Routes },
): Promise<Reply> {
  const refused = refusalOf(request, authority);
  if (refused !== undefined) return refused;
  const { method = '', url = '', headers } = request;
  const common = { path: url, userAgent: headers['user-agent'] ?? '', browser: undefined };
  const named = { ...common, browser: browserIn(headers.cookie, authority, common.userAgent) };
  if (method !== 'POST') return routes({ ...named, method: 'GET', form: new Map() });
  if (!/^application\/x-www-form-urlencoded(?:\s*;|$)/i.test(headers['content-type'] ?? ''))
    return plain(415, 'Only forms are taken here.');
  const body = await bodyOf(request);
  if (body === undefined) return { ...plain(413, 'That is too much for a form of this page.'), headers: { ...PLAIN, Connection: 'close' } };
  return routes({ ...named, method: 'POST', form: fieldsOf(body) });
}

/** By the head alone, before a byte of the body is read. */
function refusalOf(request: Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders'>, authority: string): Reply | undefined {
  const { method = '', url = '' } = request;
  const values = (name: string) => request.rawHeaders.filter((_, index, all) => index % 2 === 1 && all[index - 1]?.toLowerCase() === name);
  const only = (name: string, value: string) => values(name).length === 1 && values(name)[0] === value;
  if (!url.startsWith('/')) return plain(400, 'This is no proxy.');
  if (!only('host', authority)) return plain(403, 'This page answers to its own address only.');
  if (method !== 'GET' && method !== 'HEAD' && method !== 'POST')
    return { ...plain(405, 'Not here.'), headers: { ...PLAIN, Allow: 'GET, HEAD, POST' } };
  if (method === 'POST') {
    if (!only('origin', `http://${authority}`)) return plain(403, 'A decision must come from this page itself (Origin).');
    if (!only('sec-fetch-site', 'same-origin')) return plain(403, 'A decision must come from this page itself (Sec-Fetch-Site).');
    return undefined;
  }
  // Opened as a page (or its style) and nothing else: no frame, no image, no fetch from elsewhere.
  const openedAs = values('sec-fetch-dest');
  if (openedAs.some((it) => it !== 'document' && it !== 'style')) return plain(403, 'This page opens in a window of its own only.');
  return undefined;
}

const PLAIN = { 'Content-Type': 'text/plain; charset=utf-8' };
export const plain = (status: number, text: string): Reply => ({ status, body: `${text}\n`, headers: PLAIN });

/** Undefined: too long, also where no length was announced. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    // a cast: no encoding is set, so it gives buffers
    size += chunk.length;
    if (size > MAX_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function fieldsOf(body: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  const twice = new Set<string>();
  for (const [name, value] of new URLSearchParams(body)) {
    if (fields.has(name)) twice.add(name);
    fields.set(name, value);
  }
  for (const name of twice) fields.delete(name);
  return fields;
}

function write(response: ServerResponse, { status, body, headers }: Reply): void {
  if (response.destroyed) return;
  response.writeHead(status, { ...HEADERS, ...headers, 'Content-Length': Buffer.byteLength(body) });
  response.end(body); // Node leaves it out of an answer to HEAD
}

/**
 * `__Host-` and `Secure` where a browser takes them on http://localhost: those built on Chromium do. Ports do not isolate cookies, so the
 * name has the port in it, and Origin is what keeps other pages of this machine out.
 */
function cookieName(authority: string, userAgent: string): string {
  const name = `ory-identity-mcp-${authority.split(':')[1] ?? '80'}`;
  return takesSecure(userAgent) ? `__Host-${name}` : name;
}
const takesSecure = (userAgent: string): boolean => /Chrom(?:e|ium)\//.test(userAgent);

export const cookieFor = (browser: string, { authority, userAgent }: { readonly authority: string; readonly userAgent: string }): string =>
  `${cookieName(authority, userAgent)}=${browser}; Path=/; HttpOnly; SameSite=Strict${takesSecure(userAgent) ? '; Secure' : ''}`;

function browserIn(cookies: string | undefined, authority: string, userAgent: string): string | undefined {
  const name = cookieName(authority, userAgent);
  const found = (cookies ?? '').split(/;\s*/).filter((it) => it.startsWith(`${name}=`));
  const value = found.length === 1 ? found[0]?.slice(name.length + 1) : undefined;
  return value !== undefined && /^[A-Za-z0-9_-]{22}$/.test(value) ? value : undefined;
}
