/** Who may say yes to a plan, here and now. */
import { standingOf } from '../store/standing.ts';
import type { Approver, PlanRecord } from '../store/types.ts';
import type { PagePorts } from './types.ts';
import type { Way } from './views/decision.ts';

type Ports = Pick<PagePorts, 'approvers' | 'policy' | 'level' | 'now'>;
/** What is asked of an approver: a plan, or the lifting of a lock. */
type Asked = Pick<PlanRecord, 'created' | 'kind' | 'others' | 'principal' | 'decided' | 'waitHours'>;

/** Undefined: they may; else why not, a sentence. */
export function mayApprove(approver: Approver, asked: Asked, ports: Omit<Ports, 'approvers'>): string | undefined {
  const { name } = approver;
  if (asked.decided.some((it) => it.by === approver.id)) return `${name} has approved this already; another approver is needed.`;
  if (asked.others && approver.id === asked.principal)
    return `Policy wants somebody other than the requester, and ${name} is the requester.`;
  const standing = standingOf(approver, {
    planCreated: asked.created,
    kind: asked.kind === 'confirm' ? 'confirm' : 'approve',
    waitHours: Math.max(asked.waitHours ?? 0, ports.policy().approvers.waitHours),
    level: ports.level,
    now: ports.now(),
  });
  if (standing === 'counts') return undefined;
  if (standing.countsFrom !== undefined) {
    const hours = Math.max(1, Math.ceil((standing.countsFrom - ports.now()) / 3_600_000));
    return `${name} was enrolled lately, and counts for requests of this kind in ${hours === 1 ? 'an hour' : `${hours} hours`}.`;
  }
  return `${name} was enrolled after this was asked. The request has to be made again.`;
}

/** How a yes can be given to a plan that waits. `challenge`: what a passkey would sign. */
export async function wayTo(plan: PlanRecord, { ports, challenge }: { readonly ports: Ports; readonly challenge: string }): Promise<Way> {
  const all = await ports.approvers.list();
  const phrase = plan.kind === 'confirm' && plan.approvals === 0 && ports.policy().approvers.phrase;
  if (all.length === 0) return phrase ? { kind: 'phrase' } : { kind: 'none', because: [NOBODY] };
  const approvers = all.filter((it) => mayApprove(it, plan, ports) === undefined);
  if (approvers.length > 0) return { kind: 'factor', approvers, challenge };
  return { kind: 'none', because: all.flatMap((it) => mayApprove(it, plan, ports) ?? []) };
}

const NOBODY =
  'Nobody is enrolled as an approver. Whoever runs this server can do that on its machine, with “ory-identity-mcp approver enroll”; after that the request has to be made again.';
