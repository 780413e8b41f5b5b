/**
 * Any order of asking, answering, claiming, ending, of clocks that are set, restarts and losses, by two servers on one folder or one Redis:
 * a claim succeeds exactly where this page says that it may.
 */
import { copyFileSync, existsSync, rmSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createMemoryStore, openFileStore } from '../../src/store/store.ts';
import type { Decided, NewPlan, Store } from '../../src/store/types.ts';
import type { RedisStore } from '../../src/store/redis/open.ts';
import { redisIsThere } from '../redis/server.ts';
import { openStore, prefix } from '../redis/support.ts';
import { clock, matchOf, MINUTE, newPlan, ports, redisServer, SECOND, stateFolder, yes, type Clock } from './support.ts';

type Step =
  | { readonly do: 'ask'; readonly call: number; readonly contents: number; readonly principal: string; readonly terms: number }
  | { readonly do: 'answer'; readonly pick: number; readonly by: string; readonly method: Decided['method'] | 'right' }
  | { readonly do: 'claim'; readonly pick: number; readonly digest: boolean; readonly principal: boolean; readonly times: number }
  | { readonly do: 'finish' | 'end' | 'coolDown'; readonly pick: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: Upset };
type Upset = 'restart' | 'lose the state' | 'lose the claims' | 'copy' | 'roll back';

const TERMS: readonly Pick<NewPlan, 'channel' | 'kind' | 'approvals' | 'lifetimeMs'>[] = [
  { channel: 'page', kind: 'approve', approvals: 1, lifetimeMs: 30 * MINUTE },
  { channel: 'page', kind: 'approve', approvals: 2, lifetimeMs: 30 * MINUTE },
  { channel: 'page', kind: 'confirm', approvals: 0, lifetimeMs: 30 * MINUTE },
  { channel: 'form', kind: 'confirm', approvals: 0, lifetimeMs: 5 * MINUTE },
];
/** Which kinds of answer count for which terms. */
const COUNTS: readonly (readonly Decided['method'][])[] = [
  ['passkey', 'totp'],
  ['passkey', 'totp'],
  ['passkey', 'totp', 'phrase'],
  ['form'],
];

const pick = fc.constantFrom(0, 0, 0, 0, 0, 1, 1, 2, 7); // counted from the newest one
const yesOrRarelyNo = fc.nat({ max: 9 }).map((it) => it > 0);
const common = [
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('ask' as const),
      call: fc.nat({ max: 1 }),
      contents: fc.nat({ max: 1 }),
      principal: fc.constantFrom('anna', 'anna', 'berta'),
      terms: fc.nat({ max: TERMS.length - 1 }),
    }),
  },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('answer' as const),
      pick,
      by: fc.constantFrom('a', 'b'),
      method: fc.constantFrom(
        'right' as const,
        'right' as const,
        'right' as const,
        'passkey' as const,
        'totp' as const,
        'phrase' as const,
        'form' as const,
      ),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('claim' as const),
      pick,
      digest: yesOrRarelyNo,
      principal: yesOrRarelyNo,
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('finish' as const, 'end' as const, 'coolDown' as const), pick }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('pass' as const),
      ms: fc.constantFrom(
        SECOND,
        SECOND,
        SECOND,
        2 * MINUTE,
        2 * MINUTE,
        5 * MINUTE,
        10 * MINUTE,
        30 * MINUTE,
        -30 * SECOND,
        -MINUTE,
        -10 * MINUTE,
      ),
    }),
  },
];
const upset = (...names: Upset[]) => ({
  weight: 1,
  arbitrary: fc.record({ do: fc.constantFrom(...names) }),
});

interface Known {
  readonly plan: NewPlan;
  readonly terms: number;
  readonly created: number;
  /** When each of those said yes whose yes counts. */
  readonly yes: Map<string, number>;
  over: boolean;
  claimed: boolean;
}

/** What may be claimed, said independently of the store. */
class Model {
  readonly known = new Map<string, Known>();
  /** After a copy was put back, ends are undone, and only what may never happen is compared. */
  exact = true;
  granted = 0;
  readonly #time: Clock;
  constructor(time: Clock) {
    this.#time = time;
  }
  ids = () => [...this.known.keys()];
  isAgreed = ({ yes: its, plan }: Known) => its.size >= Math.max(1, plan.approvals);
  isInTime(it: Known): boolean {
    const latest = Math.max(it.created, ...it.yes.values());
    // From the yes that was enough, by the clock as it was then: set back, it may have stood before the asking.
    const agreed = this.isAgreed(it) ? ([...it.yes.values()].at(-1) ?? it.created) : Number.POSITIVE_INFINITY;
    const until = Math.min(it.created + it.plan.lifetimeMs, agreed + 5 * MINUTE);
    return this.#time.now() < until && this.#time.now() > latest - MINUTE;
  }
  /** Whatever is done with the store, it sees what time has done. */
  look(): void {
    for (const it of this.known.values()) if (!it.claimed && !this.isInTime(it)) it.over = true;
  }
  isOpen = (it: Known) => !it.over && !it.claimed;
}

