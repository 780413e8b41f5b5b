/** Offline and without secrets: the records, the checkpoints and the public key are all that it takes. */
import { constants, existsSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { isCode } from '../lib/file-lock.ts';
import { problemWithAssertion } from './assertion.ts';
import { Checker, type Checked, type Finding } from './checker.ts';
import { LedgerError } from './error.ts';
import { parseCheckpoint, type Checkpoint } from './format.ts';
import { isSignedBy, keyIdOf, readPublicKey } from './keys.ts';
import { linesOf } from './lines.ts';
import { openFiles, type OpenFile } from './read.ts';

export interface Evidence {
  /** A ledger folder, all of it; or files, in their order, which may be a part of a ledger. */
  readonly ledger: { readonly folder: string } | { readonly files: readonly string[] };
  /** Undefined: there are none. */
  readonly checkpoints: string | undefined;
  /** Undefined: there is none. */
  readonly publicKey: string | undefined;
}

export interface Verified extends Checked {
  readonly ok: boolean;
  readonly files: readonly string[];
  readonly checkpoints: { readonly good: number; readonly key_id?: string; readonly last?: { readonly seq: number; readonly ts: string } };
  /** Records after the last checkpoint: chained, but anybody who can write the file could have written them. */
  readonly unsigned: number;
  /** Passkey signatures that are good. */
  readonly assertions: number;
}

/** Throws `LedgerError` where there is nothing to look at, or a file can't be read. */
export async function verify({ ledger, checkpoints: path, publicKey }: Evidence): Promise<Verified> {
  const signed = await readCheckpoints(path, publicKey);
  const isAll = 'folder' in ledger;
  const checker = new Checker({ checkpoints: signed.good, isAll });
  const files: string[] = [];
  const doubted: Finding[] = [];
  let assertions = 0;
  for await (const { name, file } of isAll ? openFiles(ledger.folder) : openNamed(ledger.files)) {
    files.push(name);
    checker.begin(name);
    let line = 0;
    for await (const { bytes, ended } of linesOf(file)) {
      line += 1;
      const record = checker.line(bytes, ended);
      const says = record?.assertion && (await problemWithAssertion(record, record.assertion));
      if (says !== undefined) doubted.push({ where: `${name}:${line}`, says: `record ${record?.seq}: ${says}` });
      else if (record?.assertion) assertions += 1;
    }
  }
  const checked = checker.end();
  const unsigned = withoutCheckpoints(checked, signed.good.length, isAll);
  const problems = [...checked.problems, ...doubted, ...signed.problems, ...unsigned.problems];
  const last = signed.good.reduce<Checkpoint | undefined>((far, it) => (far && far.seq >= it.seq ? far : it), undefined);
  return {
    ...checked,
    ok: problems.length === 0,
    problems,
    notes: [...checked.notes, ...signed.notes, ...unsigned.notes],
    files,
    checkpoints: {
      good: signed.good.length,
      ...(signed.keyId !== undefined && { key_id: signed.keyId }),
      ...(last && { last: { seq: last.seq, ts: last.ts } }),
    },
    unsigned: Math.max(0, (checked.last ?? 0) - (last?.seq ?? 0)),
    assertions,
  };
}

/** There is one for every hundred records, so that a longer ledger without any lost them. */
const ONE_AT_LEAST = 100;
function withoutCheckpoints({ last = 0, problems }: Checked, good: number, isAll: boolean): Pick<Checked, 'problems' | 'notes'> {
  if (good > 0 || problems.length > 0) return { problems: [], notes: [] };
  const finding = {
    where: 'checkpoints',
    says: 'there is none to compare with: an end that was cut off, or a chain written anew, would not show',
  };
  return isAll && last >= ONE_AT_LEAST ? { problems: [finding], notes: [] } : { problems: [], notes: [finding] };
}

interface Signed {
  readonly good: Checkpoint[];
  readonly problems: Finding[];
  readonly notes: Finding[];
  readonly keyId?: string;
}

async function readCheckpoints(path: string | undefined, publicKey: string | undefined): Promise<Signed> {
  const found: Signed = { good: [], problems: [], notes: [] };
  if (path === undefined) return found;
  if (publicKey === undefined || !existsSync(publicKey)) {
    const says = 'the public key is missing, so that no checkpoint could be looked at; name it with --public-key';
    return { ...found, problems: [{ where: basename(path), says }] };
  }
  const key = readPublicKey(publicKey);
  const keyId = keyIdOf(key);
  let number = 0;
  for await (const { name, file } of openNamed([path])) {
    for await (const { bytes, ended } of linesOf(file)) {
      number += 1;
      const where = `${name}:${number}`;
      const parsed = ended ? parseCheckpoint(bytes) : ({ kind: 'torn' } as const);
      if (parsed.kind === 'torn') found.notes.push({ where, says: 'a checkpoint was cut off while it was written' });
      else if (parsed.kind === 'newer')
        found.problems.push({ where, says: `it is marked as version ${parsed.version}, which this program does not know` });
      else if (parsed.kind === 'noise') found.problems.push({ where, says: 'this line is no checkpoint' });
      else if (parsed.checkpoint.key_id !== keyId)
        found.problems.push({ where, says: `it is signed by another key (${parsed.checkpoint.key_id.slice(0, 16)})` });
      else if (!isSignedBy(parsed.checkpoint, key)) found.problems.push({ where, says: 'its signature is wrong' });
      else found.good.push(parsed.checkpoint);
    }
  }
  return { ...found, keyId };
}

async function* openNamed(paths: readonly string[]): AsyncGenerator<OpenFile> {
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
