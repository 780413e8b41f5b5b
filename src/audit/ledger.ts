/** The ledger as the program uses it: what is noted waits for a moment and is written at once; what must be durable takes it along. */
import { UsageError } from '../errors.ts';
import type { Log } from '../lib/log.ts';
import type { Folder } from '../store/folder.ts';
import { Appender, type Appended, type Due } from './appender.ts';
import { LedgerError } from './error.ts';
import { LEDGER_FOLDER } from './files.ts';
import type { Ledger } from './record.ts';

export interface LedgerPorts {
  readonly folder: Folder;
  /** Without credentials. */
  readonly kratosUrl: string;
  readonly level: string;
  /** Which run of the program. */
  readonly instance: string;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly log?: Log;
  /** A file of at least so many bytes is full: the next one begins. */
  readonly maxBytes?: number;
  readonly checkpointEvery?: number;
  readonly checkpointMs?: number;
  /** How long a note may wait. */
  readonly noteMs?: number;
}

const DEFAULTS = { maxBytes: 64 * 1024 * 1024, checkpointEvery: 100, checkpointMs: 60_000, noteMs: 100 };
/** While it can't be written so many notes are kept; what comes then is counted, and the count is recorded. */
const MOST_WAITING = 10_000;
/** Some milliseconds of work, between which others get their turn. */
const BATCH = 200;
const AGAIN_MS = 1_000;

export interface OpenLedger extends Ledger {
  /** Whether the last record could be written. */
  isWell(): boolean;
}

/** Throws `UsageError` where the folder can't be used, is newer than this program, or is not what its last checkpoint says. */
export async function openLedger(ports: LedgerPorts): Promise<OpenLedger> {
  const { folder, kratosUrl, level, instance, now, log } = ports;
  const { maxBytes, checkpointEvery, checkpointMs, noteMs } = { ...DEFAULTS, ...ports };
  const appender = new Appender({ folder, origin: { instance, level, kratos_url: kratosUrl }, now, maxBytes, checkpointEvery });
  try {
    await appender.open();
  } catch (error) {
    throw unusable(folder, error);
  }
  const ledger = new FileLedger(appender, { now, log, noteMs });
  ledger.checkpointEvery(checkpointMs);
  return ledger;
}

function unusable(folder: Folder, error: unknown): UsageError {
  const because =
    error instanceof LedgerError ? error.message : error instanceof Error && 'code' in error ? String(error.code) : String(error);
  return new UsageError(
    `The audit ledger in ${folder.path} cannot be used: ${because} Nothing is done without one. Restore it, or look at it with audit verify ` +
      `and move ${folder.file(LEDGER_FOLDER)} away to begin a new one.`,
  );
}

interface Waiting extends Due {
  /** Undefined: a note. */
  readonly settle?: (error?: LedgerError) => void;
}
interface Pace {
  readonly now: () => number;
  readonly log: Log | undefined;
  readonly noteMs: number;
}

class FileLedger implements OpenLedger {
  readonly #appender: Appender;
  readonly #pace: Pace;
  /** In the order in which it is written. */
  #queue: Waiting[] = [];
  #lost = 0;
  #draining: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #interval: NodeJS.Timeout | undefined;
  #isFailing = false;
  #isClosed = false;
  /** Whether anything of ours is not covered by a checkpoint. */
  #isUncovered = false;

  constructor(appender: Appender, pace: Pace) {
    this.#appender = appender;
    this.#pace = pace;
  }

  checkpointEvery(ms: number): void {
    this.#interval = setInterval(() => void this.#checkpoint(), ms); // it logs what goes wrong
    this.#interval.unref();
  }

  durable(fields: Due['fields']): Promise<void> {
    if (this.#isClosed) return Promise.reject(new LedgerError('The audit ledger is closed.'));
    return new Promise((resolve, reject) => {
      this.#queue.push({ fields, at: this.#pace.now(), settle: (error) => (error ? reject(error) : resolve()) });
      void this.#drain(); // it never throws
    });
  }

  note(fields: Due['fields']): void {
    if (this.#isClosed || this.#queue.length >= MOST_WAITING) {
      this.#lost += 1;
      return;
    }
    this.#queue.push({ fields, at: this.#pace.now() });
    this.#later(this.#isFailing ? AGAIN_MS : this.#pace.noteMs);
  }

  isWell(): boolean {
    return !this.#isFailing;
  }

  async flush(): Promise<void> {
    await this.#drain();
    if (this.#queue.length > 0) await this.#drain(); // noted while that one was at its end
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    clearInterval(this.#interval);
    await this.flush();
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#checkpoint();
    const lost = this.#queue.length + this.#lost;
    if (lost > 0) this.#pace.log?.error('audit records were lost', { count: lost });
  }

  #later(ms: number): void {
    if (this.#timer) return;
    this.#timer = setTimeout(() => void this.#drain(), ms); // it never throws
    this.#timer.unref();
  }

  #drain(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#draining ??= this.#drainAll();
    return this.#draining;
  }

  /** Never throws. Ends with an empty queue, or with a failure: then the notes stay, and it is tried again later. */
  async #drainAll(): Promise<void> {
    await Promise.resolve(); // what is handed over in the same breath shares the write
    try {
      while (this.#queue.length > 0 || this.#lost > 0) {
        const isWritten = await this.#writeBatch();
        if (!isWritten && !this.#queue.some((it) => it.settle)) break;
        if (isWritten && this.#appender.isDue) await this.#checkpoint();
      }
    } finally {
      this.#draining = undefined;
    }
    if (this.#queue.length > 0) this.#later(AGAIN_MS);
  }

  async #writeBatch(): Promise<boolean> {
    const lost = this.#lost;
    if (lost > 0) this.#queue.unshift({ fields: { event: 'lost', count: lost }, at: this.#pace.now() });
    this.#lost -= lost;
    const batch = this.#queue.slice(0, BATCH);
    const appended = await this.#appender.append(batch, { durable: batch.some((it) => it.settle) });
    this.#settle(batch, appended);
    this.#tell(appended);
    this.#isUncovered ||= appended.written > 0;
    return appended.error === undefined;
  }

  #settle(batch: readonly Waiting[], { written, error }: Appended): void {
    const kept = batch.slice(written).filter((it) => !it.settle); // who wanted it durable is told, and decides
    this.#queue = [...kept, ...this.#queue.slice(batch.length)];
    for (const it of batch) it.settle?.(error);
  }

  /** Once when it begins to fail, and once when it works again. */
  #tell({ error, torn }: Appended): void {
    const { log } = this.#pace;
    if (torn > 0) log?.warn('audit ledger: a line that was cut off is kept', { bytes: torn });
    if (error && !this.#isFailing) log?.error('audit ledger cannot be written', { because: error.message, waiting: this.#queue.length });
    if (!error && this.#isFailing) log?.warn('audit ledger is written again');
    this.#isFailing = error !== undefined;
  }

  async #checkpoint(): Promise<void> {
    if (!this.#isUncovered) return;
    this.#isUncovered = false;
    try {
      await this.#appender.checkpoint();
    } catch (error) {
      this.#isUncovered = true;
      this.#pace.log?.error('audit checkpoint failed', { because: error instanceof Error ? error.message : String(error) });
    }
  }
}
