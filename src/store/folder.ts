/** The state folder: 0700, with the one key that everything kept there is sealed by. */
import { createHmac, randomBytes } from 'node:crypto';
import { linkSync, lstatSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UsageError } from '../errors.ts';
import { isCode } from './file-lock.ts';

export interface Folder {
  readonly path: string;
  /** The path of something in it. */
  readonly file: (name: string) => string;
  /** 32 bytes, the same for the same purpose as long as the folder lives. */
  readonly key: (purpose: KeyPurpose) => Buffer;
}
export type KeyPurpose = 'seal' | 'pseudonyms' | 'approvers' | 'state' | 'page';

/** Makes the folder where it is missing. Throws `UsageError` where it can't be made, or where others could read or change it. */
export function openFolder(path: string): Folder {
  const refuse = (because: string): never => {
    throw new UsageError(`The state folder ${path} ${because}. Name another one with --state-dir (KRATOS_MCP_STATE_DIR).`);
  };
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch {
    return refuse('cannot be made');
  }
  const stat = lstatSync(path);
  if (!stat.isDirectory()) return refuse('is no folder');
  if (process.getuid && stat.uid !== process.getuid()) return refuse('belongs to another user');
  if (process.platform !== 'win32' && (stat.mode & 0o077) !== 0)
    return refuse('can be entered by others (chmod 700 it, if its content can be trusted)');
  const file = (name: string) => join(path, name);
  const secret = keyIn(file('key'), refuse);
  return { path, file, key: (purpose) => createHmac('sha256', secret).update(purpose).digest() };
}

function keyIn(path: string, refuse: (because: string) => never): Buffer {
  const fresh = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const known = readKey(path, refuse);
    if (known !== undefined) return known;
    writeFileSync(fresh, randomBytes(32), { flag: 'wx', mode: 0o600 });
    try {
      linkSync(fresh, path); // whole or not at all, and the first one stays
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    } finally {
      unlinkSync(fresh);
    }
    return readKey(path, refuse) ?? refuse('lost its key while it was made');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    return refuse('cannot be written');
  }
}

function readKey(path: string, refuse: (because: string) => never): Buffer | undefined {
  let bytes: Buffer;
  try {
    if (process.platform !== 'win32' && (lstatSync(path).mode & 0o077) !== 0) return refuse('has a key that others may read');
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (isCode(error, 'ENOENT')) return undefined;
    return refuse('has a key that cannot be read');
  }
  return bytes.length === 32 ? bytes : refuse('has a damaged key');
}
