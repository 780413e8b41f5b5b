/**
 * What an identity schema's `ory.sh/kratos` extensions make of the traits: login identifiers and addresses (identity/validator.go:66,
 * identity/extension_*.go). Pure.
 */
import { isEmail, isPhone, normalPhone } from './formats.ts';
import { isObject, type Json, type JsonObject } from './json.ts';

/** A complaint about one place: instance path and schema path as JSON pointers, keyword last. */
export interface Problem {
  readonly instance: string;
  readonly schema: string;
  readonly message: string;
}
export interface Address {
  readonly via: string;
  readonly value: string;
}
export interface Derived {
  /** Identifiers by credential type. */
  readonly password: string[];
  readonly webauthn: string[];
  readonly code: Address[];
  readonly verifiable: Address[];
  readonly recovery: Address[];
  readonly problems: Problem[];
}

interface Place {
  readonly instance: string;
  readonly schema: string;
}
interface Marked {
  readonly schema: JsonObject;
  readonly value: Json;
  readonly place: Place;
}

export function derive(schema: JsonObject, traits: Json): Derived {
  const found: Derived = { password: [], webauthn: [], code: [], verifiable: [], recovery: [], problems: [] };
  for (const at of walk({ schema, value: { traits }, place: { instance: '', schema: '' } })) apply(at, found);
  return found;
}

/** Every value with the part of the schema that describes it, by way of `properties` and `items`. */
function* walk(at: Marked): Generator<Marked> {
  yield at;
  const { schema, value, place } = at;
  const { properties, items } = schema;
  if (isObject(properties) && isObject(value)) {
    for (const [name, child] of Object.entries(properties)) {
      const it = value[name];
      if (it === undefined || !isObject(child)) continue;
      yield* walk({
        schema: child,
        value: it,
        place: { instance: `${place.instance}/${name}`, schema: `${place.schema}/properties/${name}` },
      });
    }
  }
  if (!isObject(items) || !Array.isArray(value)) return;
  for (const [index, it] of (value as readonly Json[]).entries()) {
    yield* walk({ schema: items, value: it, place: { instance: `${place.instance}/${index}`, schema: `${place.schema}/items` } });
  }
}

const member = (from: JsonObject, ...names: readonly string[]): Json | undefined => {
  let at: Json | undefined = from;
  for (const name of names) at = isObject(at) ? at[name] : undefined;
  return at;
};

function apply({ schema, value, place }: Marked, found: Derived): void {
  const extension = schema['ory.sh/kratos'];
  if (!isObject(extension) || typeof value !== 'string') return;
  for (const type of ['password', 'webauthn'] as const) {
    if (member(extension, 'credentials', type, 'identifier') === true) found[type].push(value.toLowerCase());
  }
  const channel = member(extension, 'credentials', 'code', 'via');
  if (member(extension, 'credentials', 'code', 'identifier') === true && typeof channel === 'string') {
    found.code.push(normal(channel, value));
  }
  const verification = member(extension, 'verification', 'via');
  // Whether it is an address at all is judged by the validator, by its `format`.
  if (typeof verification === 'string') found.verifiable.push(contact(verification, value));
  const recovery = member(extension, 'recovery', 'via');
  if (typeof recovery !== 'string') return;
  const valid = recovery === 'sms' ? isPhone(value) : isEmail(value);
  if (valid) found.recovery.push(contact(recovery, value));
  else found.problems.push({ ...place, schema: `${place.schema}/format`, message: notValid(value, recovery === 'sms' ? 'tel' : 'email') });
}

/** Addresses are kept in lower case and trimmed by the database layer; a phone number stays as it was written. */
const contact = (via: string, value: string): Address => ({ via, value: value.trim().toLowerCase() });
const normal = (via: string, value: string): Address => ({ via, value: via === 'sms' ? normalPhone(value) : value.trim().toLowerCase() });
export const notValid = (value: string, format: string): string => `${JSON.stringify(value)} is not valid "${format}"`;
