/** The way of a call, top to bottom: plan → judge → settle → claim → send → report → shape. The SDK has parsed, `server/` has identified. */
import { createHash } from 'node:crypto';
import type { CallToolResult } from '@modelcontextprotocol/server';
import { spendingsOf, tooLarge } from './approval/budgets.ts';
import { patternsOf } from './approval/patterns.ts';
import { questionFor } from './approval/question.ts';
import type { Settled } from './approval/settled.ts';
import { isForAnotherCall, settle } from './approval/settle.ts';
import { shownOf } from './approval/shown.ts';
import { argsShape } from './audit/args-shape.ts';
import type { CallOutcome } from './audit/entry.ts';
import { claim, whyOver, whyStopped } from './call/claim.ts';
import { endedMeanwhile, toldElsewhere } from './call/elsewhere.ts';
import { execute } from './call/execute.ts';
import { factsOf } from './call/facts.ts';
import { handleRead, unchanged } from './call/read.ts';
import { lackedForPlan, lackedText, lackedToLook } from './call/scopes.ts';
import { isForPage, putAsideFor } from './call/put-aside.ts';
import { planOf, refuse, type Answer, type Ports, type Run, type ToolCall } from './call/run.ts';
import { keepUncollected } from './call/uncollected.ts';
import type { Caller, Scope } from './caller.ts';
import { canonical } from './lib/json.ts';
import { LockBusy } from './lib/mutex.ts';
import { clean } from './lib/text.ts';
import type { Plan } from './operation.ts';
import { judge, raise } from './policy/judge.ts';
import type { Decision } from './policy/policy.ts';
import { touchesHidden } from './shape/hide.ts';
import type { NewPlan, PlanRecord, Spending } from './store/types.ts';
import { differencesShown, requestsOf } from './tools/shown.ts';

export async function handle(call: ToolCall, given: Ports): Promise<Answer> {
  const { op, input } = call;
  const [policy, settings] = [given.policy(), given.settings()];
  const ports: Ports = { ...given, settings: () => settings }; // from beginning to end: a secret goes where the person was told
  const entry = ports.audit(call);
  try {
    entry.know({ args_shape: argsShape(input), policy_hash: policy.hash });
    if (op.kind === 'change') return await handleChange({ op, call, ports, entry, policy });
    return await handleRead({ op, call, ports, entry, policy });
  } catch (error) {
    return op.kind === 'change' && isOfTheState(error) ? refuse({ entry, ports }, 'failed', STATE_LOST) : ports.answers.error(error);
  } finally {
    await entry.close();
  }
}

/** Before the claim, or instead of it: what is thrown after a claim is told where it happens. */
const STATE_LOST =
  'What this server remembers cannot be read or written (its state folder, or the store it shares), and no change is made without it; nothing was sent. Reads go on. ' +
  'The operator has to look at it; the command doctor says more.';
const STATE_ERRORS: ReadonlySet<string> = new Set(['StateLost', 'LockLost', 'FileLockBusy', 'LedgerError']);
/** Also what the file system says: no other part of a call touches files. */
const isOfTheState = (error: unknown): boolean => error instanceof Error && (STATE_ERRORS.has(error.name) || 'syscall' in error);

async function handleChange(run: Run): Promise<Answer> {
  const { op, call, ports, entry, policy } = run;
  const { input, caller, signal } = call;
  const { principal } = caller;
  const unscoped = (lacked: readonly Scope[]) => refuse(run, 'denied', { text: lackedText(lacked), code: 'scope' });
  const toLook = lackedToLook(caller, op);
  if (toLook.length > 0) return unscoped(toLook);
  await ports.ready();
  const request = ports.sealer.request({ tool: op.name, input, principal });
  entry.know({ request_hash: request });
  const early = await answeredUnread(run, request);
  if (early) return early;

  const plan = await planOf(run, signal);
  const lacked = lackedForPlan(caller, op, plan);
  if (lacked.length > 0) return unscoped(lacked);
  if (plan.calls.length === 0) return unchanged(run, plan);
  const decided = await decide(plan, run);
  const { decision, pattern } = decided;
  const digestOf = (it: Plan) =>
    ports.sealer.digest({ tool: op.name, input, plan: it, principal, rule: decision.rule, pattern, policyHash: policy.hash });
  const sealed = { ...decided, request, digest: digestOf(plan) };
  entry.know({ ...factsOf(plan), verdict: decision.kind, rule: decision.rule, digest: sealed.digest });
  const spendings = spendingsOf(op, plan, { kind: decision.kind, principal, limits: policy.limits });
  const denied = decision.kind === 'deny' ? `${decision.because} Nothing was sent.` : tooLarge(plan, policy.limits);
  const no = denied ?? (await whyOver(spendings, ports.store));
  if (no !== undefined) return refuse(run, 'denied', { text: no, code: decision.kind === 'deny' ? 'policy' : 'limit' });

  return askAndCarryOut({ ...run, plan, digestOf, spendings, request }, { asked: newPlan(plan, run, sealed), decision });
}

