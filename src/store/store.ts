/** The store: the rules of `plans.ts` and `counters.ts` over a state that is kept somewhere. */
import { createLocks, type Locks } from '../lib/mutex.ts';
import { accessTo, type Access } from './access.ts';
import { claimsOf } from './claims.ts';
import * as counting from './counters.ts';
import { openFileBacking } from './files.ts';
import type { Folder } from './folder.ts';
import { createFileLocks } from './locks.ts';
import { memoryBacking } from './memory.ts';
import { namedBy, type StoreNames } from './names.ts';
import * as rules from './plans.ts';
import type { Backing } from './state.ts';
import type { Counters, Plans, Store } from './types.ts';

export interface StorePorts extends StoreNames {
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export const createMemoryStore = (ports: StorePorts): Store => createStore(memoryBacking(ports.now), ports);

/** Throws `UsageError` where what is in the folder can't be used. */
export const openFileStore = async (folder: Folder, ports: StorePorts): Promise<Store> =>
  createStore(await openFileBacking(folder, ports.now), ports, createFileLocks(folder));

/** Every function of it throws where the state can't be had; the caller then does nothing. */
export function createStore(backing: Backing, names: StoreNames, locks: Locks = createLocks()): Store {
  const access = accessTo(backing);
  const { freeze } = backing;
  return {
    plans: plansOf(access, backing, names),
    counters: countersOf(access),
    locks,
    isFrozen: async () => freeze.is(),
    whyFrozen: async () => freeze.why(),
    freeze: async (why) => freeze.set(why),
    thaw: async () => freeze.clear(),
    close: async () => backing.close?.(),
  };
}

function plansOf(access: Access, backing: Backing, names: StoreNames): Plans {
  const { look, change } = access;
  return {
    ...claimsOf(access, backing, names),
    ask: (plan, limits, asking) =>
      change((state, now) => {
        const asked = rules.ask(state, plan, { now, limits, named: namedBy(names) });
        if (asking === undefined || asked.kind !== 'plan' || (plan.channel === 'page' && !asked.fresh)) return asked;
        const spent = counting.spend(state, [asking], now);
        if (spent.ok) return asked;
        if (asked.fresh) rules.end(state, asked.plan.id, { state: 'void', outcome: 'denied', now });
        return { kind: 'over', spent };
      }),
    find: (id) => look((state) => state.plans.get(id)),
    list: () => look(rules.list),
    answer: (id, decided) => change((state, now) => rules.answer(state, id, { decided, now })),
    end: (id, state, outcome) => change((all, now) => rules.end(all, id, { state, outcome, now })),
    coolDown: (request, minutes) => change((state, now) => rules.coolDown(state, request, { minutes, now })),
    wrongPhrase: (request, minutes) => change((state, now) => rules.wrongPhrase(state, request, { minutes, now })),
    coolingMs: (request) => look((state, now) => rules.coolingMs(state, request, now)),
  };
}

function countersOf({ look, change, secure }: Access): Counters {
  return {
    spend: (spendings) => change((state, now) => counting.spend(state, spendings, now)),
    used: (budget, of, windowMs) => look((state, now) => counting.used(state, { budget, of, windowMs, now })),
    refund: (spendings) => change((state) => counting.refund(state, spendings)),
    declined: (principal, limit) => change((state, now) => counting.declined(state, principal, { limit, now })),
    lockedSince: (principal) => look((state) => state.locks.get(principal)),
    lock: (principal) => secure((state, now) => counting.lock(state, principal, now)),
    unlock: (principal) => secure((state) => counting.unlock(state, principal)),
    locked: () => look(counting.locked),
    remember: (target, link) => change((state, now) => counting.remember(state, target, { link, now })),
    remembered: (target, windowMs) => look((state, now) => counting.remembered(state, target, { windowMs, now })),
  };
}
