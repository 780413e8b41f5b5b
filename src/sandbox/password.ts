/** Passwords, as texts that look like the bcrypt hashes which Kratos stores. An imported hash, of whatever algorithm, fits none here. */
import { randomBytes, scryptSync } from 'node:crypto';

/** With a fresh salt. */
export const hash = (password: string): string => hashWith(password, text(randomBytes(22)));
export const fits = (password: string, hashed: string): boolean =>
  hashWith(password, hashed.slice(PREFIX.length, PREFIX.length + 22)) === hashed;

const PREFIX = '$2a$04$';
const ALPHABET = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const text = (bytes: Buffer): string => Array.from(bytes, (it) => ALPHABET.charAt(it % 64)).join('');
// The sandbox guards nothing: the cheapest cost keeps a batch of 200 passwords fast.
const hashWith = (password: string, salt: string): string => PREFIX + salt + text(scryptSync(password, salt, 31, { N: 1024 }));
