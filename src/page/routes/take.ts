/** A yes that was shown to be one: on record first, then it counts. */
import type { AuditFields } from '../../audit/record.ts';
import type { Entered } from '../../policy/entered.ts';
import type { Decided, PlanRecord } from '../../store/types.ts';
import { cookieFor } from '../address.ts';
import type { Reply } from '../http.ts';
import type { Proof } from '../proof.ts';
import { pathOf, seeOther, unrecorded, type Known, type Site } from '../site.ts';
import { rendered } from './plan.ts';

export interface Yes {
  readonly plan: PlanRecord;
  readonly entered: Entered;
  /** Undefined: a typed phrase. */
  readonly proof?: Proof;
}

/** No approval without a durable record of it. */
export async function take(site: Site, visit: Known, { plan, entered, proof }: Yes): Promise<Reply> {
  const { ports } = site;
  const decided = decidedBy(proof, entered, ports.now());
  const record = { ...recordOf(plan), method: decided.method, approvers: [decided.by], decision_source: 'person' } as const;
  const given = { reason_given: entered.reason !== undefined, ticket: entered.ticket, assertion: proof?.assertion };
  try {
    await ports.ledger.durable({ ...record, ...given, event: 'approved' });
  } catch {
    return unrecorded();
  }
  const taken = await ports.store.plans.answer(plan.id, decided);
  if (taken === 'approved' || taken === 'more') return seeOther(pathOf(plan.id), await signedIn(site, visit, proof));
  ports.ledger.note({ ...record, event: 'denied', outcome: taken === 'same' ? 'same approver' : 'too late' });
  return rendered(site, visit, { plan: (await ports.store.plans.find(plan.id)) ?? plan, status: 409, error: NOT_TAKEN[taken] });
}

const decidedBy = (proof: Proof | undefined, entered: Entered, at: number): Decided =>
  proof === undefined
    ? { by: 'phrase', name: 'a typed phrase', method: 'phrase', at, ...entered }
    : { by: proof.by.id, name: proof.by.name, method: proof.method, at, ...entered };

const NOT_TAKEN = {
  same: 'You have approved this already; another approver is needed.',
  over: 'This request does not wait for an answer any more.',
} as const;

/** Enough for looking; never for the next yes, nor for being shown a secret. The yes stands already, so nothing here may fail. */
async function signedIn(
  { sessions, address }: Site,
  { browser, userAgent }: Known,
  proof: Proof | undefined,
): Promise<Readonly<Record<string, string>>> {
  if (proof === undefined) return {};
  try {
    return { 'Set-Cookie': cookieFor(await sessions.open(browser, proof.by), { address, userAgent }) };
  } catch {
    return {};
  }
}

/** What the ledger says of the plan with every event. */
export const recordOf = (plan: PlanRecord): Omit<AuditFields, 'event'> => ({
  plan_id: plan.id,
  digest: plan.digest,
  request_hash: plan.request,
  tool: plan.tool,
  effects: plan.effects,
  target_ids: plan.targets,
  rule: plan.shown?.rule,
  verdict: plan.kind,
  requester: plan.principal,
  client: plan.client,
  policy_hash: plan.policyHash,
  render_hash: plan.renderHash,
});
