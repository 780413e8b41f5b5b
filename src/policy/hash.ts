/** By what a policy is known in every record of a call. A pure function, although the platform computes it. */
// oxlint-disable-next-line no-restricted-imports -- nothing of the outside world is touched
import { createHash } from 'node:crypto';
import { canonical } from '../lib/json.ts';

/** SHA-256 over canonical JSON (RFC 8785), hexadecimal: comments and order of members do not count. */
export const hashOf = (content: unknown): string => createHash('sha256').update(canonical(content)).digest('hex');
