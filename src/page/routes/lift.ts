/** Lifts a lock or the freeze: by an approver who has signed in, with a factor of its own or a fresh login for exactly this. On record first. */
import type { AuditFields } from '../../audit/record.ts';
import type { Reply } from '../http.ts';
import { subjectOf, type Proof } from '../proof.ts';
import type { Session } from '../sessions.ts';
import { FRONT, isUnfit, redeem, seeOther, unrecorded, type Known, type Site } from '../site.ts';
import { mayLift, mayLiftSignedIn, stopBy, type Stop, type StopName } from '../stops.ts';
import { viewerOf } from '../viewer.ts';
import { beginLogin } from './begin.ts';
import { showFront } from './front.ts';

export const unlock = (site: Site, visit: Known): Promise<Reply> =>
  lift(site, visit, { kind: 'unlock', subject: visit.form.get('principal') ?? '' });
export const thaw = (site: Site, visit: Known): Promise<Reply> =>
  lift(site, visit, { kind: 'thaw', subject: visit.form.get('freeze') ?? '' });

async function lift(site: Site, visit: Known, name: StopName): Promise<Reply> {
  const { login } = site;
  const { kind, subject } = name;
  const not = (status: number, because: string) => showFront(site, visit, { status, text: `${because} ${NOTHING[kind]}` });
  const token = await redeem(site, visit, { purpose: kind, subject, deciding: true });
  if (isUnfit(token)) return showFront(site, visit, token);
  const viewer = await viewerOf(site, visit);
  if (viewer === undefined) return not(403, 'Sign in first.');
  const stop = await stopBy(name, site.ports);
  if (stop === undefined) return showFront(site, visit, { status: 409, text: GONE[kind] });
  if (login !== undefined) {
    const refused = mayLiftSignedIn(viewer, stop, site.ports);
    return refused === undefined ? beginLogin(site, visit, { login, purpose: { kind, subject, by: viewer.id } }) : not(403, refused);
  }
  const proven = await site.proofs({ form: visit.form, digest: subjectOf(kind, subject), nonce: token.nonce, ageMs: token.ageMs });
  if (proven.kind === 'refused') return not(403, proven.because);
  const refused = mayLift(proven.approver, stop, site);
  return refused === undefined ? lifted(site, stop, proven.proof) : not(403, refused);
}

/** After a fresh login for exactly this, by the person who began it. */
export async function liftSignedIn(
  site: Site,
  visit: Known,
  { session, ...name }: StopName & { readonly session: Session },
): Promise<Reply> {
  const stop = await stopBy(name, site.ports);
  if (stop === undefined) return showFront(site, visit, { status: 409, text: GONE[name.kind] });
  const refused = mayLiftSignedIn(session, stop, site.ports);
  if (refused !== undefined) return showFront(site, visit, { status: 403, text: `${refused} ${NOTHING[name.kind]}` });
  return lifted(site, stop, { by: session, method: 'oidc' });
}

const NOTHING = { unlock: 'Nothing was unlocked.', thaw: 'Nothing was thawed.' } as const;
const GONE = {
  unlock: 'That is not locked any more.',
  thaw: 'That freeze is over, or something was frozen anew since this page was served. Nothing was thawed; here is how things stand.',
} as const;

async function lifted({ ports }: Site, { kind, subject, since }: Stop, { by, method, assertion }: Proof): Promise<Reply> {
  const { ledger, store } = ports;
  const what: Pick<AuditFields, 'event' | 'requester' | 'facts'> =
    kind === 'unlock'
      ? { event: 'unlocked', requester: subject }
      : { event: 'thawed', ...(since !== undefined && { facts: { frozen_since: new Date(since).toISOString() } }) };
  try {
    const digest = subjectOf(kind, subject);
    await ledger.durable({ ...what, digest, method, approvers: [by.id], decision_source: 'person', assertion });
  } catch {
    return unrecorded();
  }
  await (kind === 'unlock' ? store.counters.unlock(subject) : store.thaw());
  return seeOther(FRONT);
}
