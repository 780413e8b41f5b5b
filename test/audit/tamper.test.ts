/** A thousand ways to falsify a ledger, by somebody who can write its files and does not have its signing key. */
import { generateKeyPairSync } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Checker, type Checked } from '../../src/audit/checker.ts';
import { GENESIS, hashOf, lineOf, recordOf, type Checkpoint, type LedgerRecord } from '../../src/audit/format.ts';
import { signerOf } from '../../src/audit/keys.ts';
import { digestOf } from '../../src/audit/tail.ts';
import type { AuditFields } from '../../src/audit/record.ts';

interface File {
  readonly name: string;
  readonly bytes: Buffer;
}

const author = { origin: { instance: 'i', level: 'L0', kratos_url: 'http://kratos:4434/' }, key: Buffer.alloc(32, 7) };
const signer = signerOf(generateKeyPairSync('ed25519').privateKey);

/** 300 records in three files, one write cut off in the last, a checkpoint every 100. */
function written(): { readonly files: readonly File[]; readonly checkpoints: readonly Checkpoint[] } {
  const files: File[] = [];
  const checkpoints: Checkpoint[] = [];
  let [text, prev] = ['', GENESIS];
  const append = (seq: number, fields: AuditFields) => {
    const record = recordOf(fields, { seq, prev, at: 1_772_366_400_000 + seq * 1_000 }, author);
    text += lineOf(record);
    prev = record.hash;
  };
  for (let seq = 1; seq <= 300; seq += 1) {
    if (seq === 250) {
      const gap = '{"event":"read","hash":"0~\n';
      text += gap;
      append(seq, { event: 'torn', facts: { bytes: gap.length, sha256: digestOf(Buffer.from(gap)) } });
    } else
      append(seq, {
        event: seq % 3 === 0 ? 'intent' : 'read',
        tool: 'get_identity',
        target_ids: [`id-${seq % 17}`],
        count: seq,
        client: 'é',
      });
    if (seq % 100 !== 0) continue;
    checkpoints.push(signer.sign({ v: 1, seq, hash: prev, ts: '2026-03-01T12:00:00.000Z', size: Buffer.byteLength(text) }));
    const name = seq === 300 ? 'ledger.jsonl' : `ledger-${seq - 99}-${seq}.jsonl`;
    files.push({ name, bytes: Buffer.from(text) });
    text = '';
  }
  return { files, checkpoints };
}
const base = written();
const everything = (files: readonly File[]) => Buffer.concat(files.map((it) => Buffer.concat([Buffer.from(`${it.name}:`), it.bytes])));

function check(files: readonly File[], checkpoints: readonly Checkpoint[] = base.checkpoints): Checked {
  const checker = new Checker({ checkpoints, isAll: true });
  for (const { name, bytes } of files) {
    checker.begin(name);
    for (let start = 0; start < bytes.length;) {
      const end = bytes.indexOf(0x0a, start);
      checker.line(bytes.subarray(start, end < 0 ? bytes.length : end), end >= 0);
      start = end < 0 ? bytes.length : end + 1;
    }
  }
  return checker.end();
}

/** Which file, and where in it, as shares of 1. */
interface Dice {
  readonly file: number;
  readonly at: number;
  readonly to: number;
  readonly byte: number;
}
type Harm = (files: readonly File[], dice: Dice) => readonly File[];

const pick = (share: number, length: number) => Math.min(length - 1, Math.floor(share * length));
const linesIn = ({ bytes }: File) => bytes.toString('utf8').split('\n').slice(0, -1);
const isRecord = (line: string) => line.startsWith('{') && line.endsWith('}');

/** Harm to the lines of one file. */
const inLines =
  (change: (lines: string[], dice: Dice) => string[]): Harm =>
  (files, dice) => {
    const index = pick(dice.file, files.length);
    return files.map((it, i) => {
      if (i !== index) return it;
      const lines = change(linesIn(it), dice);
      return { ...it, bytes: Buffer.from(lines.map((line) => `${line}\n`).join('')) };
    });
  };

/** Harm to the bytes of one file. */
const inBytes =
  (change: (bytes: Buffer, dice: Dice) => Buffer): Harm =>
  (files, dice) => {
    const index = pick(dice.file, files.length);
    return files.map((it, i) => (i === index ? { ...it, bytes: change(Buffer.from(it.bytes), dice) } : it));
  };

