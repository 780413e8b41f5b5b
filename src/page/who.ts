/** Who may say yes to a plan, here and now. */
import type { Claims } from '../caller.ts';
import { matchesClaims } from '../policy/claims.ts';
import { standingOf } from '../store/standing.ts';
import type { Approver, PlanRecord } from '../store/types.ts';
import type { Session } from './sessions.ts';
import type { Site } from './site.ts';
import type { PagePorts } from './types.ts';
import type { Way } from './views/decision.ts';

type Ports = Pick<PagePorts, 'policy' | 'level' | 'now'>;
/** As much of the page as this asks. */
export interface Here {
  readonly ports: Ports & Pick<PagePorts, 'approvers'>;
  readonly login: Site['login'];
  readonly isMounted: boolean;
}
/** What is asked of an approver: a plan, or the lifting of a lock or a freeze. */
export type AskedOf = Pick<PlanRecord, 'created' | 'kind' | 'others' | 'approvals' | 'principal' | 'person' | 'decided' | 'waitHours'> & {
  readonly lifts?: true;
};

/** Undefined: the enrolled approver may; else why not, a sentence. */
export function mayApprove(approver: Approver, asked: AskedOf, { ports, isMounted }: Omit<Here, 'login'>): string | undefined {
  const { name } = approver;
  if (asked.decided.some((it) => it.by === approver.id)) return already(name);
  if (asked.others && approver.id === asked.principal) return isRequester(name);
  const other = isMounted && wantsOther(asked) ? whyNotOther({ id: approver.id, name }, asked.person) : undefined;
  return other ?? whyNotYet(approver, asked, ports);
}

function whyNotYet(approver: Approver, asked: AskedOf, ports: Ports): string | undefined {
  const { name } = approver;
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
  if (asked.lifts === true) return `${name} was enrolled after this began, and does not count for it.`;
  return `${name} was enrolled after this was asked. The request has to be made again.`;
}

/** The same for a person who signs in with the provider: policy names them, whenever that was. */
export function mayApproveSignedIn(session: Session, asked: AskedOf, ports: Pick<PagePorts, 'policy'>): string | undefined {
  const { id, name } = session;
  if (!isNamed(session.claims, ports)) return `Policy does not name ${name} as an approver.`;
  if (asked.decided.some((it) => it.by === id)) return already(name);
  if (!wantsOther(asked)) return undefined;
  const not = whyNotOther({ id, name }, asked.person);
  if (not !== undefined || asked.person === undefined) return not;
  return kindOf(asked.person) === kindOf(id) ? undefined : NOT_COMPARABLE;
}

const whyNotOther = ({ id, name }: Session, requester: string | undefined): string | undefined =>
  requester === undefined ? NO_OWNER : requester === id ? isRequester(name) : undefined;

/** Whether policy makes an approver of whoever has these claims. */
export const isNamed = (claims: Claims | undefined, { policy }: Pick<PagePorts, 'policy'>): boolean =>
  claims !== undefined && policy().approvers.who.some((all) => matchesClaims(all, claims));

/** Two approvers, or one where policy says so: never the requester. */
const wantsOther = ({ others, approvals }: AskedOf): boolean => others || approvals === 2;

/** Persons of one kind can be told apart: by the same issuer (`<issuer>|<sub>`), or by a claim (no bar in it). See auth/person.ts. */
const kindOf = (person: string): string => person.slice(0, person.lastIndexOf('|') + 1);

const already = (name: string): string => `${name} has approved this already; another approver is needed.`;
const isRequester = (name: string): string => `Policy wants somebody other than the requester, and ${name} is the requester.`;
const NO_OWNER =
  'Somebody other than the requester has to approve this, and nobody can tell whose access token it was asked with. Whoever runs this server names the owner of the static token (token add --owner), or the claim that names a person (--oauth-person-claim); then the request has to be made again.';
const NOT_COMPARABLE =
  'Somebody other than the requester has to approve this, and the requester is known by another provider, or by another claim, than approvers who sign in here, so that nobody can tell them apart. Whoever runs this server lets both use one provider, or sets one claim for both (--oauth-person-claim).';

/** An enrolled approver has an id of this server's making, which is in no token: only an owner who is named by one can be told from them. */
const NOT_ENROLLED =
  'Somebody other than the requester has to approve this, and the requester is not known as one of the approvers who are enrolled here, so that nobody can tell them apart. Whoever runs this server lets approvers sign in with a provider (--approvals-client-id), or gives the requester a static token whose owner is an approver, by the id that approver list shows.';

/** Whether somebody else than the requester is wanted, and the requester is a person that nobody here can be told from. */
const isStranger = (plan: PlanRecord, all: readonly Approver[], { isMounted }: Here): boolean =>
  isMounted && wantsOther(plan) && plan.person !== undefined && !all.some(({ id }) => id === plan.person);

/** How a yes can be given to a plan that waits. `challenge`: what a passkey would sign. */
export async function wayTo(
  plan: PlanRecord,
  here: Here,
  { challenge, session }: { readonly challenge: string; readonly session: Session | undefined },
): Promise<Way> {
  const { ports, login } = here;
  if (login !== undefined) {
    const not = session === undefined ? SIGN_IN : mayApproveSignedIn(session, plan, ports);
    return not === undefined ? { kind: 'login' } : { kind: 'none', because: [not] };
  }
  const all = await ports.approvers.list();
  const phrase = plan.kind === 'confirm' && plan.approvals === 0 && ports.policy().approvers.phrase;
  if (all.length === 0) return phrase ? { kind: 'phrase' } : { kind: 'none', because: [NOBODY] };
  if (isStranger(plan, all, here)) return { kind: 'none', because: [NOT_ENROLLED] };
  const approvers = all.filter((it) => mayApprove(it, plan, here) === undefined);
  if (approvers.length > 0) return { kind: 'factor', approvers, challenge };
  return { kind: 'none', because: all.flatMap((it) => mayApprove(it, plan, here) ?? []) };
}

const SIGN_IN = 'Sign in first.';
const NOBODY =
  'Nobody is enrolled as an approver who could answer here. Whoever runs this server can do that on its machine, with “ory-identity-mcp approver enroll” (and --totp where this page is not at localhost); after that the request has to be made again.';
