/** What clients, people, clocks and operators do, as data: fast-check makes it up, and makes it smaller. */
import fc from 'fast-check';
import { APPROVER, APPROVER_2 } from '../support/harness.ts';
import type { PeerOptions } from '../support/peer.ts';
import { CHANGES, type PolicyName } from './calls.ts';
import { UPSETS, type Upset } from './world.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** What they can show; these and their versions of the protocol. */
export const CLIENTS: readonly PeerOptions[] = [
  { era: 'legacy', elicitation: { form: {} } },
  { era: 'modern', elicitation: { form: {} } },
  { era: 'legacy', elicitation: { form: {}, url: {} } },
  { era: 'legacy', elicitation: { url: {} } },
  { era: 'modern', elicitation: { url: {} } },
  { era: 'legacy' },
  { era: 'modern' },
];
const HOWS = ['right', 'wrong', 'decline', 'cancel', 'garbage', 'never'] as const;
export type How = (typeof HOWS)[number];
export type Forged = 'nothing' | 'the call' | 'the state' | 'a letter of it';

export type Step =
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
      /** The client goes while a write is on its way. */
      readonly leaves: boolean;
      /** Where nobody heard how it ended, the call is made again. */
      readonly next: 'call' | undefined;
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
      readonly next: 'call' | undefined;
    }
  | { readonly do: 'no'; readonly pick: number }
  | { readonly do: 'pass'; readonly ms: number }
  | { readonly do: 'upset'; readonly what: Upset }
  /** The state as it was before a call is put back, and Kratos with it; then the call is made once more. */
  | { readonly do: 'repeat after a roll back' }
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
const next = fc.constantFrom('call' as const, undefined);
const how = mostly('right' as const, 3, fc.constantFrom(...HOWS));

const death = fc.constantFrom('die before' as const, 'die after' as const);
/** What must be noticed at the last moment. */
const justBefore = fc.constantFrom<Upset[]>('freeze', 'freeze', 'move Ada', 'move Grace', 'lose the state', 'lose the state');
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
      what: fc.oneof(death, death, justBefore, upset, ms),
    }),
  ),
  leaves: mostly(false, 4, fc.constant(true)),
  next,
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
  next,
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
    { weight: 2, arbitrary: fc.record({ do: fc.constant('repeat after a roll back' as const) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), newKey: mostly(false, 3, fc.constant(true)) }) },
  ),
  { minLength: 8, maxLength: 42, size: 'max' },
);

export interface Game {
  /** To begin with. */
  readonly policy: PolicyName;
  readonly all: readonly Step[];
}
export type CallStep = Extract<Step, { do: 'call' }>;
export type LegStep = Extract<Step, { do: 'leg' }>;
export type PageStep = Extract<Step, { do: 'page' }>;

export const games: fc.Arbitrary<Game> = fc.record({
  policy: fc.constantFrom<PolicyName[]>('standard', 'strict', 'two', 'two'),
  all: steps,
});