type Ready = Omit<Carrying, 'record'>;

/** Settle, claim, carry out; a call that policy allows goes to the claim at once. */
async function askAndCarryOut(run: Ready, { asked, decision }: { readonly asked: Asked; readonly decision: Decision }): Promise<Answer> {
  const settled = decision.kind === 'allow' ? undefined : await ask(run.plan, asked, { run, decision });
  if (settled?.kind === 'refused') return refuse(run, settled.outcome, settled);
  if (settled?.kind === 'ask') {
    run.entry.outcome('asked', { plan_id: settled.plan.id });
    return settled.result;
  }
  if (run.call.signal.aborted) return cancelled(run, settled?.plan);
  const claimed = await claim(run, { plan: asked, approved: settled?.plan, spendings: run.spendings });
  if (claimed.kind === 'refused') return refuse(run, claimed.outcome, claimed.text);
  // Claimed (or allowed): from here on the client's signal no longer counts, and nothing is given up half-way.
  return carryOut({ ...run, record: claimed.record });
}

/** What needs no look at the account: refused as such, a state for another call, an outcome nobody collected, changes that are off. */
async function answeredUnread(run: Run, request: string): Promise<CallToolResult | undefined> {
  const { op, call, ports } = run;
  const { asker, caller } = call;
  const { principal } = caller;
  const withheld = ports.withheld(op);
  if (withheld !== undefined) return refuse(run, 'denied', { text: withheld, code: 'withheld' });
  if (await isForAnotherCall({ asker, request, principal }, ports)) {
    return refuse(run, 'stale', 'This is not the call that the person was asked about; nothing was sent.');
  }
  const told = await toldElsewhere(request, run);
  if (told) return told;
  const stopped = await whyStopped(run);
  return stopped === undefined ? undefined : refuse(run, 'denied', { text: stopped, code: 'stopped' });
}

/** The client went away before the claim, however late the yes. What was agreed to by form is over; a yes on the page waits for the same call. */
async function cancelled(run: Run, plan: PlanRecord | undefined): Promise<CallToolResult> {
  if (plan?.channel === 'form') await run.ports.store.plans.end(plan.id, 'void', 'cancelled');
  return refuse(run, 'declined', { text: 'The call was cancelled; nothing was sent.', byClient: true, ...(plan && { plan }) });
}

interface Decided {
  readonly decision: Decision;
  /** What policy says by itself, for people. */
  readonly why: string;
  /** What past calls make of it, for people; undefined where nothing stands out. */
  readonly pattern: string | undefined;
}

/** What policy says, and what past calls make of it. */
async function decide(plan: Plan, { op, call, ports, policy }: Run): Promise<Decided> {
  const { caller, client } = call;
  const { principal, claims } = caller;
  const { effects, subjects, differences = [], count } = plan;
  const at = new Date(ports.now());
  const judged = judge(policy, { tool: op.name, effects, listed: op.effects, subjects, differences, count, principal, claims, client, at });
  if (judged.kind === 'deny') return { decision: judged, why: judged.because, pattern: undefined };
  const copiedFrom = () => ports.flow.copiedFrom(principal, plan);
  const { counters } = ports.store;
  const found = await patternsOf(op, plan, { counters, limits: policy.limits, principal, now: at.getTime(), copiedFrom });
  const decision = found.reduce<Decision>((worst, it) => raise(worst, it), judged);
  const named = found.filter(({ rule }) => rule !== 'many-changes').map((it) => it.because);
  return { decision, why: judged.because, pattern: named.length === 0 ? undefined : named.join(' ') };
}

interface Sealed extends Decided {
  readonly digest: string;
  readonly request: string;
}
type Asked = Omit<NewPlan, 'channel' | 'lifetimeMs'>;

function newPlan(plan: Plan, { op, call, ports, policy, entry }: Run, { decision, why, pattern, digest, request }: Sealed): Asked {
  const { caller, client } = call;
  const { principal, person } = caller;
  const { rule, requires, others, approvals, kind } = decision;
  const parts = { environment: ports.kratosName, requester: requesterOf(caller), client, because: why, rule, pattern };
  const shown = shownOf(op, plan, { ...parts, differences: differencesShown(plan), requests: requestsOf(plan) });
  const renderHash = createHash('sha256').update(canonical(shown)).digest('base64url');
  entry.know({ render_hash: renderHash });
  // A secret is revealed to who approved: a phrase that anybody may have typed is not enough.
  const phraseSuffices = kind !== 'approve' && policy.approvers.phrase && !isForPage(op, ports) && ports.page.signIn !== true;
  return {
    digest,
    request,
    principal,
    ...(person !== undefined && { person }),
    client,
    kratos: ports.kratosName,
    tool: op.name,
    effects: plan.effects,
    targets: plan.targets.map((it) => it.id),
    ids: idsOf(plan),
    kind: kind === 'deny' ? 'approve' : kind, // a denied call never comes here
    approvals: phraseSuffices ? 0 : approvals === 2 ? 2 : 1,
    others,
    waitHours: policy.approvers.waitHours,
    phrase: plan.phrase,
    requires,
    policyHash: policy.hash,
    renderHash,
    shown,
  };
}

