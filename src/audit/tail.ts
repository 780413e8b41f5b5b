/** The end of a file of lines, read backwards: the last record, and what comes after it. Synchronous: it runs under the lock. */
import { createHash } from 'node:crypto';
import { readSync } from 'node:fs';
import { LedgerError } from './error.ts';
import { parseLine, type LedgerRecord } from './format.ts';

const LINE_FEED = 0x0a;
const FIRST_WINDOW = 16 * 1024;

export interface Tail {
  readonly record: LedgerRecord | undefined;
  /** Left by a write that was cut off: all that follows the last record. */
  readonly stray: Buffer;
}

/** Throws `LedgerError` where the last line is whole and not as it was written, or of a newer version. */
export function readTail(fd: number, size: number): Tail {
  for (let window = FIRST_WINDOW; ; window *= 4) {
    const from = Math.max(0, size - window);
    const tail = tailIn(readRange(fd, from, size), from === 0);
    if (tail) return tail;
  }
}

/** Undefined: the window has to reach further back. */
function tailIn(bytes: Buffer, whole: boolean): Tail | undefined {
  let end = bytes.lastIndexOf(LINE_FEED);
  while (end >= 0) {
    const before = end === 0 ? -1 : bytes.lastIndexOf(LINE_FEED, end - 1);
    if (before < 0 && !whole) return undefined;
    const parsed = parseLine(bytes.subarray(before + 1, end));
    if (parsed.kind === 'record') return { record: parsed.record, stray: bytes.subarray(end + 1) };
    if (parsed.kind === 'newer') throw new LedgerError('It was written by a newer version of this program.');
    if (parsed.kind !== 'torn') throw new LedgerError('The last line of the audit ledger is not as it was written.');
    end = before;
  }
  return whole ? { record: undefined, stray: bytes } : undefined;
}

/** The first record of a file; undefined where it has none. */
export function readFirst(fd: number, size: number): LedgerRecord | undefined {
  for (let window = FIRST_WINDOW; ; window *= 4) {
    const bytes = readRange(fd, 0, Math.min(size, window));
    for (let start = 0, end = bytes.indexOf(LINE_FEED); end >= 0; start = end + 1, end = bytes.indexOf(LINE_FEED, start)) {
      const parsed = parseLine(bytes.subarray(start, end));
      if (parsed.kind === 'record') return parsed.record;
    }
    if (window >= size) return undefined;
  }
}

export function readRange(fd: number, from: number, to: number): Buffer {
  const bytes = Buffer.alloc(to - from);
  let read = 0;
  while (read < bytes.length) {
    const count = readSync(fd, bytes, read, bytes.length - read, from + read);
    if (count === 0) break; // cut off meanwhile
    read += count;
  }
  return bytes.subarray(0, read);
}

export const digestOf = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
