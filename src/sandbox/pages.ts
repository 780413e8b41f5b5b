/**
 * Kratos' four ways to cut a list into pages, with the exact `Link` header of each and their two bugs: lists of one identity's sessions
 * show the first page twice (persister_session.go:167), pages of schemas overlap (schema/schema.go:100). Pure.
 */
import { badMessage, badRequest, mislabelled } from './envelope.ts';
import { atoi, atoiComplaint, first, printQuery, withParameters, type Query } from './go/query.ts';
import { parseInstant, tokenStamp, type Instant } from './go/time.ts';
import { NIL, parseUuid } from './go/uuid.ts';

export interface Page<T> {
  readonly items: readonly T[];
  readonly headers: Readonly<Record<string, string>>;
}
/** Where a list is asked for: the path of the `Link` header, and the whole query, which it repeats. */
export interface Asked {
  readonly path: string;
  readonly query: Query;
}

const BAD_TOKEN = 'The page token is invalid, do not craft your own page tokens';
const FOREVER = 7_289_654_399_000_000; // 2200-12-31 23:59:59, the token of the first page of sessions

const clamp = (size: number, usual: number, most: number): number => (size <= 0 ? usual : Math.min(size, most));
const link = ({ path, query }: Asked, changes: Record<string, string | undefined>, rel: string): string =>
  `<${path}?${printQuery(withParameters(query, changes))}>; rel="${rel}"`;

/** `Link` of the token schemes: always `first`, and `next` unless this is the last page. */
function tokenPage<T>(asked: Asked, found: readonly T[], use: { size: number; start: string; token: (last: T) => string }): Page<T> {
  const items = found.slice(0, use.size);
  const last = items.at(-1);
  const page = (token: string, rel: string) => link(asked, { page_size: String(use.size), page_token: token }, rel);
  const links = [page(use.start, 'first')];
  if (found.length > use.size && last !== undefined) links.push(page(use.token(last), 'next'));
  return { items, headers: { link: links.join(',') } };
}

/**
 * Identities: by token and id, or by number where only `page` is given. `every` holds them in the order of their ids. The total of the old
 * scheme is `all`, filters or not; without it, what the page holds.
 */
export function identityPage<T extends { readonly id: string }>(asked: Asked, every: readonly T[], all: number | undefined): Page<T> {
  const { query } = asked;
  const byToken = query.has('page_size') || query.has('page_token');
  if (query.has('page') && !byToken) return legacyPage(asked, every, all);
  const old = !byToken && query.has('per_page');
  const given = first(query, old ? 'per_page' : 'page_size');
  const size = given === '' ? 0 : atoi(given);
  if (size === undefined) throw badRequest(atoiComplaint(given));
  const token = first(query, 'page_token');
  if (token !== '' && parseUuid(token) === undefined) throw badRequest(BAD_TOKEN);
  // Compared as it was written: one in capitals comes before all ids, which are lower case.
  const after = token === '' ? NIL : token;
  const linked = old ? { ...asked, query: withParameters(query, { per_page: undefined }) } : asked;
  return tokenPage(
    linked,
    every.filter((it) => it.id > after),
    { size: clamp(size, 250, 500), start: NIL, token: (it) => it.id },
  );
}

function legacyPage<T>(asked: Asked, every: readonly T[], all: number | undefined): Page<T> {
  const size = Math.min(Math.max(atoi(first(asked.query, 'per_page')) ?? 250, 1), 500);
  const page = Math.max(atoi(first(asked.query, 'page')) ?? 0, 0);
  if (page * size > 1000) {
    throw badRequest(
      'Legacy pagination is not supported for enumerating over 1000 items. Please switch to using page_token and page_size.',
    );
  }
  const items = every.slice(page * size, (page + 1) * size);
  const total = all ?? items.length;
  const one = (number: number, rel: string, per = size) => link(asked, { page: String(number), per_page: String(per) }, rel);
  const headers = { link: numberedLinks({ page, size, total }, one), 'x-total-count': String(total) };
  return { items, headers };
}

interface Numbered {
  readonly page: number;
  readonly size: number;
  readonly total: number;
}
/** oryx/pagination/header.go:26, with its page -1 for an empty list and its `size=total` for a short one. */
function numberedLinks({ page, size, total }: Numbered, one: (page: number, rel: string, size?: number) => string): string {
  const lastPage = total % size === 0 ? total / size - 1 : Math.floor(total / size);
  if (total === 0) return [one(0, 'first'), one(page + 1, 'next'), one(page - 1, 'prev')].join(',');
  if (page >= lastPage) {
    return total <= size ? one(0, 'first', total) : [one(0, 'first'), one(lastPage - 1, 'prev')].join(',');
  }
  if (page < 1) return [one(1, 'next'), one(lastPage, 'last')].join(',');
  return [one(0, 'first'), one(page + 1, 'next'), one(page - 1, 'prev'), one(lastPage, 'last')].join(',');
}

