/**
 * What may happen, said independently of the program: it hears what people said, what the store granted and what Kratos received, and
 * writes down whatever should not have been.
 */
import { isDeepStrictEqual } from 'node:util';
import type { WireRequest } from '../../src/client/types.ts';
import type { NewPlan, PlanRecord } from '../../src/store/types.ts';
import { ANYBODY, APPROVER, NEEDS, NOBODY, TWO, type Change, type Need, type PolicyName } from './calls.ts';

const MINUTE = 60_000;
const CHAIN_MS = 72 * 60 * MINUTE;

/** A plan that a person was asked about. */
export interface Known {
  readonly id: string;
  readonly call: Change;
  readonly needs: Need;
  readonly channel: NewPlan['channel'];
  readonly phrase: string;
  readonly created: number;
  readonly lifetimeMs: number;
  /** When each approver last said yes. */
  readonly approvers: Map<string, number>;
  /** When the phrase was typed into the form. */
  typed: number | undefined;
  /** A person said no. */
  over: boolean;
  /** What was remembered then is gone. */
  lost: boolean;
  claimed: boolean;
}

/** One run of one server: from its start to its end, or to its death. */
export interface Doings {
  /** What it was asked for; undefined: nothing. */
  call: Change | undefined;
  policy: PolicyName;
  /** When that call began. */
  since: number;
  /** When it last looked whether everything is frozen. */
  looked: number;
  /** When it last read an account, by its id. */
  readonly read: Map<string, number>;
}

interface Grant {
  readonly plan: string;
  readonly phrase: string;
  readonly call: Change;
  readonly doings: Doings;
  readonly at: number;
  /** How many of the writes were sent or left out. */
  sent: number;
}

export class Witness {
  readonly violations: string[] = [];
  readonly plans = new Map<string, Known>();
  readonly intents = new Set<string>();
  /** How often each thing happened, so that a run in which nothing did can be told. */
  readonly counts = new Map<string, number>();
  readonly #now: () => number;
  readonly #emailOf: (id: string) => string | undefined;
  readonly #grants: Grant[] = [];
  /** Order counts, not the clock, which is set back. */
  #moment = 0;
  /** Since when; undefined: not. */
  frozen: number | undefined;
  locked: number | undefined;
  /** When somebody else last changed an account. */
  readonly #moved = new Map<string, number>();
  /** The halves of a takeover, as far as they can be known. */
  readonly #halves = new Map<string, { readonly at: number; readonly moment: number }>();
  /** After a state was put back, refusals and clocks of before are undone. */
  #exact = true;

  constructor(now: () => number, emailOf: (id: string) => string | undefined) {
    this.#now = now;
    this.#emailOf = emailOf;
  }

