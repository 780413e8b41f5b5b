/** Shows a recovery code or link: once, to the approver, for a minute. The value is in this one answer and nowhere else. */
import type { Reply } from '../http.ts';
import { isUnfit, notFound, page, redeem, unrecorded, type Known, type Site } from '../site.ts';
import { message } from '../views/layout.ts';
import { revealPage } from '../views/status.ts';

const SHOWN_S = 60;

export async function reveal(site: Site, visit: Known): Promise<Reply> {
  const { store, reveals, ledger, approvers, now } = site.ports;
  const plan = await store.plans.find(visit.path.split('/')[2] ?? '');
  if (plan?.channel !== 'page') return notFound();
  const token = redeem(site, visit, { purpose: 'reveal', subject: plan.id, deciding: true });
  if (isUnfit(token)) return page(token.status, message('Not shown', 'Nothing was shown. Open the request again.', undefined));
  const approver = (await approvers.list()).find((it) => it.id === visit.approver);
  if (approver === undefined || !plan.decided.some((it) => it.by === approver.id)) {
    return page(403, message('Not shown', 'Only the approver of this request is shown the secret, after signing in. Nothing was shown.'));
  }
  const until = reveals.waitsUntil(plan.id);
  if (until === undefined) return page(409, message('Nothing left to show', 'It expired, or was shown before.'));
  try {
    // On record first: what was seen can't be taken back.
    await ledger.durable({
      event: 'revealed',
      plan_id: plan.id,
      digest: plan.digest,
      tool: plan.tool,
      target_ids: plan.targets,
      requester: plan.principal,
      approvers: [approver.id],
      decision_source: 'person',
    });
  } catch {
    return unrecorded();
  }
  const secrets = reveals.take(plan.id);
  if (secrets === undefined) return page(409, message('Nothing left to show', 'It expired, or was shown before.'));
  const values = Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, secret.reveal()]));
  const seconds = Math.max(1, Math.min(SHOWN_S, Math.floor((until - now()) / 1000)));
  return page(200, revealPage(values), { Refresh: `${seconds}; url=/approvals/${plan.id}` });
}
