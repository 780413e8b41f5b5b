/** The store: the rules of `plans.ts` and `counters.ts` over a state that is kept somewhere. */
import { createHash } from 'node:crypto';
import { isAlive } from './file-lock.ts';
import { createLocks, type Locks } from '../lib/mutex.ts';
import * as counting from './counters.ts';
import { openFileBacking } from './files.ts';
import type { Folder } from './folder.ts';
import { createFileLocks } from './locks.ts';
import { memoryBacking } from './memory.ts';
import * as rules from './plans.ts';
import type { Backing, State } from './state.ts';
import { sweep } from './sweep.ts';
import type { Counters, PlanRecord, Plans, Store } from './types.ts';

export interface StorePorts {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** 128 bits, base64url. */
  readonly randomId: () => string;
  /** Another one each time the program starts. */
  readonly instance: string;
  /** Left out: this process. */
  readonly pid?: number;
}

export const createMemoryStore = (ports: StorePorts): Store => createStore(memoryBacking(), ports);

/** Throws `UsageError` where what is in the folder can't be used. */
export const openFileStore = async (folder: Folder, ports: StorePorts): Promise<Store> =>
  createStore(await openFileBacking(folder, ports.now), ports, createFileLocks(folder));

/** Every function of it throws where the state can't be had; the caller then does nothing. */
export function createStore(backing: Backing, ports: StorePorts, locks: Locks = createLocks()): Store {
  const access = accessTo(backing, ports.now);
  const promised = <T>(work: () => T): Promise<T> => Promise.resolve().then(work);
  return {
    plans: plansOf(access, backing, ports),
    counters: countersOf(access),
    locks,
    isFrozen: () => promised(() => backing.freeze.is()),
    freeze: (why) => promised(() => backing.freeze.set(why)),
    thaw: () => promised(() => backing.freeze.clear()),
    close: () => Promise.resolve(),
  };
}

interface Access {
  /** A look costs no lock, unless it finds that something expired. */
  readonly look: <T>(work: (state: State, now: number) => T) => Promise<T>;
  readonly change: <T>(work: (state: State, now: number) => T) => Promise<T>;
  /** The same, and outliving a power cut. */
  readonly secure: <T>(work: (state: State, now: number) => T) => Promise<T>;
}

function accessTo(backing: Backing, now: () => number): Access {
  const changing =
    (durable: boolean) =>
    <T>(work: (state: State, time: number) => T): Promise<T> =>
      backing.update(
        (state) => {
          const time = now();
          sweep(state, time);
          return work(state, time);
        },
        { durable },
      );
  const change = changing(false);
  return {
    change,
    secure: changing(true),
    async look(work) {
      const state = await backing.read();
      const time = now();
      return sweep(state, time) ? change(work) : work(state, time);
    },
  };
}

function plansOf({ look, change, secure }: Access, backing: Backing, { randomId, instance, pid = process.pid }: StorePorts): Plans {
  const owner = { pid, instance };
  const named = () => ({ id: randomId(), code: codeOf(randomId()) });
  const isGone = (its: PlanRecord['owner']): boolean =>
    its === undefined || (its.pid === pid ? its.instance !== instance : !isAlive(its.pid));
  return {
    ask: (plan, limits, asking) =>
      change((state, now) => {
        const asked = rules.ask(state, plan, { now, limits, named: named() });
        if (asking === undefined || asked.kind !== 'plan' || (plan.channel === 'page' && !asked.fresh)) return asked;
        const spent = counting.spend(state, [asking], now);
        if (spent.ok) return asked;
        if (asked.fresh) rules.end(state, asked.plan.id, { state: 'void', outcome: 'denied', now });
        return { kind: 'over', spent };
      }),
    find: (id) => look((state) => state.plans.get(id)),
    list: () => look(rules.list),
    answer: (id, decided) => change((state, now) => rules.answer(state, id, { decided, now })),
    claim: (id, match, spendings = []) =>
      secure((state, now) => {
        if (!rules.isClaimable(state, id, match)) return false;
        if (!counting.spend(state, spendings, now).ok) return false;
        const first = backing.burn(id);
        if (first) rules.claim(state, id, owner);
        else rules.end(state, id, { state: 'void', outcome: 'claimed before', now });
        return first;
      }),
    begin: (plan) => secure((state, now) => rules.begin(state, plan, { now, named: named(), owner })),
    finish: (id, outcome) => change((state, now) => rules.finish(state, id, { outcome, now })),
    end: (id, state, outcome) => change((all, now) => rules.end(all, id, { state, outcome, now })),
    orphans: () => look((state) => rules.orphans(state, isGone)),
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

/** Without those that people mistake for each other. */
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
const codeOf = (random: string): string =>
  [...createHash('sha256').update(random).digest().subarray(0, 4)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
