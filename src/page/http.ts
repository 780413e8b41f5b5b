/** Between Node's server and the routes: exact Host and Origin, small bodies, the same strict headers on every answer. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { browserIn, type Address } from './address.ts';
import { PASSKEY_SCRIPT_HASH } from './script.ts';

/** A request that has passed the checks of its head. */
export interface Visit {
  readonly method: 'GET' | 'POST';
  /** The whole target, its query included: only the provider's answer to a login has one. */
  readonly path: string;
  /** `Sec-Fetch-Site`, where there is exactly one. */
  readonly from: string | undefined;
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

/** `address`: the one that this page answers to. `failed` hears of a fault of ours. */
export function listener(address: Address, routes: Routes, failed: () => void): RequestListener {
  return (request, response) => {
    void answerTo(request, { address, routes })
      .catch(() => {
        failed();
        return plain(500, 'Something went wrong here. Nothing was decided by this request; reload the page to see how things stand.');
      })
      .then((reply) => write(response, reply));
  };
}

async function answerTo(
  request: IncomingMessage,
  { address, routes }: { readonly address: Address; readonly routes: Routes },
): Promise<Reply> {
  const refused = refusalOf(request, address);
  if (refused !== undefined) return refused;
  const { method = '', url = '', headers } = request;
  const userAgent = headers['user-agent'] ?? '';
  const named = { path: url, userAgent, from: only(request, 'sec-fetch-site'), browser: browserIn(headers.cookie, address, userAgent) };
  if (method !== 'POST') return routes({ ...named, method: 'GET', form: new Map() });
  if (!/^application\/x-www-form-urlencoded(?:\s*;|$)/i.test(headers['content-type'] ?? ''))
    return plain(415, 'Only forms are taken here.');
  const body = await bodyOf(request);
  if (body === undefined) return { ...plain(413, 'That is too much for a form of this page.'), headers: { ...PLAIN, Connection: 'close' } };
  return routes({ ...named, method: 'POST', form: fieldsOf(body) });
}

type Head = Pick<IncomingMessage, 'method' | 'url' | 'rawHeaders'>;

const valuesOf = ({ rawHeaders }: Head, name: string): readonly string[] =>
  rawHeaders.filter((_, index, all) => index % 2 === 1 && all[index - 1]?.toLowerCase() === name);

/** Undefined: it is not there, or more than once. */
function only(request: Head, name: string): string | undefined {
  const values = valuesOf(request, name);
  return values.length === 1 ? values[0] : undefined;
}

/** By the head alone, before a byte of the body is read. */
function refusalOf(request: Head, { host, origin }: Address): Reply | undefined {
  const { method = '', url = '' } = request;
  if (!url.startsWith('/')) return plain(400, 'This is no proxy.');
  if (only(request, 'host') !== host) return plain(403, `This page answers to its own address only: ${origin}/approvals`);
  if (method !== 'GET' && method !== 'HEAD' && method !== 'POST')
    return { ...plain(405, 'Not here.'), headers: { ...PLAIN, Allow: 'GET, HEAD, POST' } };
  if (method === 'POST') {
    if (only(request, 'origin') !== origin) return plain(403, 'A decision must come from this page itself (Origin).');
    if (only(request, 'sec-fetch-site') !== 'same-origin')
      return plain(403, 'A decision must come from this page itself (Sec-Fetch-Site).');
    return undefined;
  }
  // Opened as a page (or its style) and nothing else: no frame, no image, no fetch from elsewhere.
  const openedAs = valuesOf(request, 'sec-fetch-dest');
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

export function write(response: ServerResponse, { status, body, headers }: Reply): void {
  if (response.destroyed) return;
  response.writeHead(status, { ...HEADERS, ...headers, 'Content-Length': Buffer.byteLength(body) });
  response.end(body); // Node leaves it out of an answer to HEAD
}
