/** The page of one plan: while it waits with the ways to answer, afterwards with how it goes on. */
import { challengeOf } from '../../audit/challenge.ts';
import type { PlanRecord } from '../../store/types.ts';
import type { Reply } from '../http.ts';
import { subjectOf } from '../proof.ts';
import { enrolmentsOf, notFound, page, viewOf, type Known, type Site } from '../site.ts';
import { decisionPage } from '../views/decision.ts';
import { statusPage, type StatusPage } from '../views/status.ts';
import { standingOf } from '../views/words.ts';
import { wayTo } from '../who.ts';

/** A plan that this page is about; one that was asked by a form is none of its business. */
export async function planOf({ ports }: Site, { path }: Known): Promise<PlanRecord | undefined> {
  const plan = await ports.store.plans.find(path.split('/')[2] ?? '');
  return plan?.channel === 'page' ? plan : undefined;
}

export async function showPlan(site: Site, visit: Known): Promise<Reply> {
  const plan = await planOf(site, visit);
  return plan === undefined ? notFound() : rendered(site, visit, { plan });
}

interface Rendering {
  readonly plan: PlanRecord;
  readonly status?: number;
  readonly error?: string;
}

export async function rendered(site: Site, visit: Known, { plan, status = 200, error }: Rendering): Promise<Reply> {
  const { ports } = site;
  const common = { plan, enrolments: await enrolmentsOf(site), now: ports.now(), error };
  if (plan.state !== 'waiting' || plan.shown === undefined) {
    const { againS } = standingOf(plan);
    const view = plan.state === 'approved' ? viewOf(site, visit, { purpose: 'decide', subject: plan.id }) : undefined;
    const body = statusPage({ ...common, view, reveal: await revealOf(site, visit, plan) });
    return page(status, body, againS === undefined ? {} : { Refresh: String(againS) });
  }
  const view = viewOf(site, visit, { purpose: 'decide', subject: plan.id });
  const way = await wayTo(plan, { ports, challenge: challengeOf(plan.digest, view.nonce) });
  const frozen = await ports.store.isFrozen();
  const typed = visit.method === 'POST' ? visit.form : undefined;
  return page(status, decisionPage({ ...common, shown: plan.shown, view, way, frozen, typed }));
}

async function revealOf(site: Site, visit: Known, plan: PlanRecord): Promise<StatusPage['reveal']> {
  const { reveals, approvers } = site.ports;
  const until = reveals.waitsUntil(plan.id);
  if (until === undefined) return undefined;
  const approver = (await approvers.list()).find((it) => it.id === visit.approver);
  if (approver === undefined || !plan.decided.some((it) => it.by === approver.id)) return { until };
  const view = viewOf(site, visit, { purpose: 'reveal', subject: plan.id });
  return {
    until,
    about: reveals.aboutOf(plan.id),
    asking: { approver, view, challenge: challengeOf(subjectOf('reveal', plan.id), view.nonce) },
  };
}
