/** Reading JSON into known members the way Go does: names in any case, the last duplicate wins, null is "not given". Pure. */
import { GoError } from './json-read.ts';
import { isObject, kindOf, type Json } from './json.ts';
import { parseInstant, type Instant } from './time.ts';
import { parseUuid, uuidComplaint } from './uuid.ts';

/** `undefined` stands for null. `where` is Go's name of the place, for its error text: the innermost struct, then the whole path. */
export type Decoder<T> = (value: Json, where: string) => T | undefined;
type Shape = Readonly<Record<string, Decoder<unknown>>>;
export type Decoded<S extends Shape> = { readonly [K in keyof S]?: S[K] extends Decoder<infer T> ? T | undefined : never };

function mismatch(value: Json, where: string, type: string): GoError {
  const kind = kindOf(value) === 'boolean' ? 'bool' : kindOf(value);
  return new GoError(
    where === ''
      ? `json: cannot unmarshal ${kind} into Go value of type ${type}`
      : `json: cannot unmarshal ${kind} into Go struct field ${where} of type ${type}`,
  );
}

/** A string type of Go by its name. */
export const named =
  (type: string): Decoder<string> =>
  (value, where) => {
    if (value === null) return undefined;
    if (typeof value !== 'string') throw mismatch(value, where, type);
    return value;
  };
export const text = named('string');
export const state = named('identity.State');
export const flag: Decoder<boolean> = (value, where) => {
  if (value === null) return undefined;
  if (typeof value !== 'boolean') throw mismatch(value, where, 'bool');
  return value;
};
export const int: Decoder<number> = (value, where) => {
  if (value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value)) throw mismatch(value, where, 'int');
  return value;
};
export const uuid: Decoder<string> = (value, where) => {
  const given = named('uuid.UUID')(value, where);
  if (given === undefined) return undefined;
  const id = parseUuid(given);
  if (id === undefined) throw new GoError(uuidComplaint(given));
  return id;
};
/** A UUID of a type that reads its JSON itself: a number is a text to it. */
export const nullableUuid: Decoder<string> = (value, where) => uuid(typeof value === 'number' ? String(value) : value, where);
/** A text of a type that reads its JSON itself, and so doesn't know its place. */
export const nullableText: Decoder<string> = (value) => text(value, '');
export const instant: Decoder<Instant> = (value, where) => {
  const given = text(value, where);
  if (given === undefined) return undefined;
  const at = parseInstant(given);
  if (at === undefined)
    throw new GoError(
      `parsing time ${JSON.stringify(given)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(given)} as "2006"`,
    );
  return at;
};
/** Any JSON, as it is; null stays null. */
export const raw: Decoder<Json> = (value) => value;

/** `type` is Go's name of the list. */
export const list =
  <T>(type: string, item: Decoder<T>): Decoder<readonly (T | undefined)[]> =>
  (value, where) => {
    if (value === null) return undefined;
    if (!Array.isArray(value)) throw mismatch(value, where, type);
    return value.map((it: Json) => item(it, where));
  };

export const mapOf =
  <T>(item: Decoder<T>): Decoder<Readonly<Record<string, T>>> =>
  (value, where) => {
    if (value === null) return undefined;
    if (!isObject(value)) throw mismatch(value, where, 'map[string]identity.Credentials');
    const entries = Object.entries(value).map(([name, it]) => [name, item(it, where)] as const);
    return Object.fromEntries(entries.filter((it): it is readonly [string, T] => it[1] !== undefined));
  };

/** `strict` refuses unknown members (`json: unknown field "x"`), `lenient` drops them. */
export const struct =
  <const S extends Shape>(mode: 'strict' | 'lenient', name: string, shape: S): Decoder<Decoded<S>> =>
  (value, where) => {
    if (value === null) return undefined;
    if (!isObject(value)) throw mismatch(value, where, name);
    const owner = name.slice(name.indexOf('.') + 1);
    const path = where.slice(where.indexOf('.') + 1);
    const found: Record<string, unknown> = {};
    const names = Object.keys(shape);
    for (const [given, member] of Object.entries(value)) {
      const known = names.find((it) => it === given) ?? names.find((it) => it === given.toLowerCase());
      const decoder = known === undefined ? undefined : shape[known];
      if (known === undefined || decoder === undefined) {
        if (mode === 'strict') throw new GoError(`json: unknown field ${JSON.stringify(given)}`);
        continue;
      }
      const place = where === '' ? `${owner}.${known}` : `${owner}.${path}.${known}`;
      const decoded = decoder(member, place);
      if (decoded !== undefined) found[known] = decoded;
    }
    return found as Decoded<S>; // member by member what the shape says
  };
