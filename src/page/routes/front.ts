/** The front page: sign in, sign out, look at what waits, lift a lock. */
import { challengeOf } from '../../audit/challenge.ts';
import { LEAST_WAIT_HOURS } from '../../store/standing.ts';
import { cookieFor, type Reply } from '../http.ts';
import { subjectOf } from '../proof.ts';
import { enrolmentsOf, isUnfit, page, redeem, seeOther, unrecorded, viewOf, type Known, type Site } from '../site.ts';
import { frontPage, listPage } from '../views/list.ts';
import { mayApprove } from '../who.ts';

interface Said {
  readonly status: number;
  readonly text: string;
}

export async function showFront(site: Site, visit: Known, said?: Said): Promise<Reply> {
  const { ports } = site;
  const { store } = ports;
  const everyone = await ports.approvers.list();
  const approver = everyone.find((it) => it.id === visit.approver);
  const plans = (await store.plans.list()).filter((it) => it.channel === 'page');
  const common = { enrolments: await enrolmentsOf(site), frozen: await store.isFrozen(), error: said?.text };
  const status = said?.status ?? 200;
  if (approver === undefined) {
    const view = viewOf(site, visit, { purpose: 'sign-in' });
    const challenge = challengeOf(subjectOf('sign-in'), view.nonce);
    const waiting = plans.filter((it) => it.state === 'waiting').length;
    return page(status, frontPage({ ...common, waiting, approvers: everyone, challenge, view }));
  }
  const locked = (await store.counters.locked()).map((it) => {
    const view = viewOf(site, visit, { purpose: 'unlock', subject: it.principal });
    const challenge = challengeOf(subjectOf('unlock', it.principal), view.nonce);
    const may = everyone.filter((one) => mayApprove(one, unlocking(it), ports) === undefined);
    return { ...it, challenge, view, approvers: may };
  });
  const reveals = new Set(plans.filter((it) => ports.reveals.waitsUntil(it.id) !== undefined).map((it) => it.id));
  const signOut = viewOf(site, visit, { purpose: 'sign-out' });
  return page(status, listPage({ ...common, approver, plans, reveals, locked, signOut, now: ports.now() }));
}

/** Lifting a lock is as much as approving: by an approver who was there before it, and who counts. */
const unlocking = ({ principal, since }: { readonly principal: string; readonly since: number }) =>
  ({ created: since, kind: 'approve', others: false, principal, decided: [], waitHours: LEAST_WAIT_HOURS }) as const;

export async function signIn(site: Site, visit: Known): Promise<Reply> {
  const token = redeem(site, visit, { purpose: 'sign-in', subject: '', deciding: false });
  if (isUnfit(token)) return showFront(site, visit, token);
  const proven = await site.proofs({ form: visit.form, digest: subjectOf('sign-in'), nonce: token.nonce, ageMs: token.ageMs });
  if (proven.kind === 'refused') return showFront(site, visit, { status: 403, text: proven.because });
  const { approver, method } = proven.proof;
  site.ports.ledger.note({ event: 'signed_in', method, approvers: [approver.id], decision_source: 'person' });
  const browser = site.sessions.open(visit.browser, approver.id);
  return seeOther('/', { 'Set-Cookie': cookieFor(browser, { authority: site.authority, userAgent: visit.userAgent }) });
}

export async function signOut(site: Site, visit: Known): Promise<Reply> {
  const token = redeem(site, visit, { purpose: 'sign-out', subject: '', deciding: false });
  if (isUnfit(token)) return showFront(site, visit, token);
  site.sessions.close(visit.browser);
  return seeOther('/');
}

/** By somebody who has signed in, and with a factor of its own. */
export async function unlock(site: Site, visit: Known): Promise<Reply> {
  const { ports } = site;
  const principal = visit.form.get('principal') ?? '';
  const token = redeem(site, visit, { purpose: 'unlock', subject: principal, deciding: true });
  if (isUnfit(token)) return showFront(site, visit, token);
  if (visit.approver === undefined) return showFront(site, visit, { status: 403, text: 'Sign in first. Nothing was unlocked.' });
  const since = await ports.store.counters.lockedSince(principal);
  if (since === undefined) return showFront(site, visit, { status: 409, text: 'That is not locked any more.' });
  const digest = subjectOf('unlock', principal);
  const proven = await site.proofs({ form: visit.form, digest, nonce: token.nonce, ageMs: token.ageMs });
  if (proven.kind === 'refused') return showFront(site, visit, { status: 403, text: `${proven.because} Nothing was unlocked.` });
  const { approver, method, assertion } = proven.proof;
  const refused = mayApprove(approver, unlocking({ principal, since }), ports);
  if (refused !== undefined) return showFront(site, visit, { status: 403, text: `${refused} Nothing was unlocked.` });
  try {
    await ports.ledger.durable({
      event: 'unlocked',
      digest,
      requester: principal,
      method,
      approvers: [approver.id],
      decision_source: 'person',
      assertion,
    });
  } catch {
    return unrecorded();
  }
  await ports.store.counters.unlock(principal);
  return seeOther('/');
}
