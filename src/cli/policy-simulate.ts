/** `policy simulate`: what a file would have said to the calls in the ledger. */
import { LedgerError } from '../audit/error.ts';
import type { LedgerRecord } from '../audit/format.ts';
import { holdsPseudonym } from '../audit/pseudonym.ts';
import { readValues, type Flags } from '../config/load.ts';
import { clean } from '../lib/text.ts';
import { loadPolicy } from '../policy/load.ts';
import type { Policy } from '../policy/policy.ts';
import { replay, replayRead, type Replayed } from '../policy/replay.ts';
import { verdictText } from '../policy/strictness.ts';
import { operations } from '../tools/index.ts';
import { recordsSince, sinceOf } from './audit-records.ts';
import { print, printError, table } from './print.ts';

interface Simulating {
  readonly path: string;
  readonly json: boolean;
  readonly flags: Flags;
  /** `30d`, or a date. */
  readonly since: string;
}

/** Exit code 0; 1 where there is no ledger. Throws `UsageError`. */
export async function simulate({ path, json, flags, since }: Simulating): Promise<number> {
  const policy = await loadPolicy(path, operations);
  const { stateDir } = readValues(flags).values;
  const from = sinceOf(since, Date.now());
  try {
    const report = await reportOn(policy, recordsSince(stateDir, from));
    print(json ? JSON.stringify({ file: path, since: new Date(from).toISOString(), ...report }) : asText(report));
    return 0;
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    printError(error.message);
    return 1;
  }
}

interface Row {
  readonly ts: string;
  readonly tool: string;
  readonly principal: string;
  readonly targets: readonly string[];
  /** What was said then, and by which rule. */
  readonly was: string;
  readonly was_rule: string;
}
interface Unclear extends Row {
  readonly depends_on: readonly string[];
  /** Where none of those matched; null where the record lacks what a call is judged by. */
  readonly otherwise: string | null;
}
interface Report {
  readonly calls: number;
  /** How often each verdict would have been given. */
  readonly verdicts: Readonly<Record<string, number>>;
  readonly changed: readonly (Row & { readonly would_be: string; readonly rule: string })[];
  readonly cannot_tell: readonly Unclear[];
  readonly reads: number;
  readonly reads_denied: number;
  /** Rules on claims decide about them. */
  readonly reads_unclear: number;
}

async function reportOn(policy: Policy, records: AsyncIterable<LedgerRecord>): Promise<Report> {
  const seen = new Set<string>();
  const verdicts: Record<string, number> = { allow: 0, confirm: 0, approve: 0, 'approve: 2': 0, deny: 0 };
  const changed: (Row & { would_be: string; rule: string })[] = [];
  const cannotTell: Unclear[] = [];
  const reads = { allow: 0, deny: 0, unclear: 0 };
  for await (const record of records) {
    if (record.event === 'read') {
      reads[replayRead(policy, { ...whoOf(record), tool: record.tool ?? '' })] += 1;
      continue;
    }
    // One call leaves several records: the plan's id holds them together, and what has none ended at once.
    const call = record.plan_id ?? String(record.seq);
    if (seen.has(call) || !isJudged(record)) continue;
    seen.add(call);
    const replayed = replayOf(policy, record, record.effects);
    const row = rowOf(record, record.verdict);
    if (replayed.kind === 'unclear') {
      const otherwise = replayed.otherwise === undefined ? null : verdictText(replayed.otherwise);
      cannotTell.push({ ...row, depends_on: replayed.rules, otherwise });
      continue;
    }
    const verdict = verdictText(replayed.decision);
    verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
    // How many approvers were asked for then is not recorded.
    if (replayed.decision.kind !== row.was) changed.push({ ...row, would_be: verdict, rule: replayed.decision.rule });
  }
  const { allow, deny, unclear } = reads;
  const ofReads = { reads: allow + deny + unclear, reads_denied: deny, reads_unclear: unclear };
  return { calls: seen.size, verdicts, changed, cannot_tell: cannotTell, ...ofReads };
}

type JudgedRecord = LedgerRecord & { readonly effects: readonly string[]; readonly verdict: string };
/** What the page and the command line record of a plan lacks the facts that it was judged by. */
const isJudged = (it: LedgerRecord): it is JudgedRecord => it.effects !== undefined && it.verdict !== undefined && it.facts !== undefined;

const whoOf = ({ requester = '', client = '', ts }: LedgerRecord) => ({
  principal: requester,
  isHidden: holdsPseudonym(requester),
  client,
  at: new Date(ts),
});

const replayOf = (policy: Policy, record: LedgerRecord, effects: readonly string[]): Replayed =>
  replay(policy, {
    ...whoOf(record),
    tool: record.tool ?? '',
    effects,
    targets: record.target_ids ?? [],
    count: record.count ?? 1,
    facts: record.facts ?? {},
  });

const rowOf = ({ ts, tool = '', requester = '', target_ids = [], rule = '' }: LedgerRecord, was: string): Row => ({
  ts,
  tool,
  principal: requester,
  targets: target_ids,
  was,
  was_rule: rule,
});

const unless = ({ otherwise, depends_on }: Unclear): readonly [string, string] =>
  otherwise === null ? ['', 'its record lacks the effects'] : [`→ ${otherwise}`, `unless ${depends_on.join(' or ')}`];

function asText({ calls, verdicts, changed, cannot_tell, reads, reads_denied, reads_unclear }: Report): string {
  const counts = Object.entries(verdicts).map(([verdict, count]) => `${verdict} ${count}`);
  const begin = (it: Row) => [it.ts, it.tool, it.principal, it.targets.join(' ') || '-', it.was].map((text) => clean(text, 200).text);
  return [
    `Changes: ${calls}. They would have been: ${counts.join(', ')}, cannot tell ${cannot_tell.length}.`,
    `Reads: ${reads}, of which denied ${reads_denied}${reads_unclear > 0 ? `, cannot tell ${reads_unclear}` : ''}.`,
    ...(changed.length === 0 ? [`No verdict ${cannot_tell.length === 0 ? 'would' : 'is certain to'} have been another one.`] : []),
    ...(changed.length > 0
      ? ['', 'Another verdict than then', table(changed.map((it) => [...begin(it), `→ ${it.would_be}`, clean(it.rule, 200).text]))]
      : []),
    ...(cannot_tell.length > 0
      ? [
          '',
          'Cannot tell: the ledger holds no values, no claims and no addresses',
          table(cannot_tell.map((it) => [...begin(it), ...unless(it)])),
        ]
      : []),
  ].join('\n');
}
