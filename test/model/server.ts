/** One run of the whole server on the shared state folder, as a process would be: it can die between any two of its effects. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { MemoryLedger } from '../../src/audit/memory.ts';
import type { AuditFields, Ledger } from '../../src/audit/record.ts';
import { localCaller } from '../../src/caller.ts';
import { assemble } from '../../src/cli/assemble.ts';
import type { Send } from '../../src/client/types.ts';
import { createLog } from '../../src/lib/log.ts';
import type { Folder } from '../../src/store/folder.ts';
import { createKept } from '../../src/store/kept.ts';
import { createReveals } from '../../src/store/reveals.ts';
import { openFileStore } from '../../src/store/store.ts';
import type { Plans, Store } from '../../src/store/types.ts';
import { APPROVER, APPROVER_2 } from '../support/harness.ts';
import { Peer, type PeerOptions } from '../support/peer.ts';
import { POLICIES, TOOLS, type Change, type PolicyName } from './calls.ts';
import type { Doings, Known, Witness } from './witness.ts';

export interface Around {
  readonly witness: Witness;
  readonly folder: Folder;
  readonly ledger: MemoryLedger;
  readonly now: () => number;
  readonly policy: () => PolicyName;
  /** To whatever Kratos there is now. */
  readonly send: Send;
}

/** What happens at the n-th effect from now. */
export interface Fuse {
  readonly at: number;
  readonly what: 'die before' | 'die after' | (() => Promise<void>);
}

const NEVER = new Promise<never>(() => {});
export const PRINCIPAL = 'os:1000:tester';
const FORM_MS = 5 * 60_000;

export class Server {
  readonly doings: Doings = { call: undefined, policy: 'standard', since: 0, looked: 0, read: new Map() };
  /** The last question of this call. */
  asked: Known | undefined;
  /** Claimed or begun, and not finished. */
  readonly unfinished = new Map<string, string>();
  /** Calls that came to their end. */
  closed = 0;
  #underWay = 0;
  /** Right before the next write goes out. */
  atWrite: (() => Promise<void>) | undefined;
  isDead = false;
  readonly died: Promise<void>;
  readonly #around: Around;
  readonly #build: (options: PeerOptions) => Promise<Peer>;
  readonly #peers = new Map<PeerOptions, Promise<Peer>>();
  #die = (): void => {};
  #fuse: { left: number; readonly what: Fuse['what'] } | undefined;
  /** While a client is expected to open an address; else nothing waits for the page. */
  #isOffering = false;
  #orphans: number | undefined;
  #isStarting = true;

  /** It starts, and settles what an earlier run left behind. */
  static async start(around: Around, pid: number): Promise<Server> {
    const { folder, now } = around;
    const instance = randomBytes(8).toString('hex');
    const store = await openFileStore(folder, { now, randomId: () => randomBytes(16).toString('base64url'), instance, pid });
    const server = new Server(around, store);
    for (let round = 0; round < 1_000 && server.#isStarting; round += 1) await sleep(round < 100 ? 0 : 5);
    return server;
  }

  private constructor(around: Around, store: Store) {
    this.#around = around;
    this.died = new Promise((resolve) => {
      this.#die = () => {
        this.isDead = true;
        resolve();
      };
    });
    const kept = createKept(around.now);
    const build = assemble(
      { tools: TOOLS, recoveryDelivery: 'reply', defaultSchema: 'default', maxResultTokens: 10_000, callTimeoutMs: 10_000 },
      {
        send: (request) => this.#send(request),
        kratosUrl: 'the built-in sandbox',
        publicUrl: 'http://sandbox.invalid',
        network: false,
        policy: () => POLICIES[around.policy()],
        callerOf: () => localCaller(PRINCIPAL),
        sealKey: around.folder.key('seal'),
        store: this.#watched(store),
        kept,
        reveals: createReveals(kept, around.now),
        ledger: this.#recorded(around.ledger),
        page: this.#page(),
        log: createLog({ level: 'error', write: () => {}, now: () => new Date() }),
        now: around.now,
        formMs: FORM_MS,
      },
    );
    this.#build = (options) => Peer.open(build, options);
  }

  peer(options: PeerOptions): Promise<Peer> {
    const known = this.#peers.get(options) ?? this.#build(options);
    this.#peers.set(options, known);
    return known;
  }