const offsetToken = (offset: number): string => Buffer.from(`{"offset":"${offset}","v":2}`).toString('base64url');
const offsetOf = (token: string): number => {
  const offset = /"offset":"(\d+)"/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  return Number(offset ?? 0);
};

/** Schemas and the sessions of one identity: numbers and tokens side by side; nothing in the query is ever an error. */
function migrationPage({ query }: Asked): { page: number; size: number } {
  const byToken = query.has('page_size') || query.has('page_token');
  const given = first(query, byToken ? 'page_size' : 'per_page');
  const asked = given === '' ? 250 : (atoi(given) ?? 250);
  const size = Math.min(Math.max(asked, 1), 1000);
  if (!byToken) return { page: Math.max(atoi(first(query, 'page')) ?? 0, 0), size };
  return { page: Math.floor(offsetOf(first(query, 'page_token')) / size), size };
}
function migrationHeaders(asked: Asked, at: Numbered): Record<string, string> {
  const one = (page: number, rel: string, per = at.size) =>
    link(asked, { page: String(page), page_size: String(per), page_token: offsetToken(page * per), per_page: String(per) }, rel);
  return { link: numberedLinks(at, one), 'x-total-count': String(at.total) };
}

/** With the bug: page 0 and page 1 are the same, and following `Link` never shows the last page. */
export function identitySessionPage<T>(asked: Asked, every: readonly T[]): Page<T> {
  const { page, size } = migrationPage(asked);
  const start = Math.max(page - 1, 0) * size;
  return { items: every.slice(start, start + size), headers: migrationHeaders(asked, { page, size, total: every.length }) };
}

/** With the bug: every page but the first holds one page more than it should. */
export function schemaPage<T>(asked: Asked, every: readonly T[]): Page<T> {
  const { page, size } = migrationPage(asked);
  const start = page * size;
  const end = page === 0 ? size : start + (page + 1) * size;
  return { items: every.slice(start, end), headers: migrationHeaders(asked, { page, size, total: every.length }) };
}

interface Dated {
  readonly id: string;
  readonly created_at: Instant;
}
const sessionToken = (id: string, at: Instant): string =>
  Buffer.from(`id=${id}/created_at=${tokenStamp(at)}`)
    .toString('base64')
    .replace(/=+$/, '');

/** Sessions: the newest first. Kratos writes the two fields of a token in random order; here the id comes first. */
export function sessionPage<T extends Dated>(asked: Asked, every: readonly T[]): Page<T> {
  const given = first(asked.query, 'page_size');
  const size = given === '' ? 0 : atoi(given);
  const token = first(asked.query, 'page_token');
  const text = /^[A-Za-z0-9+/]*$/.test(token) && token.length % 4 !== 1 ? Buffer.from(token, 'base64').toString() : undefined;
  // Whichever of the two is wrong, the text is the same.
  if (size === undefined || text === undefined) throw badMessage('could not parse parameter page_size');
  const found = token === '' ? every : every.filter(isAfter(text));
  const use = { size: clamp(size, 250, 1000), start: sessionToken(NIL, FOREVER), token: (it: T) => sessionToken(it.id, it.created_at) };
  return tokenPage(asked, found, use);
}
function isAfter(text: string): (it: Dated) => boolean {
  const fields = new Map(text.split('/').map((it) => [it.slice(0, it.indexOf('=')), it.slice(it.indexOf('=') + 1)]));
  const id = parseUuid(fields.get('id') ?? '');
  if (id === undefined) throw badRequest(BAD_TOKEN);
  // A time that is none comes after every other.
  const at = parseInstant(fields.get('created_at') ?? '') ?? Number.POSITIVE_INFINITY;
  return (it) => it.created_at < at || (it.created_at === at && it.id > id);
}

const MESSAGE_TOKEN = 'sandbox/';
const messageToken = (id: string): string => Buffer.from(MESSAGE_TOKEN + id).toString('base64url');

/** Courier messages: ten at a time, tokens that say nothing to the caller, errors whose body calls itself 500. */
export function messagePage<T extends Dated>(asked: Asked, every: readonly T[]): Page<T> {
  const given = first(asked.query, 'page_size');
  const size = given === '' ? 0 : atoi(given);
  if (size === undefined) throw mislabelled(atoiComplaint(given));
  const token = first(asked.query, 'page_token');
  const text = Buffer.from(token, 'base64url').toString();
  const id = token === '' ? NIL : parseUuid(text.startsWith(MESSAGE_TOKEN) ? text.slice(MESSAGE_TOKEN.length) : '');
  if (id === undefined) throw mislabelled('decode token: illegal base64 data at input byte 0');
  const at = every.findIndex((it) => it.id === id);
  const use = { size: clamp(size, 10, 500), start: messageToken(NIL), token: (it: T) => messageToken(it.id) };
  return tokenPage(asked, every.slice(at + 1), use);
}
