/** Everything around the servers: the clock, Kratos, the state folder, whoever changes accounts and switches, and who approves on the page. */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { createMemoryLedger } from '../../src/audit/memory.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { seed } from '../../src/seed.ts';
import { openFolder, type Folder } from '../../src/store/folder.ts';
import { openFileStore } from '../../src/store/store.ts';
import type { Decided, Store } from '../../src/store/types.ts';
import type { Change, PolicyName } from './calls.ts';
import { PRINCIPAL, Server, type Around } from './server.ts';
import { Witness } from './witness.ts';

export const UPSETS = [
  'move Ada',
  'move Grace',
  'restore',
  'freeze',
  'thaw',
  'lock',
  'unlock',
  'standard',
  'strict',
  'two',
  'ledger fails',
  'ledger works',
  'lose the state',
  'lose the claims',
  'lose the folder',
  'copy',
  'roll back',
] as const;
export type Upset = (typeof UPSETS)[number];

/** A question that a client holds. */
export interface Held {
  readonly call: Change;
  readonly state: string;
  readonly phrase: string;
}

/** Two processes, both alive as far as the store can tell. */
const PIDS = [process.pid, process.ppid];

export class World {
  readonly witness: Witness;
  readonly questions: Held[] = [];
  /** What was asked for last. */
  last: Change | undefined;
  readonly #path = mkdtempSync(join(tmpdir(), 'model-'));
  #time = Date.UTC(2026, 2, 2, 10);
  #sandbox: Sandbox;
  #policy: PolicyName = 'standard';
  readonly #ledger = createMemoryLedger({ now: () => this.#time });
  #operator: Store | undefined;
  readonly #servers: (Server | undefined)[] = [undefined, undefined];
  /** By server: calls that it claimed and died of. */
  readonly #left = [new Set<string>(), new Set<string>()];
  /** By server and call: until when its outcome waits to be told, and which run knows it. */
  readonly #owed = new Map<string, { readonly until: number; readonly server: Server }>();
  #addresses = 0;
  #hasCopy = false;

  constructor() {
    this.#sandbox = this.#freshSandbox();
    this.witness = new Witness(
      () => this.#time,
      (id) => this.#emailOf(id),
    );
  }

  now = (): number => this.#time;
  pass(ms: number): void {
    this.#time += ms;
  }

  // Servers.

