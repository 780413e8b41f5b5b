/** What a store calls its plans and itself. */
import { createHash } from 'node:crypto';
import type { Named } from './plans.ts';

export interface StoreNames {
  /** 128 bits, base64url. */
  readonly randomId: () => string;
  /** Another one each time the program starts. */
  readonly instance: string;
  /** Left out: this process. */
  readonly pid?: number;
}

/** Of a new plan. */
export const namedBy = ({ randomId }: StoreNames): Named => ({ id: randomId(), code: codeOf(randomId()) });

/** Without those that people mistake for each other. */
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const codeOf = (random: string): string =>
  [...createHash('sha256').update(random).digest().subarray(0, 4)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
