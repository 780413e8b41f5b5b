/** What stops changes until an approver lifts it on the page: the lock on a requester, and the freeze of everything. */
import { createHash } from 'node:crypto';
import { canonical } from '../lib/json.ts';
import { clean } from '../lib/text.ts';
import { LEAST_WAIT_HOURS } from '../store/standing.ts';
import type { Freeze } from '../store/types.ts';
import type { Site, SitePorts } from './site.ts';
import { mayApprove, mayApproveSignedIn, type AskedOf } from './who.ts';
import type { Approver } from '../store/types.ts';
import type { Session } from './sessions.ts';

export type StopKind = 'unlock' | 'thaw';
/** Names one: a requester by the principal, a freeze by what it was when it was shown, so that nobody lifts one that they did not see. */
export interface StopName {
  readonly kind: StopKind;
  readonly subject: string;
}
export interface Stop extends StopName {
  /** Milliseconds since 1970; undefined: nobody knows. */
  readonly since: number | undefined;
}
export interface FreezeStop extends Stop {
  /** As somebody wrote it, cleaned; a line for each time. */
  readonly why: readonly string[];
}

/** Undefined: there is none by that name, or no more. */
export async function stopBy({ kind, subject }: StopName, { store }: SitePorts): Promise<Stop | undefined> {
  if (kind === 'thaw') {
    const freeze = await freezeStop(store);
    return freeze?.subject === subject ? freeze : undefined;
  }
  const since = await store.counters.lockedSince(subject);
  return since === undefined ? undefined : { kind, subject, since };
}

export const locksOf = async ({ counters }: SitePorts['store']): Promise<readonly Stop[]> =>
  (await counters.locked()).map(({ principal, since }) => ({ kind: 'unlock', subject: principal, since }));

export async function freezeStop(store: SitePorts['store']): Promise<FreezeStop | undefined> {
  const freeze = await store.whyFrozen();
  return freeze && { kind: 'thaw', subject: nameOf(freeze), since: freeze.since, why: linesOf(freeze) };
}

const nameOf = (freeze: Freeze): string =>
  createHash('sha256')
    .update(canonical([freeze.since ?? null, freeze.why]))
    .digest('base64url');

const LINE_CAP = 300;
const MOST_LINES = 10;
const linesOf = ({ why, since }: Freeze): readonly string[] =>
  (since !== undefined && why.startsWith(`${new Date(since).toISOString()} `) ? why.slice(why.indexOf(' ')) : why)
    .split('\n')
    .map((it) => clean(it, LINE_CAP).text.trim())
    .filter((it) => it !== '')
    .slice(0, MOST_LINES);

/** Lifting one is as much as approving: by an approver who was there before it, and who counts. */
const liftingOf = ({ kind, subject, since }: Stop, now: number): AskedOf => ({
  created: since ?? now,
  kind: 'approve',
  others: false,
  approvals: 1,
  principal: kind === 'unlock' ? subject : '',
  decided: [],
  waitHours: LEAST_WAIT_HOURS,
  lifts: true,
});

/** Undefined: the enrolled approver may; else why not, a sentence. */
export const mayLift = (approver: Approver, stop: Stop, site: Pick<Site, 'ports' | 'isMounted'>): string | undefined =>
  mayApprove(approver, liftingOf(stop, site.ports.now()), site);

/** The same for who signed in with the provider. */
export const mayLiftSignedIn = (session: Session, stop: Stop, ports: SitePorts): string | undefined =>
  mayApproveSignedIn(session, liftingOf(stop, ports.now()), ports);
