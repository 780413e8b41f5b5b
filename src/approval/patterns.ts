/** What makes one call stricter than its rule: what was done to the account before, what was read before, how much of it there is. */
import type { ChainLink, ChangeOperation, Plan } from '../operation.ts';
import type { Limits } from '../policy/policy.ts';
import type { Counters } from '../store/types.ts';
import { ALLOWED_WINDOW_MS, DAY_MS, HOUR_MS } from './budgets.ts';

export interface Pattern {
  readonly atLeast: 'confirm' | 'approve';
  readonly approvals?: 2;
  readonly rule: string;
  /** For people, a sentence. */
  readonly because: string;
}

export interface PatternPorts {
  readonly counters: Counters;
  readonly limits: Limits;
  readonly principal: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The identity that a value about to be written was shown of, if it is none of the targets. */
  readonly copiedFrom: (op: ChangeOperation, plan: Plan) => string | undefined;
}

export async function patternsOf(op: ChangeOperation, plan: Plan, ports: PatternPorts): Promise<readonly Pattern[]> {
  const found = await Promise.all([takeoverChain(plan, ports), largeShare(plan, ports), manyAllowed(plan, ports)]);
  return [...found, copied(op, plan, ports)].filter((it) => it !== undefined);
}

const CONTACT: readonly ChainLink[] = ['contact', 'second_factor'];

/** A change of contact data or of a second factor, and a way in by recovery, of one account within days, in either order. */
async function takeoverChain(plan: Plan, { counters, limits, now }: PatternPorts): Promise<Pattern | undefined> {
  const chain = plan.chain ?? [];
  if (chain.length === 0) return undefined;
  const windowMs = limits.chainHours * HOUR_MS;
  const before = (await Promise.all(plan.targets.map((it) => counters.remembered(it.id, windowMs)))).flat().map((it) => it.link);
  const outside = plan.contactChangedAt !== undefined && now - plan.contactChangedAt < windowMs;
  const all = [...chain, ...before, ...(outside ? (['contact'] as const) : [])];
  const isChain = all.includes('recovery') && CONTACT.some((it) => all.includes(it));
  if (!isChain) return undefined;
  const because = `Pattern of a takeover: contact data or a second factor of this account and its recovery, both within ${limits.chainHours} hours.`;
  return { atLeast: 'approve', rule: 'takeover-chain', because };
}

async function largeShare({ count, ofAll, effects }: Plan, { counters, limits, principal }: PatternPorts): Promise<Pattern | undefined> {
  if (!effects.includes('mass') || ofAll === undefined) return undefined;
  const items = count + (await counters.used('mass', principal, DAY_MS));
  if (items < limits.massAtLeast || items <= ofAll * limits.massShare) return undefined;
  const because = `Batches within a day concern ${items} accounts, of ${ofAll} in all: more than ${limits.massShare * 100} %.`;
  return { atLeast: 'approve', approvals: 2, rule: 'large-share', because };
}

async function manyAllowed({ count }: Plan, { counters, limits, principal }: PatternPorts): Promise<Pattern | undefined> {
  const items = count + (await counters.used('allowed', principal, ALLOWED_WINDOW_MS));
  if (items <= limits.allowedIn10Min) return undefined;
  const because = `More than ${limits.allowedIn10Min} changes within ten minutes that nobody was asked about.`;
  return { atLeast: 'confirm', rule: 'many-changes', because };
}

function copied(op: ChangeOperation, plan: Plan, { copiedFrom }: PatternPorts): Pattern | undefined {
  const source = copiedFrom(op, plan);
  if (source === undefined) return undefined;
  const because = `It writes a value into this account that was read from another one (${source}).`;
  return { atLeast: 'confirm', rule: 'copied-value', because };
}
