/**
 * The only writer of the ledger's files. Whatever it does is done under the lock and begins with a look at the end of the file, which
 * another process may have moved; an end that went back, or is another one, is a ledger that was tampered with, and nothing is written.
 */
import { closeSync, constants, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { isCode, withFileLock } from '../store/file-lock.ts';
import type { Folder } from '../store/folder.ts';
import { lastCheckpoint, writeCheckpoint } from './checkpoints.ts';
import { LedgerError, ledgerError } from './error.ts';
import { CHECKPOINTS, CURRENT, fullFiles, fullName, LEDGER_FOLDER, NO_FOLLOW } from './files.ts';
import { GENESIS, lineOf, recordOf, TORN_MARK, VERSION, type Author, type LedgerRecord } from './format.ts';
import { openSigner, PRIVATE_KEY, PUBLIC_KEY, type Signer } from './keys.ts';
import type { AuditFields } from './record.ts';
import { sync, syncFolder } from './sync.ts';
import { digestOf, readFirst, readTail } from './tail.ts';

/** A record on its way. */
export interface Due {
  readonly fields: AuditFields;
  /** When it was handed over; milliseconds since 1970. */
  readonly at: number;
}

export interface Appended {
  /** How many of them are whole in the file, from the first. With an error they may not be on disk. */
  readonly written: number;
  readonly error?: LedgerError;
  /** Bytes that an earlier write had left behind, and that a record now tells of. */
  readonly torn: number;
}

export interface AppenderPorts {
  readonly folder: Folder;
  readonly origin: Author['origin'];
  readonly now: () => number;
  /** Bytes from which a file is full. */
  readonly maxBytes: number;
  /** A checkpoint is due whenever a multiple of it is passed. */
  readonly checkpointEvery: number;
}

/** Where the chain ends, and the file that it ends in. */
interface End {
  readonly seq: number;
  readonly hash: string;
  readonly size: number;
  readonly ino: number;
  /** What follows the last record and is none. */
  readonly stray: Buffer;
}

const NOTHING = Buffer.alloc(0);

export class Appender {
  readonly #ports: AppenderPorts;
  readonly #author: Author;
  readonly #folder: string;
  readonly #current: string;
  #end: End | undefined;
  /** A write failed: what is in the file is to be looked at. */
  #isUnsure = false;
  /** A file or folder was made whose name may not be on disk yet. */
  #isNewName = false;
  #checkpointed = 0;
  #signer: Signer | undefined;

  constructor(ports: AppenderPorts) {
    this.#ports = ports;
    this.#author = { origin: ports.origin, key: ports.folder.key('pseudonyms') };
    this.#folder = ports.folder.file(LEDGER_FOLDER);
    this.#current = join(this.#folder, CURRENT);
  }

  /** Makes what is missing. Throws `LedgerError` or what the file system says. */
  async open(): Promise<void> {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    await this.#locked((fd) => {
      const { seq, hash } = this.#look(fd);
      const last = lastCheckpoint(join(this.#folder, CHECKPOINTS));
      if (last && (last.seq > seq || (last.seq === seq && last.hash !== hash))) {
        throw new LedgerError(`It ends at record ${seq}, which is not what its last checkpoint says (record ${last.seq}).`);
      }
      this.#checkpointed = last?.seq ?? 0;
      const { file } = this.#ports.folder;
      this.#signer = openSigner(file(PRIVATE_KEY), file(PUBLIC_KEY), { fresh: last === undefined });
    });
  }

  /** One lock, one write, in order. Never throws. */
  async append(due: readonly Due[], { durable }: { readonly durable: boolean }): Promise<Appended> {
    let written = 0;
    let torn = 0;
    try {
      await this.#locked(async (fd) => {
        const before = this.#look(fd);
        const { mended, records } = this.#chained(before, due);
        const lines = records.map((it) => Buffer.from(lineOf(it)));
        this.#isUnsure = true;
        const bytes = writeAll(fd, Buffer.concat([mended, ...lines]), (count) => {
          written = Math.max(0, wholeLines(lines, count - mended.length) - (records.length - due.length));
        });
        this.#isUnsure = false;
        const last = records.at(-1) ?? before;
        this.#end = { seq: last.seq, hash: last.hash, size: before.size + bytes, ino: before.ino, stray: NOTHING };
        torn = before.stray.length;
        if (durable) await this.#toDisk(fd);
      });
      return { written, torn };
    } catch (error) {
      return { written, torn, error: ledgerError(error) };
    }
  }

  /** Whether a checkpoint should be written now. */
  get isDue(): boolean {
    const { checkpointEvery, maxBytes } = this.#ports;
    if (!this.#end) return false;
    return Math.floor(this.#end.seq / checkpointEvery) > Math.floor(this.#checkpointed / checkpointEvery) || this.#end.size >= maxBytes;
  }

  /** Signs how far the chain has come, unless that was done; a file that is full makes room. Throws. */
  async checkpoint(): Promise<void> {
    await this.#locked(async (fd) => {
      const { seq, hash, size, stray } = this.#look(fd);
      if (seq === this.#checkpointed || !this.#signer) return;
      await this.#toDisk(fd); // a checkpoint must not outlive the record that it is about
      const ts = new Date(this.#ports.now()).toISOString();
      const checkpoint = this.#signer.sign({ v: VERSION, seq, hash, ts, size: size - stray.length });
      await writeCheckpoint(join(this.#folder, CHECKPOINTS), checkpoint);
      this.#checkpointed = seq;
      if (size >= this.#ports.maxBytes && stray.length === 0) this.#makeRoom(fd, { seq, hash, size });
      await syncFolder(this.#folder);
    });
  }

  /** The full file gets its name; the next record, in a new one, follows the last of it. */
  #makeRoom(fd: number, { seq, hash, size }: Pick<End, 'seq' | 'hash' | 'size'>): void {
    const first = readFirst(fd, size);
    if (!first) return; // empty: its last record is in the file before
    renameSync(this.#current, join(this.#folder, fullName(first.seq, seq)));
    const fresh = this.#openCurrent();
    this.#end = { seq, hash, size: 0, ino: fstatSync(fresh).ino, stray: NOTHING };
    closeSync(fresh);
  }

  #locked<T>(work: (fd: number) => T | Promise<T>): Promise<T> {
    return withFileLock(join(this.#folder, 'lock'), async () => {
      const fd = this.#openCurrent();
      try {
        return await work(fd);
      } finally {
        closeSync(fd);
      }
    });
  }

  /** Once known, the file is made again only where a process died between the two steps of making room. */
  #openCurrent(): number {
    const flags = constants.O_RDWR | constants.O_APPEND | NO_FOLLOW;
    try {
      return openSync(this.#current, flags);
    } catch (error) {
      if (!isCode(error, 'ENOENT')) throw error;
      if (this.#end && !this.#isInFull(this.#end.seq)) throw new LedgerError('The file of the audit ledger is gone.', { cause: error });
    }
    this.#isNewName = true;
    return openSync(this.#current, flags | constants.O_CREAT | constants.O_EXCL, 0o600);
  }

  #isInFull(seq: number): boolean {
    return fullFiles(this.#folder).some(({ first, last }) => first <= Math.max(1, seq) && seq <= last);
  }

  /** Where the chain ends now. Throws `LedgerError` where that can't follow from where it ended. */
  #look(fd: number): End {
    const known = this.#end;
    const { size, ino } = fstatSync(fd);
    if (known && !this.#isUnsure && known.ino === ino && known.size === size) return known;
    const { record, stray } = readTail(fd, size);
    const { seq, hash } = record ?? this.#lastOfFull() ?? { seq: 0, hash: GENESIS };
    const end: End = { seq, hash, size, ino, stray };
    if (known && !this.#follows(end, known)) throw new LedgerError('The file of the audit ledger was cut off or replaced.');
    if (known?.ino !== ino) this.#isNewName = true; // who made it may have died before its name was on disk
    this.#end = end;
    this.#isUnsure = false;
    return end;
  }

  #follows(end: End, known: End): boolean {
    if (end.ino !== known.ino && !this.#isInFull(known.seq)) return false; // not the file, nor the one after it
    if (end.ino === known.ino && end.size < known.size) return false;
    return end.seq > known.seq || (end.seq === known.seq && end.hash === known.hash);
  }

  #lastOfFull(): LedgerRecord | undefined {
    const full = fullFiles(this.#folder).at(-1);
    if (!full) return undefined;
    const fd = openSync(full.path, constants.O_RDONLY | NO_FOLLOW);
    try {
      const { record } = readTail(fd, fstatSync(fd).size);
      if (record?.seq !== full.last) throw new LedgerError(`${full.name} does not end as its name says.`);
      return record;
    } finally {
      closeSync(fd);
    }
  }

  /** The records of what is due. What an earlier write left behind is closed by a mark and a line feed, and told of in a record before them. */
  #chained(end: End, due: readonly Due[]): { readonly mended: Buffer; readonly records: readonly LedgerRecord[] } {
    const mended = Buffer.from(end.stray.length === 0 || end.stray.at(-1) === 0x0a ? '' : `${TORN_MARK}\n`);
    const all: Due[] = [...due];
    if (end.stray.length > 0) {
      const gap = Buffer.concat([end.stray, mended]);
      all.unshift({ fields: { event: 'torn', facts: { bytes: gap.length, sha256: digestOf(gap) } }, at: this.#ports.now() });
    }
    let { seq, hash } = end;
    const records = all.map(({ fields, at }) => {
      const record = recordOf(fields, { seq: seq + 1, prev: hash, at }, this.#author);
      ({ seq, hash } = record);
      return record;
    });
    return { mended, records };
  }

  async #toDisk(fd: number): Promise<void> {
    await sync(fd);
    if (this.#isNewName) {
      await syncFolder(this.#folder);
      await syncFolder(this.#ports.folder.path);
      this.#isNewName = false;
    }
    if (fstatSync(fd).nlink === 0) throw new LedgerError('The file of the audit ledger was removed.');
  }
}

/** Says after each step how many bytes are in the file. Throws what the file system says. */
function writeAll(fd: number, bytes: Buffer, progress: (written: number) => void): number {
  let written = 0;
  while (written < bytes.length) {
    written += writeSync(fd, bytes, written);
    progress(written);
  }
  return written;
}

function wholeLines(lines: readonly Buffer[], bytes: number): number {
  let left = bytes;
  const cut = lines.findIndex((it) => (left -= it.length) < 0);
  return cut < 0 ? lines.length : cut;
}
