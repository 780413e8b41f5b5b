/** A policy file, read from disk. The one file of this room that touches anything outside; `parse.ts` does the work. */
// oxlint-disable-next-line no-restricted-imports -- reads the file that the operator named
import { open } from 'node:fs/promises';
import { constants } from 'node:fs'; // oxlint-disable-line no-restricted-imports -- the same
import { UsageError } from '../errors.ts';
import { parsePolicy, type Tool } from './parse.ts';
import type { Policy } from './policy.ts';

const MAX_BYTES = 256 * 1024;

/** Throws `UsageError`: with line and column where the content is wrong, else with what keeps it from being read. `tools`: all there are. */
export async function loadPolicy(path: string, tools: readonly Tool[]): Promise<Policy> {
  return parsePolicy(textIn(await bytesOf(path), path), { path, tools });
}

async function bytesOf(path: string): Promise<Buffer> {
  const refuse = (why: string) => new UsageError(`Policy file ${path} ${why}.`);
  const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((error: NodeJS.ErrnoException) => {
    throw refuse(`can't be read (${error.code ?? 'unreadable'}). Check the path and who may read it`);
  });
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw refuse('is no regular file. Name a file');
    if (stat.size > MAX_BYTES) throw refuse('is larger than 256 KiB. Check the path');
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

function textIn(bytes: Buffer, path: string): string {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  try {
    return decoder.decode(bytes);
  } catch {
    throw new UsageError(`Policy file ${path}:${lineOfBadText(bytes)}:1: is no UTF-8 text.`);
  }
}

/** The first line that is no UTF-8 by itself; a line break is never part of another character. */
function lineOfBadText(bytes: Buffer): number {
  const lines = bytes.toString('latin1').split('\n');
  const isGood = (line: string): boolean => {
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(line, 'latin1')) !== undefined;
    } catch {
      return false;
    }
  };
  return lines.findIndex((it) => !isGood(it)) + 1;
}