  tick(): number {
    this.#moment += 1;
    return this.#moment;
  }
  get writes(): number {
    return this.counts.get('writes') ?? 0;
  }
  count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
  }
  #wrong(what: string, call: Change | undefined): void {
    this.violations.push(`${what} (${call?.name ?? 'no call'})`);
  }

  // What people did.

  moved(id: string): void {
    this.#moved.set(id, this.tick());
    this.#halves.set(`contact ${id}`, { at: this.#now(), moment: this.tick() });
  }
  restored(): void {
    this.#moved.clear();
    this.#halves.clear();
  }
  typed(id: string): void {
    const plan = this.plans.get(id);
    if (plan) plan.typed = this.#now();
  }
  approved(id: string, by: string): void {
    this.plans.get(id)?.approvers.set(by, this.#now());
  }
  refused(id: string): void {
    const plan = this.plans.get(id);
    if (plan) plan.over = true;
  }
  freeze(on: boolean): void {
    this.frozen = on ? (this.frozen ?? this.tick()) : undefined;
  }
  lock(on: boolean): void {
    this.locked = on ? (this.locked ?? this.tick()) : undefined;
  }
  /** State, claims or key are gone: nothing that was asked about before may be claimed. */
  lose(what: { readonly locks: boolean; readonly freeze: boolean }): void {
    for (const it of this.plans.values()) it.lost = true;
    if (what.locks) this.lock(false);
    if (what.freeze) this.freeze(false);
    for (const key of this.#halves.keys()) if (key.startsWith('recovery')) this.#halves.delete(key); // Kratos doesn't show it
  }
  rollBack(): void {
    for (const it of this.plans.values()) it.over = false;
    this.#exact = false;
    this.lock(false);
    this.#halves.clear();
  }

  // What the store did.

  asked(record: PlanRecord, doings: Doings): Known | undefined {
    const { id, channel, phrase, created, lifetimeMs } = record;
    const known = this.plans.get(id);
    if (known) {
      if (known.call !== doings.call) this.#wrong(`a question about ${known.call.name} serves another call`, doings.call);
      return known;
    }
    if (!doings.call) {
      this.#wrong('a question that no call asked for', undefined);
      return undefined;
    }
    const facts = { id, call: doings.call, needs: needOf(record), channel, phrase, created, lifetimeMs };
    const fresh = { ...facts, approvers: new Map(), typed: undefined, over: false, lost: false, claimed: false };
    this.plans.set(id, fresh);
    return fresh;
  }

  claimed(id: string, doings: Doings): void {
    const plan = this.plans.get(id);
    const { call } = doings;
    if (!plan || !call) return this.#wrong('a claim of a plan that nobody was asked about', call);
    if (plan.call !== call) this.#wrong(`a claim of a plan for ${plan.call.name}`, call);
    if (plan.claimed) this.#wrong('claimed a second time', call);
    if (plan.lost) this.#wrong('claimed although the state was lost', call);
    if (plan.over) this.#wrong('claimed although a person said no', call);
    const need = Math.max(plan.needs, this.#needOf(doings));
    if (!isEnough(plan, need)) this.#wrong(`claimed without enough of a yes: ${need} is needed`, call);
    if (!this.#isInTime(plan)) this.#wrong('claimed out of time', call);
    plan.claimed = true;
    this.count(plan.approvers.size > 1 ? 'two approvers' : plan.approvers.size > 0 ? 'an approver' : 'a form');
    this.#grant(id, plan.phrase, doings);
  }

  begun(id: string, phrase: string, doings: Doings): void {
    if (this.#needOf(doings) > NOBODY) this.#wrong('carried out without asking', doings.call);
    this.count('allowed');
    this.#grant(id, phrase, doings);
  }

  finished(id: string): void {
    const at = this.#grants.findIndex((it) => it.plan === id);
    if (at >= 0) this.#grants.splice(at, 1);
  }

  #grant(plan: string, phrase: string, doings: Doings): void {
    const { call } = doings;
    if (!call) return this.#wrong('a claim that no call asked for', call);
    const stopped = Math.min(this.frozen ?? Infinity, this.locked ?? Infinity);
    if (stopped < doings.since) this.#wrong('claimed although everything was frozen or locked', call);
    this.#grants.push({ plan, phrase, call, doings, at: this.tick(), sent: 0 });
  }

  #needOf({ call, policy, since }: Doings): Need {
    if (!call) return TWO;
    const need = NEEDS[policy][call.effect];
    const other = call.half === 'contact' ? 'recovery' : 'contact';
    const half = this.#halves.get(`${other} ${call.target}`);
    const isChain = call.half !== undefined && half !== undefined && half.moment < since && this.#now() - half.at < CHAIN_MS;
    return isChain && need < APPROVER ? APPROVER : need;
  }

  #isInTime({ created, lifetimeMs, typed, approvers }: Known): boolean {
    const latest = Math.max(created, typed ?? 0, ...approvers.values());
    const now = this.#now();
    if (!(now < created + lifetimeMs && now < latest + 5 * MINUTE)) return false;
    return !this.#exact || now > latest - MINUTE;
  }

  // What Kratos received.

  readIdentity(path: string, doings: Doings): void {
    const id = /^\/admin\/identities\/([\w-]+)(?:\?|$)/.exec(path)?.[1];
    if (id !== undefined) doings.read.set(id, this.tick());
  }

  wrote({ method, path, body }: WireRequest, doings: Doings): void {
    const { call } = doings;
    const write = { method, path, ...(body !== undefined && { body: JSON.parse(body) as unknown }) };
    const fits = this.#grants.filter((it) => it.doings === doings && it.call === call && it.sent <= placeOf(write, it.call));
    // Of several at the same time it may be any; which one it is, only a fault can tell.
    const grant = fits.find((it) => this.#faultsOf(it).length === 0) ?? fits.at(-1);
    if (!grant) return this.#wrong(`sent without a claim, or more than once: ${method} ${path}`, call);
    for (const it of this.#faultsOf(grant)) this.#wrong(it, call);
    grant.sent = placeOf(write, grant.call) + 1;
    this.count('writes');
    if (grant.call.half !== undefined) {
      this.#halves.set(`${grant.call.half} ${grant.call.target}`, { at: this.#now(), moment: this.tick() });
    }
  }

  #faultsOf(grant: Grant): readonly string[] {
    const { looked } = grant.doings;
    return [
      ...(this.intents.has(grant.plan) ? [] : ['sent without an intent in the ledger']),
      ...(looked < grant.at ? ['sent without a look whether all is frozen'] : []),
      ...(this.frozen !== undefined && this.frozen < looked ? ['sent although it looked and all was frozen'] : []),
      ...this.#notAsAgreed(grant),
    ];
  }

  /** It was read again after the claim, and was then whom the person agreed to. */
  #notAsAgreed({ call: { target }, doings, phrase, at }: Grant): readonly string[] {
    if (target === undefined) return [];
    const read = doings.read.get(target) ?? 0;
    if (read < at) return ['sent without reading the account again after the claim'];
    const email = this.#emailOf(target);
    const isOther = email !== phrase && (this.#moved.get(target) ?? 0) < read;
    return isOther ? [`sent to ${email}, agreed to for ${phrase}`] : [];
  }
}

const placeOf = (write: unknown, { writes }: Change): number => writes.findIndex((it) => isDeepStrictEqual(it, write));

const needOf = ({ kind, approvals }: NewPlan): Need => (kind !== 'approve' ? ANYBODY : approvals === 2 ? TWO : APPROVER);

/** An approver's yes is more than the form's. */
function isEnough({ approvers, typed, channel }: Known, need: number): boolean {
  if (need >= APPROVER) return approvers.size >= need - 1;
  return approvers.size > 0 || (channel === 'form' && typed !== undefined);
}
