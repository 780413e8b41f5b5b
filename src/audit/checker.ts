/** Line by line over all files: is the chain whole, and is it the one that was signed? Pure: lines arrive, findings leave. */
import { createHash, type Hash } from 'node:crypto';
import { furthest, GENESIS, parseLine, type Checkpoint, type LedgerRecord } from './format.ts';
import { rangeOf } from './files.ts';

export interface Finding {
  /** `ledger.jsonl:12`; a file alone where no line is meant. */
  readonly where: string;
  readonly says: string;
}

export interface Checked {
  readonly records: number;
  readonly first: number | undefined;
  readonly last: number | undefined;
  /** In the order in which they were found; the first one is where it begins to be wrong. */
  readonly problems: readonly Finding[];
  /** What one should know, and is no fault. */
  readonly notes: readonly Finding[];
}

export interface CheckerInput {
  /** Those whose signatures are good. */
  readonly checkpoints: readonly Checkpoint[];
  /** All files of a ledger: it begins with the first record ever. If not, what comes before and after them is not looked at. */
  readonly isAll: boolean;
}

/** Lines that are no records, since the last one that is. */
interface Stray {
  readonly line: number;
  readonly digest: Hash;
  bytes: number;
}

export class Checker {
  readonly #signed = new Map<number, Checkpoint[]>();
  readonly #isAll: boolean;
  readonly #problems: Finding[] = [];
  readonly #notes: Finding[] = [];
  #file = '';
  #line = 0;
  #records = 0;
  #first: number | undefined;
  /** Of the last record. Undefined: whatever comes next is believed, as something before it was wrong already. */
  #seq: number | undefined;
  #hash: string | undefined;
  #stray: Stray | undefined;

  constructor({ checkpoints, isAll }: CheckerInput) {
    this.#isAll = isAll;
    for (const it of checkpoints) this.#signed.set(it.seq, [...(this.#signed.get(it.seq) ?? []), it]);
  }

  /** The next file begins. */
  begin(file: string): void {
    this.#finish(false);
    this.#file = file;
    this.#line = 0;
  }

  /** Answers the record where there is one to look at further. */
  line(bytes: Buffer, ended: boolean): LedgerRecord | undefined {
    this.#line += 1;
    const parsed = ended ? parseLine(bytes) : ({ kind: 'torn' } as const);
    switch (parsed.kind) {
      case 'record':
        this.#record(parsed.record);
        return parsed.record;
      case 'changed':
        this.#problem(`${parsed.seq === undefined ? 'this' : `record ${parsed.seq}`} was changed after it was written`);
        this.#forget(parsed.seq);
        return undefined;
      case 'newer':
        this.#problem(`it is marked as version ${parsed.version}, which this program does not know`);
        this.#forget(undefined);
        return undefined;
      case 'noise':
        this.#problem('this line is no record');
        this.#keep(bytes, ended);
        return undefined;
      case 'torn':
        this.#keep(bytes, ended);
        return undefined;
    }
  }

  end(): Checked {
    const range = rangeOf(this.#file);
    const endsWithItsFile = range !== undefined && range.last === this.#seq;
    this.#finish(true);
    this.#end(!this.#isAll && endsWithItsFile);
    return { records: this.#records, first: this.#first, last: this.#seq, problems: this.#problems, notes: this.#notes };
  }

  #record(record: LedgerRecord): void {
    const { seq, prev, hash } = record;
    if (this.#first === undefined && this.#records === 0) this.#begins(record);
    else if (this.#seq !== undefined && seq > this.#seq + 1) this.#problem(`${missing(this.#seq + 1, seq - 1)} before record ${seq}`);
    else if (this.#seq !== undefined && seq <= this.#seq)
      this.#problem(`record ${seq} stands after record ${this.#seq}: inserted or out of order`);
    else if (this.#hash !== undefined && prev !== this.#hash) this.#problem(`record ${seq} does not follow the record before it`);
    this.#accountFor(record);
    this.#compare(record);
    this.#first ??= seq;
    this.#records += 1;
    this.#seq = seq;
    this.#hash = hash;
  }

  #begins({ seq, prev }: LedgerRecord): void {
    if (seq === 1 && prev !== GENESIS) this.#problem('record 1 follows another record');
    if (seq === 1) return;
    if (this.#isAll) this.#problem(`${missing(1, seq - 1)}; to look only at what is there, name the files`);
    else this.#note(`begins with record ${seq}; what came before was not looked at`);
  }

  #accountFor({ event, facts, seq }: LedgerRecord): void {
    const stray = this.#stray;
    this.#stray = undefined;
    if (!stray && event !== 'torn') return;
    if (!stray) return this.#problem(`what record ${seq} says was cut off before it is gone`);
    const tells = event === 'torn' && facts?.['bytes'] === stray.bytes && facts['sha256'] === stray.digest.digest('hex');
    if (!tells) return this.#problem('no record tells of what stands here', stray.line);
    this.#note(`a write was cut off here; record ${seq} tells of it`, stray.line);
  }

  #compare({ seq, hash }: LedgerRecord): void {
    for (const it of this.#signed.get(seq) ?? []) {
      if (it.hash !== hash) this.#problem(`record ${seq} is not the one that was signed at ${it.ts}: it or one before it was written anew`);
    }
  }

  #keep(bytes: Buffer, ended: boolean): void {
    this.#stray ??= { line: this.#line, digest: createHash('sha256'), bytes: 0 };
    this.#stray.digest.update(bytes).update(ended ? '\n' : '');
    this.#stray.bytes += bytes.length + (ended ? 1 : 0);
  }

  /** A file ends. Only the last one may end in a line that was cut off. */
  #finish(isLast: boolean): void {
    const range = rangeOf(this.#file);
    if (range && this.#seq !== undefined && range.last !== this.#seq)
      this.#problem(`by its name it ends with record ${range.last}, but it ends with ${this.#seq}`);
    if (this.#stray) {
      const says = `ends in a line that was cut off (${this.#stray.bytes} bytes); it is kept, and counts for nothing`;
      if (isLast) this.#note(says, this.#stray.line);
      else this.#problem(says, this.#stray.line);
    }
    this.#stray = undefined;
  }

  #end(mayGoOn: boolean): void {
    const last = this.#seq ?? 0;
    const beyond = [...this.#signed.values()].flat().filter((it) => it.seq > last);
    const far = furthest(beyond);
    if (!far) return;
    if (mayGoOn) return this.#note(`ends with record ${last}; what came after was not looked at`, 0);
    this.#problem(`the end is cut off: there were ${far.seq} records at ${far.ts}, as was signed, and the last one here is ${last}`, 0);
  }

  #forget(seq: number | undefined): void {
    this.#stray = undefined;
    this.#first ??= seq;
    this.#seq = seq ?? (this.#seq === undefined ? undefined : this.#seq + 1);
    this.#hash = undefined;
  }

  #problem(says: string, line = this.#line): void {
    this.#problems.push({ where: this.#where(line), says });
  }
  #note(says: string, line = this.#line): void {
    this.#notes.push({ where: this.#where(line), says });
  }
  #where(line: number): string {
    return line === 0 ? this.#file : `${this.#file}:${line}`;
  }
}

const missing = (from: number, to: number): string => (from === to ? `record ${from} is missing` : `records ${from} to ${to} are missing`);
