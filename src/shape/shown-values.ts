/** The texts in a result that say something about one person, with whose they are. Pure. */
import { isIdentityRecord } from './identity-records.ts';
import { isObject, textOf, type Json } from './present.ts';

export interface ShownRecord {
  /** Of the identity; of the message where an address stands in one. */
  readonly id: string;
  readonly isIdentity: boolean;
  readonly texts: readonly string[];
}

/** One entry per record. States, times, ids of schemas and everything of ours are left out. Takes results as they leave (cleaned). */
export function shownOf(result: unknown): readonly ShownRecord[] {
  if (Array.isArray(result)) return result.flatMap(shownOf);
  if (!isObject(result)) return [];
  const { id, recipient } = result;
  if (isIdentityRecord(result)) return typeof id === 'string' ? [{ id, isIdentity: true, texts: textsOf(result) }] : [];
  if (typeof id === 'string' && typeof recipient === 'string') return [{ id, isIdentity: false, texts: [recipient] }];
  return Object.values(result).flatMap(shownOf);
}

function textsOf(record: Json): readonly string[] {
  const { traits, metadata_public, metadata_admin, external_id, verifiable_addresses, recovery_addresses, credentials } = record;
  const written = [traits, metadata_public, metadata_admin, external_id].flatMap(leaves);
  return [...written, ...addresses(verifiable_addresses), ...addresses(recovery_addresses), ...identifiers(credentials)];
}

/** Between the words of a longer text. */
const BETWEEN = /[\s<>()[\]{},;"'“”]+/;
/** Words that hardly stand for anybody else: addresses and numbers. */
const TELLING = /@|\d{6}/;
const words = (text: string): readonly string[] =>
  text
    .split(BETWEEN)
    .filter((it) => TELLING.test(it))
    .map((it) => it.replace(/[.:!?]+$/, ''));

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d/;
/** What a cap cut off is not there to be compared (clean.ts). */
const CUT = /…\(\+\d+\)$/;

function leaves(value: unknown): readonly string[] {
  if (typeof value === 'string') return TIME.test(value) ? [] : [value.replace(CUT, ''), ...words(value)];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [];
}

/** `a@example.com (verified)` in a summary, an object in the full view. */
function addresses(list: unknown): readonly string[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((it: unknown) => {
    const address = typeof it === 'string' ? it.replace(/ \((?:un)?verified\)$/, '') : isObject(it) ? textOf(it['value']) : undefined;
    return address === undefined ? [] : [address];
  });
}

/** By type: what the account signs in with, and its subject at a provider. */
function identifiers(credentials: unknown): readonly string[] {
  if (!isObject(credentials)) return [];
  return Object.values(credentials).flatMap((it) => {
    const { identifiers: names, providers } = isObject(it) ? it : {};
    const subjects = Array.isArray(providers)
      ? providers.map((provider: unknown) => (isObject(provider) ? provider['subject'] : undefined))
      : [];
    return [...(Array.isArray(names) ? names : []), ...subjects].filter((name) => typeof name === 'string');
  });
}
