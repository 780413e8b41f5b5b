/** Offline and without secrets: the records, the checkpoints and the public key are all that it takes. */
import { problemWithAssertion } from './assertion.ts';
import { Checker, type Checked, type Finding } from './checker.ts';
import { furthest } from './format.ts';
import { linesOf } from './lines.ts';
import { openFiles, openNamed, type OpenFile } from './read.ts';
import { readCheckpoints } from './signed.ts';

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
export async function verify({ ledger, checkpoints, publicKey }: Evidence): Promise<Verified> {
  const signed = await readCheckpoints(checkpoints, publicKey);
  const isAll = 'folder' in ledger;
  const checker = new Checker({ checkpoints: signed.good, isAll });
  const { files, doubted, assertions } = await readInto(checker, isAll ? openFiles(ledger.folder) : openNamed(ledger.files));
  const checked = checker.end();
  const unsigned = withoutCheckpoints(checked, signed.good.length, isAll);
  const problems = [...checked.problems, ...doubted, ...signed.problems, ...unsigned.problems];
  const last = furthest(signed.good);
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

interface Read {
  readonly files: readonly string[];
  /** Passkey signatures that are none. */
  readonly doubted: readonly Finding[];
  readonly assertions: number;
}
async function readInto(checker: Checker, opened: AsyncIterable<OpenFile>): Promise<Read> {
  const files: string[] = [];
  const doubted: Finding[] = [];
  let assertions = 0;
  for await (const { name, file } of opened) {
    files.push(name);
    checker.begin(name);
    let line = 0;
    for await (const { bytes, ended } of linesOf(file)) {
      line += 1;
      const record = checker.line(bytes, ended);
      if (!record?.assertion) continue;
      const says = await problemWithAssertion(record, record.assertion);
      if (says === undefined) assertions += 1;
      else doubted.push({ where: `${name}:${line}`, says: `record ${record.seq}: ${says}` });
    }
  }
  return { files, doubted, assertions };
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
