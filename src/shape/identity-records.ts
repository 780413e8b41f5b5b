/** Where in a result identities stand: on its own, in a list, in a session, after a change. Pure. */
import { isUuid } from '../lib/uuid.ts';
import { isObject, type Json } from './present.ts';

/** What people and applications wrote about somebody; nothing in it is a record of its own, whatever it looks like. */
const PERSONAL: readonly string[] = [
  'traits',
  'metadata_public',
  'metadata_admin',
  'external_id',
  'verifiable_addresses',
  'recovery_addresses',
  'credentials',
];

/** By its schema, or where `fields` left that out by what it holds. An identity schema has neither a `schema_id` nor (as a rule) a UUID. */
export function isIdentityRecord(value: Json): boolean {
  if (typeof value['schema_id'] === 'string') return true;
  const { id } = value;
  return typeof id === 'string' && isUuid(id) && PERSONAL.some((it) => Object.hasOwn(value, it));
}

/** A copy in which `change` has been applied to every identity record; what is in a record is not searched. */
export function mapIdentityRecords(value: unknown, change: (record: Json) => unknown): unknown {
  if (Array.isArray(value)) return value.map((it: unknown) => mapIdentityRecords(it, change));
  if (!isObject(value)) return value;
  if (isIdentityRecord(value)) return change(value);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, mapIdentityRecords(member, change)]));
}
