/** `audit query`: the records that fit what is asked for, newest last. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { LEDGER_FOLDER } from '../audit/files.ts';
import type { LedgerRecord } from '../audit/format.ts';
import { holdsPseudonym, pseudonymOf, withoutAddresses } from '../audit/pseudonym.ts';
import { readRecords } from '../audit/read.ts';
import { UsageError } from '../errors.ts';
import { openFolder } from '../store/folder.ts';
import {
  joined,
  recordsSince,
  shownAbout,
  shownDecision,
  shownEnd,
  shownWho,
  sinceOf,
  texts,
  type AuditCommand,
  type Names,
} from './audit-records.ts';
import { print } from './print.ts';

export async function query({ stateFolder, options }: AuditCommand): Promise<number> {
  const { email, tool, outcome, principal, since } = texts('query', options, ['email', 'tool', 'outcome', 'principal', 'since']);
  const from = sinceOf(since, Date.now());
  const wanted = {
    ...(tool !== undefined && { tool }),
    ...(outcome !== undefined && { outcome }),
    ...(principal !== undefined && { requester: principalIn(stateFolder, principal) }),
  };
  const isAbout = email === undefined ? () => true : await aboutIn(stateFolder, email);
  const names: Names = new Map();
  let count = 0;
  for await (const it of recordsSince(stateFolder, from, names)) {
    if (!fits(it, wanted) || !isAbout(it)) continue;
    count += 1;
    print(options['json'] === true ? JSON.stringify(it) : asLine(it, names));
  }
  if (options['json'] !== true) print(count === 1 ? '1 record.' : `${count} records.`);
  return 0;
}

function fits(record: LedgerRecord, wanted: Partial<LedgerRecord>): boolean {
  const names = Object.keys(wanted) as (keyof LedgerRecord)[]; // cast: it has no other members
  return names.every((it) => record[it] === wanted[it]);
}

/** A record of a plan need not say whom it is about: another one of the same plan does. */
async function aboutIn(stateFolder: string, email: string): Promise<(record: LedgerRecord) => boolean> {
  const pseudonym = pseudonymIn(stateFolder, email);
  const names = ({ target_pseudonym = [], approvers = [], requester = '' }: LedgerRecord) =>
    pseudonym !== undefined &&
    (target_pseudonym.includes(pseudonym) || [requester, ...approvers].some((it) => holdsPseudonym(it, pseudonym)));
  const plans = new Set<string>();
  for await (const it of readRecords(stateFolder)) if (it.plan_id !== undefined && names(it)) plans.add(it.plan_id);
  return (it) => names(it) || (it.plan_id !== undefined && plans.has(it.plan_id));
}

/** The ledger knows people by keyed hashes; the key is in the state folder. Undefined where there is no ledger: reading says so. */
function pseudonymIn(stateFolder: string, email: string): string | undefined {
  if (email.trim() === '') throw new UsageError('--email needs an address.');
  if (!existsSync(join(stateFolder, LEDGER_FOLDER))) return undefined;
  return pseudonymOf(openFolder(stateFolder).key('pseudonyms'), email);
}

const principalIn = (stateFolder: string, principal: string): string =>
  existsSync(join(stateFolder, LEDGER_FOLDER)) ? withoutAddresses(openFolder(stateFolder).key('pseudonyms'), principal) : principal;

const MOST_IDS = 3;
function asLine(record: LedgerRecord, names: Names): string {
  const { seq, ts, event, tool, verdict, rule, target_ids = [], count, ticket } = record;
  const ids = target_ids.length > MOST_IDS ? [...target_ids.slice(0, MOST_IDS), `and ${target_ids.length - MOST_IDS} more`] : target_ids;
  const parts = [
    `#${seq}`,
    ts,
    event.padEnd(10),
    [tool, shownAbout(record, names)].filter((it) => it !== undefined).join('  ') || '-',
    `for ${shownWho(record)}`,
    ids.length > 0 && `on ${ids.join(', ')}`,
    count !== undefined && `count ${count}`,
    verdict !== undefined && `verdict ${verdict}`,
    rule !== undefined && `under ${rule}`,
    shownDecision(record, names),
    ticket !== undefined && `ticket ${ticket}`,
    shownEnd(record),
  ];
  return joined(parts, '  ');
}