  async close(): Promise<void> {
    for (const peer of this.#peers.values()) await (await peer).close();
  }

  /** What it does from now on it does for this call. */
  begin(call: Change, policy: PolicyName): void {
    this.asked = undefined;
    this.atWrite = undefined;
    this.#fuse = undefined;
    Object.assign(this.doings, { call, policy, since: this.#around.witness.tick() });
  }

  light({ at, what }: Fuse): void {
    this.#fuse = { left: at, what };
  }

  /** The client has shown the address. */
  shown(): void {
    this.#isOffering = false;
  }

  /** Whatever leaves the process, or changes what is kept, goes through here. */
  async #effect<T>(work: () => Promise<T>): Promise<T> {
    if (this.isDead) return NEVER;
    const fuse = this.#fuse;
    if (fuse && fuse.left-- === 0) {
      this.#fuse = undefined;
      if (fuse.what === 'die after') await work().catch(() => {}); // nobody is left to hear of it
      if (typeof fuse.what === 'string') this.#die();
      else await fuse.what();
    }
    if (this.isDead) return NEVER;
    this.#underWay += 1;
    try {
      const result = await work();
      return this.isDead ? await NEVER : result;
    } finally {
      this.#underWay -= 1;
    }
  }

  /** Resolves when a call has ended since `closed` was `before`, and everything that follows from it. */
  async ended(before: number): Promise<void> {
    for (let round = 0, quiet = 0; round < 3_000 && quiet < 5; round += 1) {
      if (this.isDead) return;
      quiet = this.closed > before && this.#underWay === 0 ? quiet + 1 : 0;
      await sleep(round < 500 ? 0 : 5);
    }
    if (this.closed === before) throw new Error('a call does not end');
  }

  #send(request: Parameters<Send>[0]): ReturnType<Send> {
    return this.#effect(async () => {
      const { witness, send } = this.#around;
      if (request.method === 'GET') {
        witness.readIdentity(request.path, this.doings);
        return send(request);
      }
      await this.atWrite?.();
      witness.wrote(request, this.doings);
      return send(request);
    });
  }

  #watched(store: Store): Store {
    return {
      ...store,
      plans: { ...this.#mortal(store.plans), ...this.#plans(store.plans) },
      counters: this.#mortal(store.counters),
      locks: {
        ...store.locks,
        // Of a dead process a lock is taken away; this one only plays dead.
        run: <T>(keys: readonly string[], work: () => Promise<T>, options?: Parameters<Store['locks']['run']>[2]) => {
          let done: Promise<T> = NEVER;
          const mine = () => Promise.race([(done = work()), this.died]);
          return store.locks.run(keys, mine, options).then(() => (this.isDead ? NEVER : done));
        },
      },
      isFrozen: () =>
        this.#effect(() => {
          this.doings.looked = this.#around.witness.tick();
          return store.isFrozen();
        }),
    };
  }

  #plans(real: Plans): Partial<Plans> {
    const { witness } = this.#around;
    return {
      ask: (...given) =>
        this.#effect(async () => {
          const asked = await real.ask(...given);
          if (asked.kind === 'plan') this.asked = witness.asked(asked.plan, this.doings);
          this.#isOffering = asked.kind === 'plan' && asked.fresh;
          return asked;
        }),
      claim: (...given) =>
        this.#effect(async () => {
          const granted = await real.claim(...given);
          if (granted) this.#granted(given[0]);
          if (granted) witness.claimed(given[0], this.doings);
          return granted;
        }),
      begin: (plan) =>
        this.#effect(async () => {
          const record = await real.begin(plan);
          this.#granted(record.id);
          witness.begun(record.id, plan.phrase, this.doings);
          return record;
        }),
      finish: (id, outcome) =>
        this.#effect(async () => {
          await real.finish(id, outcome);
          witness.finished(id);
          this.unfinished.delete(id);
          this.#settledOne();
        }),
      orphans: () =>
        this.#effect(async () => {
          const found = await real.orphans();
          this.#orphans = found.length;
          this.#settledOne(0);
          return found;
        }),
    };
  }

  #granted(id: string): void {
    this.unfinished.set(id, this.doings.call?.name ?? '');
  }

  #settledOne(by = 1): void {
    if (!this.#isStarting || this.#orphans === undefined) return;
    this.#orphans -= by;
    this.#isStarting = this.#orphans > 0;
  }

  /** Every function of it is an effect. */
  #mortal<T extends object>(part: T): T {
    const all = Object.entries(part) as [string, (...args: unknown[]) => Promise<unknown>][]; // both tables are functions only
    return Object.fromEntries(all.map(([name, work]) => [name, (...args: unknown[]) => this.#effect(() => work(...args))])) as T;
  }

  #recorded(ledger: MemoryLedger): Ledger {
    const { witness } = this.#around;
    const heard = ({ ms }: AuditFields) => {
      if (ms !== undefined && !this.isDead) this.closed += 1; // the record that ends a call
    };
    return {
      durable: async (fields) => {
        await this.#effect(async () => {
          try {
            await ledger.durable(fields);
            if (fields.event === 'intent' && fields.plan_id !== undefined) witness.intents.add(fields.plan_id);
          } catch (error) {
            this.#isStarting = false; // what is left behind stays so until the next start
            throw error;
          } finally {
            heard(fields);
          }
        });
      },
      note: (fields) => {
        if (this.isDead) return;
        ledger.note(fields);
        heard(fields);
      },
      flush: () => Promise.resolve(),
      close: () => Promise.resolve(),
    };
  }

  #page() {
    const isOffering = () => this.#isOffering;
    return {
      addressOf: async (plan: string) => `http://localhost:1/approvals/${plan}`,
      approvers: async () => [APPROVER, APPROVER_2],
      level: 'L0' as const,
      enrol: 'ory-identity-mcp approver enroll',
      get waitMs() {
        return isOffering() ? 10_000 : 0;
      },
    };
  }
}
