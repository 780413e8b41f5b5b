/** The records of one call: what is known of it grows as it goes, and the last word is written when it ends. Also its line in the log. */
import type { Log } from '../lib/log.ts';
import type { Meter } from '../lib/meter.ts';
import type { Operation } from '../operation.ts';
import { currentTraceId } from '../trace.ts';
import type { AuditEvent, AuditFields, Ledger } from './record.ts';

/** How a call ended, or where it stands when its answer goes out. */
export type CallOutcome =
  | 'read'
  | 'asked'
  | 'pending'
  | 'replayed'
  | 'unchanged'
  | 'executed'
  | 'failed'
  | 'unknown'
  | 'declined'
  | 'expired'
  | 'stale'
  | 'denied'
  | 'error';

type Known = Omit<AuditFields, 'event'>;
export interface Entry {
  /** What is known from here on; it stands in every later record of the call. */
  know(fields: Known): void;
  /** On disk when it resolves. Throws where it could not be written: then nothing may be sent. */
  durable(event: AuditEvent, fields?: Known): Promise<void>;
  /** Something that the operator should look at, beside what becomes of the call; a text of ours. */
  alert(text: string): void;
  /** The last word counts. */
  outcome(outcome: CallOutcome, fields?: Known): void;
  /** Always called before the answer goes out; the first time counts. Never throws: what was done stays done, and the log says that a record is missing. */
  close(): Promise<void>;
}

export interface EntryPorts {
  readonly ledger: Ledger;
  readonly log: Log;
  readonly meter: Meter;
  /** Milliseconds, for durations. */
  readonly now: () => number;
}
export interface AuditCall {
  readonly op: Operation;
  readonly principal: string;
  readonly client: string;
}

/** What of an ending is written as what. What can end a call that was claimed is on disk before anybody hears of it. */
const EVENTS: Readonly<Record<CallOutcome, { readonly event: AuditEvent; readonly durable?: true }>> = {
  read: { event: 'read' },
  asked: { event: 'asked' },
  pending: { event: 'asked' },
  replayed: { event: 'outcome', durable: true },
  unchanged: { event: 'outcome', durable: true },
  executed: { event: 'outcome', durable: true },
  failed: { event: 'outcome', durable: true },
  unknown: { event: 'outcome', durable: true },
  declined: { event: 'declined' },
  expired: { event: 'expired' },
  stale: { event: 'stale', durable: true },
  denied: { event: 'denied' },
  error: { event: 'outcome' },
};

export function openEntry({ op, principal, client }: AuditCall, { ledger, log, meter, now }: EntryPorts): Entry {
  const started = now();
  const traceId = currentTraceId();
  let known: Known = { tool: op.name, requester: principal, client, ...(traceId !== undefined && { trace_id: traceId }) };
  let last: CallOutcome = 'error';
  let isClosed = false;
  return {
    know(fields) {
      known = { ...known, ...fields };
    },
    durable: (event, fields = {}) => ledger.durable({ event, ...known, ...fields }),
    alert(text) {
      log.warn('alert', { tool: op.name, principal, text });
      ledger.note({ event: 'alert', ...known });
    },
    outcome(outcome, fields = {}) {
      last = outcome;
      known = { ...known, ...fields };
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      const ms = Math.round(now() - started);
      meter.call(op.name, last, ms);
      log.info('call', { tool: op.name, principal, client, outcome: last, ms });
      const { event, durable } = EVENTS[last];
      const record = { event, ...known, outcome: last, ms };
      if (!durable) return ledger.note(record);
      try {
        await ledger.durable(record);
      } catch {
        log.error('outcome not recorded', { tool: op.name, principal, outcome: last });
      }
    },
  };
}
