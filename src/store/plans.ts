/**
 * The rules of plans over a state that has been swept at `now`. A record must exist to be claimed: a lost one means that nothing executes.
 * It holds digests, never arguments. Pure: the state is the only thing changed.
 */
import { deepFreeze } from '../lib/freeze.ts';
import type { Limits } from '../policy/policy.ts';
import { ended, hasEnded, isOpen } from './sweep.ts';
import type { Owner, State } from './state.ts';
import type { Asked, Decided, NewPlan, PlanRecord, Taken } from './types.ts';

const MINUTE_MS = 60_000;
/** From the last yes to the claim. */
export const CLAIM_MS = 5 * MINUTE_MS;
const MAX_WRONG = 3;

export interface Named {
  readonly id: string;
  readonly code: string;
}

export function ask(
  state: State,
  plan: NewPlan,
  { now, limits, named }: { readonly now: number; readonly limits: Pick<Limits, 'waiting' | 'waitingInAll'>; readonly named: Named },
): Asked {
  const open = [...state.plans.values()].filter(isOpen);
  const mine = open.filter((it) => it.principal === plan.principal);
  // Of a form only one that waits: who hears its yes claims it at once, or has died.
  const same = mine.find((it) => isSame(it, plan) && (it.channel === 'page' || it.state === 'waiting'));
  if (same) return { kind: 'plan', plan: same, fresh: false };
  const differs = (it: PlanRecord) => it.digest !== plan.digest || it.channel === plan.channel;
  const others = mine.filter((it) => it.channel === 'page' && it.request === plan.request && differs(it));
  for (const it of others) end(state, it.id, { state: 'void', outcome: 'stale', now });
  if (others.length > 0) return { kind: 'stale' };

  const waits = ({ state: its }: PlanRecord) => its === 'waiting';
  if (!(mine.filter(waits).length < limits.waiting)) return { kind: 'crowded', limit: limits.waiting };
  if (!(open.filter(waits).length < limits.waitingInAll)) return { kind: 'crowded', limit: limits.waitingInAll };
  const fresh = recordOf(plan, { ...named, state: 'waiting', now });
  state.plans.set(fresh.id, fresh);
  return { kind: 'plan', plan: fresh, fresh: true };
}

/** A digest says what would be sent; what it takes to agree must be the same, too. */
const isSame = (it: PlanRecord, plan: NewPlan): boolean =>
  it.digest === plan.digest &&
  it.channel === plan.channel &&
  it.kind === plan.kind &&
  it.approvals === plan.approvals &&
  it.others === plan.others;

function recordOf(
  plan: NewPlan,
  { id, code, state, now }: Named & { readonly state: 'waiting' | 'claimed'; readonly now: number },
): PlanRecord {
  if (!/^[\w-]{1,64}$/.test(id)) throw new RangeError('an id of a plan names a file');
  const expires = now + plan.lifetimeMs;
  if (!Number.isFinite(expires)) throw new RangeError('a plan must expire');
  return deepFreeze({ ...structuredClone(plan), id, code, created: now, expires, state, decided: [] });
}

export function answer(state: State, id: string, { decided, now }: { readonly decided: Decided; readonly now: number }): Taken {
  const plan = state.plans.get(id);
  if (plan === undefined || !isOpen(plan) || !mayAnswer(plan, decided.method)) return 'over';
  if (plan.decided.some((it) => it.by === decided.by)) return 'same';
  if (plan.state !== 'waiting') return 'over';
  // By the store's clock: the page that heard it may run on another machine.
  const more = { ...plan, decided: [...plan.decided, { ...structuredClone(decided), at: now }] };
  const enough = isAgreed(more);
  state.plans.set(id, deepFreeze(enough ? { ...more, state: 'approved' as const, expires: Math.min(plan.expires, now + CLAIM_MS) } : more));
  return enough ? 'approved' : 'more';
}

/** The form is the client's; a phrase without an approver suffices where the plan asks for no approver. */
function mayAnswer({ channel, kind, approvals }: PlanRecord, method: Decided['method']): boolean {
  if (method === 'form') return channel === 'form' && kind === 'confirm';
  if (channel !== 'page') return false;
  return method !== 'phrase' || (kind === 'confirm' && approvals === 0);
}

