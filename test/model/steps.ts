/** What clients, people, clocks and operators do, as data that fast-check can make smaller, and how it is done. */
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { expect } from 'vitest';
import { APPROVER, APPROVER_2 } from '../support/harness.ts';
import type { Called, Peer, PeerOptions } from '../support/peer.ts';
import { CHANGES, type Change, type PolicyName } from './calls.ts';
import type { Server } from './server.ts';
import { UPSETS, type Upset, type World } from './world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

const CLIENTS: readonly PeerOptions[] = [
  { era: 'legacy', elicitation: { form: {} } },
  { era: 'modern', elicitation: { form: {} } },
  { era: 'legacy', elicitation: { form: {}, url: {} } },
  { era: 'legacy', elicitation: { url: {} } },
  { era: 'modern', elicitation: { url: {} } },
  { era: 'legacy' },
  { era: 'modern' },
];
const HOWS = ['right', 'wrong', 'decline', 'cancel', 'garbage', 'never'] as const;
type How = (typeof HOWS)[number];
type Forged = 'nothing' | 'the call' | 'the state' | 'a letter of it';

type Step =
  | {
      readonly do: 'call';
      /** Both: at the same time. */
      readonly server: 0 | 1 | 'both';
      readonly times: number;
      readonly client: number;
      readonly what: number | 'again';
      readonly how: How;
      readonly thinking: number;
      readonly meanwhile: Upset | undefined;
      readonly fuse: { readonly at: number; readonly what: 'die before' | 'die after' | Upset | number } | undefined;
      readonly leaves: boolean;
    }
  | {
      readonly do: 'leg';
      readonly server: 0 | 1;
      readonly times: number;
      readonly client: number;
      readonly pick: number;
      readonly how: How;
      readonly forged: Forged;
    }
  | {
      readonly do: 'page';
      readonly pick: number;
      readonly by: readonly string[];
      readonly method: 'passkey' | 'totp' | 'phrase' | 'form';
      /** The call is made again, as the agent was told to. */
      readonly then: 'call' | undefined;
    }
  | { readonly do: 'no'; readonly pick: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'upset'; readonly what: Upset }
  | { readonly do: 'restart'; readonly newKey: boolean };

const mostly = <T, U>(usual: T, weight: number, other: fc.Arbitrary<U>): fc.Arbitrary<T | U> =>
  fc.oneof({ weight, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: other });
const ms = fc.constantFrom(
  SECOND,
  SECOND,
  2 * MINUTE,
  4 * MINUTE,
  6 * MINUTE,
  11 * MINUTE,
  31 * MINUTE,
  2 * HOUR,
  72 * HOUR,
  -30 * SECOND,
  -2 * MINUTE,
  -10 * MINUTE,
);
/** From the newest on. */
const pick = fc.constantFrom(0, 0, 0, 0, 1, 1, 2, 5);
const server = fc.constantFrom(0 as const, 0 as const, 1 as const);
const upset = fc.constantFrom(...UPSETS, 'thaw' as const, 'unlock' as const, 'ledger works' as const);
const how = mostly('right' as const, 3, fc.constantFrom(...HOWS));

