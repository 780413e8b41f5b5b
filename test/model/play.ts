/** Does what the steps say, and looks after each whether anything happened that should not have. */
import { expect } from 'vitest';
import { CHANGES, type Change } from './calls.ts';
import { ANSWERS, exchange, expectTrue, isNo, making, REPLAYED, seat, type Making } from './client.ts';
import type { Fuse } from './server.ts';
import type { CallStep, Game, LegStep, PageStep, Step } from './steps.ts';
import type { Known } from './witness.ts';
import type { Held, World } from './world.ts';

export async function play({ policy, all }: Game, world: World): Promise<void> {
  await world.upset(policy);
  for (const step of all) {
    await take(step, world);
    expect(world.witness.violations).toEqual([]);
  }
}

async function take(step: Step, world: World): Promise<void> {
  switch (step.do) {
    case 'call':
      return call(step, world);
    case 'leg':
      return leg(step, world);
    case 'page':
      return sayYes(step, world);
    case 'no':
      return world.decline(idAt(step.pick, world));
    case 'pass':
      return world.pass(step.ms);
    case 'upset':
      return world.upset(step.what);
    case 'restart':
      return world.restart(step.newKey);
    case 'repeat after a roll back':
      await world.upset('copy');
      await call(PLAIN, world);
      await world.upset('roll back');
      await world.upset('restore');
      return call(PLAIN, world);
  }
}

const idAt = (pick: number, { witness }: World): string => [...witness.plans.keys()].at(-1 - pick) ?? '';

async function sayYes({ pick, by, method, next }: PageStep, world: World): Promise<void> {
  const id = idAt(pick, world);
  for (const it of by) await world.answer(id, { by: it, method });
  const plan = world.witness.plans.get(id);
  if (next === undefined || !plan) return;
  world.last = plan.call;
  await call({ ...PLAIN, client: plan.channel === 'form' ? 0 : 5 }, world);
}

const PLAIN: CallStep = {
  do: 'call',
  server: 0,
  times: 1,
  client: 5,
  what: 'again',
  how: 'right',
  thinking: 2_000,
  meanwhile: undefined,
  fuse: undefined,
  leaves: false,
  next: undefined,
};

async function call(step: CallStep, world: World): Promise<void> {
  const change = step.what === 'again' ? (world.last ?? CHANGES[0]) : CHANGES[step.what];
  if (!change) throw new Error('no such call');
  world.last = change;
  if (step.server === 'both' || step.times > 1) return atOnce(step, change, world);
  const isUnheard = await once(step, await making(world, { index: step.server, client: step.client, change }));
  if (isUnheard && step.next === 'call') await call({ ...PLAIN, server: step.server }, world);
}

/** True where nobody heard how it ended. */
async function once(step: CallStep, it: Making): Promise<boolean> {
  const { world, index, change } = it;
  const { witness } = world;
  const owed = world.isOwed(index, change.name);
  const before = witness.writes;
  const leaving = seat(step, it);
  if (step.fuse) it.server.light({ at: step.fuse.at, what: effectOf(step.fuse.what, world) });
  const answer = await exchange(it, {}, leaving);
  const sent = witness.writes - before;
  const wroteAt = leaving.wroteAt();
  if (wroteAt !== undefined) world.owe(index, change.name, Math.min(wroteAt, world.now()));
  if (owed && !step.fuse && !step.leaves) {
    expect([answer?.meta[REPLAYED], sent]).toEqual([true, 0]);
    witness.count('replayed');
  }
  if (answer && answer.meta[REPLAYED] !== true) expectTrue(answer, sent);
  return wroteAt !== undefined || it.server.isDead;
}

function effectOf(what: NonNullable<CallStep['fuse']>['what'], world: World): Fuse['what'] {
  if (what === 'die before' || what === 'die after') return what;
  return typeof what === 'number' ? async () => world.pass(what) : () => world.upset(what);
}

/** The same call, several times at the same time, on one server or on both. */
async function atOnce(step: CallStep, change: Change, world: World): Promise<void> {
  const all: Making[] = [];
  for (const index of step.server === 'both' ? [0, 1] : [step.server]) {
    all.push(await making(world, { index, client: step.client, change }));
    world.isOwed(index, change.name);
  }
  const patient = { ...step, how: step.how === 'never' ? ('cancel' as const) : step.how, leaves: false, meanwhile: undefined };
  for (const it of all) seat(patient, it);
  await Promise.all(all.flatMap((it) => Array.from({ length: step.times }, () => exchange(it, {}))));
}

/** The answer to a question that was handed out earlier, or something that looks like one. */
async function leg(step: LegStep, world: World): Promise<void> {
  const held = world.questions.at(-1 - step.pick);
  if (!held) return;
  const { change, state } = forged(step, held, world);
  const it = await making(world, { index: step.server, client: step.client, change });
  const { witness } = world;
  world.isOwed(step.server, change.name);
  if (step.forged !== 'nothing') witness.count('forged');
  const how = step.how === 'never' ? 'cancel' : step.how;
  const meant = step.forged === 'a letter of it' ? undefined : planOf(state, change, world);
  if (how === 'right' && meant?.phrase === held.phrase) witness.typed(meant.id);
  const beside = { requestState: state, inputResponses: { consent: ANSWERS[how](held.phrase) } };
  const answers = await Promise.all(Array.from({ length: step.times }, () => exchange(it, beside)));
  if (meant && how !== 'right' && answers.some((each) => each && isNo(each))) witness.refused(meant.id);
}

/** What a person is about to answer, if it is about this call. */
function planOf(state: string, change: Change, { witness }: World): Known | undefined {
  const plan = witness.plans.get(state.split('.')[0] ?? '');
  return plan?.call === change ? plan : undefined;
}

function forged({ forged: what, pick }: LegStep, held: Held, { questions }: World): Pick<Held, 'state'> & { readonly change: Change } {
  const { call: change, state } = held;
  if (what === 'the call') return { state, change: CHANGES[(CHANGES.indexOf(change) + 1 + pick) % CHANGES.length] ?? change };
  if (what === 'the state') return { state: (questions.at(-2 - pick) ?? held).state, change };
  if (what === 'a letter of it') return { state: `${state.slice(0, -2)}${state.at(-2) === 'A' ? 'B' : 'A'}${state.slice(-1)}`, change };
  return { state, change };
}
