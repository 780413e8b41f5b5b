/** Many identities by id, a page at a time over the sorted ids. */
import type { KratosIdentity } from '../client/bodies.ts';
import { InputError } from '../errors.ts';
import { isUuid } from './fields.ts';

/** Kratos repeats all ids in its Link header, which outgrows what Node reads at 195 of them. */
const SLICE = 100;

export interface FindOptions {
  /** How many identities at most; all if undefined. */
  readonly size: number | undefined;
  /** The last id shown before: continue with greater ones. */
  readonly after: string | undefined;
  /** Reads up to 100 identities by id; those that don't exist are not in the answer. */
  readonly fetch: (ids: readonly string[]) => Promise<readonly KratosIdentity[]>;
}
export interface Found {
  /** By id, ascending. */
  readonly found: readonly KratosIdentity[];
  /** Asked ids up to where this page ends that nobody has. */
  readonly notFound: readonly string[];
  /** The token of the next page; undefined at the end. */
  readonly next: string | undefined;
}

/** Following `next` shows each id once, as found or as not found, whatever the page sizes. `ids` are UUIDs in lower case. */
export async function findByIds(ids: readonly string[], { size = ids.length, after, fetch }: FindOptions): Promise<Found> {
  const asked = remaining(ids, after);
  const found: KratosIdentity[] = [];
  for (let at = 0; at < asked.length && found.length <= size; at += SLICE) {
    const slice = asked.slice(at, at + SLICE);
    const identities = await fetch(slice);
    // Only what was asked for: an upstream that ignores the filter would hand out everybody.
    found.push(...identities.filter((it) => slice.includes(it.id)).toSorted((a, b) => (a.id < b.id ? -1 : 1)));
  }
  const shown = found.slice(0, size);
  const last = found.length > size ? shown.at(-1)?.id : undefined;
  const known = new Set(shown.map((it) => it.id));
  return { found: shown, notFound: asked.filter((it) => !known.has(it) && (last === undefined || it <= last)), next: last };
}

function remaining(ids: readonly string[], after: string | undefined): readonly string[] {
  const sorted = [...new Set(ids)].toSorted();
  if (after === undefined) return sorted;
  if (isUuid(after)) return sorted.filter((it) => it > after.toLowerCase());
  throw new InputError('`page_token` is not one that this tool gave for `ids`. Take `next_page_token` of the page before, or leave it out.', after);
}
