/** Takes fields out of a value until it is small enough, the largest that do, and names them. Pure. */
import { isObject, type Json } from './present.ts';

export interface Cut {
  readonly value: Json;
  /** How many fields are gone. */
  readonly cut: number;
}

export interface CutOptions {
  readonly budget: number;
  readonly size: (cut: Cut) => number;
  /** Fields that an earlier round took out and named. */
  readonly already?: number;
}

/** Says which account and which page it is, so it goes last. */
const KEPT_LONGEST: ReadonlySet<string> = new Set(['id', 'identity_id', 'page', 'cut_fields']);
const NAMES_SHOWN = 8;
const NAME_CAP = 60;

/**
 * Terminates since each round takes something out; what is left when there is nothing more to take is the smallest that can be said.
 * A list loses its second half, an object its largest members; from the text of `JSON.stringify` one sees what is large.
 */
export function cutFields(value: Json, { budget, size, already = 0 }: CutOptions): Cut {
  const gone = new Set<string>(named(value));
  const before = gone.size;
  let current = value;
  const state = (): Cut => ({ value: gone.size > before ? withNames(current, gone) : current, cut: already + gone.size - before });
  for (;;) {
    const over = size(state()) - budget;
    if (over <= 0) return state();
    const path = largest(current, over * 3); // a token is rarely shorter than three characters
    if (path === undefined) return smallest(state(), { budget, size });
    current = without(current, path) as Json; // the path leads below the root, which stays an object
    gone.add(nameOf(path));
  }
}

const named = ({ cut_fields }: Json): readonly string[] => (Array.isArray(cut_fields) ? cut_fields.filter((it) => typeof it === 'string') : []);

/** When even the names are too much: their number. */
function smallest({ value, cut }: Cut, { budget, size }: CutOptions): Cut {
  const counted = { value: { ...value, cut_fields: [`${cut} fields`] }, cut };
  if (size(counted) <= budget) return counted;
  return { value: Object.fromEntries(Object.entries(value).filter(([, it]) => Array.isArray(it)).map(([name]) => [name, []])), cut };
}
