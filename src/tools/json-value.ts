/** JSON values that can be changed in place without ever touching a prototype. Pure. */
import { canonical, ExactNumber } from '../lib/json.ts';
import { isObject } from '../shape/present.ts';

export type Json = null | boolean | number | string | ExactNumber | Json[] | JsonObject;
/** Made by `emptyObject` or `copy` only: no prototype, so `__proto__` is a member like any other. */
export interface JsonObject {
  [key: string]: Json;
}

// The cast: Object.create is typed `any`; an object without a prototype and without members is a JsonObject.
export const emptyObject = (): JsonObject => Object.create(null) as JsonObject;

export const isJsonObject = (value: Json | undefined): value is JsonObject => isObject(value);

/** A deep copy. What JSON has no word for becomes null. */
export function copy(value: unknown): Json {
  if (Array.isArray(value)) return value.map(copy);
  if (isObject(value)) {
    const made = emptyObject();
    for (const [key, member] of Object.entries(value)) if (member !== undefined) made[key] = copy(member);
    return made;
  }
  if (typeof value === 'string' || typeof value === 'boolean' || typeof value === 'number' || value instanceof ExactNumber) return value;
  return null;
}

/** Equal as JSON; a missing value equals null, as it does to Kratos. */
export const same = (one: unknown, other: unknown): boolean => canonical(one) === canonical(other);

/** Own members only: `traits.constructor` is not there unless somebody wrote it. */
export const member = (value: unknown, key: string): unknown => (isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined);

/** Whether a number that a double can't carry is anywhere in it. */
export function holdsExactNumber(value: unknown): boolean {
  if (value instanceof ExactNumber) return true;
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).some(holdsExactNumber);
}
