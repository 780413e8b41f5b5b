/** The file of checkpoints: its last one, and the next one. Under the ledger's lock. */
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { isCode } from '../store/file-lock.ts';
import { LedgerError } from './error.ts';
import { lineOf, parseCheckpoint, TORN_MARK, type Checkpoint } from './format.ts';
import { NO_FOLLOW } from './files.ts';
import { sync } from './sync.ts';
import { readRange } from './tail.ts';

/** A checkpoint is shorter than 400 bytes. */
const WINDOW = 16 * 1024;

/** The last one that can be read. Throws `LedgerError` where a newer version of this program wrote there. */
export function lastCheckpoint(path: string): Checkpoint | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | NO_FOLLOW);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    const { size } = fstatSync(fd);
    const text = readRange(fd, Math.max(0, size - WINDOW), size).toString('latin1');
    for (const line of text.split('\n').reverse()) {
      const parsed = parseCheckpoint(Buffer.from(line, 'latin1'));
      if (parsed.kind === 'newer') throw new LedgerError('Its checkpoints were written by a newer version of this program.');
      if (parsed.kind === 'checkpoint') return parsed.checkpoint;
    }
    return undefined;
  } finally {
    closeSync(fd);
  }
}

/** On disk when it resolves. A line that was cut off before is kept, with a mark. */
export async function writeCheckpoint(path: string, checkpoint: Checkpoint): Promise<void> {
  const fd = openSync(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | NO_FOLLOW, 0o600);
  try {
    const { size } = fstatSync(fd);
    const isTorn = size > 0 && readRange(fd, size - 1, size).toString() !== '\n';
    const bytes = Buffer.from(`${isTorn ? `${TORN_MARK}\n` : ''}${lineOf(checkpoint)}`);
    if (writeSync(fd, bytes) !== bytes.length) throw new LedgerError('A checkpoint was cut off while it was written.');
    await sync(fd);
  } finally {
    closeSync(fd);
  }
}
