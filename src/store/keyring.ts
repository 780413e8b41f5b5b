/** The keys that replicas share: what one sealed the others can open, and what an older key sealed can still be opened after a rotation. */
import { hkdfSync } from 'node:crypto';
import { UsageError } from '../errors.ts';
import type { KeyPurpose } from './folder.ts';

const LEAST_BYTES = 32;
const SETTING = 'KRATOS_MCP_STATE_KEYS';

/**
 * Base64 or base64url, several separated by commas, 32 bytes or more each; the first one seals, all of them open. Throws `UsageError`,
 * which repeats nothing of what was given.
 */
export function stateKeysOf(text: string): readonly Uint8Array[] {
  const parts = text.split(',').map((it) => it.trim());
  const keys = parts.map((it, index) => keyOf(it, parts.length === 1 ? SETTING : `key ${index + 1} of ${SETTING}`));
  const different = new Set(keys.map((it) => it.toString('base64')));
  if (different.size < keys.length) throw new UsageError(`${SETTING} names the same key twice. Take one of them out.`);
  return keys;
}

function keyOf(text: string, name: string): Buffer {
  const advice = 'A new one is made by: openssl rand -base64 32';
  if (text === '') throw new UsageError(`${name} is empty. ${advice}`);
  const [, digits = ''] = /^([A-Za-z0-9+/_-]+)={0,2}$/.exec(text) ?? [];
  if (digits === '' || digits.length % 4 === 1) throw new UsageError(`${name} is not base64. ${advice}`);
  const bytes = Buffer.from(digits, 'base64');
  if (bytes.length < LEAST_BYTES) throw new UsageError(`${name} has ${bytes.length} bytes; ${LEAST_BYTES} are the least. ${advice}`);
  return bytes;
}

export interface Keyring {
  /** 32 bytes, of the first key: the one that seals. */
  key(purpose: KeyPurpose): Buffer;
  /** Of all keys, the sealing one first. */
  all(purpose: KeyPurpose): Buffer[];
}

/** Throws `RangeError` where there is no key at all. */
export function keyring(keys: readonly Uint8Array[]): Keyring {
  const [first] = keys;
  if (first === undefined) throw new RangeError('a key ring has at least one key');
  return { key: (purpose) => derived(first, purpose), all: (purpose) => keys.map((it) => derived(it, purpose)) };
}

/** HKDF (RFC 5869) with SHA-256: what one purpose's key is used for says nothing about another's. */
const derived = (key: Uint8Array, purpose: KeyPurpose): Buffer =>
  Buffer.from(hkdfSync('sha256', key, new Uint8Array(0), `ory-identity-mcp ${purpose}`, 32));
