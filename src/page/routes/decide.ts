/** The decision about a plan: no, by anybody who has its page; yes, by an approver who is there. */
import { enteredIn, type Entered } from '../../policy/entered.ts';
import type { PlanRecord } from '../../store/types.ts';
import { fold } from '../fold.ts';
import type { Reply } from '../http.ts';
import { isUnfit, notFound, page, redeem, seeOther, type Known, type Site } from '../site.ts';
import type { PagePorts } from '../types.ts';
import { message } from '../views/layout.ts';
import { mayApprove, wayTo } from '../who.ts';
import { planOf, rendered } from './plan.ts';
import { recordOf, take } from './take.ts';

export async function decide(site: Site, visit: Known): Promise<Reply> {
  const plan = await planOf(site, visit);
  if (plan === undefined) return notFound();
  const token = redeem(site, visit, { purpose: 'decide', subject: plan.id, deciding: true });
  if (isUnfit(token)) return rendered(site, visit, { plan, status: token.status, error: token.text });
  const action = visit.form.get('action');
  if (action === 'deny' || action === 'disown') return decline(site, plan, action);
  if (action !== 'approve') return rendered(site, visit, { plan, status: 400, error: 'That is no answer. Nothing was decided.' });
  if (plan.state !== 'waiting')
    return rendered(site, visit, { plan, status: 409, error: 'This request does not wait for an answer any more.' });
  return approve(site, visit, { plan, nonce: token.nonce, ageMs: token.ageMs });
}

/** The safe direction: no factor, and nothing that goes wrong in the record of it holds it up. */
async function decline({ ports }: Site, plan: PlanRecord, how: 'deny' | 'disown'): Promise<Reply> {
  const { store, ledger } = ports;
  const { limits } = ports.policy();
  await store.plans.end(plan.id, 'declined', 'declined');
  const isEnded = (await store.plans.find(plan.id))?.state === 'declined' && (plan.state === 'waiting' || plan.state === 'approved');
  const locks = how === 'disown' ? await disown(plan, store) : isEnded && (await store.counters.declined(plan.principal, limits.declines));
  if (isEnded) {
    await store.plans.coolDown(plan.request, limits.coolDownMinutes);
    const outcome = how === 'deny' ? 'declined' : 'disowned';
    ledger.note({ ...recordOf(plan), event: 'declined', method: 'none', decision_source: 'person', outcome });
  }
  if (locks) ledger.note({ event: 'locked', requester: plan.principal, plan_id: plan.id, decision_source: 'person' });
  if (isEnded) return seeOther(`/approvals/${plan.id}`);
  const also = how === 'disown' ? ' Other changes of the requester are stopped.' : '';
  return page(409, message('Too late', `This request is over, or is being carried out already; your answer does not change that.${also}`));
}

/** Somebody acts in the requester's name: nothing of theirs goes on, whatever became of this one. */
async function disown({ principal }: PlanRecord, { plans, counters }: PagePorts['store']): Promise<true> {
  await counters.lock(principal);
  const open = (await plans.list()).filter((it) => it.principal === principal && (it.state === 'waiting' || it.state === 'approved'));
  for (const it of open) await plans.end(it.id, 'void', 'disowned');
  return true;
}

interface Approving {
  readonly plan: PlanRecord;
  readonly nonce: string;
  readonly ageMs: number;
}

async function approve(site: Site, visit: Known, { plan, nonce, ageMs }: Approving): Promise<Reply> {
  const { ports } = site;
  const again = (status: number, error: string) => rendered(site, visit, { plan, status, error });
  if (plan.kind === 'allow') return again(400, 'Nobody has to agree to this.');
  if (plan.kind === 'approve' && fold(visit.form.get('code') ?? '') !== fold(plan.code)) {
    return again(422, 'That is not the code that stands beside the address. Nothing was decided. If your chat shows no such code, deny.');
  }
  const entered = enteredIn({ reason: visit.form.get('reason') ?? '', ticket: visit.form.get('ticket') ?? '' }, plan.requires);
  if (entered === undefined)
    return again(422, 'The reason or the ticket is missing, or the ticket does not look as it should. Nothing was decided.');

  const way = await wayTo(plan, { ports, challenge: '' });
  if (way.kind === 'none') return again(403, 'Nobody can approve this here. Nothing was decided.');
  if (way.kind === 'phrase') return byPhrase(site, visit, { plan, entered });
  const proven = await site.proofs({ form: visit.form, digest: plan.digest, nonce, ageMs, plan: plan.id });
  if (proven.kind === 'refused') return again(403, `${proven.because} Nothing was decided.`);
  const refused = mayApprove(proven.proof.approver, plan, ports);
  if (refused !== undefined) return again(403, `${refused} Nothing was decided.`);
  return take(site, visit, { plan, entered, proof: proven.proof });
}

/** Without any approver, where policy says so outright; it proves no more than the client's form does, and is recorded as that. */
async function byPhrase(
  site: Site,
  visit: Known,
  { plan, entered }: { readonly plan: PlanRecord; readonly entered: Entered },
): Promise<Reply> {
  const { store } = site.ports;
  const { coolDownMinutes } = site.ports.policy().limits;
  if (plan.phrase === '' || fold(visit.form.get('phrase') ?? '') !== fold(plan.phrase)) {
    await store.plans.wrongPhrase(plan.request, coolDownMinutes);
    const now = (await store.plans.find(plan.id)) ?? plan;
    return rendered(site, visit, {
      plan: now,
      status: 422,
      error: 'That is not the phrase. Nothing was decided; a third wrong one ends the request.',
    });
  }
  return take(site, visit, { plan, entered });
}
