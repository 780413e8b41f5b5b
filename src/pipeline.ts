/** The way of a call, top to bottom: plan → judge → settle → send → report → shape. The SDK has parsed, `server/` has identified. */
import type { CallToolResult, InputRequiredResult } from '@modelcontextprotocol/server';
import type { Asker } from './approval/ask.ts';
import { questionFor } from './approval/question.ts';
import type { Sealer } from './approval/seal.ts';
import { isForAnotherCall, settle, type SettlePorts } from './approval/settle.ts';
import type { Entry } from './audit/entry.ts';
import type { EndpointName, ReadName } from './client/endpoints.ts';
import { narrow } from './client/kratos.ts';
import type { Kratos, Reply } from './client/types.ts';
import { InputError, KratosError } from './errors.ts';
import { deepFreeze } from './lib/freeze.ts';
import { LockBusy, type Locks } from './lib/mutex.ts';
import type { ChangeOperation, Context, Operation, Plan, ReadOperation, Settings } from './operation.ts';
import type { Verdict } from './policy/judge.ts';
import type { Answers } from './shape/answer.ts';
import type { Uncollected } from './store/uncollected.ts';

export interface ToolCall {
  readonly op: Operation;
  /** Parsed by the operation's own schema. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Who the agent acts for. */
  readonly principal: string;
  /** The client's own name, self-reported; for the log only. */
  readonly client: string;
  readonly asker: Asker;
  /** Ends with the client's request. */
  readonly signal: AbortSignal;
}

export interface Ports {
  readonly kratos: Kratos<EndpointName>;
  readonly settings: Settings;
  /** What a person is shown as the Kratos concerned. */
  readonly kratosName: string;
  /** Refuses an operation as such, whatever its arguments, with the reason; undefined where there is none. */
  readonly withheld: (op: ChangeOperation) => string | undefined;
  readonly judge: (op: ChangeOperation, plan: Plan) => Verdict;
  readonly sealer: Sealer;
  readonly settle: SettlePorts;
  readonly locks: Locks;
  readonly uncollected: Uncollected<CallToolResult>;
  readonly answers: Answers;
  readonly audit: (call: ToolCall) => Entry;
}

export type Answer = CallToolResult | InputRequiredResult;

export async function handle(call: ToolCall, ports: Ports): Promise<Answer> {
  const { op } = call;
  const entry = ports.audit(call);
  try {
    if (op.kind === 'change') return await handleChange({ op, call, ports, entry });
    const answer = await handleRead(op, call, ports);
    entry.outcome('read');
    return answer;
  } catch (error) {
    return ports.answers.error(error);
  } finally {
    entry.close();
  }
}

/** A page that does not fit is read again, smaller and from the same token, so that the next page starts at the first record not shown. */
async function handleRead(op: ReadOperation, { input, signal }: ToolCall, ports: Ports): Promise<Answer> {
  const context = contextOf(op, ports, signal);
  const paged = op.records !== undefined && 'page_size' in op.input.shape;
  let asked = input;
  for (;;) {
    const answer = ports.answers.result(await op.run(asked, context), op.records, { full: asked['view'] === 'full' });
    // `shown` is smaller each time round, and one record always fits: it is cut by field.
    if (!paged || answer.shown >= answer.of || asked['page_size'] === 1) return answer.result;
    asked = { ...asked, page_size: Math.max(1, answer.shown) };
  }
}

interface Run {
  readonly op: ChangeOperation;
  readonly call: ToolCall;
  readonly ports: Ports;
  readonly entry: Entry;
}

async function handleChange(run: Run): Promise<Answer> {
  const { op, call, ports, entry } = run;
  const { input, principal, asker, signal } = call;
  const refuse = (outcome: Outcome, text: string) => {
    entry.outcome(outcome);
    return ports.answers.refusal(outcome, text);
  };
  const withheld = ports.withheld(op);
  if (withheld !== undefined) return refuse('denied', withheld);
  const request = ports.sealer.request({ tool: op.name, input, principal });
  if (isForAnotherCall({ asker, request, principal }, ports.settle)) {
    return refuse('stale', 'This is not the call that the person was asked about; nothing was sent.');
  }
  const replayed = replayOf(request, run);
  if (replayed) return replayed;

  const plan = await planOf(op, call, contextOf(op, ports, signal));
  if (plan.calls.length === 0) {
    entry.outcome('unchanged');
    return ports.answers.result(plan.result, op.records).result;
  }
  const verdict = ports.judge(op, plan);
  if (verdict.kind === 'deny') return refuse('denied', `${verdict.because} Nothing was sent.`);
  if (verdict.kind === 'approve') {
    const because = `${verdict.because} This version has no channel on which a person can approve; nothing was sent.`;
    return refuse('denied', because);
  }
  const digestOf = (it: Plan) => ports.sealer.digest({ tool: op.name, input, plan: it, principal, rule: verdict.rule });
  if (verdict.kind === 'confirm') {
    const question = questionFor(op, plan, { kratos: ports.kratosName, because: verdict.because });
    const settled = await settle({ asker, digest: digestOf(plan), request, principal, question }, ports.settle);
    if (settled.kind === 'refused') return refuse(settled.outcome, settled.text);
    if (settled.kind === 'ask') {
      entry.outcome('asked');
      return settled.result;
    }
  }

  // Claimed (or allowed): from here on the client's signal no longer counts, and nothing is given up half-way.
  const keys = plan.targets.length > 0 ? plan.targets.map((it) => it.id) : plan.calls.map((it) => it.endpoint);
  const once = async () => {
    // While this one waited for the lock, the same call may have ended after its client had gone.
    const answer = replayOf(request, run) ?? (await carryOut({ ...run, digest: digestOf(plan), digestOf, rule: verdict.rule }));
    if (signal.aborted) ports.uncollected.keep(request, answer);
    return answer;
  };
  return locked(keys, once, ports);
}

