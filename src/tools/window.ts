/**
 * Offsets over Kratos' page-numbered lists, whose own page tokens skip or repeat records (v26.2.0: an identity's sessions count pages
 * from 0 for a database layer that counts from 1, persistence/sql/persister_session.go:167; schemas overlap, schema/schema.go:100).
 * One request with an explicit page covers what is asked for, and a slice of it is shown. Pure.
 */
import { InputError } from '../errors.ts';

/** The most records that Kratos gives on one page. */
const LARGEST_PAGE = 1000;

export interface Window {
  /** Counted from 0. */
  readonly page: number;
  readonly perPage: number;
  /** How many records of the page come before the first one wanted. */
  readonly skip: number;
  /** How many records are wanted: what was asked for, or fewer where no page holds them all. */
  readonly size: number;
  readonly offset: number;
}

/**
 * The smallest page that holds the records `[offset, offset + size)`. Far into a list there may be none of at most 1000 records; then
 * the page that holds most of them, and always the first.
 */
export function windowOver(offset: number, size: number): Window {
  let best = { perPage: size, covers: 0 };
  for (let perPage = Math.min(size, LARGEST_PAGE); perPage <= LARGEST_PAGE && best.covers < size; perPage += 1) {
    const covers = Math.min(perPage - (offset % perPage), size);
    if (covers > best.covers) best = { perPage, covers };
  }
  const { perPage, covers } = best;
  return { page: Math.floor(offset / perPage), perPage, skip: offset % perPage, size: covers, offset };
}

/** What is shown of a page that was read for a window, and where the next one begins; `total` is Kratos' count, missing where a proxy drops it. */
export function cut<T>(
  rows: readonly T[],
  { skip, size, offset }: Window,
  total: number | undefined,
): { rows: readonly T[]; next?: string } {
  const shown = rows.slice(skip, skip + size);
  const end = offset + shown.length;
  const more = total === undefined ? shown.length === size : shown.length > 0 && end < total;
  return { rows: shown, ...(more ? { next: String(end) } : {}) };
}

/** The offset in a page token of ours; throws `InputError` for anything else. */
export function offsetOf(token: string | undefined): number {
  if (token === undefined) return 0;
  if (/^\d{1,9}$/.test(token)) return Number(token);
  throw new InputError(
    '`page_token` is not one that this tool gave. Take `next_page_token` of the page before, or leave it out to begin at the first record.',
    token,
  );
}