const TAKEOVERS = [...CHANGES.keys()].filter((it) => CHANGES[it]?.effect === 'takeover');
const call = fc.record({
  do: fc.constant('call' as const),
  server: fc.oneof({ weight: 5, arbitrary: server }, { weight: 1, arbitrary: fc.constant('both' as const) }),
  times: mostly(1, 6, fc.constant(2)),
  client: fc.nat({ max: CLIENTS.length - 1 }),
  what: mostly('again' as const, 1, fc.oneof(fc.nat({ max: CHANGES.length - 1 }), fc.constantFrom(...TAKEOVERS))),
  how,
  thinking: fc.constantFrom(0, 2 * SECOND, 2 * SECOND, 2 * SECOND, 6 * MINUTE),
  meanwhile: mostly(undefined, 5, upset),
  fuse: mostly(
    undefined,
    2,
    fc.record({
      at: fc.nat({ max: 25 }),
      what: fc.oneof(
        fc.constantFrom('die before' as const, 'die after' as const),
        fc.constantFrom('die before' as const, 'die after' as const),
        upset,
        ms,
      ),
    }),
  ),
  leaves: mostly(false, 5, fc.constant(true)),
});
const leg = fc.record({
  do: fc.constant('leg' as const),
  server,
  times: mostly(1, 2, fc.constant(2)),
  client: fc.constantFrom(1, 1, 1, 4),
  pick,
  how,
  forged: mostly('nothing' as const, 1, fc.constantFrom('the call' as const, 'the state' as const, 'a letter of it' as const)),
});
const BOTH = [APPROVER.id, APPROVER_2.id];
const page = fc.record({
  do: fc.constant('page' as const),
  pick,
  by: fc.constantFrom([APPROVER.id], [APPROVER_2.id], [APPROVER.id, APPROVER.id], BOTH, BOTH),
  method: fc.constantFrom('passkey' as const, 'passkey' as const, 'totp' as const, 'totp' as const, 'phrase' as const, 'form' as const),
  then: fc.constantFrom('call' as const, undefined),
});
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: call },
    { weight: 4, arbitrary: leg },
    { weight: 8, arbitrary: page },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('no' as const), pick }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), ms }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('upset' as const), what: upset }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('upset' as const), what: fc.constant('restore' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), newKey: mostly(false, 3, fc.constant(true)) }) },
  ),
  { minLength: 8, maxLength: 42, size: 'max' },
);

export const games = fc.record({ policy: fc.constantFrom<PolicyName[]>('standard', 'strict', 'two', 'two'), all: steps });

export async function play({ policy, all }: { readonly policy: PolicyName; readonly all: readonly Step[] }, world: World): Promise<void> {
  await world.upset(policy);
  for (const step of all) {
    await take(step, world);
    expect(world.witness.violations).toEqual([]);
  }
}

function take(step: Step, world: World): Promise<void> | void {
  if (step.do === 'pass') return world.pass(step.ms);
  if (step.do === 'upset') return world.upset(step.what);
  if (step.do === 'restart') return world.restart(step.newKey);
  if (step.do === 'call') return makeCall(step, world);
  if (step.do === 'leg') return makeLeg(step, world);
  const id = [...world.witness.plans.keys()].at(-1 - step.pick);
  if (id === undefined) return undefined;
  return step.do === 'no' ? world.decline(id) : sayYes(id, step, world);
}

async function sayYes(id: string, { by, method, then }: Extract<Step, { do: 'page' }>, world: World): Promise<void> {
  for (const it of by) await world.answer(id, { by: it, method });
  const plan = world.witness.plans.get(id);
  if (then === undefined || !plan) return;
  world.last = plan.call;
  await makeCall({ ...PLAIN, client: plan.channel === 'form' ? 0 : 5 }, world);
}

type Call = Extract<Step, { do: 'call' }>;
interface Making {
  readonly world: World;
  readonly index: number;
  readonly server: Server;
  readonly peer: Peer;
  readonly change: Change;
}

async function making(world: World, { index, client, change }: { index: number; client: number; change: Change }): Promise<Making> {
  const its = await world.server(index);
  const peer = await its.peer(CLIENTS[client] ?? { era: 'legacy' });
  its.asked = undefined;
  its.atWrite = undefined;
  its.light(undefined);
  Object.assign(its.doings, { call: change, policy: world.policy, since: world.witness.tick() });
  return { world, index, server: its, peer, change };
}

const PLAIN: Call = {
  do: 'call',
  server: 0,
  times: 1,
  client: 5,
  what: 'again',
  how: 'right',
  thinking: 2 * SECOND,
  meanwhile: undefined,
  fuse: undefined,
  leaves: false,
};

