/** The front page: sign in, sign out, look at what waits and at what stops changes. */
import { challengeOf } from '../../audit/challenge.ts';
import { cookieFor } from '../address.ts';
import type { Reply } from '../http.ts';
import { subjectOf } from '../proof.ts';
import { enrolmentsOf, FRONT, isUnfit, page, redeem, seeOther, viewOf, type Known, type Site } from '../site.ts';
import { freezeStop, locksOf, mayLift, type Stop } from '../stops.ts';
import { viewerOf, type Viewer } from '../viewer.ts';
import type { Asked } from '../views/factor.ts';
import { frontPage, listPage, strangerPage } from '../views/list.ts';
import { beginLogin } from './begin.ts';

interface Said {
  readonly status: number;
  readonly text: string;
}

export async function showFront(site: Site, visit: Known, said?: Said): Promise<Reply> {
  const viewer = await viewerOf(site, visit);
  if (viewer === undefined) return toStrangers(site, visit, said);
  if (viewer.isApprover) return toApprover(site, visit, { viewer, said });
  const isNobody = site.ports.policy().approvers.who.length === 0;
  const signOut = viewOf(site, visit, { purpose: 'sign-out' });
  return page(said?.status ?? 200, strangerPage({ name: viewer.name, signOut, isNobody, error: said?.text }));
}

async function toStrangers(site: Site, visit: Known, said: Said | undefined): Promise<Reply> {
  const { login, ports } = site;
  const common = { enrolments: await enrolmentsOf(site), frozen: await ports.store.isFrozen(), error: said?.text };
  const view = viewOf(site, visit, { purpose: 'sign-in' });
  const status = said?.status ?? 200;
  if (login !== undefined) return page(status, frontPage({ ...common, waiting: undefined, asked: { kind: 'login' }, view }));
  const approvers = await ports.approvers.list();
  const waiting = (await plansOf(site)).filter((it) => it.state === 'waiting').length;
  const asked = factor(approvers, challengeOf(subjectOf('sign-in'), view.nonce));
  return page(status, frontPage({ ...common, waiting, asked, view }));
}

const plansOf = async ({ ports }: Site) => (await ports.store.plans.list()).filter((it) => it.channel === 'page');
const factor = (approvers: Extract<Asked, { kind: 'factor' }>['approvers'], challenge: string): Asked | undefined =>
  approvers.length === 0 ? undefined : { kind: 'factor', approvers, challenge };

interface Looking {
  readonly viewer: Viewer;
  readonly said: Said | undefined;
}

async function toApprover(site: Site, visit: Known, { viewer, said }: Looking): Promise<Reply> {
  const { ports } = site;
  const { store } = ports;
  const plans = await plansOf(site);
  const waiting = await Promise.all(plans.map(async ({ id }) => ((await ports.reveals.waiting(id)) === undefined ? [] : [id])));
  const locks = await locksOf(store);
  const freeze = await freezeStop(store);
  const body = listPage({
    name: viewer.name,
    plans,
    reveals: new Set(waiting.flat()),
    locked: await Promise.all(locks.map(async (it) => ({ principal: it.subject, since: it.since, ...(await liftable(site, visit, it)) }))),
    freeze: freeze && { ...freeze, ...(await liftable(site, visit, freeze)) },
    signOut: viewOf(site, visit, { purpose: 'sign-out' }),
    enrolments: await enrolmentsOf(site),
    now: ports.now(),
    error: said?.text,
  });
  return page(said?.status ?? 200, body);
}

async function liftable(site: Site, visit: Known, stop: Stop) {
  const view = viewOf(site, visit, { purpose: stop.kind, subject: stop.subject });
  if (site.login !== undefined) return { view, asked: { kind: 'login' } as const };
  const may = (await site.ports.approvers.list()).filter((it) => mayLift(it, stop, site) === undefined);
  return { view, asked: factor(may, challengeOf(subjectOf(stop.kind, stop.subject), view.nonce)) };
}

export async function signIn(site: Site, visit: Known): Promise<Reply> {
  const { login, ports, sessions, address } = site;
  const plan = visit.form.get('plan');
  const token = await redeem(site, visit, { purpose: 'sign-in', subject: plan ?? '', deciding: false });
  if (isUnfit(token)) return showFront(site, visit, token);
  if (login !== undefined) return beginLogin(site, visit, { login, purpose: { kind: 'sign-in', plan } });
  const proven = await site.proofs({ form: visit.form, digest: subjectOf('sign-in'), nonce: token.nonce, ageMs: token.ageMs });
  if (proven.kind === 'refused') return showFront(site, visit, { status: 403, text: proven.because });
  const { by, method } = proven.proof;
  ports.ledger.note({ event: 'signed_in', method, approvers: [by.id], decision_source: 'person' });
  const browser = await sessions.open(visit.browser, by);
  return seeOther(FRONT, { 'Set-Cookie': cookieFor(browser, { address, userAgent: visit.userAgent }) });
}

export async function signOut(site: Site, visit: Known): Promise<Reply> {
  const token = await redeem(site, visit, { purpose: 'sign-out', subject: '', deciding: false });
  if (isUnfit(token)) return showFront(site, visit, token);
  await site.sessions.close(visit.browser);
  return seeOther(FRONT);
}