const edited = (line: string): LedgerRecord => {
  const record = JSON.parse(line) as LedgerRecord; // cast: one of ours
  return { ...record, count: (record.count ?? 0) + 1_000, target_ids: ['somebody else'] };
};
const rehashed = ({ hash: _old, ...rest }: LedgerRecord): LedgerRecord => ({ ...rest, hash: hashOf(rest) });

/** Everything from a place on is written anew, so that the chain itself is whole; over all files, which somebody with patience can do. */
const rewriting =
  (change: (records: LedgerRecord[], at: number) => LedgerRecord[]): Harm =>
  (files, dice) => {
    const records = files.flatMap((it) => linesIn(it).filter(isRecord)).map((it) => JSON.parse(it) as LedgerRecord); // cast: ours
    const changed = change(records, pick(dice.at, records.length)).filter((it) => it.event !== 'torn');
    let prev = GENESIS;
    const chained = changed.map((it, i) => {
      const record = rehashed({ ...it, seq: i + 1, prev });
      prev = record.hash;
      return record;
    });
    const third = Math.ceil(chained.length / 3);
    return [0, 1, 2].map((i) => {
      const its = chained.slice(i * third, (i + 1) * third);
      const name = i === 2 ? 'ledger.jsonl' : `ledger-${its[0]?.seq}-${its.at(-1)?.seq}.jsonl`;
      return { name, bytes: Buffer.from(its.map(lineOf).join('')) };
    });
  };

const harms: Readonly<Record<string, Harm>> = {
  'a byte is another one': inBytes((bytes, { at, byte }) => {
    bytes[pick(at, bytes.length)] = byte;
    return bytes;
  }),
  'a byte is taken out': inBytes((bytes, { at }) =>
    Buffer.concat([bytes.subarray(0, pick(at, bytes.length)), bytes.subarray(pick(at, bytes.length) + 1)]),
  ),
  'a byte is put in': inBytes((bytes, { at, byte }) => {
    const index = pick(at, bytes.length);
    return Buffer.concat([bytes.subarray(0, index), Buffer.from([byte]), bytes.subarray(index)]);
  }),
  'a record is edited': inLines((lines, { at }) => {
    const index = pick(at, lines.length);
    return lines.map((it, i) => (i === index && isRecord(it) ? lineOf(edited(it)).trimEnd() : it));
  }),
  'a record is edited and its hash made to fit': inLines((lines, { at }) => {
    const index = pick(at, lines.length);
    return lines.map((it, i) => (i === index && isRecord(it) ? lineOf(rehashed(edited(it))).trimEnd() : it));
  }),
  'a record is edited and all that follows is written anew': rewriting((records, at) =>
    records.map((it, i) => (i === at ? edited(lineOf(it)) : it)),
  ),
  'records are taken out': inLines((lines, { at, to }) => {
    const index = pick(at, lines.length);
    return lines.toSpliced(index, 1 + pick(to, lines.length - index));
  }),
  'a record is taken out and all that follows is written anew': rewriting((records, at) => records.toSpliced(at, 1)),
  'two records change places': inLines((lines, { at, to }) => {
    const [a, b] = [pick(at, lines.length), pick(to, lines.length)];
    return lines.with(a, lines[b] ?? '').with(b, lines[a] ?? '');
  }),
  'the lines of a file are turned round': inLines((lines) => lines.toReversed()),
  'a record is there twice': inLines((lines, { at, to }) =>
    lines.toSpliced(pick(to, lines.length), 0, lines[pick(at, lines.length)] ?? ''),
  ),
  // Not after the last one of all: that is what the ledger itself does, and no checkpoint is about it yet.
  'a record is put in that follows the one before it': inLines((lines, { at }) => {
    const index = pick(at, lines.length - 1);
    const before = lines[index] ?? '';
    if (!isRecord(before)) return lines.toSpliced(index, 0, 'x');
    const { seq, hash } = JSON.parse(before) as LedgerRecord; // cast: one of ours
    const forged = recordOf({ event: 'approved', method: 'passkey' }, { seq: seq + 1, prev: hash, at: 0 }, author);
    return lines.toSpliced(index + 1, 0, lineOf(forged).trimEnd());
  }),
  'a record is put in and all that follows is written anew': rewriting((records, at) =>
    records.toSpliced(at, 0, { ...edited(JSON.stringify(records[at])), event: 'approved' }),
  ),
  'a line is put in that is no record': inLines((lines, { at, byte }) => lines.toSpliced(pick(at, lines.length), 0, `${byte}~`)),
  'a file is cut off': inBytes((bytes, { at }) => bytes.subarray(0, pick(at, bytes.length))),
  'the beginning of a file is cut off': inBytes((bytes, { at }) => bytes.subarray(1 + pick(at, bytes.length))),
  'the end is cut off at a record': (files, { at }) => {
    const last = files.at(-1);
    if (!last) return files;
    const lines = linesIn(last);
    return files.with(-1, {
      ...last,
      bytes: Buffer.from(
        lines
          .slice(0, pick(at, lines.length))
          .map((it) => `${it}\n`)
          .join(''),
      ),
    });
  },
  'all is begun anew, shorter': rewriting((records, at) => records.slice(0, at)),
  'a file is taken away': (files, { file }) => files.toSpliced(pick(file, files.length), 1),
  'two files change places': (files, { file, to }) => {
    const [a, b] = [pick(file, files.length), pick(to, files.length)];
    const [one, other] = [files[a], files[b]];
    if (!one || !other) return files;
    return files.with(a, { name: one.name, bytes: other.bytes }).with(b, { name: other.name, bytes: one.bytes });
  },
};

