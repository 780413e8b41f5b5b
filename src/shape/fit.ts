/** Cuts a result to a budget: at a record boundary where it has records, else field by field, the largest first. Pure. */
import { shrink, type Shrunk } from './cut.ts';
import { isObject, type Json } from './present.ts';

export interface Fitted {
  /** Within the budget. Where fields were cut, its `cut_fields` names them. */
  readonly value: Json;
  /** Records that are in it, and that there were; both 1 where a result has no records. */
  readonly shown: number;
  readonly of: number;
  /** How many fields were cut. */
  readonly cut: number;
}

export interface FitOptions {
  /** The member that holds the records. */
  readonly records?: string | undefined;
  /** Tokens, as `measure` counts them. From 300 on everything fits. */
  readonly budget: number;
  /** The size in tokens of everything that leaves for it. */
  readonly measure: (fitted: Fitted) => number;
}

/** What surrounds the records may have half of what is there. */
const SHARE = 0.5;
/** Never cut: what the next call needs. */
const NAMING: ReadonlySet<string> = new Set(['id', 'identity_id', 'page']);

export function fit(value: Json, options: FitOptions): Fitted {
  const all = options.records === undefined ? undefined : value[options.records];
  if (options.records !== undefined && Array.isArray(all)) return fitList(value, { ...options, records: options.records, all });
  return fitOne(value, { ...options, build: (it) => ({ ...withNames(it.value, it.gone), shown: 1, of: 1 }) });
}

interface ListOptions extends FitOptions {
  readonly records: string;
  readonly all: readonly unknown[];
}

function fitList(value: Json, { records, all, budget, measure }: ListOptions): Fitted {
  const of = all.length;
  const whole = { value, shown: of, of, cut: 0 };
  if (measure(whole) <= budget) return whole;

  const build = ({ value: around, gone }: Shrunk, items: readonly unknown[]): Fitted => {
    const named = withNames({ ...around, [records]: items }, gone);
    return { ...named, value: items.length < of ? incomplete(named.value) : named.value, shown: items.length, of };
  };
  const fixed = measure(build({ value: {}, gone: [] }, []));
  const room = fixed + Math.max(0, budget - fixed) * SHARE;
  const frame = shrink(without(value, records), { over: (it) => measure(build(it, [])) - room, keep: NAMING });
  const shown = most(of, (count) => measure(build(frame, all.slice(0, count))) <= budget);
  if (shown > 0 || of === 0) return build(frame, all.slice(0, shown));

  const [first] = all;
  const record = isObject(first) ? first : { value: first };
  return fitOne(record, { budget, measure, build: (it) => build({ ...frame, gone: [...frame.gone, ...it.gone] }, [it.value]) });
}

interface OneOptions extends FitOptions {
  readonly build: (shrunk: Shrunk) => Fitted;
}

/** Fields are taken out and named; where their names are too many, only counted. Ids and the page stay, whatever they cost. */
function fitOne(value: Json, { budget, measure, build }: OneOptions): Fitted {
  const whole = build({ value, gone: [] });
  if (measure(whole) <= budget) return whole;
  const named = shrink(value, { over: (it) => measure(build(it)) - budget, keep: NAMING });
  const fitted = build(named);
  return measure(fitted) <= budget
    ? fitted
    : build({ ...named, gone: [named.gone.length === 1 ? '1 field' : `${named.gone.length} fields`] });
}

const NAMES_LENGTH = 400;

/** `cut_fields` stands in the value, since the names are words of others as much as the values are. */
function withNames(value: Json, gone: readonly string[]): Pick<Fitted, 'value' | 'cut'> {
  if (gone.length === 0) return { value, cut: 0 };
  const told: string[] = [];
  let length = 0;
  for (const name of gone) {
    length += name.length;
    if (length > NAMES_LENGTH) break;
    told.push(name);
  }
  const more = gone.length - told.length;
  return { value: { ...value, cut_fields: more > 0 ? [...told, `${more} more`] : told }, cut: gone.length };
}

/** The largest count up to `limit` that fits; fewer never need more. */
function most(limit: number, fits: (count: number) => boolean): number {
  let low = 0;
  let high = limit;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** A list that was cut is not complete, and the token of the next page would pass over what was cut off. */
function incomplete(value: Json): Json {
  const { page } = value;
  return isObject(page) ? { ...value, page: { ...without(page, 'next_page_token'), complete: false } } : value;
}

const without = (value: Json, name: string): Json => Object.fromEntries(Object.entries(value).filter(([it]) => it !== name));
