// Plays recorded exchanges again: turns what was recorded into what is to be sent now, and both answers into texts that can be compared.
// Everything is compared in terms of the recording; what differs from run to run is replaced by a word in angle brackets.
import { isLosslessNumber, parse, stringify } from 'lossless-json';
import type { Answer, Method } from './ask.ts';

export interface Exchange {
  readonly seq: { readonly value: string };
  readonly case: string;
  readonly request: {
    readonly method: Method;
    readonly path: string;
    readonly server?: 'public';
    readonly variant?: true;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
  readonly response: {
    readonly status: { readonly value: string };
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
}

/** The two addresses of a server, without a slash at the end. */
export interface Place {
  readonly adminUrl: string;
  readonly publicUrl: string;
}

type Tree = string | boolean | null | Tree[] | { [member: string]: Tree };

const uuids = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const nil = '00000000-0000-0000-0000-000000000000';
const compared = ['content-type', 'link', 'x-total-count', 'location', 'allow'];

/** Numbers become their digits, so that 9007199254740993, -0 and 1e400 count as they were written. */
function tree(value: unknown): Tree {
  if (isLosslessNumber(value)) return `<number ${value.value}>`;
  if (Array.isArray(value)) return value.map(tree);
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, tree(member)]));
  // JSON has nothing else left.
  return value as string | boolean | null;
}

const text = (value: Tree | undefined) => JSON.stringify(value);
const sortedBy = (items: Tree[], key: (item: Tree) => string) => items.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
const member = (item: Tree, name: string) => (typeof item === 'object' && item !== null && !Array.isArray(item) ? item[name] : undefined);
const members = (value: Tree) => new Map(typeof value === 'object' && value !== null ? Object.entries(value) : []);
const isIdentity = (item: Tree) => member(item, 'schema_id') !== undefined;

/** Puts in order what Kratos orders by random id or not at all. */
function ordered(value: Tree, name: string, reading: boolean): Tree {
  if (Array.isArray(value)) {
    const items = value.map((item) => ordered(item, '', reading));
    if (name.endsWith('_addresses')) return sortedBy(items, (item) => `${text(member(item, 'via'))}${text(member(item, 'value'))}`);
    if (name === 'identifiers' && !reading) return sortedBy(items, text);
    return items.length > 0 && items.every(isIdentity) ? sortedBy(items, (item) => text(member(item, 'traits'))) : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, ordered(child, key, reading)]));
}

/** The page token of the list of sessions: two fields in any order, in base64. */
function sessionToken(token: string): string {
  const fields = Buffer.from(token, 'base64')
    .toString('latin1')
    .split(/\/(?=id=|created_at=)/);
  if (fields.length !== 2 || !fields.every((field) => /^(id|created_at)=/.test(field))) return token;
  return fields.includes(`id=${nil}`) ? `<${fields.toSorted().join('/')}>` : '<session token>';
}

const pageToken = (token: string, link: string) => {
  if (link.startsWith('</admin/courier/')) return '<courier token>';
  if (token === nil) return token;
  return token.length === nil.length ? '<identity token>' : sessionToken(token);
};

const volatile: readonly (readonly [RegExp, string])[] = [
  [/^(?!0001-)\d{4}-\d\d-\d\dT[\d:.]+Z$/, '<time>'],
  [/^\$2a\$\d\d\$.{53}$/, '<hash>'],
  [/^ory_st_[A-Za-z0-9]{32}$/, '<session token>'],
  [/^127\.0\.0\.1:\d+$/, '127.0.0.1:<port>'],
  [/&token=[A-Za-z0-9]{32}$/, '&token=<token>'],
  [/\b\d{6}\b/g, '<code>'],
];
const still = (value: string) => volatile.reduce((changed, [pattern, word]) => changed.replace(pattern, word), value);

const targets = (link: string) => new Map([...link.matchAll(/<([^>]*)>; rel="(\w+)"/g)].map(([, path, rel]) => [rel, path]));

const instant = (value: Tree | undefined) => (typeof value === 'string' ? Date.parse(value) : Number.NaN);

/** Of sessions and flows: when they end is compared to the hour. */
const lifespan = (issued: Tree | undefined, expires: Tree | undefined) =>
  `<issued_at + ${Math.round((instant(expires) - instant(issued)) / 3_600_000)} h>`;

export class Replay {
  readonly #live = new Map<string, string>();
  readonly #recorded = new Map<string, string>();
  readonly #links = new Map<string, string>();
  readonly #seen = new Map<string, string>();
  readonly #places: readonly (readonly [string, string])[];

  /** `places`: each recorded address with the one that stands for it now. */
  constructor(places: readonly (readonly [string, string])[]) {
    this.#places = places;
  }

