/** A keyed hash over a text of ours, so that an edit by hand is seen. */
import { createHmac, timingSafeEqual } from 'node:crypto';

export const sealOf = (text: string, key: Buffer): string => createHmac('sha256', key).update(text).digest('base64url');

export function isSealed(text: string, { seal, key }: { readonly seal: unknown; readonly key: Buffer }): boolean {
  if (typeof seal !== 'string') return false;
  const [given, right] = [Buffer.from(seal), Buffer.from(sealOf(text, key))];
  return given.length === right.length && timingSafeEqual(given, right);
}
