/**
 * What the page prints of a plan: the requests that a yes sends, and value by value what differs. Exact: what nobody could see stands there
 * as a JSON escape, and what is left out (credentials) by a word in its place. Pure.
 */
import { endpoints } from '../client/endpoints.ts';
import { buildPath, buildQuery } from '../client/path.ts';
import { canonical, ExactNumber } from '../lib/json.ts';
import { clean } from '../lib/text.ts';
import type { Call, Difference, Plan } from '../operation.ts';
import { isObject } from '../shape/present.ts';
import { HIDDEN } from './differences.ts';

export interface ShownRequest {
  readonly method: string;
  /** With its query, as it goes over the wire. */
  readonly path: string;
  /** JSON, indented. */
  readonly body?: string;
}

/** Throws `InputError` for a call that could not be sent either. */
export const requestsOf = ({ calls }: Pick<Plan, 'calls'>): readonly ShownRequest[] => calls.map(requestOf);

function requestOf({ endpoint, params, init: { query, body } }: Call): ShownRequest {
  const [method = ''] = endpoints[endpoint].route.split(' ');
  const path = buildPath(endpoint, params) + buildQuery(query);
  return { method, path, ...(body === undefined ? {} : { body: visible(JSON.stringify(withoutSecrets(body), undefined, 2)) }) };
}

/** Credentials are a member of an identity, which is the body itself or one of a batch's: traits that are called so are no secret. */
function withoutSecrets(body: unknown): unknown {
  if (!isObject(body)) return body;
  const { identities } = body;
  if (Array.isArray(identities)) return { ...body, identities: identities.map(withoutItsSecrets) };
  return withHidden(body);
}

const withoutItsSecrets = (item: unknown): unknown =>
  isObject(item) && isObject(item['create']) ? { ...item, create: withHidden(item['create']) } : item;
const withHidden = <T extends object>(identity: T): T =>
  'credentials' in identity ? { ...identity, credentials: hidden(identity.credentials) } : identity;

/** Its members and how many there are stay, the values do not. */
function hidden(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hidden);
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, hidden(member)]));
  return typeof value === 'boolean' || value === undefined ? value : HIDDEN;
}

export interface ShownDifference {
  /** Dotted; a name that is no plain word as a JSON string. */
  readonly path: string;
  /** JSON; left out: not there. */
  readonly before?: string;
  readonly after?: string;
}

/** Each path once, whatever it counts as. Where a list becomes an object, what goes and what comes stand apart under one path. */
export function differencesShown({ differences = [] }: Pick<Plan, 'differences'>): readonly ShownDifference[] {
  const byPath = new Map<string, ShownDifference>();
  for (const it of differences) byPath.set(pathOf(it), { ...byPath.get(pathOf(it)), ...shownOf(it) });
  return [...byPath.values()];
}

const pathOf = ({ path }: Difference): string => path.map(nameOf).join('.');
const nameOf = (name: string): string => (/^[A-Za-z0-9_-]+$/.test(name) ? name : visible(JSON.stringify(name)));

const shownOf = (it: Difference): ShownDifference => ({
  path: pathOf(it),
  ...(it.before === undefined ? {} : { before: jsonOf(it.before) }),
  ...(it.after === undefined ? {} : { after: jsonOf(it.after) }),
});

/** A difference is a leaf: a number that a double can't carry stands on its own. */
const jsonOf = (value: unknown): string => (value instanceof ExactNumber ? value.text : visible(canonical(value)));

/** JSON in which every character that a reader can't see, or can't tell from a blank, is written as its escape. */
const visible = (json: string): string =>
  json.replace(/[^\x20-\x7e\n]/gu, (it) => (clean(it, 2).removed === 0 && !/[\p{Zs}\p{Cc}]/u.test(it) ? it : escaped(it)));

/** Outside of strings JSON has no such character, so that this stands in one. */
const escaped = (character: string): string =>
  Array.from({ length: character.length }, (_, at) => `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`).join('');