async function makeCall(step: Call, world: World): Promise<void> {
  const change = step.what === 'again' ? (world.last ?? CHANGES[0]) : CHANGES[step.what];
  if (!change) throw new Error('no such call');
  world.last = change;
  if (step.server === 'both' || step.times > 1) return atOnce(step, change, world);
  const it = await making(world, { index: step.server, client: step.client, change });
  const owed = world.isOwed(it.index, change.name);
  const before = world.witness.counts.get('writes') ?? 0;
  const cancelling = answersAs(step, it);
  const { fuse } = step;
  if (fuse) it.server.light({ at: fuse.at, what: effectOf(fuse.what, world) });
  const answer = await exchange(it, {}, cancelling);
  const sent = (world.witness.counts.get('writes') ?? 0) - before;
  const wroteAt = cancelling.wroteAt();
  if (wroteAt !== undefined) world.owe(it.index, change.name, Math.min(wroteAt, world.now()));
  if (owed && !fuse && !step.leaves) {
    expect([answer?.meta[REPLAYED], sent]).toEqual([true, 0]);
    world.witness.count('replayed');
  }
  if (answer && answer.meta[REPLAYED] !== true) isTrue(answer, sent);
  noteAnswer(answer, it);
  return undefined;
}

const REPLAYED = 'ory-identity-mcp/replayed';

/** What the agent is told about what was sent. */
function isTrue({ outcome, text }: Called, sent: number): void {
  if (sent > 0)
    expect([outcome, text]).toEqual([expect.stringMatching(/^(?:executed|unknown|failed)$/), expect.not.stringMatching(/othing was sent/)]);
  else expect(outcome).not.toBe('executed');
}

function effectOf(what: NonNullable<Call['fuse']>['what'], world: World): 'die before' | 'die after' | (() => Promise<void>) {
  if (what === 'die before' || what === 'die after') return what;
  return typeof what === 'number' ? async () => world.pass(what) : () => world.upset(what);
}

/** The same call, several times at the same time, on one server or on both. */
async function atOnce(step: Call, change: Change, world: World): Promise<void> {
  const all: Making[] = [];
  for (const index of step.server === 'both' ? [0, 1] : [step.server])
    all.push(await making(world, { index, client: step.client, change }));
  for (const it of all) world.isOwed(it.index, change.name);
  for (const it of all) answersAs({ ...step, how: step.how === 'never' ? 'cancel' : step.how, leaves: false, meanwhile: undefined }, it);
  const each = all.flatMap((it) => Array.from({ length: step.times }, async () => ({ it, answer: await exchange(it, {}) })));
  for (const { it, answer } of await Promise.all(each)) noteAnswer(answer, it);
}

/** Sends one request and waits for its answer; undefined where there is none: the server died, or the client went. */
async function exchange({ server: its, peer, change }: Making, beside: Record<string, unknown>, cancelling?: Cancelling) {
  const before = its.closed;
  const answered = peer.once(change.tool, change.args, { ...beside, sent: (id) => cancelling?.sent(id) });
  const gone = cancelling?.left.then(async () => {
    for (let round = 0; round < 2_000 && its.closed === before && !its.isDead; round += 1) await sleep(round < 100 ? 0 : 5);
    if (its.closed === before && !its.isDead) throw new Error('a call whose client went does not end');
    return undefined;
  });
  return Promise.race([answered, its.died.then(() => undefined), ...(gone ? [gone] : [])]);
}

interface Cancelling {
  readonly sent: (id: number) => void;
  /** Resolves when the client has gone. */
  readonly left: Promise<void>;
  /** When it went while a write was on its way. */
  readonly wroteAt: () => number | undefined;
}

const contentOf: Readonly<Record<Exclude<How, 'never'>, (phrase: string) => Record<string, unknown>>> = {
  right: (phrase) => ({ action: 'accept', content: { typed: phrase } }),
  wrong: () => ({ action: 'accept', content: { typed: 'yes' } }),
  decline: () => ({ action: 'decline' }),
  cancel: () => ({ action: 'cancel' }),
  garbage: () => ({ action: 'accept', content: { approved: true } }),
};

