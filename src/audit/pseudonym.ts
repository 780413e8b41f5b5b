/** Personal data as the ledger knows it: a keyed hash. A plain one would be looked up in a dictionary; dropping the key erases. Pure. */
import { createHmac } from 'node:crypto';

/** HMAC-SHA-256, hexadecimal, of the value in NFC, trimmed and in lower case. */
export const pseudonymOf = (key: Buffer, value: string): string =>
  createHmac('sha256', key).update(value.normalize('NFC').trim().toLowerCase().normalize('NFC')).digest('hex');
