/**
 * Shows a recovery code or link: once, to the approver, for a minute. The sign-in is a cookie, which goes to every port of this machine's
 * name; so the approver's factor is asked for again. The value is in this one answer and nowhere else.
 */
import type { PlanRecord } from '../../store/types.ts';
import type { Reply } from '../http.ts';
import { subjectOf, type Proof } from '../proof.ts';
import { isUnfit, notFound, page, redeem, unrecorded, type Known, type Site } from '../site.ts';
import { message } from '../views/layout.ts';
import { revealPage } from '../views/status.ts';
import { planOf, rendered } from './plan.ts';

const SHOWN_S = 60;

export async function reveal(site: Site, visit: Known): Promise<Reply> {
  const plan = await planOf(site, visit);
  if (plan === undefined) return notFound();
  const not = (status: number, error: string) => rendered(site, visit, { plan, status, error: `${error} Nothing was shown.` });
  const token = redeem(site, visit, { purpose: 'reveal', subject: plan.id, deciding: true });
  if (isUnfit(token)) return not(token.status, token.text);
  if (!plan.decided.some((it) => it.by === visit.approver))
    return not(403, 'Only the approver of this request is shown the secret, after signing in.');
  if (site.ports.reveals.waitsUntil(plan.id) === undefined) return gone();
  const digest = subjectOf('reveal', plan.id);
  const proven = await site.proofs({ form: visit.form, digest, nonce: token.nonce, ageMs: token.ageMs, plan: plan.id });
  if (proven.kind === 'refused') return not(403, proven.because);
  if (proven.proof.approver.id !== visit.approver) return not(403, 'That is the factor of somebody else than who signed in.');
  return shown(site, plan, { digest, proof: proven.proof });
}

/** On record first: what was seen can't be taken back. */
async function shown(
  { ports }: Site,
  plan: PlanRecord,
  { digest, proof }: { readonly digest: string; readonly proof: Proof },
): Promise<Reply> {
  const { reveals, ledger, now } = ports;
  const until = reveals.waitsUntil(plan.id);
  if (until === undefined) return gone();
  try {
    await ledger.durable({
      event: 'revealed',
      plan_id: plan.id,
      digest,
      tool: plan.tool,
      target_ids: plan.targets,
      requester: plan.principal,
      method: proof.method,
      approvers: [proof.approver.id],
      decision_source: 'person',
      assertion: proof.assertion,
    });
  } catch {
    return unrecorded();
  }
  const about = reveals.aboutOf(plan.id) ?? '';
  const secrets = reveals.take(plan.id);
  if (secrets === undefined) return gone();
  const values = Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, secret.reveal()]));
  const seconds = Math.max(1, Math.min(SHOWN_S, Math.floor((until - now()) / 1000)));
  return page(200, revealPage(values, about), { Refresh: `${seconds}; url=/approvals/${plan.id}` });
}

const gone = (): Reply => page(409, message('Nothing left to show', 'It expired, or was shown before.'));