interface Surroundings {
  readonly stores: Store[];
  readonly restart: () => Promise<void>;
  readonly lose: (name: 'state.json' | 'claims') => unknown;
  readonly copy: () => unknown;
  readonly rollBack: () => boolean | Promise<boolean>;
}

async function play(steps: readonly Step[], { stores, ...around }: Surroundings, time: Clock): Promise<number> {
  const model = new Model(time);
  for (const [index, step] of steps.entries()) {
    const store = stores[index % stores.length];
    if (!store) throw new Error('no store');
    await take(step, { model, store, stores, around, time });
  }
  return model.granted;
}

interface Game {
  readonly model: Model;
  readonly store: Store;
  readonly stores: readonly Store[];
  readonly around: Omit<Surroundings, 'stores'>;
  readonly time: Clock;
}
interface Picked {
  readonly id: string;
  readonly it: Known;
  readonly game: Game;
}

async function take(step: Step, game: Game): Promise<void> {
  const { model, time } = game;
  if (step.do === 'pass') return time.pass(step.ms);
  if (step.do === 'ask') return ask(step, game);
  if (!('pick' in step)) return upsetBy(step.do, game);
  const id = model.ids().at(-1 - (step.pick % Math.max(1, model.known.size)));
  const it = model.known.get(id ?? '');
  if (id === undefined || it === undefined) return undefined;
  model.look();
  if (step.do === 'answer') return answer(step, { id, it, game });
  if (step.do === 'claim') return claim(step, { id, it, game });
  return stop(step.do, { id, it, game });
}

async function upsetBy(name: Upset, game: Game): Promise<void> {
  const { around, model } = game;
  if (name === 'restart') return around.restart();
  if (name === 'copy') return void (await around.copy());
  if (name === 'lose the state') return lose('state.json', game);
  if (name === 'lose the claims') return lose('claims', game);
  if (await around.rollBack()) model.exact = false;
  return undefined;
}

async function stop(name: 'finish' | 'end' | 'coolDown', { id, it, game: { model, store } }: Picked): Promise<void> {
  if (name === 'finish') return store.plans.finish(id, 'executed');
  if (name === 'end') await store.plans.end(id, 'void', 'cancelled');
  else await store.plans.coolDown(it.plan.request, 0);
  const all = name === 'end' ? [it] : [...model.known.values()].filter((each) => each.plan.request === it.plan.request);
  for (const each of all) each.over ||= !each.claimed;
  return undefined;
}

async function ask(step: Extract<Step, { do: 'ask' }>, { model, store, time }: Game): Promise<void> {
  const { call, contents, principal, terms } = step;
  const plan = newPlan({
    principal,
    request: `${principal} ${call}`,
    digest: `${principal} ${call} ${contents} ${terms}`,
    ...TERMS[terms],
  });
  model.look();
  const asked = await store.plans.ask(plan, { waiting: 3, waitingInAll: 5 });
  const mine = [...model.known.values()].filter((it) => model.isOpen(it) && it.plan.principal === principal);
  if (asked.kind === 'stale') {
    const others = mine.filter((it) => it.plan.channel === 'page' && it.plan.request === plan.request);
    if (model.exact) expect(others.length).toBe(1);
    for (const it of others) it.over = true;
  } else if (asked.kind === 'over') {
    throw new Error('no budget was given to be over');
  } else if (asked.kind === 'crowded') {
    if (model.exact) expect(mine.length + model.known.size).toBeGreaterThanOrEqual(3);
  } else if (asked.fresh) {
    expect(model.known.has(asked.plan.id)).toBe(false);
    model.known.set(asked.plan.id, { plan, terms, created: time.now(), yes: new Map(), over: false, claimed: false });
  } else {
    expect(model.known.get(asked.plan.id)?.plan).toMatchObject({ ...matchOf(plan), channel: plan.channel });
    if (model.exact) expect(mine.some((it) => it === model.known.get(asked.plan.id))).toBe(true);
  }
}

async function answer(step: Extract<Step, { do: 'answer' }>, { id, it, game: { model, store, time } }: Picked): Promise<void> {
  const { by } = step;
  const method = step.method === 'right' ? (COUNTS[it.terms]?.[0] ?? 'passkey') : step.method;
  const taken = await store.plans.answer(id, yes(time.now(), { by, method }));
  const may = COUNTS[it.terms]?.includes(method) === true && model.isOpen(it) && !model.isAgreed(it) && !it.yes.has(by);
  const counted = taken === 'approved' || taken === 'more';
  if (counted) it.yes.set(by, time.now());
  if (!model.exact) return;
  expect(counted).toBe(may);
  if (may) expect(taken === 'approved').toBe(model.isAgreed(it));
}

