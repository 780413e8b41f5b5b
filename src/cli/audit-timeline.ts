/** `audit timeline`: what was done to one identity: who, what, who agreed, how it ended. */
import type { LedgerRecord } from '../audit/format.ts';
import { readRecords } from '../audit/read.ts';
import { UsageError } from '../errors.ts';
import { isUuid } from '../lib/uuid.ts';
import { joined, recordsSince, shownDecision, shownEnd, shownWho, sinceOf, texts, type AuditCommand, type Names } from './audit-records.ts';
import { print } from './print.ts';

export async function timeline(words: readonly string[], { stateFolder, options }: AuditCommand): Promise<number> {
  const [word, ...more] = words;
  const id = word?.toLowerCase();
  if (id === undefined || more.length > 0 || !isUuid(id)) throw new UsageError('audit timeline takes the id of one identity (a UUID).');
  const from = sinceOf(texts('timeline', options, ['since']).since, Date.now());
  const names: Names = new Map();
  const calls = groups(await concerning(id, { stateFolder, from, names }));
  if (options['json'] === true) print(JSON.stringify(calls, null, 2));
  else print(calls.length === 0 ? `Nothing about ${id} is recorded.` : calls.map((it) => asText(it, names)).join('\n'));
  return 0;
}

interface Where {
  readonly stateFolder: string;
  readonly from: number;
  readonly names: Names;
}

/** A record of a plan need not name whom it concerns: its plan does. */
async function concerning(id: string, { stateFolder, from, names }: Where): Promise<LedgerRecord[]> {
  const isNamed = (it: LedgerRecord) => it.target_ids?.some((target) => target.toLowerCase() === id) === true;
  const plans = new Set<string>();
  for await (const it of readRecords(stateFolder)) if (it.plan_id !== undefined && isNamed(it)) plans.add(it.plan_id);
  const found: LedgerRecord[] = [];
  for await (const it of recordsSince(stateFolder, from, names)) {
    if (isNamed(it) || (it.plan_id !== undefined && plans.has(it.plan_id))) found.push(it);
  }
  return found;
}

/** The records of one plan together, each group where it begins. */
function groups(records: readonly LedgerRecord[]): LedgerRecord[][] {
  const byPlan = new Map<string, LedgerRecord[]>();
  for (const it of records) {
    const key = it.plan_id ?? `#${it.seq}`;
    byPlan.set(key, [...(byPlan.get(key) ?? []), it]);
  }
  return [...byPlan.values()];
}

const STEPS: Readonly<Partial<Record<LedgerRecord['event'], string>>> = {
  read: 'read',
  asked: 'a person was asked',
  intent: 'about to be sent',
  revealed: 'the code or link was shown on the page',
};

function asText(call: readonly LedgerRecord[], names: Names): string {
  const [first] = call;
  if (!first) return '';
  const known = (member: (it: LedgerRecord) => string | undefined) => call.map(member).findLast((it) => it !== undefined && it !== '');
  const effects = call.findLast((it) => it.effects !== undefined)?.effects ?? [];
  const rule = known((it) => it.rule);
  const head = [
    first.ts,
    known((it) => it.tool) ?? first.event,
    effects.length > 0 && `(${effects.join(', ')})`,
    `for ${shownWho(call.find((it) => it.requester !== undefined) ?? first)}`,
    rule !== undefined && `under ${rule}`,
  ];
  return [joined(head, ' '), ...call.map((it) => `  ${it.ts.slice(11, 19)}  ${step(it, names)}`)].join('\n');
}

function step(record: LedgerRecord, names: Names): string {
  const { event, reason_given, ticket, outcome, count } = record;
  const parts = [
    STEPS[event] ?? event.replaceAll('_', ' '),
    event !== 'read' && shownDecision(record, names),
    reason_given === true && 'with a reason',
    ticket !== undefined && `ticket ${ticket}`,
    count !== undefined && `count ${count}`,
    outcome !== event && shownEnd(record),
  ];
  return joined(parts, ', ').replaceAll(', →', ' →');
}
