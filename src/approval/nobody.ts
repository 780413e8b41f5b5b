/** Whether the page has somebody who could answer, and why not: said before anybody is asked. */
import { UsageError } from '../errors.ts';
import { standingOf, type Standing } from '../store/standing.ts';
import type { Approver } from '../store/types.ts';
import type { Asking, PageChannel, SettlePorts } from './settled.ts';

interface Asked {
  readonly plan: Pick<Asking['plan'], 'kind' | 'approvals' | 'others' | 'person'>;
}
type Ports = Pick<SettlePorts, 'page' | 'approvers' | 'now'>;

/** Whether the page has somebody to answer this call, were it asked now. */
export const hasSomebody = async (asking: Asked, ports: Ports): Promise<boolean> => (await whyNobody(asking, ports)) === undefined;

/** Why nobody could answer, for the agent and the person it tells; undefined where somebody can. */
export async function whyNobody({ plan }: Asked, ports: Ports): Promise<string | undefined> {
  if (plan.kind === 'allow' || plan.approvals === 0) return undefined; // a typed phrase is enough
  const { page } = ports;
  if (page.signIn === true && ports.approvers.who.length === 0) return NOT_NAMED;
  if (page.isMounted === true && wantsOther(plan) && plan.person === undefined) return NO_OWNER;
  return page.signIn === true ? undefined : whyNobodyEnrolled(plan, ports);
}

const wantsOther = ({ others, approvals }: Asked['plan']): boolean => others || approvals === 2;

async function whyNobodyEnrolled(plan: Asked['plan'], ports: Ports): Promise<string | undefined> {
  const { kind: asked, approvals: needed, person } = plan;
  const { page, approvers, now } = ports;
  const kind = asked === 'confirm' ? ('confirm' as const) : ('approve' as const);
  const time = now();
  const facts = { planCreated: time, kind, waitHours: approvers.waitHours, level: page.level, now: time };
  const all = await known(page);
  if (all === undefined)
    return 'The list of approvers does not fit its seal, as if it had been edited by hand; nobody can approve, and nothing was sent. The operator has to look at the state folder (the command doctor says more).';
  const mustBeOther = page.isMounted === true && wantsOther(plan);
  if (mustBeOther && all.length > 0 && !all.some(({ id }) => id === person)) return NOT_ENROLLED;
  const may = mustBeOther ? all.filter(({ id }) => id !== person) : all;
  const standings: readonly Standing[] = may.map((it) => standingOf(it, facts));
  const counting = standings.filter((it) => it === 'counts').length;
  if (counting >= needed) return undefined;
  const begins = lackOf({ needed, counting, enrolled: all.length });
  const from = standings.flatMap((it) => (it !== 'counts' && it.countsFrom !== undefined ? [it.countsFrom] : [])).sort((a, b) => a - b);
  const enough = from[needed - counting - 1]; // when as many count as are needed
  if (enough !== undefined) return `${begins} Enough are enrolled, but counting for this only from ${secondsOf(enough)} on.`;
  return `${begins}${waitOf(kind, ports)} ${howToEnrol(page)}`;
}

interface Lack {
  readonly needed: number;
  readonly counting: number;
  readonly enrolled: number;
}
function lackOf({ needed, counting, enrolled }: Lack): string {
  const by = needed > 1 ? `${needed} different approvers` : 'An approver';
  const able = counting > 0 ? 'only one can' : enrolled === 0 ? 'nobody is enrolled as one' : 'none counts for it yet';
  return `${by} must agree to this call on the approvals page, and ${able}. Nothing was sent.`;
}

const waitOf = (kind: 'confirm' | 'approve', { page, approvers: { waitHours } }: Ports): string =>
  kind === 'approve' && page.level === 'L0' && waitHours > 0 ? ` A new one counts for this after ${waitHours} hours.` : '';

function howToEnrol({ isMounted = false, enrol }: PageChannel): string {
  const how = isMounted ? 'The operator enrols one on the machine of the server.' : AT_HOME;
  return `${how} Show the user the command for it, and do not run it yourself: ${enrol}`;
}

const AT_HOME = 'A person enrols one, with a passkey and in a terminal of their own.';
const NOT_NAMED =
  'An approver must agree to this call on the approvals page, and the policy names nobody as one (approvers: who). Nothing was sent. The operator has to name them in the policy file.';
const NO_OWNER =
  'Somebody other than the requester must agree to this call, and nobody can tell whose access token this is. Nothing was sent. The operator has to name the owner of the static token (token add --owner), or the claim that names a person (--oauth-person-claim).';

const NOT_ENROLLED =
  'Somebody other than the requester must agree to this call, and nobody can tell the requester from the approvers who are enrolled here. Nothing was sent. The operator has to let approvers sign in with a provider (--approvals-client-id), or to give the requester a static token whose owner is an approver, by the id that the command approver list shows.';

const secondsOf = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** Undefined for a list that was tampered with. */
async function known(page: PageChannel): Promise<readonly Approver[] | undefined> {
  try {
    return await page.approvers();
  } catch (error) {
    if (error instanceof UsageError) return undefined;
    throw error;
  }
}
