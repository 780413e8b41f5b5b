/** Personal data as the ledger knows it: a keyed hash. A plain one would be looked up in a dictionary; dropping the key erases. Pure. */
import { createHmac } from 'node:crypto';

/** HMAC-SHA-256, hexadecimal, of the value in NFC, trimmed and in lower case. */
export const pseudonymOf = (key: Buffer, value: string): string =>
  createHmac('sha256', key).update(value.normalize('NFC').trim().toLowerCase().normalize('NFC')).digest('hex');

/** Before a pseudonym that stands in the place of an address within a name. */
const MARK = 'pseudonym:';

/**
 * The name of a principal or a person as the ledger writes it: with `--oauth-person-claim email`, or where the provider's `sub` is the
 * login, an address is in it. That part becomes a pseudonym; issuer, client and kind stay, and so do names of this system's users.
 */
export const withoutAddresses = (key: Buffer, name: string): string =>
  name
    .split('|')
    .map((part) => (isAddress(part) ? MARK + pseudonymOf(key, part) : part))
    .join('|');

const isAddress = (part: string): boolean => part.includes('@') && !/(?:^| )os:|:\/\//.test(part);

/** Whether a part of the name is a pseudonym: one person's, where `pseudonym` is given. */
export const holdsPseudonym = (name: string, pseudonym = ''): boolean => name.split('|').some((it) => it.startsWith(MARK + pseudonym));
