/** `audit export`: the records as they are (JSON Lines), or as a table for spreadsheets. */
import type { LedgerRecord } from '../audit/format.ts';
import { canonical } from '../lib/json.ts';
import { UsageError } from '../errors.ts';
import { recordsSince, sinceOf, texts, type AuditCommand } from './audit-records.ts';
import { print } from './print.ts';

export async function exportRecords({ stateFolder, options }: AuditCommand): Promise<number> {
  const { since, format = 'jsonl' } = texts('export', options, ['since', 'format']);
  if (format !== 'jsonl' && format !== 'csv') throw new UsageError('--format takes jsonl or csv.');
  const from = sinceOf(since, Date.now());
  const records = recordsSince(stateFolder, from);
  if (format === 'jsonl') {
    for await (const it of records) print(canonical(it)); // byte for byte as in the file
    return 0;
  }
  print(COLUMNS.join(','));
  for await (const it of records) print(COLUMNS.map((name) => cell(it[name])).join(','));
  return 0;
}

const COLUMNS = [
  'seq',
  'ts',
  'instance',
  'level',
  'kratos_url',
  'event',
  'plan_id',
  'digest',
  'tool',
  'effects',
  'target_ids',
  'target_pseudonym',
  'count',
  'policy_hash',
  'rule',
  'verdict',
  'method',
  'requester',
  'client',
  'approvers',
  'decision_source',
  'reason_given',
  'ticket',
  'outcome',
  'error_code',
  'ms',
  'kratos',
  'args_shape',
  'facts',
  'prev',
  'hash',
] as const satisfies readonly (keyof LedgerRecord)[];

/** RFC 4180. What a spreadsheet would take for a formula gets an apostrophe before it: a client chooses its own name. */
function cell(value: LedgerRecord[(typeof COLUMNS)[number]]): string {
  if (value === undefined) return '';
  const text = Array.isArray(value) ? value.join(' ') : typeof value === 'object' ? canonical(value) : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
