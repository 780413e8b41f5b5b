/**
 * The lines of both files: one canonical JSON object each (RFC 8785), so that there is one spelling and any changed byte shows. Pure.
 * `hash` is SHA-256, hexadecimal, over the hash before (as text) and the canonical record without its own hash.
 */
import { createHash } from 'node:crypto';
import { canonical, parseJson } from '../lib/json.ts';
import { clean } from '../lib/text.ts';
import { pseudonymOf, withoutAddresses } from './pseudonym.ts';
import type { AuditFields } from './record.ts';

export const VERSION = 1;
/** What the first record follows. */
export const GENESIS = '0'.repeat(64);
/** Stands at the end of a line that was cut off, once it was found: such a line can't be read as a record, whatever is in it. */
export const TORN_MARK = '~';

export interface LedgerRecord extends Omit<AuditFields, 'personal'> {
  readonly v: number;
  /** 1 is the first one; none is left out, over all files. */
  readonly seq: number;
  /** When it was handed to the ledger; ISO 8601. */
  readonly ts: string;
  readonly instance: string;
  readonly level: string;
  readonly kratos_url: string;
  /** Keyed hashes of personal data. */
  readonly target_pseudonym?: readonly string[];
  readonly prev: string;
  readonly hash: string;
}

/** Who writes. */
export interface Author {
  /** Stands in each of its records. */
  readonly origin: { readonly instance: string; readonly level: string; readonly kratos_url: string };
  /** What pseudonyms are made with. */
  readonly key: Buffer;
}

export interface Place {
  readonly seq: number;
  readonly prev: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

export function recordOf(fields: AuditFields, { seq, prev, at }: Place, { origin, key }: Author): LedgerRecord {
  const { personal, assertion, ...rest } = fields;
  const pseudonyms = [...new Set(personal?.map((it) => pseudonymOf(key, it)))];
  const unhashed = {
    ...cleaned({ ...rest, ...namesIn(fields, key) }),
    ...(assertion && { assertion }),
    ...(pseudonyms.length > 0 && { target_pseudonym: pseudonyms }),
    ...origin,
    v: VERSION,
    seq,
    ts: new Date(at).toISOString(),
    prev,
  };
  return { ...unhashed, hash: hashOf(unhashed) };
}

type Names = Pick<AuditFields, 'requester' | 'approvers' | 'digest' | 'facts'>;
/** What may name a person by an address. A digest that a passkey signed has to stay as it is. */
function namesIn({ requester, approvers, digest, facts, assertion }: AuditFields, key: Buffer): Names {
  const named = (text: string): string => withoutAddresses(key, text);
  const principal = facts?.['principal'];
  return {
    ...(requester !== undefined && { requester: named(requester) }),
    ...(approvers !== undefined && { approvers: approvers.map(named) }),
    ...(digest !== undefined && assertion === undefined && { digest: named(digest) }),
    ...(typeof principal === 'string' && { facts: { ...facts, principal: named(principal) } }),
  };
}

export const hashOf = (record: Omit<LedgerRecord, 'hash'>): string => hashed(record.prev, canonical(record));

const hashed = (prev: string, unhashed: string): string => createHash('sha256').update(prev).update(unhashed).digest('hex');

/** The line with its line feed. */
export const lineOf = (record: LedgerRecord | Checkpoint): string => `${canonical(record)}\n`;

const LONGEST = 500;
const PLAIN = /^[\x20-\x7e]{0,500}$/;
/** Some words are of others (a client's name, a ticket): nothing unseen, nothing endless. */
function cleaned<T>(value: T): T {
  if (typeof value === 'string') return PLAIN.test(value) ? value : (clean(value, LONGEST).text as T & string); // cast: a string stays one
  if (Array.isArray(value)) return value.map(cleaned) as T & unknown[]; // cast: an array stays one
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, cleaned(it)])) as T & object; // cast: the same members
}

export type Parsed =
  | { readonly kind: 'record'; readonly record: LedgerRecord }
  /** It can be read, and is not what was written: its bytes, its members or its hash differ. */
  | { readonly kind: 'changed'; readonly seq: number | undefined }
  | { readonly kind: 'newer'; readonly version: number }
  /** Cut off, found and marked. */
  | { readonly kind: 'torn' }
  | { readonly kind: 'noise' };

