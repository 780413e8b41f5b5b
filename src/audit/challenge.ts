/** What a passkey signs: the plan's digest, and a nonce that makes each asking its own. Pure. */
import { createHash } from 'node:crypto';

/** The challenge for a plan: base64url(SHA-256(UTF-8 of digest, a line feed, nonce)), both as the texts that stand in the ledger. */
export const challengeOf = (digest: string, nonce: string): string =>
  createHash('sha256').update(`${digest}\n${nonce}`).digest('base64url');
