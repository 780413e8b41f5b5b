/** The text of `approvers.json` and back, with its seal. */
import { UsageError } from '../errors.ts';
import { canonical } from '../lib/json.ts';
import type { Tries } from './codes.ts';
import { isSealed, sealOf } from './seal.ts';
import type { Approver } from './types.ts';
import { objectIn } from '../lib/json.ts';

export interface ApproverFile {
  readonly approvers: readonly Approver[];
  readonly removed: readonly { readonly name: string; readonly method: string; readonly at: number; readonly removedAt: number }[];
  /** By approver. */
  readonly codes: ReadonlyMap<string, Tries>;
}

const VERSION = 1;
const EMPTY: ApproverFile = { approvers: [], removed: [], codes: new Map() };

export function encodeApprovers({ approvers, removed, codes }: ApproverFile, key: Buffer): string {
  const content = { v: VERSION, approvers, removed, codes: Object.fromEntries(codes) };
  return `${JSON.stringify({ ...content, seal: sealOf(canonical(content), key) }, null, 2)}\n`;
}

/** No file: no approvers. Throws `UsageError`. */
export function decodeApprovers(text: string | undefined, { key, path }: { readonly key: Buffer; readonly path: string }): ApproverFile {
  if (text === undefined) return EMPTY;
  const read = objectIn(text);
  if (read === undefined) throw new UsageError(`${path} is damaged: it is not JSON. ${WHAT_TO_DO}`);
  const { seal, ...content } = read;
  if (typeof content['v'] === 'number' && content['v'] > VERSION)
    throw new UsageError(
      `${path} was written by a newer version of this program (${content['v']}; this one reads ${VERSION}). Use that version.`,
    );
  if (!isSealed(canonical(content), { seal, key }))
    throw new UsageError(
      `${path} was changed by something other than this program, or the key beside it was: its seal does not fit. Nobody can approve. ${WHAT_TO_DO}`,
    );
  // Sealed by us, so it is what `encodeApprovers` made of these types.
  const { approvers, removed, codes } = content as unknown as Omit<ApproverFile, 'codes'> & { readonly codes: Record<string, Tries> };
  return { approvers, removed, codes: new Map(Object.entries(codes)) };
}

const WHAT_TO_DO = 'Find out who changed it, then move it away and enrol the approvers again.';
