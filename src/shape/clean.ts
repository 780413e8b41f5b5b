/**
 * The one pass that every result, error and resource takes: what no reader can see is removed and counted, lengths are capped, numbers
 * that a double can't carry become their text. `structuredContent` is what comes out of it; the text is made of the same. Pure.
 */
import { ExactNumber, MAX_DEPTH } from '../lib/json.ts';
import { clean } from '../lib/text.ts';

export interface CleanOptions {
  /** A full view caps free text at 2,000 characters instead of 200. */
  readonly full?: boolean;
}

export interface CleanTree {
  readonly value: unknown;
  /** How many characters were removed because no reader could have seen them. */
  readonly removed: number;
  /** How many texts were cut at their cap. */
  readonly cut: number;
}

const CAP = 200;
const FULL_CAP = 2_000;
/** One word without a blank may be an id, a login identifier or an address (an e-mail's longest is 254), which are useless when cut. */
const WORD_CAP = 320;
/**
 * Members that are useless with a piece missing: sentences of ours, with end users' values quoted in them at most, and Kratos' page
 * tokens, which are opaque and have no limit.
 */
const CAPS: ReadonlyMap<string, number> = new Map([
  ['hint', FULL_CAP],
  ['note', FULL_CAP],
  ['page.next_page_token', 4_000],
]);
const MARK = 14; // room for "…(+1234567890)"

interface Count {
  removed: number;
  cut: number;
}

/** Throws nothing: whatever is no JSON is left out or becomes text. Cleaning what is clean changes nothing. */
export function cleanTree(value: unknown, { full = false }: CleanOptions = {}): CleanTree {
  const count: Count = { removed: 0, cut: 0 };
  const cap = full ? FULL_CAP : CAP;
  return { value: walk(value, { cap, depth: 0, path: '', count }) ?? null, ...count };
}

/** One text, on one line, at most `cap` characters with the mark of the cut. */
export function cleanText(raw: string, cap: number, count: Count = { removed: 0, cut: 0 }): string {
  const { text, removed } = clean(raw, Number.POSITIVE_INFINITY);
  count.removed += removed;
  if (text.length <= cap) return text;
  const points = Array.from(text);
  if (points.length <= cap) return text;
  count.cut += 1;
  const kept = cap - MARK; // the mark counts, so that a second cleaning finds nothing to cut
  return `${points.slice(0, kept).join('')}…(+${points.length - kept})`;
}

interface At {
  readonly cap: number;
  readonly depth: number;
  /** Dotted, from the root. */
  readonly path: string;
  readonly count: Count;
}

function walk(value: unknown, at: At): unknown {
  if (typeof value === 'string') return cleanText(value, capOf(value, at), at.count);
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value === 'boolean' || value === null) return value;
  if (value instanceof ExactNumber) return value.text;
  if (typeof value !== 'object') return undefined;
  if (at.depth >= MAX_DEPTH) return '(nested too deep)';
  const inside = { ...at, depth: at.depth + 1 };
  if (Array.isArray(value)) return value.map((it: unknown) => walk(it, inside) ?? null);
  return members(value, inside);
}

function capOf(value: string, { cap, path }: At): number {
  return CAPS.get(path) ?? (cap < WORD_CAP && !/\s/.test(value) ? WORD_CAP : cap);
}

/** `fromEntries` defines its members, so that `__proto__` is a name like any other. Names that cleaning made equal are told apart. */
function members(value: object, at: At): Record<string, unknown> {
  const entries = new Map<string, unknown>();
  for (const [raw, member] of Object.entries(value)) {
    const cleaned = walk(member, { ...at, path: at.path === '' ? raw : `${at.path}.${raw}` });
    if (cleaned === undefined) continue;
    const name = cleanText(raw, CAP, at.count);
    entries.set(entries.has(name) ? free(name, entries) : name, cleaned);
  }
  return Object.fromEntries(entries);
}

function free(name: string, taken: ReadonlyMap<string, unknown>): string {
  let number = 2;
  while (taken.has(`${name} (${number})`)) number += 1;
  return `${name} (${number})`;
}