/** The outcome of the same call that nobody collected: told once, instead of a second execution. */
function replayOf(request: string, { ports, entry }: Run): CallToolResult | undefined {
  const kept = ports.uncollected.take(request);
  if (!kept) return undefined;
  entry.outcome('replayed');
  return { ...kept, _meta: { ...kept._meta, 'ory-identity-mcp/replayed': true } };
}

/** After the claim a call is bounded by its own deadline (client/kratos.ts) and by nothing that the client does. */
const OURS = new AbortController().signal;
const LOCK_MS = 30_000;

/** Writes to one identity go one after another: Kratos loses updates that overlap, and answers 200 to all of them. */
async function locked(keys: readonly string[], work: () => Promise<CallToolResult>, { locks, answers }: Ports): Promise<CallToolResult> {
  try {
    return await locks.run(keys, work, { waitMs: LOCK_MS });
  } catch (error) {
    if (!(error instanceof LockBusy)) throw error;
    return answers.refusal('failed', 'Another change of the same account is still under way; nothing was sent.');
  }
}

interface Carrying extends Run {
  /** Of the plan that was agreed to. */
  readonly digest: string;
  readonly digestOf: (plan: Plan) => string;
  readonly rule: string;
}

/** Under the lock of its targets: plan again, compare, send, report, read back. */
async function carryOut({ op, call, ports, entry, digest, digestOf, rule }: Carrying): Promise<CallToolResult> {
  const { answers } = ports;
  const finish: Finish = (outcome, answer) => {
    entry.outcome(outcome);
    return answer;
  };
  let plan: Plan;
  try {
    plan = await planOf(op, call, contextOf(op, ports, OURS));
  } catch (error) {
    return finish('failed', answers.failure('failed', 'Nothing was sent: the account could not be read again right before.', error));
  }
  if (plan.calls.length === 0) return finish('unchanged', answers.result(plan.result, op.records).result);
  if (digestOf(plan) !== digest) {
    return finish('stale', answers.refusal('stale', 'The account changed while the call was prepared; nothing was sent.'));
  }
  entry.intent(plan, rule);
  try {
    return await sendAndTell(op, plan, { ports, finish });
  } catch (error) {
    return finish('unknown', answers.failure('unknown', howToFindOut(plan), error)); // a fault of ours, after something may have been sent
  }
}

type Finish = (outcome: Outcome | 'executed' | 'unchanged', answer: CallToolResult) => CallToolResult;

async function sendAndTell(
  op: ChangeOperation,
  plan: Plan,
  { ports, finish }: { readonly ports: Ports; readonly finish: Finish },
): Promise<CallToolResult> {
  const { answers } = ports;
  const sent = await sendAll(op, plan, ports);
  if (sent.kind === 'failed') return finish('failed', answers.failure('failed', 'Kratos refused it; nothing was changed.', sent.error));
  if (sent.kind === 'unknown') return finish('unknown', answers.failure('unknown', howToFindOut(plan), sent.error));

  const reported = reportOf(op, plan, { replies: sent.replies, settings: ports.settings });
  if (reported.kind === 'unreadable' && !(await hasLanded(op, plan, ports))) {
    return finish('unknown', answers.failure('unknown', howToFindOut(plan), reported.error));
  }
  const result = reported.kind === 'result' ? reported.result : plan.result;
  const { seen, note } = await readBack(op, result, ports);
  return finish('executed', answers.result(seen, op.records, { outcome: 'executed', note: sent.note ?? note }).result);
}

const howToFindOut = ({ ifUnknown = 'Read the account to find out before anything else is done.' }: Plan): string =>
  `It may or may not have been carried out, and it was not sent again. ${ifUnknown}`;

type Sent =
  | { readonly kind: 'accepted'; readonly replies: readonly Reply[]; readonly note?: string }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'unknown'; readonly error: unknown };

/** The only place in the program that can send a write to Kratos. In order, each once; stops at the first that is not accepted. */
async function sendAll(op: ChangeOperation, plan: Plan, ports: Ports): Promise<Sent> {
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
async function hasLanded(op: ChangeOperation, plan: Plan, ports: Ports): Promise<boolean> {
  if (!op.landed) return false;
  try {
    return await op.landed(plan, contextOf(op, ports, OURS));
  } catch {
    return false;
  }
}

async function readBack(op: ChangeOperation, result: Plan['result'], ports: Ports): Promise<{ seen: Plan['result']; note?: string }> {
  if (!op.readBack) return { seen: result };
  try {
    return { seen: await op.readBack(result, contextOf(op, ports, OURS)) };
  } catch {
    return { seen: result, note: 'It was carried out, but reading it back failed: this is what was sent, not what was read.' };
  }
}

type Outcome = 'failed' | 'declined' | 'expired' | 'stale' | 'denied' | 'unknown';

const planOf = async (op: ChangeOperation, { input }: ToolCall, context: Context<ReadName>): Promise<Plan> =>
  deepFreeze(await op.plan(input, context));

const contextOf = (op: Operation, ports: Ports, signal: AbortSignal): Context<ReadName> => ({
  kratos: narrow(ports.kratos, op.reads, signal),
  settings: ports.settings,
});
