/** A ledger that forgets: for runs without a state folder. It can be told to fail. */
import { LedgerError } from './error.ts';
import { GENESIS, recordOf, type LedgerRecord } from './format.ts';
import type { AuditFields, Ledger } from './record.ts';

export interface MemoryLedger extends Ledger {
  /** Chained like those of a file. */
  readonly records: readonly LedgerRecord[];
  /** From now on nothing can be written: `durable` throws, notes are dropped. Undefined: it works again. */
  readonly fail: (error: Error | undefined) => void;
}

export interface MemoryPorts {
  readonly now?: () => number;
  readonly kratosUrl?: string;
  readonly level?: string;
  readonly instance?: string;
  /** What pseudonyms are made with. */
  readonly key?: Buffer;
}

export function createMemoryLedger({
  now = Date.now,
  kratosUrl = 'memory:',
  level = 'L0',
  instance = 'memory',
  key = Buffer.alloc(32),
}: MemoryPorts = {}): MemoryLedger {
  const records: LedgerRecord[] = [];
  let failure: Error | undefined;
  const write = (fields: AuditFields) => {
    const prev = records.at(-1)?.hash ?? GENESIS;
    const place = { seq: records.length + 1, prev, at: now() };
    records.push(recordOf(fields, place, { origin: { instance, level, kratos_url: kratosUrl }, key }));
  };
  return {
    records,
    fail(error) {
      failure = error;
    },
    durable(fields) {
      if (failure) return Promise.reject(new LedgerError('The audit ledger cannot be written.', { cause: failure }));
      write(fields);
      return Promise.resolve();
    },
    note(fields) {
      if (!failure) write(fields);
    },
    flush: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
