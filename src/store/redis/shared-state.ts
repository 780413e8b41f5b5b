/**
 * The state as one document in a Redis or Valkey, which all replicas read and replace: whole or not at all, one after another. What a change
 * makes of it is worked out here, by the same rules as anywhere; the server only compares versions and takes it in.
 *
 * It is bound to the server's run. After a restart or a failover nobody knows what was lost last, so that open questions end then; budgets,
 * cool-downs, locks and the history stay.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createLocks, LockBusy } from '../../lib/mutex.ts';
import { BadState, contentOf, readContent, STATE_VERSION } from '../encode.ts';
import { StateLost, type Burn, type State } from '../state.ts';
import { BadBox, type Box } from './box.ts';
import { aboutOf, isSame, mended, nextHead, type Known } from './known.ts';
import type { Link } from './link.ts';
import { answerOf, writtenOf, type Answer, type Head } from './replies.ts';
import { READ, WRITE } from './scripts.ts';

export interface Draft {
  readonly state: State;
  /** Why all changes are off; undefined: they are not. */
  frozen: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly burn: Burn;
}
export interface Committing {
  readonly durable?: boolean;
  /** Where there is no state, a new one begins: at the start of a process only. */
  readonly make?: boolean;
}
export interface SharedStateOptions {
  readonly link: Link;
  readonly box: Box;
  /** The name of a key. */
  readonly key: (name: string) => string;
  /** Milliseconds for a look or a change, once it is its turn. */
  readonly deadlineMs: number;
  /** The store's time, from the server's: the same, but for tests. */
  readonly time: (server: number) => number;
}

const BURNT_MS = 8 * 24 * 3_600_000;
/** Each try that fails is a change of somebody else's that was kept. */
const MAX_TRIES = 100;
const LONGEST_TURN_MS = 5_000;
/** Milliseconds that a replica has for saying that it has what was claimed. */
const REPLICA_MS = 100;
const ROUND_TRIP_MS = 150;

const GONE =
  'What was remembered there is gone: it was emptied, or restarted without its data. Nothing is done until one of these servers is started anew.';

export class SharedState {
  readonly #options: SharedStateOptions;
  readonly #turns = createLocks();
  #known: Known | undefined;
  #begun = false;
  #well = true;
  #looking: Promise<Draft> | undefined;

  constructor(options: SharedStateOptions) {
    this.#options = options;
  }

  /** Looks at what is there, or begins a new state: then true. Throws `BadState`, `StateLost`. */
  async open(): Promise<boolean> {
    await this.commit(() => {}, { make: true, durable: true });
    return this.#begun;
  }

  /** Whether the last look or change came through. */
  isWell(): boolean {
    return this.#well;
  }

