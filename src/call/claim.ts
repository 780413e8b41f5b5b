/** The one way to carrying out: nothing stands against it, the budget, the claim, the intent on disk. */
import { HOUR_MS, overLimit } from '../approval/budgets.ts';
import type { NewPlan, PlanRecord, Spending, Store } from '../store/types.ts';
import type { Refusal, Run } from './run.ts';

/** Why no change of this principal goes through at present; undefined where none does stand in the way. */
export async function whyStopped({ call, ports }: Run): Promise<string | undefined> {
  if (await ports.store.isFrozen()) {
    return 'All changes are frozen by the operator; nothing was sent. Reads go on. Only a person can thaw them: an approver, on the approvals page or with the command thaw.';
  }
  if ((await ports.store.counters.lockedSince(call.caller.principal)) === undefined) return undefined;
  return 'The changes asked for by this user are locked, since people refused them; nothing was sent. An approver can unlock them on the approvals page or with the command unlock.';
}

/** Whether the limits leave room, before anybody is asked; what is used up is counted at the claim. */
export async function whyOver(spendings: readonly Spending[], { counters }: Store): Promise<string | undefined> {
  for (const it of spendings) {
    if ((await counters.used(it.budget, it.of, it.windowMs)) + it.items <= it.limit) continue;
    const spent = await counters.spend([it]);
    if (!spent.ok) return overLimit(spent);
    await counters.refund([it]); // it freed this very moment
  }
  return undefined;
}

interface Claiming {
  /** What an allowed call is recorded as. */
  readonly plan: Omit<NewPlan, 'channel' | 'lifetimeMs'>;
  /** Undefined: an allowed call. */
  readonly approved: PlanRecord | undefined;
  readonly spendings: readonly Spending[];
}
export type Claim =
  | { readonly kind: 'claimed'; readonly record: PlanRecord }
  | { readonly kind: 'refused'; readonly outcome: Refusal; readonly text: string };
type NotClaimed = Extract<Claim, { kind: 'refused' }>;
const refused = (outcome: Refusal, text: string): NotClaimed => ({ kind: 'refused', outcome, text });

/** What fails on the way leaves nothing that could be sent. */
export async function claim(run: Run, { plan, approved, spendings }: Claiming): Promise<Claim> {
  const { entry, ports } = run;
  const { plans, counters } = ports.store;
  const against = await whatStandsAgainst(run);
  if (against) {
    if (approved) await plans.end(approved.id, 'void', against.outcome);
    return against;
  }
  const granted = approved ? await plans.claim(approved.id, plan, spendings) : (await counters.spend(spendings)).ok;
  if (!granted) {
    const over = await whyOver(spendings, ports.store);
    if (over === undefined) return refused('expired', 'This question is over; nothing was sent.');
    if (approved) await plans.end(approved.id, 'void', 'denied');
    return refused('denied', over);
  }
  const record = approved ?? (await begun(unseen(plan), spendings, ports.store));
  const tired = approved && ports.fatigue.look(await plans.list().catch(() => []), plan.principal); // no reason to stop here
  if (tired !== undefined) entry.alert(tired);
  entry.know({ plan_id: record.id, budget_after: await leftOf(spendings, counters).catch(() => undefined), ...decidedBy(record) });
  try {
    await entry.durable('intent');
  } catch {
    await counters.refund(spendings);
    await plans.finish(record.id, 'failed');
    const text =
      'The audit ledger cannot be written, and no change is made without a record of it; nothing was sent. The operator has to look at the state folder.';
    return refused('failed', text);
  }
  return { kind: 'claimed', record };
}

/** What came up while a person was asked. */
async function whatStandsAgainst(run: Run): Promise<NotClaimed | undefined> {
  if (run.ports.policy().hash !== run.policy.hash) {
    const text = 'The policy was changed while this waited; nothing was sent. The same call made again is judged by the new one.';
    return refused('stale', text);
  }
  const { expiresAt } = run.call.caller;
  if (expiresAt !== undefined && expiresAt <= run.ports.now()) {
    return refused(
      'denied',
      'The access token ended while this waited; nothing was sent. The same call made again with a new one goes on.',
    );
  }
  const stopped = await whyStopped(run);
  return stopped === undefined ? undefined : refused('denied', stopped);
}

/** What can't begin gives back what was counted for it. */
async function begun(plan: NewPlan, spendings: readonly Spending[], { plans, counters }: Store): Promise<PlanRecord> {
  try {
    return await plans.begin(plan);
  } catch (error) {
    await counters.refund(spendings);
    throw error;
  }
}

/** What the scarcest of them leaves; undefined where nothing is counted. */
async function leftOf(spendings: readonly Spending[], counters: Store['counters']): Promise<number | undefined> {
  const left = await Promise.all(spendings.map(async (it) => it.limit - (await counters.used(it.budget, it.of, it.windowMs))));
  return left.length === 0 ? undefined : Math.min(...left);
}

/** Nobody was asked: nothing is kept that a person would read. */
const unseen = ({ shown: _shown, ...plan }: Claiming['plan']): NewPlan => ({ ...plan, channel: 'none', lifetimeMs: HOUR_MS });

/** Who said yes and how, for the record: never their words. */
function decidedBy({ decided }: PlanRecord) {
  const [first] = decided;
  if (first === undefined) return {};
  return {
    approvers: decided.map((it) => it.by),
    method: decided.map((it) => it.method).join(' '),
    decision_source: first.method === 'form' ? ('client' as const) : ('person' as const),
    reason_given: decided.some((it) => it.reason !== undefined),
    ticket: decided.find((it) => it.ticket !== undefined)?.ticket,
  };
}
