/**
 * What an identity schema's `ory.sh/kratos` extensions make of the traits: login identifiers and addresses (identity/validator.go:66,
 * identity/extension_*.go), and the two formats that decide what becomes an address. Pure.
 */
import { isObject, type Json, type JsonObject } from './go/json.ts';

/** A place within the traits, and within their schema, as JSON pointers. */
export interface Place {
  readonly instance: string;
  readonly schema: string;
}
/** A complaint; the place within the schema ends with its keyword. */
export interface Problem extends Place {
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

export function derive(schema: JsonObject, traits: Json): Derived {
  const found: Derived = { password: [], webauthn: [], code: [], verifiable: [], recovery: [], problems: [] };
  walk(schema, { traits }, { at: { instance: '', schema: '' }, found });
  return found;
}

/** Visits every value with the part of the schema that describes it, by way of `properties` and `items`. */
function walk(schema: Json, value: Json | undefined, { at, found }: { at: Place; found: Derived }): void {
  if (value === undefined || !isObject(schema)) return;
  const { properties = {}, items, 'ory.sh/kratos': extension } = schema;
  if (isObject(extension) && typeof value === 'string') apply(extension, value, { at, found });
  if (isObject(properties) && isObject(value)) {
    for (const [name, child] of Object.entries(properties)) {
      walk(child, value[name], { at: { instance: `${at.instance}/${name}`, schema: `${at.schema}/properties/${name}` }, found });
    }
  }
  if (items === undefined || !Array.isArray(value)) return;
  for (const [index, it] of (value as readonly Json[]).entries()) {
    walk(items, it, { at: { instance: `${at.instance}/${index}`, schema: `${at.schema}/items` }, found });
  }
}

const member = (from: Json, ...names: readonly string[]): Json | undefined =>
  names.reduce<Json | undefined>((at, name) => (isObject(at) ? at[name] : undefined), from);

function apply(extension: Json, value: string, { at, found }: { at: Place; found: Derived }): void {
  const isIdentifier = (type: string) => member(extension, 'credentials', type, 'identifier') === true;
  if (isIdentifier('password')) found.password.push(value.toLowerCase());
  if (isIdentifier('webauthn')) found.webauthn.push(value.toLowerCase());
  const channel = member(extension, 'credentials', 'code', 'via');
  if (isIdentifier('code') && typeof channel === 'string') found.code.push(normal(channel, value));
  const verification = member(extension, 'verification', 'via');
  // Whether it is an address at all is judged by the validator, by its `format`.
  if (typeof verification === 'string') found.verifiable.push(contact(verification, value));
  const recovery = member(extension, 'recovery', 'via');
  if (typeof recovery !== 'string') return;
  const [format, isValid] = recovery === 'sms' ? (['tel', isPhone] as const) : (['email', isEmail] as const);
  if (isValid(value)) found.recovery.push(contact(recovery, value));
  else found.problems.push({ instance: at.instance, schema: `${at.schema}/format`, message: notValid(value, format) });
}

/** Addresses are kept in lower case and trimmed by the database layer; a phone number stays as it was written. */
const contact = (via: string, value: string): Address => ({ via, value: value.trim().toLowerCase() });
const normal = (via: string, value: string): Address => ({ via, value: via === 'sms' ? normalPhone(value) : value.trim().toLowerCase() });
export const notValid = (value: string, format: string): string => `${JSON.stringify(value)} is not valid "${format}"`;

const LABEL = /^[A-Za-z0-9-]{1,63}$/;
/** Local part: atoms with dots between, or quoted; non-ASCII passes. */
const LOCAL = /^(?:[^\s"(),:;<>@[\\\].\p{Cc}]+(?:\.[^\s"(),:;<>@[\\\].\p{Cc}]+)*|"(?:[^"\\\r\n]|\\.)*")$/u;

/**
 * At most 254 characters, split at the last `@`, no top-level domain needed (`a@b`), no display name. Blanks before it pass (and are
 * trimmed later), blanks after it don't.
 */
export function isEmail(text: string): boolean {
  const at = text.lastIndexOf('@');
  const local = text.slice(0, at).replace(/^[ \t]+/, '');
  const domain = text.slice(at + 1);
  if (at < 0 || local === '' || domain.startsWith('-') || text.length > 254 || local.length > 64 || !LOCAL.test(local)) return false;
  return domain.split('.').every((label) => LABEL.test(label) && !label.endsWith('-'));
}

/** Kratos asks libphonenumber; here a `+`, a country code and 7 to 15 digits with blanks, dots, dashes and brackets between them will do. */
export const isPhone = (text: string): boolean => /^(?:tel:)?\+[1-9][\d ().-]*$/.test(text) && /^\d{7,15}$/.test(digits(text));
/** E.164. */
const normalPhone = (text: string): string => `+${digits(text)}`;
const digits = (text: string): string => text.replace(/\D/g, '');