/** One line without its line feed. A record that is answered has its own hash right; whom it follows is for the caller to see. */
export function parseLine(line: Buffer): Parsed {
  const value = jsonOf(line);
  if (value === undefined) return { kind: line.at(-1) === TORN_MARK.charCodeAt(0) ? 'torn' : 'noise' };
  if (typeof value['v'] === 'number' && value['v'] > VERSION) return { kind: 'newer', version: value['v'] };
  if (!isRecord(value)) return { kind: 'changed', seq: typeof value['seq'] === 'number' ? value['seq'] : undefined };
  const { whole, unhashed } = spelled(value);
  const isSame = Buffer.from(whole).equals(line) && hashed(value.prev, unhashed) === value.hash;
  return isSame ? { kind: 'record', record: value } : { kind: 'changed', seq: value.seq };
}

/** Canonical with and without its hash, at the price of one. */
function spelled(record: LedgerRecord): { readonly whole: string; readonly unhashed: string } {
  const names = Object.keys(record).sort() as (keyof LedgerRecord)[]; // cast: it has no others; by UTF-16 code units, as RFC 8785 wants
  const members = names.map((it) => `${JSON.stringify(it)}:${canonical(record[it])}`);
  const unhashed = members.filter((_, i) => names[i] !== 'hash');
  return { whole: `{${members.join(',')}}`, unhashed: `{${unhashed.join(',')}}` };
}

function isRecord(value: Readonly<Record<string, unknown>>): value is Readonly<Record<string, unknown>> & LedgerRecord {
  const texts = ['ts', 'event', 'instance', 'level', 'kratos_url', 'prev', 'hash'];
  return value['v'] === VERSION && Number.isSafeInteger(value['seq']) && texts.every((it) => typeof value[it] === 'string');
}

/** A JSON object; undefined for all else, which we never wrote. */
function jsonOf(line: Buffer): Readonly<Record<string, unknown>> | undefined {
  if (line[0] !== OPENING || line.at(-1) !== CLOSING) return undefined;
  try {
    return parseJson(line.toString('utf8')) as Record<string, unknown>; // cast: it begins with a brace
  } catch {
    return undefined;
  }
}
const [OPENING, CLOSING] = [0x7b, 0x7d];

/** Signed: the chain was this long, and ended so. Shipped elsewhere, it is what a cut-off end is found by. */
export interface Checkpoint {
  readonly v: number;
  readonly seq: number;
  readonly hash: string;
  readonly ts: string;
  /** The file that the record was in by then, and the byte that follows the record there. */
  readonly size: number;
  /** See `keyIdOf`. */
  readonly key_id: string;
  /** Ed25519 over the canonical checkpoint without its signature, base64url. */
  readonly signature: string;
}
export const signedPart = ({ signature: _left, ...rest }: Checkpoint): Buffer => Buffer.from(canonical(rest));

export type ParsedCheckpoint =
  | { readonly kind: 'checkpoint'; readonly checkpoint: Checkpoint }
  | { readonly kind: 'newer'; readonly version: number }
  | { readonly kind: 'torn' }
  | { readonly kind: 'noise' };

/** The signature is for the caller to see. */
export function parseCheckpoint(line: Buffer): ParsedCheckpoint {
  const value = jsonOf(line);
  if (value === undefined) return { kind: line.at(-1) === TORN_MARK.charCodeAt(0) ? 'torn' : 'noise' };
  if (typeof value['v'] === 'number' && value['v'] > VERSION) return { kind: 'newer', version: value['v'] };
  return isCheckpoint(value) && Buffer.from(canonical(value)).equals(line) ? { kind: 'checkpoint', checkpoint: value } : { kind: 'noise' };
}

const isCheckpoint = (value: Readonly<Record<string, unknown>>): value is Readonly<Record<string, unknown>> & Checkpoint =>
  value['v'] === VERSION &&
  Number.isSafeInteger(value['seq']) &&
  Number.isSafeInteger(value['size']) &&
  ['hash', 'ts', 'key_id', 'signature'].every((it) => typeof value[it] === 'string');

/** The one that is about the longest chain. */
export const furthest = (checkpoints: readonly Checkpoint[]): Checkpoint | undefined =>
  checkpoints.reduce<Checkpoint | undefined>((far, it) => (far && far.seq >= it.seq ? far : it), undefined);
