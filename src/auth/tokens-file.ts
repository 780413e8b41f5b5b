/** The text of the file of static tokens and back. It holds hashes: who reads it can't call anything, who writes it can. Pure. */
import { createHash, randomBytes } from 'node:crypto';
import { SCOPES } from '../caller.ts';
import { UsageError } from '../errors.ts';
import { clean } from '../lib/text.ts';
import { objectIn } from '../lib/json.ts';

export interface StaticToken {
  readonly id: string;
  /** SHA-256 of the token, hexadecimal. */
  readonly hash: string;
  readonly scopes: readonly string[];
  /** Milliseconds since 1970, as the next one. */
  readonly created: number;
  readonly expires: number;
  /** The person behind it, spelled as `Caller.person`; undefined: none is known. */
  readonly owner: string | undefined;
}

export const PREFIX = 'kmcp_';
export const MAX_DAYS = 90;
export const DAY_MS = 24 * 3_600_000;
const VERSION = 1;
const ID = /^[a-z\d][a-z\d._-]{0,63}$/;

/** 256 random bits: nothing that a slow hash would have to protect. */
export const newToken = (): string => `${PREFIX}${randomBytes(32).toString('base64url')}`;
export const digestOf = (token: string): Buffer => createHash('sha256').update(token).digest();

export function encodeTokens(tokens: readonly StaticToken[]): string {
  const rows = tokens.map(({ created, expires, ...rest }) => ({ ...rest, created: iso(created), expires: iso(expires) }));
  return `${JSON.stringify({ v: VERSION, tokens: rows }, null, 2)}\n`;
}
const iso = (ms: number): string => new Date(ms).toISOString();

/** Throws `UsageError`: one row that is wrong is reason enough to believe none. `name`: the file, for messages. */
export function decodeTokens(text: string, name: string): readonly StaticToken[] {
  const refuse = (why: string): UsageError => new UsageError(`${name} cannot be used: ${why}. Make its rows by the command token.`);
  const file = objectIn(text);
  if (file === undefined || !Array.isArray(file['tokens'])) throw refuse('it is no JSON with a list of tokens');
  if (file['v'] !== VERSION) throw refuse('it was written by another version of this program');
  const rows: readonly unknown[] = file['tokens'];
  const tokens = rows.map((row, index) => {
    const token = rowOf(row);
    if (token === undefined) throw refuse(`the token at place ${index + 1} is not whole`);
    return token;
  });
  for (const part of ['id', 'hash'] as const) {
    if (new Set(tokens.map((it) => it[part])).size !== tokens.length) throw refuse(`two tokens have the same ${part}`);
  }
  return tokens;
}

function rowOf(row: unknown): StaticToken | undefined {
  if (typeof row !== 'object' || row === null) return undefined;
  const { id, hash, scopes, created, expires, owner } = row as Readonly<Record<string, unknown>>; // an object: its members are whatever they are
  if (!isId(id) || !isHash(hash) || !isScopes(scopes)) return undefined;
  const [from, until] = [timeOf(created), timeOf(expires)];
  if (from === undefined || until === undefined || until <= from || until - from > MAX_DAYS * DAY_MS) return undefined;
  return owner === undefined || isOwner(owner) ? { id, hash, scopes, created: from, expires: until, owner } : undefined;
}

const timeOf = (value: unknown): number | undefined => {
  const time = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isFinite(time) ? time : undefined;
};

const isHash = (value: unknown): value is string => typeof value === 'string' && /^[\da-f]{64}$/.test(value);
export const isId = (value: unknown): value is string => typeof value === 'string' && ID.test(value);
export const isOwner = (text: unknown): text is string =>
  typeof text === 'string' && text.trim() === text && text !== '' && text.length <= 600 && clean(text, 600).removed === 0;
export const isScopes = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every((it) => SCOPES.some((scope) => scope === it));
