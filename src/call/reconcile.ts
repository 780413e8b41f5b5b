/** After a restart: calls that were claimed and whose outcome nobody wrote down. Settled by reads alone; never sent again. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import type { Operation } from '../operation.ts';
import type { Ledger } from '../audit/record.ts';
import type { PlanRecord } from '../store/types.ts';
import { readingContext } from './execute.ts';
import type { Ports } from './run.ts';

type Needed = Pick<Ports, 'kratos' | 'kratosName' | 'settings' | 'store' | 'uncollected' | 'answers'>;

/** The same call made again hears of the outcome once. Throws where it can't be recorded: then changes stay off. */
export async function reconcile(
  ports: Needed,
  { operations, ledger }: { readonly operations: readonly Operation[]; readonly ledger: Ledger },
): Promise<void> {
  const orphans = await ports.store.plans.orphans();
  // What is read of one Kratos says nothing about another: those are for the next server of theirs on this state folder.
  for (const record of orphans.filter((it) => it.kratos === undefined || it.kratos === ports.kratosName)) {
    const landed = await hasLanded(record, ports, operations);
    const outcome = landed ? 'executed' : 'unknown';
    const { id, tool, targets, request, digest, principal, client } = record;
    await ledger.durable({
      event: 'reconciled',
      plan_id: id,
      tool,
      digest,
      request_hash: request,
      requester: principal,
      client,
      target_ids: targets,
      outcome,
      decision_source: 'server',
    });
    // In this order: at no moment does the same call find neither the one nor the other, and begin anew.
    await ports.uncollected.keep(request, landed ? executed : unknown(ports));
    await ports.store.plans.finish(id, outcome);
  }
}

async function hasLanded({ tool, ids }: PlanRecord, { kratos, settings }: Needed, operations: readonly Operation[]): Promise<boolean> {
  const op = operations.find((it) => it.name === tool);
  if (op?.kind !== 'change' || op.reconcile === undefined) return false;
  try {
    return await op.reconcile(ids, readingContext(op, { kratos, settings: settings() }));
  } catch {
    return false;
  }
}

/** Not a result: what of it the tool promises (what was erased, what was made) died with the process. */
const executed: CallToolResult = {
  isError: true,
  content: [
    {
      type: 'text',
      text: 'Done already: this server was stopped while it carried this very call out, earlier, and reading shows that it is done. It was not sent again, and what was there before cannot be told any more.',
    },
  ],
  _meta: { 'ory-identity-mcp/outcome': 'executed' },
};

const unknown = ({ answers }: Needed): CallToolResult =>
  answers.refusal(
    'unknown',
    'This server was stopped while it carried this very call out, earlier. It may or may not have been done, and it was not sent again. Read the account to find out before anything else is done.',
  );
