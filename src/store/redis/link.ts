/** The connection to the shared store: in the background, checked before it is used, each command with a deadline, and none kept for later. */
import { setTimeout as sleep } from 'node:timers/promises';
import { UsageError } from '../../errors.ts';
import type { Log } from '../../lib/log.ts';
import type { Meter } from '../../lib/meter.ts';
import { StateLost } from '../state.ts';
import { clientMaker, CONNECT_MS, type Client, type ClientOptions, type MakeClient } from './client.ts';
import { codeOf, isOfTheConnection, isReply, reasonOf } from './failures.ts';
import { readInfo, unfit, type Unfit } from './fitness.ts';
import type { Script } from './scripts.ts';
import { Late, within } from './within.ts';

export interface LinkOptions extends ClientOptions {
  readonly meter: Meter;
  readonly log: Log;
  /** Milliseconds that a command may take. */
  readonly deadlineMs: number;
  /** Milliseconds that the first connection is tried for. */
  readonly startMs: number;
}

export interface Limits {
  /** By `performance.now()`; left out: a command's deadline. */
  readonly until?: number;
  /** On this connection or none: what it says is about what went over it before. */
  readonly on?: number;
}
export interface ScriptCall extends Limits {
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 2_000;

/** The caller reads it: connected, but not to what may keep our state. */
class NotFit extends Error {
  override readonly name = 'NotFit';
  readonly unfit: Unfit;
  constructor(its: Unfit) {
    super(its.because);
    this.unfit = its;
  }
}

export class Link {
  readonly #options: LinkOptions;
  readonly #make: MakeClient;
  readonly #listeners: (() => void)[] = [];
  #client: Client | undefined;
  #serial = 0;
  #closed = false;
  #because = 'it is not connected yet';

  private constructor(options: LinkOptions, make: MakeClient) {
    this.#options = options;
    this.#make = make;
  }

  /** Resolves when it can be used. Throws `UsageError` where that can't be, or not within `startMs`. */
  static async open(options: LinkOptions): Promise<Link> {
    const link = new Link(options, await clientMaker(options));
    const until = performance.now() + options.startMs;
    for (;;) {
      try {
        link.#use(await link.#connected());
        return link;
      } catch (error) {
        const passing = isPassing(error);
        if (passing && performance.now() < until) await sleep(FIRST_PAUSE_MS * 4);
        else throw new UsageError(`The store ${options.address.name} cannot be used: ${reasonFor(error)}.`);
      }
    }
  }

  /** Of the connection in use; another one after each loss. */
  get serial(): number {
    return this.#serial;
  }
  isReady(): boolean {
    return this.#client !== undefined;
  }
  /** Called at each connection from now on. */
  onReady(work: () => void): void {
    this.#listeners.push(work);
  }
  close(): void {
    this.#closed = true;
    const client = this.#client;
    this.#client = undefined;
    client?.destroy();
  }

  /** Throws `StateLost`: also where it may have been carried out, and only its answer did not come. */
  async command(args: readonly string[], limits: Limits = {}): Promise<unknown> {
    return this.#counted(() => this.#sent(args, limits));
  }

  /** The same for a script. */
  async run(script: Script, { keys, args, ...limits }: ScriptCall): Promise<unknown> {
    const rest = [String(keys.length), ...keys, ...args];
    return this.#counted(async () => {
      try {
        return await this.#sent(['EVALSHA', script.sha, ...rest], limits);
      } catch (error) {
        if (!(error instanceof Error) || !error.message.includes('NOSCRIPT')) throw error;
        return this.#sent(['EVAL', script.text, ...rest], limits); // not there yet, so it was not run
      }
    });
  }

  async #counted(work: () => Promise<unknown>): Promise<unknown> {
    const begun = performance.now();
    const { meter } = this.#options;
    try {
      const reply = await work();
      meter.store('ok', performance.now() - begun);
      return reply;
    } catch (error) {
      meter.store('error', performance.now() - begun);
      throw error instanceof StateLost ? error : this.#lost(reasonFor(error), error);
    }
  }

  async #sent(args: readonly string[], { until, on }: Limits): Promise<unknown> {
    const client = this.#client;
    if (client === undefined || (on !== undefined && on !== this.#serial)) throw this.#lost(this.#because);
    const { deadlineMs } = this.#options;
    const ms = until === undefined ? deadlineMs : Math.min(deadlineMs, until - performance.now());
    if (ms <= 0) throw this.#lost('it is too slow');
    try {
      return await within(ms, client.sendCommand(args));
    } catch (error) {
      // Nothing that was sent before may be answered for a later command, or be carried out when nobody waits for it any more.
      if (!isReply(error) || isOfTheConnection(codeOf(error))) this.#drop(client, reasonFor(error));
      throw error;
    }
  }

  #lost(because: string, cause?: unknown): StateLost {
    const { name } = this.#options.address;
    return new StateLost(`The store ${name} cannot be used: ${because}. No change is made without it.`, { cause });
  }

  /** Connected, and fit. */
  async #connected(): Promise<Client> {
    const client = this.#make();
    const gone = () => this.#drop(client, 'the connection to it broke');
    client.on('error', gone);
    client.on('end', gone);
    try {
      await within(CONNECT_MS, client.connect());
      await this.#checked(client);
      return client;
    } catch (error) {
      client.destroy();
      throw error;
    }
  }

  async #checked(client: Client): Promise<void> {
    const { deadlineMs } = this.#options;
    const info = readInfo(String(await within(deadlineMs, client.sendCommand(['INFO']))));
    const policy = info.has('maxmemory_policy') ? undefined : await policyOf(client, deadlineMs);
    const its = unfit(info, policy);
    if (its !== undefined) throw new NotFit(its);
  }

  #use(client: Client): void {
    if (this.#closed) return client.destroy();
    this.#client = client;
    this.#serial += 1;
    for (const it of this.#listeners) it();
  }

  #drop(client: Client, because: string): void {
    if (this.#client !== client) return;
    this.#client = undefined;
    this.#because = because;
    client.destroy();
    this.#options.log.warn('store lost', { store: this.#options.address.name, because });
    void this.#again();
  }

  async #again(): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; !this.#closed; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      await sleep(pause * (0.5 + Math.random()), undefined, { ref: false });
      try {
        this.#use(await this.#connected());
        this.#options.log.info('store reached again', { store: this.#options.address.name });
        return;
      } catch (error) {
        this.#because = reasonFor(error);
      }
    }
  }
}

function reasonFor(error: unknown): string {
  if (error instanceof NotFit) return error.unfit.because;
  return error instanceof Late ? 'it does not answer in time' : reasonOf(error);
}

/** Wrong settings stay wrong. */
function isPassing(error: unknown): boolean {
  if (error instanceof NotFit) return error.unfit.passing;
  const code = codeOf(error);
  return code === undefined || code === 'LOADING' || code === 'MASTERDOWN';
}

/** Where INFO doesn't say. */
async function policyOf(client: Client, deadlineMs: number): Promise<string | undefined> {
  try {
    const reply = await within(deadlineMs, client.sendCommand(['CONFIG', 'GET', 'maxmemory-policy']));
    return Array.isArray(reply) && typeof reply[1] === 'string' ? reply[1] : undefined;
  } catch {
    return undefined;
  }
}
