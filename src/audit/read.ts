/** All records in their order, over all files. */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isCode } from '../store/file-lock.ts';
import { LedgerError } from './error.ts';
import { CURRENT, fullFiles, LEDGER_FOLDER, NO_FOLLOW } from './files.ts';
import { parseLine, type LedgerRecord } from './format.ts';
import { linesOf } from './lines.ts';

export interface OpenFile {
  readonly name: string;
  readonly file: FileHandle;
}

/**
 * The files of a ledger folder, each opened when it is its turn and closed after it. The one that grows is opened before the others are
 * listed, so that none is missed where it becomes full meanwhile. Throws `LedgerError` where there is none.
 */
export async function* openFiles(ledgerFolder: string): AsyncGenerator<OpenFile> {
  const current = await openIfThere(join(ledgerFolder, CURRENT));
  try {
    const full = fullFiles(ledgerFolder);
    if (!current && full.length === 0) throw new LedgerError(`There is no audit ledger in ${ledgerFolder}.`);
    const ino = (await current?.stat())?.ino;
    for (const { name, path } of full) {
      const file = await open(path, constants.O_RDONLY | NO_FOLLOW);
      try {
        if ((await file.stat()).ino !== ino) yield { name, file };
      } finally {
        await file.close();
      }
    }
    if (current) yield { name: CURRENT, file: current };
  } finally {
    await current?.close();
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | NO_FOLLOW);
  } catch (error) {
    if (isCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** Files by their paths, each opened when it is its turn. Throws `LedgerError` for one that can't be read. */
export async function* openNamed(paths: readonly string[]): AsyncGenerator<OpenFile> {
  for (const path of paths) {
    const file = await open(path, constants.O_RDONLY).catch((error: unknown) => {
      const because = isCode(error, 'ENOENT') ? 'is not there' : 'cannot be read';
      throw new LedgerError(`The file ${path} ${because}.`, { cause: error });
    });
    try {
      yield { name: basename(path), file };
    } finally {
      await file.close();
    }
  }
}

export interface Reading {
  /** Told of each line that is not as it was written, and left out; a line that was cut off is none. */
  readonly skipped?: (file: string, line: number) => void;
}

/**
 * The records in a state folder. Each has its own hash right; whether one is missing is for `verify` to say. Throws `LedgerError` where
 * there is no ledger, or a newer version wrote it.
 */
export const readRecords = (stateFolder: string, reading: Reading = {}): AsyncGenerator<LedgerRecord> =>
  readLedger(join(stateFolder, LEDGER_FOLDER), reading);

/** The same of a ledger folder, wherever it lies. */
export async function* readLedger(ledgerFolder: string, { skipped }: Reading = {}): AsyncGenerator<LedgerRecord> {
  for await (const { name, file } of openFiles(ledgerFolder)) {
    let number = 0;
    for await (const { bytes, ended } of linesOf(file)) {
      number += 1;
      if (!ended) continue;
      const parsed = parseLine(bytes);
      if (parsed.kind === 'newer') throw new LedgerError(`A newer version of this program wrote ${name}: read it with that one.`);
      if (parsed.kind === 'record') yield parsed.record;
      else if (parsed.kind !== 'torn') skipped?.(name, number);
    }
  }
}
