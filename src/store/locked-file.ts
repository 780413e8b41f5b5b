/** A document in one file, 0600, that several processes read and replace: whole or not at all, one after another. */
import { randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, statSync, unlinkSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { isCode, withFileLock } from './file-lock.ts';

export interface LockedFile {
  readonly path: string;
  /** Undefined: there is none. What is read is whole, though it may be replaced at any time. */
  read(): string | undefined;
  /** Replaces the text by what `change` makes of it, unless that is the same; comes back with what it says. Nothing is written if it throws. */
  update<T>(change: (text: string | undefined) => Changed<T>): Promise<T>;
}
export interface Changed<T> {
  readonly text: string;
  readonly result: T;
  /** Outlives a power cut once the update resolves. */
  readonly durable: boolean;
}

/** The caller reads it: somebody else wrote although we held the lock (we hung for longer than it is kept); nothing was written. */
export class LockLost extends Error {
  override readonly name = 'LockLost';
}

/** The lock lies beside the file. */
export function lockedFile(path: string): LockedFile {
  const read = () => textOf(path);
  return {
    path,
    read,
    update: (change) =>
      withFileLock(`${path}.lock`, () => {
        const before = read();
        const { text, result, durable } = change(before);
        if (text !== before) replace(path, text, { durable, before });
        return result;
      }),
  };
}

function replace(
  path: string,
  text: string,
  { durable, before }: { readonly durable: boolean; readonly before: string | undefined },
): void {
  const fresh = `${path}.${randomBytes(6).toString('hex')}.new`;
  const file = openSync(fresh, 'wx', 0o600);
  try {
    try {
      writeAll(file, text);
      if (durable) fsyncSync(file);
    } finally {
      closeSync(file);
    }
    if (textOf(path) !== before) throw new LockLost('The state was changed by another process meanwhile; nothing was written.');
    renameSync(fresh, path);
  } catch (error) {
    if (textOf(fresh) !== undefined) unlinkSync(fresh);
    throw error;
  }
  if (durable) syncFolder(dirname(path));
}

function writeAll(file: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
}

/** Makes the names in it outlive a power cut; there is no such thing on Windows. */
export function syncFolder(path: string): void {
  if (process.platform === 'win32') return;
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** What writers left behind that were killed; a writer needs milliseconds. */
export function removeLeftovers(path: string, olderThanMs = 60_000): void {
  const begins = `${basename(path)}.`;
  for (const name of readdirSync(dirname(path))) {
    if (!name.startsWith(begins) || !name.endsWith('.new')) continue;
    const left = join(dirname(path), name);
    try {
      if (Date.now() - statSync(left).mtimeMs > olderThanMs) unlinkSync(left);
    } catch (error) {
      if (!isCode(error, 'ENOENT')) throw error;
    }
  }
}
