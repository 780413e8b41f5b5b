/**
 * Puts a plan before a person, or collects the answer to an earlier asking. Two channels: the client's form, whose answers count only
 * together with a state that this server minted for a waiting plan of this principal, and the approvals page, whose answers arrive in the
 * store. Here nothing is claimed: who is approved goes on to the one claim in `pipeline.ts`.
 */
import type { NewPlan, PlanRecord } from '../store/types.ts';
import type { Answered, Asker } from './ask.ts';
import { askingOf, overLimit } from './budgets.ts';
import { byPage } from './by-page.ts';
import { hasSomebody } from './nobody.ts';
import { consentIn, isIncompleteYes } from './question.ts';
import { coolingText, refused, type Asking, type Settled, type SettlePorts } from './settled.ts';

const EXPIRED = 'This question is over; nothing was sent.';
const STALE = 'The account is not as it was when the person was asked; nothing was sent.';
const CROWDED = 'Too many questions are waiting for an answer already; nothing was sent.';

/** A state that came back with another tool or other arguments: its plan is ended, whatever this call may be. */
export async function isForAnotherCall(
  { asker, request, principal }: { readonly asker: Asker; readonly request: string; readonly principal: string },
  { store, sealer }: Pick<SettlePorts, 'store' | 'sealer'>,
): Promise<boolean> {
  const plan = await planOfState(asker, principal, { store, sealer });
  if (plan === undefined || plan.request === request || (plan.state !== 'waiting' && plan.state !== 'approved')) return false;
  await store.plans.end(plan.id, 'void', 'stale');
  return true;
}

/** The plan that a state of ours names; ended, expired, foreign and unknown are alike. */
async function planOfState(
  asker: Asker,
  principal: string,
  { store, sealer }: Pick<SettlePorts, 'store' | 'sealer'>,
): Promise<PlanRecord | undefined> {
  const id = asker.state === undefined ? undefined : sealer.open(asker.state, principal);
  const plan = id === undefined ? undefined : await store.plans.find(id);
  return plan?.principal === principal ? plan : undefined;
}

export async function settle(asking: Asking, ports: SettlePorts): Promise<Settled> {
  const { asker, plan, question, pageOnly } = asking;
  const { plans } = ports.store;
  if (question.phrase === '')
    return refused('denied', 'There is nothing that a person could type to agree to this call; nothing was sent.');
  if (pageOnly || !asker.canForm) return byPage(asking, ports);
  if (asker.state !== undefined) return secondLeg(asking, ports);

  const minutes = Math.ceil((await plans.coolingMs(plan.request)) / 60_000);
  if (minutes > 0) return refused('declined', coolingText(minutes));
  const asked = await plans.ask(formPlan(plan, ports.formMs), ports.limits, askingOf(plan.principal, ports.limits));
  if (asked.kind === 'over') return refused('denied', overLimit(asked.spent), { code: 'limit' });
  if (asked.kind === 'crowded') return refused('denied', CROWDED, { code: 'crowded' });
  if (asked.kind === 'stale') return refused('stale', STALE);
  if (!asker.ask) return { kind: 'ask', plan: asked.plan, result: asker.pose(question, ports.sealer.mint(asked.plan.id, plan.principal)) };
  return conclude(await asker.ask(question, ports.formMs), asked.plan, { asking, ports });
}

/** Of a form nothing is kept that a person reads: the client has it. */
function formPlan({ shown: _shown, ...plan }: Asking['plan'], lifetimeMs: number): NewPlan {
  return { ...plan, channel: 'form', approvals: 0, lifetimeMs };
}

async function secondLeg(asking: Asking, ports: SettlePorts): Promise<Settled> {
  const { asker, plan, question } = asking;
  const found = await planOfState(asker, plan.principal, ports);
  if (found === undefined || found.state !== 'waiting' || found.channel !== 'form') return refused('expired', EXPIRED);
  if (found.digest !== plan.digest) {
    await ports.store.plans.end(found.id, 'void', 'stale');
    return refused('stale', STALE, { plan: found });
  }
  if (asker.answer.kind === 'none') {
    return { kind: 'ask', plan: found, result: asker.pose(question, ports.sealer.mint(found.id, plan.principal)) };
  }
  return conclude(asker.answer, found, { asking, ports });
}

/** Nobody reads a form and answers it in less: the client did. Such a client is served by the page, where there is somebody to answer there. */
const NOBODY_READS_IN_MS = 500;

/** One answer ends a waiting plan, whatever it is; only the phrase, with what policy requires besides, makes it approved. */
async function conclude(answer: Answered, plan: PlanRecord, { asking, ports }: { asking: Asking; ports: SettlePorts }): Promise<Settled> {
  const { plans } = ports.store;
  const consent = answer.kind === 'accept' ? consentIn(answer.content, asking.question) : undefined;
  if (consent) {
    const taken = await plans.answer(plan.id, { by: 'form', name: plan.principal, method: 'form', at: ports.now(), ...consent });
    if (taken !== 'approved') return refused('expired', EXPIRED, { plan });
    return { kind: 'approved', plan: (await plans.find(plan.id)) ?? plan, fresh: true };
  }
  const { outcome, text, no } = ENDINGS[answer.kind];
  await plans.end(plan.id, outcome === 'declined' ? 'declined' : 'expired', outcome);
  const byItself = no !== undefined && ports.now() - plan.created < NOBODY_READS_IN_MS;
  if (byItself && (await hasSomebody(asking, ports))) return byPage(asking, ports);
  if (no === 'wrong') await plans.wrongPhrase(plan.request, ports.limits.coolDownMinutes);
  if (no === 'no') await plans.coolDown(plan.request, ports.limits.coolDownMinutes);
  return refused(outcome, incompleteIn(answer, asking) ?? text, { plan, byClient: true });
}

const INCOMPLETE =
  'The phrase was right, but the reason or the ticket is missing, or the ticket does not look as it should; nothing was sent.';
const incompleteIn = (answer: Answered, { question }: Asking): string | undefined =>
  answer.kind === 'accept' && isIncompleteYes(answer.content, question) ? INCOMPLETE : undefined;

/** `no`: what counts against asking again. */
const ENDINGS: Readonly<
  Record<Answered['kind'], { readonly outcome: 'declined' | 'expired'; readonly text: string; readonly no?: 'wrong' | 'no' }>
> = {
  accept: { outcome: 'declined', text: 'The answer was not the phrase that agrees; nothing was sent.', no: 'wrong' },
  void: { outcome: 'declined', text: 'The answer was not the phrase that agrees; nothing was sent.', no: 'wrong' },
  decline: { outcome: 'declined', text: 'The person said no; nothing was sent.', no: 'no' },
  cancel: { outcome: 'declined', text: 'The question was cancelled; nothing was sent.' },
  gone: { outcome: 'declined', text: 'The question was cancelled; nothing was sent.' },
  timeout: { outcome: 'expired', text: EXPIRED },
  none: { outcome: 'expired', text: EXPIRED },
};