  async server(index: number): Promise<Server> {
    const known = this.#servers[index];
    if (known && !known.isDead) return known;
    if (known) for (const name of known.unfinished.values()) this.#left[index]?.add(name);
    if (known) this.witness.count('deaths');
    const fresh = await Server.start(this.#around(), PIDS[index] ?? 0);
    this.#servers[index] = fresh;
    if (!this.#isLedgerBroken) {
      for (const name of this.#left[index] ?? []) this.#owe(index, name, { server: fresh, since: this.#time });
      this.#left[index]?.clear();
    }
    return fresh;
  }

  /** Its client went while it was carried out. */
  owe(index: number, name: string, since: number): void {
    const server = this.#servers[index];
    if (server && !server.isDead) this.#owe(index, name, { server, since });
  }
  #owe(index: number, name: string, { server, since }: { readonly server: Server; readonly since: number }): void {
    this.#owed.set(`${index} ${name}`, { until: since + 10 * 60_000, server });
  }

  /** Whether this server has to tell how an earlier call like this one ended; asking takes it. */
  isOwed(index: number, name: string): boolean {
    const key = `${index} ${name}`;
    const owed = this.#owed.get(key);
    this.#owed.delete(key);
    return owed !== undefined && owed.server === this.#servers[index] && this.#time < owed.until;
  }

  async restart(newKey: boolean): Promise<void> {
    await this.#stop();
    if (!newKey) return;
    rmSync(join(this.#state, 'key'), { force: true });
    if (existsSync(join(this.#state, 'state.json'))) {
      await expect(this.server(0)).rejects.toThrow('its seal does not fit');
      rmSync(join(this.#state, 'state.json')); // as the operator is told to
    }
    this.#lost({ locks: true, freeze: false });
    this.#operator = undefined;
  }

  async end(): Promise<void> {
    await this.#stop();
    rmSync(this.#path, { recursive: true, force: true });
  }

  async #stop(): Promise<void> {
    for (const [index, server] of this.#servers.entries()) {
      if (server && !server.isDead) {
        await server.close();
        this.#servers[index] = undefined;
      }
    }
  }

  get #state(): string {
    return join(this.#path, 'state');
  }
  get #folder(): Folder {
    return openFolder(this.#state);
  }
  #around(): Around {
    return {
      witness: this.witness,
      folder: this.#folder,
      ledger: this.#ledger,
      now: this.now,
      policy: () => this.#policy,
      send: (request) => this.#sandbox.send(request),
    };
  }
  #isLedgerBroken = false;

  // People.

  /** Somebody, or something, answers in the store, as the page would after its own checks. */
  async answer(id: string, { by, method }: Pick<Decided, 'by' | 'method'>): Promise<void> {
    const taken = await this.#operating((it) => it.plans.answer(id, { by, name: by, method, at: this.#time }));
    const isApprover = method === 'passkey' || method === 'totp';
    if (isApprover && (taken === 'approved' || taken === 'more')) this.witness.approved(id, by);
  }

  async decline(id: string): Promise<void> {
    await this.#operating(async ({ plans }) => {
      const open = (await plans.find(id))?.state;
      if (open !== 'waiting' && open !== 'approved') return;
      await plans.end(id, 'declined', 'declined');
      this.witness.refused(id);
    });
  }

  async upset(what: Upset): Promise<void> {
    await this.#upsets[what]();
  }

  readonly #upsets: Readonly<Record<Upset, () => Promise<void> | void>> = {
    'move Ada': () => this.#move(seed.ada),
    'move Grace': () => this.#move(seed.grace),
    restore: () => {
      this.#sandbox = this.#freshSandbox();
      this.witness.restored();
    },
    freeze: () =>
      this.#operating(
        (it) => it.freeze('an incident'),
        () => this.witness.freeze(true),
      ),
    thaw: () =>
      this.#operating(
        (it) => it.thaw(),
        () => this.witness.freeze(false),
      ),
    lock: () =>
      this.#operating(
        (it) => it.counters.lock(PRINCIPAL),
        () => this.witness.lock(true),
      ),
    unlock: () =>
      this.#operating(
        (it) => it.counters.unlock(PRINCIPAL),
        () => this.witness.lock(false),
      ),
    standard: () => this.#switch('standard'),
    strict: () => this.#switch('strict'),
    two: () => this.#switch('two'),
    'ledger fails': () => this.#breakLedger(true),
    'ledger works': () => this.#breakLedger(false),
    'lose the state': () => {
      rmSync(join(this.#state, 'state.json'), { force: true });
      this.#lost({ locks: true, freeze: false });
    },
    'lose the claims': () => {
      rmSync(join(this.#state, 'claims'), { recursive: true, force: true });
      this.#lost({ locks: false, freeze: false });
    },
    'lose the folder': () => {
      rmSync(this.#state, { recursive: true, force: true });
      this.#lost({ locks: true, freeze: true });
      this.#operator = undefined; // it knows another key
    },
    copy: () => {
      if (!existsSync(join(this.#state, 'state.json')) || !existsSync(join(this.#state, 'claims'))) return; // the next start ends what is open
      copyFileSync(join(this.#state, 'state.json'), join(this.#path, 'copy'));
      this.#hasCopy = true;
    },
    'roll back': () => {
      if (!this.#hasCopy) return;
      copyFileSync(join(this.#path, 'copy'), join(this.#state, 'state.json'));
      this.witness.rollBack();
      this.#forgetOwed();
    },
  };

  /** Another address, one that nobody had before. */
  async #move(id: string): Promise<void> {
    this.#addresses += 1;
    const body = JSON.stringify([{ op: 'replace', path: '/traits/email', value: `moved-${this.#addresses}@example.com` }]);
    const path = `/admin/identities/${id}`;
    await this.#sandbox.send({ endpoint: 'patchIdentity', port: 'admin', method: 'PATCH', path, body });
    this.witness.moved(id);
  }

  #switch(name: PolicyName): void {
    this.#policy = name;
  }
  get policy(): PolicyName {
    return this.#policy;
  }

  #breakLedger(isBroken: boolean): void {
    this.#isLedgerBroken = isBroken;
    this.#ledger.fail(isBroken ? new Error('the disk is full') : undefined);
  }

  #lost(what: { readonly locks: boolean; readonly freeze: boolean }): void {
    this.witness.lose(what);
    this.#hasCopy = false;
    this.#forgetOwed();
  }
  #forgetOwed(): void {
    this.#owed.clear();
    for (const it of this.#left) it.clear();
    for (const it of this.#servers) it?.unfinished.clear();
  }

  /** The operator's commands and the page, on the same folder. What can't be done since the state is gone is not done. */
  async #operating<T>(work: (store: Store) => Promise<T>, then: () => void = () => {}): Promise<T | undefined> {
    try {
      const { now } = this;
      this.#operator ??= await openFileStore(this.#folder, { now, randomId: () => 'unused', instance: 'operator' });
      const result = await work(this.#operator);
      then();
      return result;
    } catch (error) {
      if (error instanceof Error && (error.name === 'StateLost' || ('code' in error && error.code === 'ENOENT'))) return undefined;
      throw error;
    }
  }

  #freshSandbox = (): Sandbox => createSandbox({ now: () => new Date(this.#time) });
  #emailOf(id: string): string | undefined {
    const traits = this.#sandbox.world.identities.get(id)?.traits as { readonly email?: string } | undefined; // the seed's have one
    return traits?.email;
  }
}