/** The person at the client: reads, thinks, and answers, while other things happen. */
function answersAs({ how: its, thinking, meanwhile, leaves }: Call, { world, server: on, peer }: Making): Cancelling {
  let id = 0;
  let wroteAt: number | undefined;
  let goes = () => {};
  const left = new Promise<void>((resolve) => (goes = resolve));
  const cancel = async () => {
    peer.notify('notifications/cancelled', { requestId: id });
    goes();
    for (let i = 0; i < 3; i += 1) await new Promise((go) => setImmediate(go));
  };
  const thinks = async () => {
    world.pass(thinking);
    if (meanwhile !== undefined) await world.upset(meanwhile);
  };
  peer.person = async ({ phrase }) => {
    const asked = on.asked?.id ?? '';
    await thinks();
    if (its === 'never') {
      await cancel();
      return undefined;
    }
    if (its === 'right') world.witness.said('form', asked);
    return contentOf[its](phrase);
  };
  peer.onLink = async () => {
    on.shown();
    const asked = on.asked?.id ?? '';
    await thinks();
    if (its === 'right') await world.answer(asked, { by: APPROVER.id, method: 'passkey' });
    return { action: 'accept' };
  };
  if (leaves) {
    on.atWrite = async () => {
      on.atWrite = undefined;
      await cancel();
      wroteAt = world.now();
    };
  }
  return { sent: (its) => (id = its), left, wroteAt: () => wroteAt };
}

const SAID_NO = /The person said no|not the phrase that agrees|question was cancelled/;

function noteAnswer(answer: Awaited<ReturnType<typeof exchange>>, { world, server: its, change }: Making): void {
  if (!answer) return;
  world.witness.count(answer.outcome ?? (answer.isError ? 'error' : 'result'));
  if (its.asked && its.asked.channel === 'form' && refused(answer)) world.witness.refused(its.asked.id);
  if (answer.state !== undefined) world.questions.push({ call: change, state: answer.state, phrase: answer.phrase });
}
const refused = (answer: Called): boolean => answer.outcome === 'declined' && SAID_NO.test(answer.text);

/** The answer to a question that was handed out earlier, or something that looks like one. */
async function makeLeg(step: Extract<Step, { do: 'leg' }>, world: World): Promise<void> {
  const held = world.questions.at(-1 - step.pick);
  if (!held) return;
  const change =
    step.forged === 'the call' ? (CHANGES[(CHANGES.indexOf(held.call) + 1 + step.pick) % CHANGES.length] ?? held.call) : held.call;
  const other = world.questions.at(-2 - step.pick) ?? held;
  const state = step.forged === 'the state' ? other.state : step.forged === 'a letter of it' ? spoilt(held.state) : held.state;
  const its = step.how === 'never' ? 'cancel' : step.how;
  const consent = contentOf[its](held.phrase);

  const it = await making(world, { index: step.server, client: step.client, change });
  world.isOwed(it.index, change.name);
  const plan = world.witness.plans.get(state.split('.')[0] ?? '');
  const isMeant = plan !== undefined && plan.call === change && step.forged !== 'a letter of it';
  if (isMeant && its === 'right' && plan.phrase === held.phrase) world.witness.said('form', plan.id);
  const beside = { requestState: state, inputResponses: { consent } };
  const answers = await Promise.all(Array.from({ length: step.times }, () => exchange(it, beside)));
  for (const answer of answers) {
    if (answer && refused(answer) && isMeant && its !== 'right') world.witness.refused(plan.id);
    if (step.forged !== 'nothing') world.witness.count('forged');
    noteAnswer(answer, it);
  }
}

const spoilt = (state: string): string => `${state.slice(0, -2)}${state.at(-2) === 'A' ? 'B' : 'A'}${state.slice(-1)}`;
