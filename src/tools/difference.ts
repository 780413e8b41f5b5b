/** What a change makes different, field by field: for the person who is asked, and for classifying the call. Pure. */
import { InputError } from '../errors.ts';
import { canonical, ExactNumber } from '../lib/json.ts';
import { own, quote, say, type Own, type Said } from '../lib/text.ts';
import { isObject } from '../shape/present.ts';
import { FACETS, type Facets } from './facets.ts';
import { member, same } from './json-value.ts';

/** One leaf. `undefined`: not there. At the top level null is not there either, as to Kratos. */
export interface Change {
  readonly path: readonly string[];
  readonly before: unknown;
  readonly after: unknown;
}

export function changesBetween(before: Facets, after: Facets): readonly Change[] {
  return FACETS.flatMap((facet) => compare([facet], before[facet] ?? undefined, after[facet] ?? undefined));
}

/** Metadata, traits or an external id that would be gone. */
export const isLost = ({ path, before, after }: Change): boolean =>
  before !== undefined &&
  after === undefined &&
  (path[0] === 'traits' || path[0] === 'external_id' || path[0]?.startsWith('metadata_') === true);

/** Every value in it, as if there had been nothing before. */
export const contentsOf = (facets: Facets): readonly Change[] => changesBetween({}, facets);

function compare(path: readonly string[], before: unknown, after: unknown): readonly Change[] {
  if ((before === undefined) === (after === undefined) && same(before, after)) return [];
  const [olds, news] = [namesIn(before), namesIn(after)];
  if (olds.length > 0 && news.length > 0 && Array.isArray(before) !== Array.isArray(after)) {
    return [...compare(path, before, undefined), ...compare(path, undefined, after)]; // members of one are no members of the other
  }
  const below = [...new Set([...olds, ...news])].flatMap((name) => compare([...path, name], at(before, name), at(after, name)));
  const leaf = { path, before: olds.length > 0 ? undefined : before, after: news.length > 0 ? undefined : after };
  return isTold(leaf, below) ? below : [leaf, ...below];
}

/** Whether the members say it all: nothing but them has changed, or `{}` got some or lost its last one. */
function isTold({ before, after }: Change, below: readonly Change[]): boolean {
  const leaves = [before, after].filter((it) => it !== undefined);
  return leaves.length === 0 || (leaves.length === 1 && below.length > 0 && isContainer(leaves[0]));
}

const namesIn = (value: unknown): readonly string[] =>
  Array.isArray(value) ? value.map((_, index) => String(index)) : isObject(value) ? Object.keys(value) : [];
const at = (value: unknown, name: string): unknown => (Array.isArray(value) ? value[Number(name)] : member(value, name));
const isContainer = (value: unknown): boolean => Array.isArray(value) || isObject(value);

/** More than this nobody reads before saying yes. */
const MAX_LINES = 20;
const MAX_BYTES = 8 * 1024;

/** Whether a person can be shown all of it. */
export function isShowable(changes: readonly Change[], maxLines = MAX_LINES): boolean {
  const bytes = changes.reduce((sum, it) => sum + new TextEncoder().encode(canonical([it.path, it.before, it.after])).length, 0);
  return changes.length <= maxLines && bytes <= MAX_BYTES;
}

/** One line per change. Throws where that would be more than a person can be expected to read. */
export function differenceLines(changes: readonly Change[], before: Facets): readonly Said[] {
  if (isShowable(changes)) return changes.map((it) => lineOf(it, before));
  throw new InputError(
    `This would change ${changes.length} values at once, more than a person can be shown faithfully (${MAX_LINES} lines, ${MAX_BYTES} bytes). Split the call.`,
  );
}

function lineOf({ path, before, after }: Change, facets: Facets): Said {
  const where = whereIs(path, facets);
  if (after === undefined) return say`${where}: ${valueOf(before)} → cleared`;
  if (before === undefined) return say`${where}: not set → ${valueOf(after)}`;
  const [old, next] = [say`${valueOf(before)}`, say`${valueOf(after)}`];
  const alike = old === next ? ' (they look alike here, but differ)' : '';
  return say`${where}: ${own(old)} → ${own(next)}${own(alike)}`;
}

/** One line per value, for what is new altogether. */
export const contentLines = (changes: readonly Change[]): readonly Said[] =>
  changes.map(({ path, after }) => say`${whereIs(path, {})}: ${valueOf(after)}`);

/** A dotted path; an address by what it is rather than by its index. */
function whereIs(path: readonly string[], facets: Facets): Own {
  const [first = '', second = '', ...rest] = path;
  const address = first === 'verifiable_addresses' ? at(facets.verifiable_addresses, second) : undefined;
  if (address !== undefined) return own(say`address ${String(member(address, 'value'))}: ${own(rest.map(nameOf).join('.'))}`);
  return own(path.map(nameOf).join('.'));
}

/** A member's name was written by somebody: plain words stand as they are, all else is quoted. */
const nameOf = (name: string): string => (/^[\w-]{1,40}$/.test(name) ? name : quote(name, 40));

function valueOf(value: unknown): string | Own {
  if (typeof value === 'string') return value;
  if (value instanceof ExactNumber) return own(`the number ${quote(value.text)}`);
  return own(JSON.stringify(value)); // null, a boolean, a number, {} or []
}
