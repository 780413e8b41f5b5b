/** UUIDs as Kratos' parser takes them. Pure but for `newId`. */
import { createHash, randomUUID } from 'node:crypto';

export const NIL = '00000000-0000-0000-0000-000000000000';
export const newId = (): string => randomUUID();

/** A UUID that is the same on every start, for people and things without a name in seed.ts. */
export function idOf(name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

const FORMS = [
  /^([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})$/i,
  /^([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})$/i,
];
const LENGTHS = new Set([32, 34, 36, 38, 41, 45]);

/** The canonical spelling; undefined if it is none. Canonical, 32 hex digits, either of them in braces or after `urn:uuid:`. */
export function parseUuid(text: string): string | undefined {
  const bare = /^\{(.*)\}$/.exec(text)?.[1] ?? text.replace(/^urn:uuid:/, '');
  for (const form of FORMS) {
    const parts = form.exec(bare);
    if (parts !== null) return parts.slice(1).join('-').toLowerCase();
  }
  return undefined;
}

/** The parser's complaint about a text that `parseUuid` does not take. */
export const uuidComplaint = (text: string): string =>
  LENGTHS.has(Buffer.byteLength(text))
    ? `uuid: incorrect UUID format in string ${JSON.stringify(text)}`
    : `uuid: incorrect UUID length ${Buffer.byteLength(text)} in string ${JSON.stringify(text)}`;
