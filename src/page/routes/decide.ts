/** The decision about a plan: no, by anybody who has its page; yes, by an approver who is there. */
import { enteredIn, type Entered } from '../../policy/entered.ts';
import type { PlanRecord } from '../../store/types.ts';
import { fold } from '../fold.ts';
import type { Reply } from '../http.ts';
import type { Login } from '../login-types.ts';
import type { Session } from '../sessions.ts';
import { isUnfit, notFound, page, pathOf, redeem, seeOther, type Known, type Site } from '../site.ts';
import type { PagePorts } from '../types.ts';
import { backTo, message } from '../views/layout.ts';
import { mayApprove, mayApproveSignedIn, wayTo } from '../who.ts';
import { beginLogin } from './begin.ts';
import { onPage, planOf, rendered } from './plan.ts';
import { recordOf, take } from './take.ts';

export async function decide(site: Site, visit: Known): Promise<Reply> {
  const plan = await planOf(site, visit);
  if (plan === undefined) return notFound();
  const token = await redeem(site, visit, { purpose: 'decide', subject: plan.id, deciding: true });
  if (isUnfit(token)) return rendered(site, visit, { plan, status: token.status, error: token.text });
  const action = visit.form.get('action');
  if (action === 'deny' || action === 'disown') return decline(site, plan, action);
  if (action !== 'approve') return rendered(site, visit, { plan, status: 400, error: 'That is no answer. Nothing was decided.' });
  if (plan.state !== 'waiting')
    return rendered(site, visit, { plan, status: 409, error: 'This request does not wait for an answer any more.' });
  if (plan.kind === 'allow')
    return rendered(site, visit, { plan, status: 400, error: 'Nobody has to agree to this. Nothing was decided.' });
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
  if (isEnded) return seeOther(pathOf(plan.id));
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
  const { login } = site;
  const again = (status: number, error: string) => rendered(site, visit, { plan, status, error: `${error} Nothing was decided.` });
  const way = await wayTo(plan, site, { challenge: '', session: visit.session });
  if (way.kind === 'none') return again(403, way.because.join(' '));
  if (plan.kind === 'approve' && fold(visit.form.get('code') ?? '') !== fold(plan.code)) return again(422, WRONG_CODE);
  const entered = enteredIn({ reason: visit.form.get('reason') ?? '', ticket: visit.form.get('ticket') ?? '' }, plan.requires);
  if (entered === undefined) return again(422, 'The reason or the ticket is missing, or the ticket does not look as it should.');
  if (way.kind === 'phrase') return byPhrase(site, visit, { plan, entered });
  if (login !== undefined) return beginApproval(site, visit, { login, plan, entered });
  const proven = await site.proofs({ form: visit.form, digest: plan.digest, nonce, ageMs, plan: plan.id });
  if (proven.kind === 'refused') return again(403, proven.because);
  const refused = mayApprove(proven.approver, plan, site);
  return refused === undefined ? take(site, visit, { plan, entered, proof: proven.proof }) : again(403, refused);
}

const WRONG_CODE = 'That is not the code that stands beside the address. If the chat shows no such code, deny.';

interface Beginning {
  readonly login: Login;
  readonly plan: PlanRecord;
  readonly entered: Entered;
}

/** What was entered waits here for the person to come back from the provider. */
function beginApproval(site: Site, visit: Known, { login, plan, entered }: Beginning): Promise<Reply> {
  const by = visit.session?.id ?? ''; // somebody has signed in, or there is no way
  return beginLogin(site, visit, { login, purpose: { kind: 'approve', plan: plan.id, by, entered } });
}

interface Returned {
  readonly plan: string;
  readonly entered: Entered;
  readonly session: Session;
}

/** A fresh login for exactly this plan, by the person who began it: whether it counts is asked anew. */
export async function approveSignedIn(site: Site, visit: Known, { plan: id, entered, session }: Returned): Promise<Reply> {
  const plan = await onPage(site, id);
  const not = (status: number, because: string) =>
    page(status, message('That did not count', `${because} Nothing was decided.`, backTo(id)));
  if (plan === undefined) return notFound();
  if (plan.state !== 'waiting') return not(409, 'This request does not wait for an answer any more.');
  const refused = mayApproveSignedIn(session, plan, site.ports);
  if (refused !== undefined) {
    site.ports.ledger.note({ event: 'failed_sign_in', method: 'oidc', plan_id: id, outcome: 'may not approve', approvers: [session.id] });
    return not(403, refused);
  }
  return take(site, visit, { plan, entered, proof: { by: session, method: 'oidc' } });
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