async function claim(step: Extract<Step, { do: 'claim' }>, { id, it, game: { model, stores } }: Picked): Promise<void> {
  const { digest, principal } = matchOf(it.plan);
  const match = { digest: step.digest ? digest : 'other', principal: step.principal ? principal : 'mallory' };
  const tries = stores.flatMap((each) => Array.from({ length: step.times }, () => each.plans.claim(id, match)));
  const granted = (await Promise.all(tries)).filter(Boolean).length;
  const may = step.digest && step.principal && !it.claimed && model.isAgreed(it) && model.isInTime(it);
  expect(granted).toBeLessThanOrEqual(may ? 1 : 0);
  if (model.exact) expect(granted).toBe(may && !it.over ? 1 : 0);
  it.claimed ||= granted > 0;
  model.granted += granted;
}

/** Until the next start nothing is granted, and after it nothing of what was there before. */
async function lose(name: 'state.json' | 'claims', { model, stores, around }: Game): Promise<void> {
  await around.lose(name);
  for (const [id, { plan }] of model.known) {
    for (const store of stores) expect(await store.plans.claim(id, matchOf(plan)).catch(() => false)).toBe(false);
  }
  await around.restart();
  for (const it of model.known.values()) it.over = true;
}

async function inFiles(time: Clock): Promise<Surroundings> {
  const folder = stateFolder();
  const open = (name: string) => openFileStore(folder, ports(time.now, { instance: name }));
  const stores = [await open('one'), await open('other')];
  const copy = `${folder.path}.copy`;
  return {
    stores,
    async restart() {
      stores.splice(0, 2, await open('one'), await open('other'));
    },
    lose: (name) => rmSync(folder.file(name), { recursive: true }),
    copy: () => copyFileSync(folder.file('state.json'), copy),
    rollBack() {
      if (!existsSync(copy)) return false;
      copyFileSync(copy, folder.file('state.json'));
      return true;
    },
  };
}

const inMemory = (time: Clock): Surroundings => ({
  stores: [createMemoryStore(ports(time.now))],
  restart: async () => {},
  lose: () => {},
  copy: () => {},
  rollBack: () => false,
});

/** What would lie in files is one key there; what was claimed cannot be lost without the rest. */
async function onRedis(time: Clock): Promise<Surroundings> {
  const { url, say } = await redisServer();
  const tuning = { prefix: prefix(), time: time.now };
  const key = `${tuning.prefix}state`;
  const opened: RedisStore[] = [];
  const open = async (instance: string) => {
    const one = await openStore({ url, instance, tuning });
    opened.push(one);
    return one.store;
  };
  const stores = [await open('one'), await open('other')];
  let copy: string[] = [];
  return {
    stores,
    async restart() {
      await Promise.all(opened.splice(0).map((it) => it.close()));
      stores.splice(0, 2, await open('one'), await open('other'));
    },
    lose: () => say('DEL', key),
    async copy() {
      copy = (await say('HGETALL', key)) as string[]; // names and values
    },
    async rollBack() {
      if (copy.length > 0) await say('HSET', key, ...copy);
      return copy.length > 0;
    },
  };
}

const REDIS = redisIsThere()
  ? [
      { where: 'on Redis', kinds: [...common, upset('restart', 'lose the state')], runs: 40, open: onRedis },
      {
        where: 'on a Redis that is put back',
        kinds: [...common, upset('restart', 'copy', 'roll back', 'roll back')],
        runs: 25,
        open: onRedis,
      },
    ]
  : [];

test.each([
  { where: 'in memory', kinds: common, runs: 300, open: async (time: Clock) => inMemory(time) },
  { where: 'in files', kinds: [...common, upset('restart', 'lose the state', 'lose the claims')], runs: 40, open: inFiles },
  { where: 'in files that are put back', kinds: [...common, upset('restart', 'copy', 'roll back', 'roll back')], runs: 40, open: inFiles },
  ...REDIS,
])('a plan is claimed once, agreed to by as many as it needs, in time, or not at all ($where)', async ({ kinds, runs, open }) => {
  let granted = 0;
  const steps: fc.Arbitrary<Step[]> = fc.array(fc.oneof(...kinds), { minLength: 5, maxLength: 45, size: 'max' });
  const property = fc.asyncProperty(steps, async (all) => {
    const time = clock();
    granted += await play(all, await open(time), time);
  });
  await fc.assert(property, { numRuns: runs });
  expect(granted).toBeGreaterThan(runs / 10); // else nothing was tried
});
