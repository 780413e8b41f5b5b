/**
 * Sends the calls of a plan that was claimed or is allowed, and finds out what became of them. **The only place in the program that can
 * send a write to Kratos**; what may come here, `pipeline.ts` decides.
 */
import { setMaxListeners } from 'node:events';
import type { CallToolResult } from '@modelcontextprotocol/server';
import type { EndpointName, ReadName } from '../client/endpoints.ts';
import { narrow } from '../client/kratos.ts';
import type { Kratos, Reply } from '../client/types.ts';
import { InputError, KratosError } from '../errors.ts';
import type { ChangeOperation, Context, Operation, Plan, Settings } from '../operation.ts';
import type { Answers } from '../shape/answer.ts';

export interface ExecutePorts {
  readonly kratos: Kratos<EndpointName>;
  readonly answers: Answers;
  readonly settings: Settings;
  /** Puts a secret aside for the person who approved; a note where that failed. */
  readonly putAside: (op: ChangeOperation, replies: readonly Reply[]) => Promise<string | undefined>;
}

export interface Executed {
  readonly outcome: 'executed' | 'failed' | 'unknown';
  readonly answer: CallToolResult;
  /** What Kratos answered last; undefined where nothing did. */
  readonly status?: number | undefined;
}

/** After the claim a call is bounded by its own deadline (client/kratos.ts) and by nothing that the client does. */
const OURS = new AbortController().signal;
setMaxListeners(0, OURS); // any number of calls listen to it at the same time

/** Never throws: a fault of ours after something may have been sent is `unknown`. */
export async function execute(op: ChangeOperation, plan: Plan, ports: ExecutePorts): Promise<Executed> {
  try {
    return await sendAndTell(op, plan, ports);
  } catch (error) {
    return { outcome: 'unknown', answer: ports.answers.failure('unknown', howToFindOut(plan), error) };
  }
}

async function sendAndTell(op: ChangeOperation, plan: Plan, ports: ExecutePorts): Promise<Executed> {
  const { answers } = ports;
  const sent = await sendAll(op, plan, ports);
  const status = sent.kind === 'accepted' ? sent.replies.at(-1)?.status : statusOf(sent.error);
  if (sent.kind === 'failed') {
    return { outcome: 'failed', answer: answers.failure('failed', 'Kratos refused it; nothing was changed.', sent.error), status };
  }
  if (sent.kind === 'unknown') return { outcome: 'unknown', answer: answers.failure('unknown', howToFindOut(plan), sent.error), status };

  const reported = reportOf(op, plan, { replies: sent.replies, settings: ports.settings });
  if (reported.kind === 'unreadable' && !(await hasLanded(op, plan, ports))) {
    return { outcome: 'unknown', answer: answers.failure('unknown', howToFindOut(plan), reported.error), status };
  }
  const lost = sent.replies.length > 0 && reported.kind === 'result' ? await ports.putAside(op, sent.replies) : undefined;
  const result = reported.kind === 'result' ? reported.result : plan.result;
  const { seen, note } = await readBack(op, result, ports);
  const answer = answers.result(seen, op.records, { outcome: 'executed', note: lost ?? sent.note ?? note }).result;
  return { outcome: 'executed', answer, status };
}

const statusOf = (error: unknown): number | undefined => (error instanceof KratosError ? error.status : undefined);

const howToFindOut = ({ ifUnknown = 'Read the account to find out before anything else is done.' }: Plan): string =>
  `It may or may not have been carried out, and it was not sent again. ${ifUnknown}`;

type Sent =
  | { readonly kind: 'accepted'; readonly replies: readonly Reply[]; readonly note?: string }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'unknown'; readonly error: unknown };

/** In order, each once; stops at the first that is not accepted. */
async function sendAll(op: ChangeOperation, plan: Plan, ports: ExecutePorts): Promise<Sent> {
  const kratos = narrow(ports.kratos, op.writes, OURS);
  const replies: Reply[] = [];
  for (const { endpoint, params, init } of plan.calls) {
    try {
      replies.push(await kratos(endpoint, params, init));
    } catch (error) {
      // An `InputError` comes from building the request: nothing of it was sent.
      const rejected = error instanceof InputError || (error instanceof KratosError && error.effect === 'rejected');
      if (!rejected && (await hasLanded(op, plan, ports))) return { kind: 'accepted', replies: [] };
      if (!rejected) return { kind: 'unknown', error };
      if (replies.length === 0) return { kind: 'failed', error };
      const note = `Only ${replies.length} of ${plan.calls.length} steps were carried out; Kratos refused the next one.`;
      return { kind: 'accepted', replies, note };
    }
  }
  return { kind: 'accepted', replies };
}

type Reported = { readonly kind: 'result'; readonly result: Plan['result'] } | { readonly kind: 'unreadable'; readonly error: unknown };

/** No replies: a read has shown that the change is there, and what was planned is all there is to tell. */
function reportOf(
  op: ChangeOperation,
  plan: Plan,
  { replies, settings }: { readonly replies: readonly Reply[]; readonly settings: Settings },
): Reported {
  if (!op.report || replies.length === 0) return { kind: 'result', result: plan.result };
  try {
    return { kind: 'result', result: op.report(replies, plan, settings) };
  } catch (error) {
    return { kind: 'unreadable', error };
  }
}

/** Whether reading proves that the change is there. A read that fails proves nothing. */
async function hasLanded(op: ChangeOperation, plan: Plan, ports: ExecutePorts): Promise<boolean> {
  if (!op.landed) return false;
  try {
    return await op.landed(plan, readingContext(op, ports, OURS));
  } catch {
    return false;
  }
}

async function readBack(
  op: ChangeOperation,
  result: Plan['result'],
  ports: ExecutePorts,
): Promise<{ seen: Plan['result']; note?: string }> {
  if (!op.readBack) return { seen: result };
  try {
    return { seen: await op.readBack(result, readingContext(op, ports, OURS)) };
  } catch {
    return { seen: result, note: 'It was carried out, but reading it back failed: this is what was sent, not what was read.' };
  }
}

/** What an operation is handed: its own reading endpoints and nothing else. Without a signal: after the claim. */
export const readingContext = (
  op: Operation,
  { kratos, settings }: Pick<ExecutePorts, 'kratos' | 'settings'>,
  signal: AbortSignal = OURS,
): Context<ReadName> => ({ kratos: narrow(kratos, op.reads, signal), settings });
