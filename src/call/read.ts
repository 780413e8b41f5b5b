/** A read: judged by tool and principal, run, counted by what it shows. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import type { ReadOperation } from '../operation.ts';
import { judgeRead } from '../policy/judge.ts';
import { readingContext } from './execute.ts';
import { refuse, timeOf, type Answer, type Ports, type Run, type ToolCall } from './run.ts';

export async function handleRead({ op, call, ports, entry, policy }: Run<ReadOperation>): Promise<Answer> {
  const { principal, client } = call;
  const decision = judgeRead(policy, { tool: op.name, principal, client, at: new Date(ports.now()) });
  entry.know({ verdict: decision.kind, rule: decision.rule });
  if (decision.kind === 'deny') return refuse({ entry, ports }, 'denied', `${decision.because} Nothing was read.`);
  const limit = policy.limits.identitiesRead;
  const frees = ports.shownTo.full(principal, limit);
  if (frees !== undefined) {
    const text = `The limit of ${limit} identities shown in an hour is reached; it frees at ${timeOf(frees)}. Nothing was read.`;
    return refuse({ entry, ports }, 'denied', text);
  }
  const answer = await readAndFit(op, call, ports);
  const ids = ports.flow.saw(principal, answer.structuredContent ?? {});
  ports.shownTo.add(principal, ids.length);
  entry.outcome('read', { target_ids: ids.slice(0, MOST_IDS), count: ids.length });
  return answer;
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
