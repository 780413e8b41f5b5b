/** Cuts a result to a budget: at a record boundary where it has records, else field by field, the largest first. Pure. */
import { cutFields, type Cut } from './cut.ts';
import { isObject, type Json } from './present.ts';

export interface Fitted {
  /** The value within the budget. Where fields were cut, `cut_fields` names them. */
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
  /** Tokens, as `measure` counts them. */
  readonly budget: number;
  /** The size of everything that leaves for this value, in tokens. */
  readonly measure: (value: Json, shown: Pick<Fitted, 'shown' | 'of' | 'cut'>) => number;
}

/** What surrounds the records may have half of the budget. */
const SHARE = 0.5;

export function fit(value: Json, options: FitOptions): Fitted {
  const list = options.records === undefined ? undefined : value[options.records];
  if (options.records === undefined || !Array.isArray(list)) return whole(value, options);
  return fitList(value, { ...options, name: options.records, list });
}

function whole(value: Json, { budget, measure }: FitOptions): Fitted {
  const size = (it: Cut) => measure(it.value, { shown: 1, of: 1, cut: it.cut });
  return { ...cutFields(value, { budget, size }), shown: 1, of: 1 };
}

interface List extends FitOptions {
  readonly name: string;
  readonly list: readonly unknown[];
}

function fitList(value: Json, { name, list, budget, measure }: List): Fitted {
  const of = list.length;
  const sizeOf = (it: Cut, shown: number) => measure(it.value, { shown, of, cut: it.cut });
  if (sizeOf({ value, cut: 0 }, of) <= budget) return { value, shown: of, of, cut: 0 };

  const around = { ...value, [name]: [] };
  const room = Math.max(budget * SHARE, budget - sizeOf({ value: { [name]: list }, cut: 0 }, of));
  const frame = cutFields(around, { budget: room, size: (it) => sizeOf(it, 0) });
  const first = (count: number): Cut => ({ value: { ...frame.value, [name]: list.slice(0, count) }, cut: frame.cut });
  const shown = most(of, (count) => sizeOf(incomplete(first(count), count < of), count) <= budget);
  if (shown > 0 || of === 0) return { ...incomplete(first(shown), shown < of), shown, of };
  const one = cutFields(incomplete(first(1), of > 1).value, { budget, size: (it) => sizeOf(it, 1), already: frame.cut });
  return { ...one, shown: 1, of };
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
function incomplete({ value, cut }: Cut, isCut: boolean): Cut {
  const { page } = value;
  if (!isCut || !isObject(page)) return { value, cut };
  const { next_page_token: _passesOver, ...rest } = page;
  return { value: { ...value, page: { ...rest, complete: false } }, cut };
}
