/**
 * Shows a recovery code or link: once, to the approver, for a minute. The sign-in is a cookie, which goes to every port of this machine's
 * name; so the approver's factor is asked for again, or a fresh login. The value is in this one answer and nowhere else.
 */
import type { PlanRecord } from '../../store/types.ts';
import type { Reply } from '../http.ts';
import { subjectOf, type Proof } from '../proof.ts';
import type { Session } from '../sessions.ts';
import { isUnfit, notFound, page, pathOf, redeem, unrecorded, type Known, type Site } from '../site.ts';
import { backTo, message } from '../views/layout.ts';
import { revealPage } from '../views/status.ts';
import { isNamed } from '../who.ts';
import { beginLogin } from './begin.ts';
import { onPage, planOf, rendered } from './plan.ts';

const SHOWN_S = 60;

export async function reveal(site: Site, visit: Known): Promise<Reply> {
  const plan = await planOf(site, visit);
  if (plan === undefined) return notFound();
  const not = (status: number, error: string) => rendered(site, visit, { plan, status, error: `${error} Nothing was shown.` });
  const token = await redeem(site, visit, { purpose: 'reveal', subject: plan.id, deciding: true });
  if (isUnfit(token)) return not(token.status, token.text);
  const by = visit.session?.id;
  if (by === undefined || !plan.decided.some((it) => it.by === by))
    return not(403, 'Only the approver of this request is shown the secret, after signing in.');
  if ((await site.ports.reveals.waiting(plan.id)) === undefined) return gone();
  const { login } = site;
  if (login !== undefined) return beginLogin(site, visit, { login, purpose: { kind: 'reveal', plan: plan.id, by } });
  const digest = subjectOf('reveal', plan.id);
  const proven = await site.proofs({ form: visit.form, digest, nonce: token.nonce, ageMs: token.ageMs, plan: plan.id });
  if (proven.kind === 'refused') return not(403, proven.because);
  if (proven.proof.by.id !== by) return not(403, 'That is the factor of somebody else than who signed in.');
  return shown(site, plan, { digest, proof: proven.proof });
}

/** After a fresh login for exactly this, by the person who began it. */
export async function revealSignedIn(
  site: Site,
  { plan: id, session }: { readonly plan: string; readonly session: Session },
): Promise<Reply> {
  const plan = await onPage(site, id);
  if (plan === undefined) return notFound();
  if (!plan.decided.some((it) => it.by === session.id) || !isNamed(session.claims, site.ports)) {
    const because = 'Only the approver of this request is shown the secret. Nothing was shown.';
    return page(403, message('That did not count', because, backTo(id)));
  }
  return shown(site, plan, { digest: subjectOf('reveal', id), proof: { by: session, method: 'oidc' } });
}

/** On record first: what was seen can't be taken back. */
async function shown(
  { ports }: Site,
  plan: PlanRecord,
  { digest, proof }: { readonly digest: string; readonly proof: Proof },
): Promise<Reply> {
  const { reveals, ledger, now } = ports;
  const waiting = await reveals.waiting(plan.id);
  if (waiting === undefined) return gone();
  try {
    await ledger.durable({
      event: 'revealed',
      plan_id: plan.id,
      digest,
      tool: plan.tool,
      target_ids: plan.targets,
      requester: plan.principal,
      policy_hash: plan.policyHash,
      method: proof.method,
      approvers: [proof.by.id],
      decision_source: 'person',
      assertion: proof.assertion,
    });
  } catch {
    return unrecorded();
  }
  const { about, expiresAt } = waiting;
  const secrets = await reveals.take(plan.id);
  if (secrets === undefined) return gone();
  const values = Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, secret.reveal()]));
  const seconds = Math.max(1, Math.min(SHOWN_S, Math.floor((expiresAt - now()) / 1000)));
  return page(200, revealPage(values, about), { Refresh: `${seconds}; url=${pathOf(plan.id)}` });
}

const gone = (): Reply => page(409, message('Nothing left to show', 'It expired, or was shown before.'));
