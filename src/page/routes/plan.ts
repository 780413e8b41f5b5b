/** The page of one plan: while it waits with the ways to answer, afterwards with how it goes on. */
import { challengeOf } from '../../audit/challenge.ts';
import type { PlanRecord } from '../../store/types.ts';
import type { Reply } from '../http.ts';
import { subjectOf } from '../proof.ts';
import { enrolmentsOf, notFound, page, pathOf, viewOf, type Known, type Site } from '../site.ts';
import { maySee, viewerOf } from '../viewer.ts';
import { decisionPage } from '../views/decision.ts';
import { briefPage } from '../views/login.ts';
import { statusPage, type StatusPage } from '../views/status.ts';
import { standingOf } from '../views/words.ts';
import { wayTo } from '../who.ts';

/** A plan that this page is about; one that was asked by a form is none of its business. */
export const planOf = (site: Site, { path }: Known): Promise<PlanRecord | undefined> => onPage(site, path.split('/')[2] ?? '');

export async function onPage({ ports }: Site, id: string): Promise<PlanRecord | undefined> {
  const plan = await ports.store.plans.find(id);
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

export async function rendered(site: Site, visit: Known, rendering: Rendering): Promise<Reply> {
  const { plan, status = 200, error } = rendering;
  const { ports } = site;
  const viewer = await viewerOf(site, visit);
  if (!maySee(site, viewer, plan)) return brief(site, visit, rendering);
  const common = { plan, enrolments: await enrolmentsOf(site), now: ports.now(), error };
  if (plan.state !== 'waiting' || plan.shown === undefined) {
    const view = plan.state === 'approved' ? viewOf(site, visit, { purpose: 'decide', subject: plan.id }) : undefined;
    const body = statusPage({ ...common, view, reveal: await revealOf(site, visit, plan) });
    return page(status, body, refresh(plan, visit));
  }
  const view = viewOf(site, visit, { purpose: 'decide', subject: plan.id });
  const way = await wayTo(plan, site, { challenge: challengeOf(plan.digest, view.nonce), session: visit.session });
  const frozen = await ports.store.isFrozen();
  const typed = visit.method === 'POST' ? visit.form : undefined;
  return page(status, decisionPage({ ...common, shown: plan.shown, view, way, frozen, typed }));
}

/** An answer at another address than the plan's (back from the provider) names it: that one can't be asked for again. */
function refresh(plan: PlanRecord, { path }: Known): Readonly<Record<string, string>> {
  const { againS } = standingOf(plan);
  if (againS === undefined) return {};
  return { Refresh: path === pathOf(plan.id) ? String(againS) : `${againS}; url=${pathOf(plan.id)}` };
}

function brief(site: Site, visit: Known, { plan, status = 200, error }: Rendering): Reply {
  const isOpen = plan.state === 'waiting' || plan.state === 'approved';
  const view = isOpen ? viewOf(site, visit, { purpose: 'decide', subject: plan.id }) : undefined;
  const signIn = visit.session === undefined ? viewOf(site, visit, { purpose: 'sign-in', subject: plan.id }) : undefined;
  return page(status, briefPage({ plan, view, signIn, name: visit.session?.name, now: site.ports.now(), error }));
}

async function revealOf(site: Site, visit: Known, plan: PlanRecord): Promise<StatusPage['reveal']> {
  const waiting = await site.ports.reveals.waiting(plan.id);
  if (waiting === undefined) return undefined;
  const { about, expiresAt: until } = waiting;
  const viewer = await viewerOf(site, visit);
  if (viewer === undefined || !viewer.isApprover || !plan.decided.some((it) => it.by === viewer.id)) return { until };
  const view = viewOf(site, visit, { purpose: 'reveal', subject: plan.id });
  const challenge = challengeOf(subjectOf('reveal', plan.id), view.nonce);
  const asked =
    viewer.enrolled === undefined ? ({ kind: 'login' } as const) : ({ kind: 'factor', approvers: [viewer.enrolled], challenge } as const);
  return { until, about, asking: { asked, view } };
}