const isAgreed = ({ decided, approvals }: PlanRecord): boolean => new Set(decided.map((it) => it.by)).size >= Math.max(1, approvals);

/** Whether it could be claimed now; it is not yet. */
export function isClaimable(state: State, id: string, match: { readonly digest: string; readonly principal: string }): boolean {
  const plan = state.plans.get(id);
  return plan?.state === 'approved' && plan.digest === match.digest && plan.principal === match.principal && isAgreed(plan);
}

export function claim(state: State, id: string, owner: { readonly pid: number; readonly instance: string }): void {
  const plan = state.plans.get(id);
  if (plan?.state !== 'approved') return;
  state.plans.set(id, deepFreeze({ ...plan, state: 'claimed' as const, owner: { ...owner } }));
  state.wrong.delete(plan.request);
}

/** Nothing of it is kept that a person reads: nobody is asked. */
export function begin(
  state: State,
  { shown: _shown, ...plan }: NewPlan,
  {
    now,
    named,
    owner,
  }: { readonly now: number; readonly named: Named; readonly owner: { readonly pid: number; readonly instance: string } },
): PlanRecord {
  const fresh = deepFreeze({ ...recordOf({ ...plan, phrase: '' }, { ...named, state: 'claimed', now }), owner: { ...owner } });
  state.plans.set(fresh.id, fresh);
  return fresh;
}

export function finish(state: State, id: string, { outcome, now }: { readonly outcome: string; readonly now: number }): void {
  const plan = state.plans.get(id);
  if (plan?.state !== 'claimed') return;
  if (plan.channel === 'none') state.plans.delete(id); // nobody was asked, so that there is no decision to remember
  else state.plans.set(id, ended(plan, { state: 'done', outcome, now }));
}

export function end(
  state: State,
  id: string,
  as: { readonly state: 'declined' | 'expired' | 'void'; readonly outcome: string; readonly now: number },
): void {
  const plan = state.plans.get(id);
  if (plan && isOpen(plan)) state.plans.set(id, ended(plan, as));
}

/** Newest first; of the same millisecond, the later one. */
export const list = (state: State): readonly PlanRecord[] => [...state.plans.values()].reverse().sort((a, b) => b.created - a.created);

/** Of what is claimed and has no outcome. */
export const ownersOf = (state: State): readonly Owner[] => {
  const owners = [...state.plans.values()].flatMap((it) => (it.state === 'claimed' && it.owner ? [it.owner] : []));
  return [...new Map(owners.map((it) => [`${it.pid} ${it.instance}`, it])).values()];
};

export const claimedBy = (state: State, isTheirs: (owner: Owner) => boolean): readonly PlanRecord[] =>
  [...state.plans.values()].filter((it) => it.state === 'claimed' && it.owner !== undefined && isTheirs(it.owner));

export function coolDown(state: State, request: string, { minutes, now }: { readonly minutes: number; readonly now: number }): void {
  state.wrong.delete(request);
  for (const it of state.plans.values()) if (it.request === request) end(state, it.id, { state: 'declined', outcome: 'declined', now });
  state.cooling.set(request, Math.max(now + minutes * MINUTE_MS, state.cooling.get(request) ?? 0));
}

export function wrongPhrase(state: State, request: string, { minutes, now }: { readonly minutes: number; readonly now: number }): void {
  const known = state.wrong.get(request);
  const count = (known !== undefined && known.until > now ? known.count : 0) + 1;
  if (count >= MAX_WRONG) coolDown(state, request, { minutes, now });
  else state.wrong.set(request, { count, until: now + minutes * MINUTE_MS });
}

export const coolingMs = (state: State, request: string, now: number): number => Math.max(0, (state.cooling.get(request) ?? 0) - now);

/** After a loss of what makes claims unique: nothing that was asked before may be carried out. */
export function voidOpen(state: State, outcome: string, now: number): void {
  for (const it of state.plans.values()) if (!hasEnded(it)) end(state, it.id, { state: 'void', outcome, now });
}
