/** What lies where: `ledger/ledger.jsonl`, which grows, `ledger/ledger-<first>-<last>.jsonl`, which are full, and the checkpoints. */
import { constants, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isCode } from '../store/file-lock.ts';

export const CURRENT = 'ledger.jsonl';
export const CHECKPOINTS = 'checkpoints.jsonl';
/** Below the state folder. */
export const LEDGER_FOLDER = 'ledger';

/** A file in somebody's hands is never followed to elsewhere. */
export const NO_FOLLOW = constants.O_NOFOLLOW ?? 0; // not on Windows

export interface Full {
  readonly name: string;
  readonly path: string;
  readonly first: number;
  readonly last: number;
}

export const fullName = (first: number, last: number): string => `ledger-${first}-${last}.jsonl`;

/** Undefined where the name is none of a full file. */
export function rangeOf(name: string): { readonly first: number; readonly last: number } | undefined {
  const [, first, last] = /^ledger-(\d{1,15})-(\d{1,15})\.jsonl$/.exec(name) ?? [];
  return first === undefined || last === undefined ? undefined : { first: Number(first), last: Number(last) };
}

/** The full files of a ledger folder in their order. None where the folder is not there. */
export function fullFiles(folder: string): Full[] {
  const found: Full[] = [];
  for (const name of namesIn(folder)) {
    const range = rangeOf(name);
    if (range) found.push({ name, path: join(folder, name), ...range });
  }
  return found.sort((a, b) => a.first - b.first || a.last - b.last);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return [];
    throw error;
  }
}
