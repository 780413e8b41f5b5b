/** Reading JSON into known members the way Go does: names in any case, the last duplicate wins, null is "not given". Pure. */
import { GoError, goKindOf, isObject, type Json } from './json.ts';
import { parseInstant, type Instant } from './time.ts';
import { parseUuid, uuidComplaint } from './uuid.ts';

interface Place {
  /** Go's name of the place, for its error text: the innermost struct, then the whole path. Empty: the whole body. */
  readonly where: string;
  /** Refuses unknown members (`json: unknown field "x"`); else they are dropped. */
  readonly strict: boolean;
}
/** `undefined` stands for null. Throws `GoError`. */
export type Decoder<T> = (value: Json, place: Place) => T | undefined;
type Shape = Readonly<Record<string, Decoder<unknown>>>;
export type Decoded<S extends Shape> = { readonly [K in keyof S]?: S[K] extends Decoder<infer T> ? T | undefined : never };

export const strictly = <T>(decoder: Decoder<T>, value: Json): T | undefined => decoder(value, { where: '', strict: true });
export const loosely = <T>(decoder: Decoder<T>, value: Json): T | undefined => decoder(value, { where: '', strict: false });

function mismatch(value: Json, { where }: Place, type: string): GoError {
  const target = where === '' ? 'value' : `struct field ${where}`;
  return new GoError(`json: cannot unmarshal ${goKindOf(value)} into Go ${target} of type ${type}`);
}
/** A value of the kind that `is` tells, of a type that Go calls `type`. */
const only =
  <T extends Json>(type: string, is: (value: Json) => value is T): Decoder<T> =>
  (value, place) => {
    if (value === null) return undefined;
    if (!is(value)) throw mismatch(value, place, type);
    return value;
  };
const isText = (value: Json): value is string => typeof value === 'string';
const isList = (value: Json): value is readonly Json[] => Array.isArray(value);

export const text = only('string', isText);
export const state = only('identity.State', isText);
export const flag = only('bool', (value): value is boolean => typeof value === 'boolean');
export const int = only('int', (value): value is number => Number.isInteger(value));
export const uuid: Decoder<string> = (value, place) => {
  const given = only('uuid.UUID', isText)(value, place);
  const id = given === undefined ? undefined : parseUuid(given);
  if (given !== undefined && id === undefined) throw new GoError(uuidComplaint(given));
  return id;
};
/** A UUID of a type that reads its JSON itself: a number is a text to it. */
export const nullableUuid: Decoder<string> = (value, place) => uuid(typeof value === 'number' ? String(value) : value, place);
/** A text of a type that reads its JSON itself, and so doesn't know its place. */
export const nullableText: Decoder<string> = (value, place) => text(value, { ...place, where: '' });
export const instant: Decoder<Instant> = (value, place) => {
  const given = text(value, place);
  const at = given === undefined ? undefined : parseInstant(given);
  if (given === undefined || at !== undefined) return at;
  const shown = JSON.stringify(given);
  throw new GoError(`parsing time ${shown} as "2006-01-02T15:04:05Z07:00": cannot parse ${shown} as "2006"`);
};
/** Any JSON, as it is; null stays null. */
export const raw: Decoder<Json> = (value) => value;

/** `type` is Go's name of the list. */
export const list =
  <T>(type: string, item: Decoder<T>): Decoder<readonly (T | undefined)[]> =>
  (value, place) =>
    only(type, isList)(value, place)?.map((it) => item(it, place));

/** `type` is Go's name of the items. Those that are null are left out. */
export const mapOf =
  <T>(type: string, item: Decoder<T>): Decoder<Readonly<Record<string, T>>> =>
  (value, place) => {
    const members = only(`map[string]${type}`, isObject)(value, place);
    if (members === undefined) return undefined;
    const entries = Object.entries(members).map(([name, it]) => [name, item(it, place)] as const);
    return Object.fromEntries(entries.filter((it): it is readonly [string, T] => it[1] !== undefined));
  };

/** `type` is Go's name of the struct. */
export const struct =
  <const S extends Shape>(type: string, shape: S): Decoder<Decoded<S>> =>
  (value, place) => {
    const members = only(type, isObject)(value, place);
    if (members === undefined) return undefined;
    const owner = type.slice(type.indexOf('.') + 1);
    const path = place.where === '' ? '' : `${place.where.slice(place.where.indexOf('.') + 1)}.`;
    const found: Record<string, unknown> = {};
    for (const [given, member] of Object.entries(members)) {
      const name = [given, given.toLowerCase()].find((it) => Object.hasOwn(shape, it));
      const decoded = name === undefined ? undefined : shape[name]?.(member, { ...place, where: `${owner}.${path}${name}` });
      if (name === undefined && place.strict) throw new GoError(`json: unknown field ${JSON.stringify(given)}`);
      if (name !== undefined && decoded !== undefined) found[name] = decoded;
    }
    return found as Decoded<S>; // member by member what the shape says
  };
