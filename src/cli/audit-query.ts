/** `audit query`: the records that fit what is asked for, newest last. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LEDGER_FOLDER } from '../audit/files.ts';
import type { LedgerRecord } from '../audit/format.ts';
import { pseudonymOf } from '../audit/pseudonym.ts';
import { UsageError } from '../errors.ts';
import { openFolder } from '../store/folder.ts';
import { joined, recordsSince, shownDecision, shownEnd, shownWho, sinceOf, texts, type AuditCommand } from './audit-records.ts';
import { print } from './print.ts';

export async function query({ stateFolder, options }: AuditCommand): Promise<number> {
  const { email, tool, outcome, principal, since } = texts('query', options, ['email', 'tool', 'outcome', 'principal', 'since']);
  const from = sinceOf(since, Date.now());
  const wanted = {
    ...(tool !== undefined && { tool }),
    ...(outcome !== undefined && { outcome }),
    ...(principal !== undefined && { requester: principal }),
  };
  const pseudonym = email === undefined ? undefined : pseudonymIn(stateFolder, email);
  let count = 0;
  for await (const it of recordsSince(stateFolder, from)) {
    if (!fits(it, wanted, pseudonym)) continue;
    count += 1;
    print(options['json'] === true ? JSON.stringify(it) : asLine(it));
  }
  if (options['json'] !== true) print(count === 1 ? '1 record.' : `${count} records.`);
  return 0;
}

function fits(record: LedgerRecord, wanted: Partial<LedgerRecord>, pseudonym: string | undefined): boolean {
  const names = Object.keys(wanted) as (keyof LedgerRecord)[]; // cast: it has no other members
  if (!names.every((it) => record[it] === wanted[it])) return false;
  return pseudonym === undefined || record.target_pseudonym?.includes(pseudonym) === true;
}

/** The ledger knows people by keyed hashes; the key is in the state folder. Undefined where there is no ledger: reading says so. */
function pseudonymIn(stateFolder: string, email: string): string | undefined {
  if (email.trim() === '') throw new UsageError('--email needs an address.');
  if (!existsSync(join(stateFolder, LEDGER_FOLDER))) return undefined;
  return pseudonymOf(openFolder(stateFolder).key('pseudonyms'), email);
}

const MOST_IDS = 3;
function asLine(record: LedgerRecord): string {
  const { seq, ts, event, tool, verdict, target_ids = [], count, ticket } = record;
  const ids = target_ids.length > MOST_IDS ? [...target_ids.slice(0, MOST_IDS), `and ${target_ids.length - MOST_IDS} more`] : target_ids;
  const parts = [
    `#${seq}`,
    ts,
    event.padEnd(10),
    tool ?? '-',
    `for ${shownWho(record)}`,
    ids.length > 0 && `on ${ids.join(', ')}`,
    count !== undefined && `count ${count}`,
    verdict !== undefined && `verdict ${verdict}`,
    shownDecision(record),
    ticket !== undefined && `ticket ${ticket}`,
    shownEnd(record),
  ];
  return joined(parts, '  ');
}
