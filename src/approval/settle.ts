/**
 * Asks a person about a plan, or collects the answer to an earlier asking, and claims the plan. Answers count only together with a state
 * that this server minted for a plan of this principal that still waits; there is no other way to a claim.
 */
import type { InputRequiredResult } from '@modelcontextprotocol/server';
import type { Plans, WaitingPlan } from '../store/plans.ts';
import type { Answered, Asker } from './ask.ts';
import { agrees, type Question } from './question.ts';
import type { Sealer } from './seal.ts';

export type Refused = 'declined' | 'expired' | 'stale' | 'denied';
export type Settled =
  | { readonly kind: 'claimed' }
  | { readonly kind: 'ask'; readonly result: InputRequiredResult }
  | { readonly kind: 'refused'; readonly outcome: Refused; readonly text: string };

export interface Asking {
  readonly asker: Asker;
  readonly digest: string;
  readonly request: string;
  readonly principal: string;
  readonly question: Question;
}

export interface SettlePorts {
  readonly plans: Plans;
  readonly sealer: Sealer;
  /** How long a 2025-era form stays open. */
  readonly formMs: number;
}

const refused = (outcome: Refused, text: string): Settled => ({ kind: 'refused', outcome, text });
const EXPIRED = refused('expired', 'This question is over; nothing was sent.');
const STALE = refused('stale', 'The account is not as it was when the person was asked; nothing was sent.');
const DECLINED = refused('declined', 'The person said no; nothing was sent.');
const WRONG = refused('declined', 'The answer was not the phrase that agrees; nothing was sent.');
const NO_FORM = refused(
  'denied',
  'A person must agree to this call, and this client cannot show a form (it does not declare the elicitation capability); nothing was sent. ' +
    'The operator can use a client that supports elicitation.',
);
const CROWDED = refused('denied', 'Too many questions are waiting for an answer already; nothing was sent.');

/** A state that came back with another tool or other arguments: its plan is ended, whatever this call may be. */
export function isForAnotherCall(
  { asker, request, principal }: Pick<Asking, 'asker' | 'request' | 'principal'>,
  { plans, sealer }: SettlePorts,
): boolean {
  if (asker.state === undefined) return false;
  const id = sealer.open(asker.state, principal);
  const plan = id === undefined ? undefined : plans.find(id, principal);
  if (plan === undefined || plan.request === request) return false;
  plans.end(plan);
  return true;
}

export async function settle(asking: Asking, ports: SettlePorts): Promise<Settled> {
  const { asker, digest, request, principal, question } = asking;
  const { plans, sealer } = ports;
  if (!asker.canAsk || question.phrase === '') return NO_FORM; // also on a second leg: who can't be asked can't have been
  if (asker.state !== undefined) {
    const id = sealer.open(asker.state, principal);
    const plan = id === undefined ? undefined : plans.find(id, principal);
    if (!plan) return EXPIRED;
    if (plan.digest !== digest) {
      plans.end(plan);
      return STALE;
    }
    if (asker.answer.kind === 'none') return { kind: 'ask', result: asker.pose(question, sealer.mint(plan.id, principal)) };
    return conclude(asker.answer, asking, { plan, plans });
  }

  const minutes = Math.ceil(plans.coolingMs(request) / 60_000);
  if (minutes > 0) return refused('declined', `A person has said no to this very call; it is not asked again for ${minutes} more minutes.`);
  const plan = plans.ask({ digest, request, principal });
  if (!plan) return CROWDED;
  if (!asker.ask) return { kind: 'ask', result: asker.pose(question, sealer.mint(plan.id, principal)) };
  return conclude(await asker.ask(question, ports.formMs), asking, { plan, plans });
}

/** One answer ends a waiting plan, whatever it is; only the phrase ends it by a claim. */
function conclude(answer: Answered, { digest, request, question }: Asking, { plan, plans }: { plan: WaitingPlan; plans: Plans }): Settled {
  if (answer.kind === 'accept' && agrees(answer.content, question.phrase)) return plans.claim(plan, digest) ? { kind: 'claimed' } : EXPIRED;
  plans.end(plan);
  switch (answer.kind) {
    case 'accept':
    case 'void':
      plans.wrongPhrase(request);
      return WRONG;
    case 'decline':
      plans.coolDown(request);
      return DECLINED;
    case 'cancel':
    case 'gone':
      return refused('declined', 'The question was cancelled; nothing was sent.');
    case 'timeout':
    case 'none':
      return EXPIRED;
  }
}