  path(recorded: string): string {
    return this.#links.get(recorded) ?? recorded.replace(uuids, (id) => this.#live.get(id) ?? id);
  }

  body(recorded: unknown): string | undefined {
    return stringify(recorded)?.replace(uuids, (id) => this.#live.get(id) ?? id);
  }

  /** Both answers as texts; equal where the answer is as recorded. */
  compare(exchange: Exchange, answer: Answer): { recorded: string; live: string } {
    const json = answer.headers['content-type']?.startsWith('application/json') === true && answer.text !== '';
    const reading = exchange.request.method === 'GET';
    const body = (value: unknown) => (value === undefined ? undefined : ordered(tree(value), '', reading));
    const recorded = body(exchange.response.body);
    const live = body(json ? parse(answer.text) : answer.text === '' ? undefined : answer.text);
    const paged = /^\/admin\/identities\?(page|page_size)=/.test(exchange.request.path);
    if (!paged && recorded !== undefined && live !== undefined) this.#learn(recorded, live);
    this.#follow(exchange.response.headers['link'], answer.headers['link']);

    const shown = {
      recorded: {
        status: Number(exchange.response.status.value),
        ...this.#headers(exchange.response.headers),
        body: this.#still(recorded),
      },
      live: { status: answer.status, ...this.#headers(answer.headers), body: this.#still(live) },
    };
    if (paged) shown.recorded.body = this.#samePage(shown.recorded.body, shown.live.body);
    else this.#remember(shown.recorded.body);
    return { recorded: JSON.stringify(shown.recorded, null, 1), live: JSON.stringify(shown.live, null, 1) };
  }

  /** Notes which id of now stands for which recorded one: they stand in the same places. */
  #learn(recorded: Tree, live: Tree): void {
    if (typeof recorded === 'string' && typeof live === 'string') {
      const now = live.match(uuids) ?? [];
      for (const [index, id] of (recorded.match(uuids) ?? []).entries()) this.#pair(id, now[index]);
      return;
    }
    const others = members(live);
    for (const [name, child] of members(recorded)) this.#learn(child, others.get(name) ?? null);
  }

  #pair(recorded: string, live: string | undefined): void {
    if (live === undefined || this.#live.has(recorded) || this.#recorded.has(live)) return;
    this.#live.set(recorded, live);
    this.#recorded.set(live, recorded);
  }

  #follow(recorded = '', live = ''): void {
    const now = targets(live);
    for (const [rel, path] of targets(recorded)) {
      const other = now.get(rel);
      if (path !== undefined && other !== undefined && rel !== 'first') this.#links.set(path, other);
    }
  }

  #string(value: string): string {
    const placed = this.#places.reduce((changed, [recorded, live]) => changed.replaceAll(live, recorded), value);
    return still(placed.replace(uuids, (id) => this.#recorded.get(id) ?? id));
  }

  #headers(headers: Readonly<Record<string, string>>): Record<string, string> {
    const link = (value: string) => value.replace(/(?<=page_token=)[^&>]+/g, (token) => pageToken(token, value));
    const kept = compared.filter((name) => headers[name] !== undefined);
    return Object.fromEntries(
      kept.map((name) => [name, this.#string(name === 'link' ? link(headers[name] ?? '') : (headers[name] ?? ''))]),
    );
  }

  #still(value: Tree | undefined): Tree | undefined {
    if (typeof value === 'string') return this.#string(value);
    if (Array.isArray(value)) return value.map((item) => this.#still(item) ?? null);
    if (typeof value !== 'object' || value === null) return value;
    const whole = Object.fromEntries(Object.entries(value).map(([name, child]) => [name, this.#still(child) ?? null]));
    return 'issued_at' in value && 'expires_at' in value
      ? { ...whole, expires_at: lifespan(value['issued_at'], value['expires_at']) }
      : whole;
  }

  /** Keeps the identities of the lists: which of them a page holds depends on their random ids, what they look like there does not. */
  #remember(body: Tree | undefined): void {
    if (!Array.isArray(body) || !body.every(isIdentity)) return;
    for (const item of body) this.#seen.set(text(member(item, 'id')), text(item));
  }

  /** The recorded page, with other identities of the recording in it: those that are on the page now, as they were listed. */
  #samePage(recorded: Tree | undefined, live: Tree | undefined): Tree | undefined {
    if (!Array.isArray(recorded) || !Array.isArray(live) || recorded.length !== live.length) return recorded;
    return live.map((item) => JSON.parse(this.#seen.get(text(member(item, 'id'))) ?? '"an identity of the recording"') as Tree);
  }
}