/** Who asked, for people: by the name that they know, with what tells them apart. */
const requesterOf = ({ name, principal }: Caller): string =>
  name === principal ? principal : `${clean(name, 100).text} (${clean(principal, 300).text})`;

/** The path parameters of the first call are all that is left to read by after a crash: ids, never values. */
const idsOf = (plan: Plan): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(plan.calls[0]?.params ?? {}).map(([name, value]) => [name, String(value)]));

async function ask(plan: Plan, asked: Asked, { run, decision }: { readonly run: Run; readonly decision: Decision }): Promise<Settled> {
  const { op, call, ports, policy } = run;
  const { requires, because, kind, confirmBy } = decision;
  // A form passes through the client, which is shown no more than a result may show.
  const holdsHidden = plan.differences?.some((it) => touchesHidden(it.path, policy.hide)) === true;
  const pageOnly = kind === 'approve' || confirmBy === 'page' || isForPage(op, ports) || holdsHidden;
  const question = questionFor(op, plan, { kratos: ports.kratosName, because, requires });
  const asking = { asker: call.asker, plan: asked, question, pageOnly, signal: call.signal };
  const { store, sealer, page, formMs, now } = ports;
  return settle(asking, { store, sealer, page, formMs, now, limits: policy.limits, approvers: policy.approvers });
}

interface Carrying extends Run {
  readonly record: PlanRecord;
  /** The one that was agreed to. */
  readonly plan: Plan;
  readonly digestOf: (plan: Plan) => string;
  readonly spendings: readonly Spending[];
  readonly request: string;
}

const LOCK_MS = 30_000;

/** Writes to one identity go one after another: Kratos loses updates that overlap, and answers 200 to all of them. */
async function carryOut(run: Carrying): Promise<CallToolResult> {
  const { plan, ports, request } = run;
  const keys = plan.targets.length > 0 ? plan.targets.map((it) => it.id) : plan.calls.map((it) => it.endpoint);
  let begun = false;
  const work = async () => {
    const early = await endedMeanwhile(request, run);
    begun = true;
    const answer = await (early ? finish(run, early) : underLock(run));
    await keepUncollected(answer, request, run);
    return answer;
  };
  try {
    return await ports.store.locks.run(keys, work, { waitMs: LOCK_MS });
  } catch (error) {
    const { answers } = ports;
    if (begun)
      return finish(run, { outcome: 'unknown', answer: answers.failure('unknown', 'It may or may not have been carried out.', error) });
    const text = error instanceof LockBusy ? 'Another change of the same account is still under way; nothing was sent.' : STATE_LOST;
    return finish(run, { outcome: 'failed', answer: answers.refusal('failed', text) });
  }
}

interface Ended {
  readonly outcome: CallOutcome;
  readonly answer: CallToolResult;
  /** What Kratos answered last. */
  readonly status?: number | undefined;
}

/** The record of how it ended; what was not sent gives its budget back. */
async function finish({ entry, record, spendings, ports }: Carrying, { outcome, answer, status }: Ended): Promise<CallToolResult> {
  const { plans, counters } = ports.store;
  entry.outcome(outcome, status === undefined ? {} : { kratos: { status } });
  await entry.close(); // before the plan is over: who dies in between is settled, and told of, at the next start
  try {
    if (outcome !== 'executed' && outcome !== 'unknown') await counters.refund(spendings);
    await plans.finish(record.id, outcome);
  } catch {
    // The state is gone. What was done stays done, and its answer goes out; the plan is settled at the next start.
  }
  return answer;
}

/** Plan again, compare, send, report, read back. */
async function underLock(run: Carrying): Promise<CallToolResult> {
  const { op, ports, record, digestOf, plan: agreed } = run;
  const { answers, store } = ports;
  const refused = (outcome: 'failed' | 'stale', text: string) => finish(run, { outcome, answer: answers.refusal(outcome, text) });
  let plan: Plan;
  let frozen: boolean;
  try {
    plan = await planOf(run);
    frozen = await store.isFrozen();
    for (const { id } of plan.targets) for (const link of plan.chain ?? []) await store.counters.remember(id, link);
  } catch (error) {
    const text = 'Nothing was sent: what had to be looked at right before could not be read.';
    return finish(run, { outcome: 'failed', answer: answers.failure('failed', text, error) });
  }
  if (plan.calls.length === 0) return finish(run, { outcome: 'unchanged', answer: answers.result(plan.result, op.records).result });
  if (digestOf(plan) !== digestOf(agreed)) return refused('stale', 'The account changed while the call was prepared; nothing was sent.');
  if (frozen) return refused('failed', 'All changes were frozen meanwhile; nothing was sent.');
  const putAside = putAsideFor(record, plan, ports);
  return finish(run, await execute(op, plan, { kratos: ports.kratos, answers, settings: ports.settings(), putAside }));
}
