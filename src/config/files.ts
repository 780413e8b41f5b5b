/** Files that settings point to. Opened once and checked on the open handle, so that nothing is swapped in between. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { UsageError } from '../errors.ts';

/** Far above any token, key or bundle of authorities (Mozilla's is 220 KB). */
const MAX_BYTES = 1024 * 1024;
/** On Windows a mode says nothing about who may read. */
const MODES_COUNT = process.platform !== 'win32';

export interface FileRule {
  /** The setting, for messages. */
  readonly name: string;
  /** Only its owner may read it. */
  readonly secret: boolean;
}

/** The text of the file. Throws `UsageError`: missing, empty, no regular file, too large, or a secret that others can read. */
export function readSettingFile(path: string, { name, secret }: FileRule): string {
  const handle = open(path, name);
  try {
    const stat = fstatSync(handle);
    if (!stat.isFile()) throw new UsageError(`${name} is no regular file. Name a file.`);
    if (secret && MODES_COUNT && (stat.mode & 0o077) !== 0) {
      throw new UsageError(`${name} names a file that others than its owner can use. Run chmod 600 on it.`);
    }
    if (stat.size > MAX_BYTES) throw new UsageError(`${name} names a file of more than 1 MiB. Check the path.`);
    const text = readFileSync(handle, 'utf8').trim();
    if (text === '') throw new UsageError(`${name} names an empty file. Write the value into it.`);
    return text;
  } finally {
    closeSync(handle);
  }
}

function open(path: string, name: string): number {
  try {
    return openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)); // a named pipe would hold the start up
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    throw new UsageError(`${name} names a file that can't be read (${code}). Check the path and who may read it.`);
  }
}
