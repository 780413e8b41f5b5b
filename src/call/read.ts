/** A read: judged by tool and principal, run, counted by what it shows. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import type { Plan, ReadOperation } from '../operation.ts';
import { judgeRead } from '../policy/judge.ts';
import { readingContext } from './execute.ts';
import { factsOf } from './facts.ts';
import { lackedFor, lackedText } from './scopes.ts';
import { refuse, timeOf, type Answer, type Ports, type Run, type ToolCall } from './run.ts';

export async function handleRead({ op, call, ports, entry, policy }: Run<ReadOperation>): Promise<Answer> {
  const { caller, client } = call;
  const { principal, claims } = caller;
  const lacked = lackedFor(caller, op, ['read']);
  if (lacked.length > 0) return refuse({ entry, ports }, 'denied', lackedText(lacked));
  const decision = judgeRead(policy, { tool: op.name, principal, claims, client, at: new Date(ports.now()) });
  entry.know({ verdict: decision.kind, rule: decision.rule });
  if (decision.kind === 'deny') return refuse({ entry, ports }, 'denied', `${decision.because} Nothing was read.`);
  const full = whyFull(principal, { ports, policy });
  if (full !== undefined) return refuse({ entry, ports }, 'denied', `${full} Nothing was read.`);
  const answer = await readAndFit(op, call, ports);
  const ids = countShown(principal, answer, ports);
  entry.outcome('read', { target_ids: ids.slice(0, MOST_IDS), count: ids.length });
  return answer;
}

/** A change that would change nothing tells what is there, and counts as the read that it is. */
export function unchanged({ op, call, ports, entry, policy }: Run, plan: Plan): Answer {
  const { principal } = call.caller;
  const full = whyFull(principal, { ports, policy });
  if (full !== undefined) return refuse({ entry, ports }, 'denied', { text: `${full} Nothing was sent.`, code: 'limit' });
  const { result } = ports.answers.result(plan.result, op.records);
  countShown(principal, result, ports);
  entry.outcome('unchanged', factsOf(plan));
  return result;
}

function whyFull(principal: string, { ports, policy }: Pick<Run, 'ports' | 'policy'>): string | undefined {
  const limit = policy.limits.identitiesRead;
  const frees = ports.shownTo.full(principal, limit);
  if (frees === undefined) return undefined;
  return `The limit of ${limit} identities shown in an hour is reached; it frees at ${timeOf(frees)}.`;
}

/** Which identities it shows. */
function countShown(principal: string, { structuredContent = {} }: CallToolResult, { flow, shownTo }: Ports): readonly string[] {
  const ids = flow.saw(principal, structuredContent);
  shownTo.add(principal, ids.length);
  return ids;
}

/** In one record of the ledger; the count says how many there were. */
const MOST_IDS = 100;

/** A page that does not fit is read again, smaller and from the same token, so that the next page starts at the first record not shown. */
async function readAndFit(op: ReadOperation, { input, signal }: ToolCall, ports: Ports): Promise<CallToolResult> {
  const context = readingContext(op, { kratos: ports.kratos, settings: ports.settings() }, signal);
  const paged = op.records !== undefined && 'page_size' in op.input.shape;
  let asked = input;
  for (;;) {
    const answer = ports.answers.result(await op.run(asked, context), op.records, { full: asked['view'] === 'full' });
    // `shown` is smaller each time round, and one record always fits: it is cut by field.
    if (!paged || answer.shown >= answer.of || asked['page_size'] === 1) return answer.result;
    asked = { ...asked, page_size: Math.max(1, answer.shown) };
  }
}
