/** Path and query of a request, out of values that a model may have made up. Refused here is never sent. Pure. */
import { InputError } from '../errors.ts';
import { isUuid } from '../lib/uuid.ts';
import { endpoints, type EndpointName } from './endpoints.ts';
import type { Query } from './types.ts';

const UNPRINTABLE = /\p{Cc}|\p{Zl}|\p{Zp}/u;
const LONE_SURROGATE = /\p{Cs}/u;
/** Far above what Kratos takes as an external id (64) and what a schema is called. */
const LONGEST = 512;

/** Fills a route; throws `InputError` for a value that could lead somewhere else than the route says. */
export function buildPath(endpoint: EndpointName, params: Readonly<Record<string, string>>): string {
  const template = templateOf(endpoint);
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(check(template, name, params[name])));
  assertFollows(template, path, params);
  return path;
}

/** With its question mark, or empty. Throws `InputError` for an empty filter, which to Kratos means no filter at all. */
export function buildQuery(query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue;
    const values = Array.isArray(value) ? (value as readonly string[]) : [String(value)]; // Array.isArray forgets `readonly`
    if (values.length === 0 || values.includes('')) {
      throw new InputError(`\`${name}\` is empty. An empty filter lists everybody: leave it out, or say what to look for.`);
    }
    for (const it of values) search.append(name, checkText(name, it));
  }
  const text = search.toString();
  return text === '' ? '' : `?${text}`;
}

const templateOf = (endpoint: EndpointName): string => endpoints[endpoint].route.replace(/^\w+ /, '');

function check(template: string, name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') throw new InputError(`\`${name}\` is empty. Give the ${name} to work on.`);
  // The id of an identity schema is the operator's free choice; every other `id` is a UUID.
  if (name === 'id' && template.startsWith('/admin/') && !isUuid(value)) {
    throw new InputError('`id` is not a UUID. Take it from a list or a lookup; it looks like 9f4c2a7e-1d3b-4a58-8c6f-0e2b5d7a9c31.', value);
  }
  if (name === 'type' && !/^[a-z][a-z0-9_]{0,63}$/.test(value)) {
    throw new InputError('`type` is no type of credentials. It is a word in lower case, like password or totp.', value);
  }
  if (value.length > LONGEST) throw new InputError(`\`${name}\` is longer than ${LONGEST} characters.`);
  if (UNPRINTABLE.test(value)) throw new InputError(`\`${name}\` holds control characters. Give it as Kratos shows it.`, value);
  if (hasDotSegment(checkText(name, value))) {
    throw new InputError(`\`${name}\` holds a path segment "." or "..", which proxies take for a way up. It is not sent.`, value);
  }
  return value;
}

function checkText(name: string, value: string): string {
  if (LONE_SURROGATE.test(value)) throw new InputError(`\`${name}\` holds half of a character (a lone surrogate). Write it anew.`);
  return value;
}

/** Also behind percent signs and backslashes: a proxy before Kratos may decode once more than Kratos does. */
function hasDotSegment(value: string): boolean {
  for (let text = value, rounds = 0; rounds < 4; rounds += 1) {
    if (text.split(/[/\\]/).some((it) => it === '.' || it === '..')) return true;
    const next = text.replace(/%(2e|2f|5c|25)/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    if (next === text) return false;
    text = next;
  }
  return true; // encoded more than four times over: nobody's id
}

/** What `check` promises, seen from the other end: the path has its route's segments and reads back as the values given. */
function assertFollows(template: string, path: string, params: Readonly<Record<string, string>>): void {
  const built = path.split('/');
  const expected = template.split('/');
  const follows =
    built.length === expected.length &&
    expected.every((it, index) => {
      const segment = built[index] ?? '';
      if (!it.startsWith('{')) return segment === it;
      return segment !== '' && segment !== '.' && segment !== '..' && decodeURIComponent(segment) === params[it.slice(1, -1)];
    });
  // What a URL parser would make of it: the same, or something in between will read another path than we wrote.
  if (!follows || new URL(path, 'http://kratos.invalid').pathname !== path) {
    throw new InputError('The address built from these arguments does not follow its route. It is not sent.');
  }
}