test('the ledger as it was written is whole', () => {
  const { problems, notes, records } = check(base.files);
  expect(problems).toEqual([]);
  expect(notes.map((it) => it.says)).toEqual(['a write was cut off here; record 250 tells of it']);
  expect(records).toBe(300);
});

test('a thousand random edits, deletions, reorderings, insertions and truncations: all are found', () => {
  const original = everything(base.files);
  const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const dice = fc.record({ file: share, at: share, to: share, byte: fc.integer({ min: 0, max: 255 }) });
  const tried = new Map<string, number>();
  const property = fc.property(fc.constantFrom(...Object.keys(harms)), dice, (name, its) => {
    const harmed = harms[name]?.(base.files, its) ?? [];
    fc.pre(!everything(harmed).equals(original));
    tried.set(name, (tried.get(name) ?? 0) + 1);
    const { problems } = check(harmed);
    return problems.length > 0 && problems.every(({ says }) => says.length > 10);
  });
  fc.assert(property, { numRuns: 1_000, maxSkipsPerRun: 20 });
  expect([...tried.keys()].sort()).toEqual(Object.keys(harms).sort());
});

test('the first bad place is said in words', () => {
  const harmed = (lines: (lines: string[]) => string[]) =>
    check(
      base.files.map((it, i) =>
        i === 0
          ? {
              ...it,
              bytes: Buffer.from(
                lines(linesIn(it))
                  .map((line) => `${line}\n`)
                  .join(''),
              ),
            }
          : it,
      ),
    ).problems[0];
  expect(harmed((lines) => lines.with(11, (lines[11] ?? '').replace('"count":12', '"count":13')))).toEqual({
    where: 'ledger-1-100.jsonl:12',
    says: 'record 12 was changed after it was written',
  });
  expect(harmed((lines) => lines.toSpliced(20, 3))?.says).toBe('records 21 to 23 are missing before record 24');
  expect(harmed((lines) => lines.toSpliced(20, 1))?.says).toBe('record 21 is missing before record 22');
  expect(harmed((lines) => lines.with(30, lines[31] ?? '').with(31, lines[30] ?? ''))?.where).toBe('ledger-1-100.jsonl:31');
  expect(harmed((lines) => lines.toSpliced(5, 0, 'hello'))?.says).toBe('this line is no record');
  expect(check(base.files.slice(1)).problems[0]?.says).toMatch(/^records 1 to 100 are missing/);
  expect(check(base.files.slice(0, 2)).problems[0]?.says).toMatch(
    /^the end is cut off: there were 300 records at .*, and the last one here is 200$/,
  );
});

test('without checkpoints a cut end and a chain written anew would not show: they are what finds them', () => {
  const cut = base.files.slice(0, 2);
  expect(check(cut, []).problems).toEqual([]);
  expect(check(cut).problems).not.toEqual([]);
  const anew = harms['a record is edited and all that follows is written anew']?.(base.files, { file: 0, at: 0.1, to: 0, byte: 0 }) ?? [];
  expect(check(anew, []).problems).toEqual([]);
  expect(check(anew).problems[0]?.says).toMatch(/^record 100 is not the one that was signed at/);
});
