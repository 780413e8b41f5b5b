/** Who looks at the page, and what they may see of a plan. */
import type { Approver, PlanRecord } from '../store/types.ts';
import type { Session } from './sessions.ts';
import type { Known, Site } from './site.ts';
import { isNamed } from './who.ts';

/** Somebody who has signed in. */
export interface Viewer extends Session {
  /** Whether they are an approver at this moment. */
  readonly isApprover: boolean;
  /** As they were enrolled; undefined where they signed in with the provider. */
  readonly enrolled: Approver | undefined;
}

export async function viewerOf({ ports, login }: Site, { session }: Known): Promise<Viewer | undefined> {
  if (session === undefined) return undefined;
  if (login !== undefined) return { ...session, isApprover: isNamed(session.claims, ports), enrolled: undefined };
  const enrolled = (await ports.approvers.list()).find((it) => it.id === session.id);
  return enrolled && { ...session, isApprover: true, enrolled };
}

/**
 * Accounts stand in a plan. On loopback whoever has its address is somebody of this machine; where people sign in, it is for approvers and
 * for who asked.
 */
export const maySee = ({ login }: Site, viewer: Viewer | undefined, plan: PlanRecord): boolean =>
  login === undefined || (viewer !== undefined && (viewer.isApprover || viewer.id === plan.person));
