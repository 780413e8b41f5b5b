/** Many identities by id, a page at a time over the sorted ids. */
import type { KratosIdentity } from '../client/bodies.ts';
import { InputError } from '../errors.ts';
import { isUuid } from '../lib/uuid.ts';

/** Kratos repeats all ids in its Link header, which outgrows what Node reads at 195 of them. */
const SLICE = 100;
/** A page ends after so many ids that nobody has: unlike records they can't be cut off at a boundary, and so many fit into every budget. */
const MOST_MISSING = 12;

export interface FindOptions {
  /** How many of the ids a page covers, found or not; all if undefined. */
  readonly size: number | undefined;
  /** The last id that the page before covered: continue with greater ones. */
  readonly after: string | undefined;
  /** Reads up to 100 identities by id; those that don't exist are not in the answer. */
  readonly fetch: (ids: readonly string[]) => Promise<readonly KratosIdentity[]>;
}
export interface Found {
  /** By id, ascending. */
  readonly found: readonly KratosIdentity[];
  /** The ids of this page that nobody has. */
  readonly notFound: readonly string[];
  /** The token of the next page; undefined at the end. */
  readonly next: string | undefined;
}

/** Following `next` shows each id once, as found or as not found, whatever the page sizes. `ids` are UUIDs in lower case. */
export async function findByIds(ids: readonly string[], { size = ids.length, after, fetch }: FindOptions): Promise<Found> {
  const asked = remaining(ids, after);
  const found: KratosIdentity[] = [];
  const notFound: string[] = [];
  let last: string | undefined;
  for (let at = 0; at < Math.min(size, asked.length); at += SLICE) {
    const slice = asked.slice(at, Math.min(at + SLICE, size));
    const there = new Map((await fetch(slice)).map((it) => [it.id, it]));
    for (const id of slice) {
      const identity = there.get(id);
      if (!identity && notFound.length === MOST_MISSING) return { found, notFound, next: last };
      if (identity) found.push(identity);
      else notFound.push(id);
      last = id;
    }
  }
  return { found, notFound, next: size < asked.length ? last : undefined };
}

function remaining(ids: readonly string[], after: string | undefined): readonly string[] {
  const sorted = [...new Set(ids)].toSorted();
  if (after === undefined) return sorted;
  if (isUuid(after)) return sorted.filter((it) => it > after.toLowerCase());
  throw new InputError(
    '`page_token` is not one that this tool gave for `ids`. Take `next_page_token` of the page before, or leave it out.',
    after,
  );
}
