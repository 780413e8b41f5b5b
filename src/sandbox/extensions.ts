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

export function derive(schema: JsonObject, traits: Json): Derived {
  const found: Derived = { password: [], webauthn: [], code: [], verifiable: [], recovery: [], problems: [] };
  walk(schema, { traits }, { instance: '', schema: '' }, found);
  return found;
}

function walk(schema: JsonObject, value: Json, place: Place, found: Derived): void {
  const extension = schema['ory.sh/kratos'];
  if (isObject(extension) && typeof value === 'string') apply({ schema, extension, value, place }, found);
  const properties = schema['properties'];
  if (isObject(properties) && isObject(value)) {
    for (const [name, child] of Object.entries(properties)) {
      const member = value[name];
      if (member === undefined || !isObject(child)) continue;
      walk(child, member, { instance: `${place.instance}/${name}`, schema: `${place.schema}/properties/${name}` }, found);
    }
  }
  const items = schema['items'];
  if (isObject(items) && Array.isArray(value)) {
    value.forEach((it: Json, index) => {
      walk(items, it, { instance: `${place.instance}/${index}`, schema: `${place.schema}/items` }, found);
    });
  }
}

interface Marked {
  readonly schema: JsonObject;
  readonly extension: JsonObject;
  readonly value: string;
  readonly place: Place;
}
const member = (from: JsonObject, ...names: readonly string[]): Json | undefined => {
  let at: Json | undefined = from;
  for (const name of names) at = isObject(at) ? at[name] : undefined;
  return at;
};

function apply({ schema, extension, value, place }: Marked, found: Derived): void {
  const format = schema['format'];
  for (const type of ['password', 'webauthn'] as const) {
    if (member(extension, 'credentials', type, 'identifier') === true) found[type].push(value.trim().toLowerCase());
  }
  const channel = member(extension, 'credentials', 'code', 'via');
  if (member(extension, 'credentials', 'code', 'identifier') === true && typeof channel === 'string') {
    found.code.push(normal(channel, value));
  }
  const verification = member(extension, 'verification', 'via');
  // A value that its own format refuses is complained about by the validator already.
  if (typeof verification === 'string' && (format !== 'email' || isEmail(value))) found.verifiable.push(contact(verification, value));
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
