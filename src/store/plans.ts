/**
 * The plans that wait for a person, in memory. A record must exist to be claimed: a lost store means that nothing executes. It holds
 * digests only, never arguments. Everything here is synchronous, so that two answers at the same time can't both take a plan.
 */
export interface WaitingPlan {
  readonly id: string;
  readonly digest: string;
  readonly request: string;
  readonly principal: string;
  /** Milliseconds, by the store's clock. */
  readonly expires: number;
}

export interface PlansOptions {
  readonly now: () => number;
  readonly randomId: () => string;
  /** How long a question stands. */
  readonly lifetimeMs?: number;
  /** How long a declined call is not asked again. */
  readonly coolDownMs?: number;
}

export interface Plans {
  /** The waiting plan with this digest, or a new one. Undefined: too many wait already. */
  ask(plan: Pick<WaitingPlan, 'digest' | 'request' | 'principal'>): WaitingPlan | undefined;
  /** A plan of this principal that waits; ended, expired, foreign and unknown are alike. */
  find(id: string, principal: string): WaitingPlan | undefined;
  /** approved → claimed, once: true for exactly one caller, and only for an equal digest before the plan expires. */
  claim(plan: WaitingPlan, digest: string): boolean;
  /** Ends a plan: nobody can answer it any more. */
  end(plan: WaitingPlan): void;
  /** Keeps the same call from being asked again for a while, and ends what was asked about it already. */
  coolDown(request: string): void;
  /** Counts a wrong phrase for the same call; the third cools it down. */
  wrongPhrase(request: string): void;
  /** Milliseconds until the same call may be asked again; 0: now. */
  coolingMs(request: string): number;
}

const MAX_WAITING = 200;
const MAX_WRONG = 3;

export function createPlans({ now, randomId, lifetimeMs = 5 * 60_000, coolDownMs = 10 * 60_000 }: PlansOptions): Plans {
  const waiting = new Map<string, WaitingPlan>();
  const cooling = new Map<string, number>();
  const wrong = new Map<string, { count: number; until: number }>();

  function sweep(): void {
    const time = now();
    for (const it of waiting.values()) if (it.expires <= time) waiting.delete(it.id);
    for (const [request, until] of cooling) if (until <= time) cooling.delete(request);
    for (const [request, it] of wrong) if (it.until <= time) wrong.delete(request);
  }

  function coolDown(request: string): void {
    wrong.delete(request);
    for (const it of waiting.values()) if (it.request === request) waiting.delete(it.id);
    cooling.set(request, now() + coolDownMs);
  }

  return {
    ask(plan) {
      sweep();
      const same = [...waiting.values()].find((it) => it.digest === plan.digest && it.principal === plan.principal);
      if (same) return same;
      if (waiting.size >= MAX_WAITING) return undefined;
      const fresh = Object.freeze({ ...plan, id: randomId(), expires: now() + lifetimeMs });
      waiting.set(fresh.id, fresh);
      return fresh;
    },
    find(id, principal) {
      const plan = waiting.get(id);
      return plan?.principal === principal && plan.expires > now() ? plan : undefined;
    },
    claim(plan, digest) {
      const mine = waiting.get(plan.id);
      if (mine?.digest !== digest || mine.principal !== plan.principal || mine.expires <= now()) return false;
      wrong.delete(mine.request);
      return waiting.delete(mine.id);
    },
    end(plan) {
      waiting.delete(plan.id);
    },
    coolDown,
    wrongPhrase(request) {
      const count = (wrong.get(request)?.count ?? 0) + 1;
      if (count >= MAX_WRONG) coolDown(request);
      else wrong.set(request, { count, until: now() + coolDownMs });
    },
    coolingMs: (request) => Math.max(0, (cooling.get(request) ?? 0) - now()),
  };
}
