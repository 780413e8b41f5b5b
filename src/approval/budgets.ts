/** What a call uses up, by items and at the claim; and what a refusal by a limit says. Pure. */
import type { ChangeOperation, Plan } from '../operation.ts';
import type { Limits, Verdict } from '../policy/policy.ts';
import type { Budget, NoRoom, Spending } from '../store/types.ts';

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;
export const ALLOWED_WINDOW_MS = 10 * 60_000;

/** A batch counts as such, and not as the takeover of accounts that do not exist yet. */
export function spendingsOf(op: ChangeOperation, plan: Plan, { kind, principal, limits }: Spender): readonly Spending[] {
  const { count: items, effects } = plan;
  const mine = (budget: Budget, limit: number, windowMs: number): Spending => ({ budget, of: principal, items, limit, windowMs });
  const isMass = effects.includes('mass');
  return [
    ...(kind === 'allow' ? [mine('allowed', limits.allowedIn10Min, ALLOWED_WINDOW_MS)] : []),
    ...(isMass ? [mine('mass', Number.MAX_SAFE_INTEGER, DAY_MS)] : []),
    ...(effects.includes('destructive') && !isMass ? [mine('destructive', limits.destructive, HOUR_MS)] : []),
    ...(effects.includes('takeover') && !isMass ? [mine('takeover', limits.takeover, HOUR_MS)] : []),
    ...(op.secret === 'recovery'
      ? plan.targets.map(({ id }): Spending => ({
          budget: 'recovery',
          of: id,
          items: 1,
          limit: limits.recoveryPerTarget,
          windowMs: DAY_MS,
        }))
      : []),
  ];
}
interface Spender {
  readonly kind: Verdict;
  readonly principal: string;
  readonly limits: Limits;
}

/** Why a batch is refused for its size alone; undefined where it is not. */
export const tooLarge = ({ effects, count }: Plan, { batchItems }: Limits): string | undefined =>
  effects.includes('mass') && count > batchItems
    ? `A batch may have ${batchItems} accounts at most by policy, and this one has ${count}. Nothing was sent.`
    : undefined;

/** Each time a question is put before a person. */
export const askingOf = (principal: string, { asked }: Limits): Spending => ({
  budget: 'asked',
  of: principal,
  items: 1,
  limit: asked,
  windowMs: HOUR_MS,
});

const NAMES: Readonly<Record<Budget, string>> = {
  asked: 'questions to a person in an hour',
  destructive: 'destructive changes in an hour',
  takeover: 'changes in an hour that could hand an account over',
  recovery: 'recovery codes and links of one account in a day',
  allowed: 'changes in ten minutes that nobody is asked about',
  mass: 'accounts made by batches in a day',
};

/** Names the limit and when it frees. */
export function overLimit({ budget, limit, freesAt }: NoRoom): string {
  const frees = new Date(freesAt).toISOString().replace(/\.\d+Z$/, 'Z');
  return `The limit of ${limit} ${NAMES[budget]} is reached; it frees at ${frees}. Nothing was sent.`;
}