  /** All who ask before it begins share one look. What comes back must be copied before it is changed. */
  look(): Promise<Draft> {
    const looking = (this.#looking ??= this.#inTurn(() => {
      this.#looking = undefined;
      return this.#commit((draft) => draft, {});
    }));
    return looking.catch((error: unknown) => {
      if (this.#looking === looking) this.#looking = undefined; // its turn never came
      throw error;
    });
  }

  /** `change` may be called more than once. Throws `StateLost`, or what `change` throws; `make`: also `BadState`. */
  commit<T>(change: (draft: Draft) => T, options: Committing = {}): Promise<T> {
    return this.#inTurn(() => this.#commit(change, options));
  }

  /** One after another, so that only other processes can come between. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await this.#turns.run(['state'], work, { waitMs: LONGEST_TURN_MS });
      this.#well = true;
      return result;
    } catch (error) {
      this.#well = !(error instanceof StateLost);
      throw error instanceof LockBusy ? new StateLost('Too much waits for the store.', { cause: error }) : error;
    }
  }

  async #commit<T>(change: (draft: Draft) => T, options: Committing): Promise<T> {
    try {
      return await this.#committed(change, options);
    } catch (error) {
      if (!(error instanceof BadState) || options.make === true) throw error; // at the start the operator is told what to do
      throw new StateLost(`What the store holds cannot be used: ${error.message}. Nothing is done with it.`, { cause: error });
    }
  }

  async #committed<T>(change: (draft: Draft) => T, { durable = false, make = false }: Committing): Promise<T> {
    const { link, key, deadlineMs } = this.#options;
    const until = performance.now() + deadlineMs;
    const args = [this.#known?.head.version ?? ''];
    const answer = answerOf(await link.run(READ, { keys: [key('state')], args, until }));
    const turn: Turn = { until, durable, make, answer, before: this.#known, burnt: new Set() };
    for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
      const done = await this.#tried(change, turn);
      if (done) return done.result;
      await sleep(Math.random() * Math.min(tries, 10));
    }
    throw new StateLost('Others change what is in the store all the time; nothing was done.');
  }

  /** Undefined: others were faster, and `turn` knows what there is now. */
  async #tried<T>(change: (draft: Draft) => T, turn: Turn): Promise<{ readonly result: T } | undefined> {
    const { answer, make, burnt } = turn;
    const before = this.#understood(turn);
    turn.before = before;
    const burning: string[] = [];
    const burn: Burn = (plan) => !burnt.has(plan) && burning.push(plan) > 0;
    const now = this.#options.time(answer.now);
    const draft: Draft = { ...mended(before, { known: this.#known, run: answer.run, now }), now, burn };
    const result = change(draft);
    if (before?.head.run === answer.run && isSame(before, draft) && !(make && before.isOld)) {
      this.#known = before;
      return { result };
    }
    return (await this.#wrote(turn, draft, burning)) ? { result } : undefined;
  }

  async #wrote(turn: Turn, draft: Draft, burning: readonly string[]): Promise<boolean> {
    const { answer, before, burnt, until } = turn;
    const { serial } = this.#options.link;
    const head = nextHead(before?.head, { known: this.#known?.head, run: answer.run });
    const written = writtenOf(await this.#write({ head, draft, replaces: before?.head.version ?? '', burning, until }));
    if (written.kind === 'seen') turn.answer = written.answer;
    if (written.kind === 'burnt') for (const it of burning) burnt.add(it);
    if (written.kind !== 'kept') return false;
    this.#known = { head, state: draft.state, frozen: draft.frozen, isOld: false };
    this.#begun ||= before === undefined;
    if (turn.durable && written.replicas > 0) await this.#confirmed(serial);
    return true;
  }

  #write({ head, draft, replaces, burning, until }: Writing): Promise<unknown> {
    const { link, box, key } = this.#options;
    const content = contentOf(draft.state, draft.frozen === undefined ? {} : { frozen: draft.frozen });
    const document = box.seal(content, aboutOf(head));
    const keys = [key('state'), ...burning.map((it) => key(`burnt:${it}`))];
    const args = [replaces, head.run, String(BURNT_MS), String(STATE_VERSION), head.version, head.epoch, document];
    return link.run(WRITE, { keys, args, until });
  }

  /** Undefined: there is none, and one is to be made. */
  #understood({ answer: { head, document }, before, make }: Turn): Known | undefined {
    const { box } = this.#options;
    if (head === undefined) {
      if (make) return undefined;
      throw new StateLost(GONE);
    }
    if (before?.head.version === head.version && document === undefined) {
      if (before.head.run === head.run && before.head.epoch === head.epoch) return before;
      throw new BadState('damaged', 'its parts do not belong together');
    }
    const { state, beside } = readContent(opened(box, document ?? '', aboutOf(head)));
    const { frozen } = beside;
    return { head, state, frozen: typeof frozen === 'string' ? frozen : undefined, isOld: box.isOld(document ?? '') };
  }

  /** That is no consensus: a second line to the run that a state is bound to. */
  async #confirmed(serial: number): Promise<void> {
    const { link } = this.#options;
    const until = performance.now() + REPLICA_MS + ROUND_TRIP_MS;
    const replicas = Number(await link.command(['WAIT', '1', String(REPLICA_MS)], { until, on: serial }));
    if (!(replicas >= 1)) throw new StateLost('No replica of the store has taken in what was to be kept; nothing may be done with it.');
  }
}

interface Turn {
  /** By `performance.now()`. */
  readonly until: number;
  readonly durable: boolean;
  readonly make: boolean;
  /** What there is, as the server said last, and as it was understood last. */
  answer: Answer;
  before: Known | undefined;
  /** What was found claimed before. */
  readonly burnt: Set<string>;
}
interface Writing {
  readonly head: Head;
  readonly draft: Draft;
  readonly replaces: string;
  readonly burning: readonly string[];
  readonly until: number;
}

function opened(box: Box, document: string, about: string): string {
  try {
    return box.open(document, about);
  } catch (error) {
    throw error instanceof BadBox ? new BadState('damaged', error.message) : error;
  }
}
