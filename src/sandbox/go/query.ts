/** Query strings as Go reads and prints them. Pure. */
export type Query = ReadonlyMap<string, readonly string[]>;

function unescape(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/** A part with a bad escape or a bare semicolon is dropped without a word, as Go does. */
export function parseQuery(text: string): Query {
  const query = new Map<string, string[]>();
  for (const part of text.split('&')) {
    if (part === '' || part.includes(';')) continue;
    const at = part.indexOf('=');
    const name = unescape(at < 0 ? part : part.slice(0, at));
    const value = unescape(at < 0 ? '' : part.slice(at + 1));
    if (name === undefined || value === undefined) continue;
    query.set(name, [...(query.get(name) ?? []), value]);
  }
  return query;
}

/** Of a repeated parameter the first counts. */
export const first = (query: Query, name: string): string => query.get(name)?.[0] ?? '';
export const all = (query: Query, name: string): readonly string[] => query.get(name) ?? [];

const escape = (text: string): string =>
  encodeURIComponent(text)
    .replace(/[!'()*]/g, (it) => `%${it.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+');

/** Go's `Values.Encode`: names in alphabetical order. */
export function printQuery(query: Query): string {
  const names = [...query.keys()].sort();
  return names.flatMap((name) => all(query, name).map((value) => `${escape(name)}=${escape(value)}`)).join('&');
}

/** The same query with some parameters set and some taken out (`undefined`). */
export function withParameters(query: Query, changes: Readonly<Record<string, string | undefined>>): Query {
  const changed = new Map(query);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) changed.delete(name);
    else changed.set(name, [value]);
  }
  return changed;
}

const MAX_INT = 2n ** 63n - 1n;
/** Go's `strconv.Atoi`; undefined if it is no integer of 64 bits. */
export const atoi = (text: string): number | undefined =>
  /^[+-]?\d+$/.test(text) && BigInt(text.replace('+', '')) <= MAX_INT ? Number(text) : undefined;
/** What Go says of a text that `atoi` does not take. */
export const atoiComplaint = (text: string): string =>
  `strconv.Atoi: parsing ${JSON.stringify(text)}: ${/^[+-]?\d+$/.test(text) ? 'value out of range' : 'invalid syntax'}`;
