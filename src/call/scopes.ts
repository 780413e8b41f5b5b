/** Which scopes a call needs, and which of them its token lacks. */
import type { Caller, Scope } from '../caller.ts';
import type { ChangeEffect, ChangeOperation, Operation, Plan } from '../operation.ts';
import { planOf, type Ports, type ToolCall } from './run.ts';

const scopeOf = (effect: 'read' | ChangeEffect): Scope => `kratos:${effect}`;

/** Whether the token covers this effect of this operation. No scopes at all: none apply. */
function covers({ scopes }: Caller, op: Pick<Operation, 'toolset'>, effect: 'read' | ChangeEffect): boolean {
  if (scopes === undefined || scopes.has(scopeOf(effect))) return true;
  if (!scopes.has('kratos:sessions')) return false;
  return effect === 'read' || (effect === 'destructive' && op.toolset === 'sessions');
}

/** What is missing for these effects; empty: nothing. */
export const lackedFor = (caller: Caller, op: Pick<Operation, 'toolset'>, effects: readonly ('read' | ChangeEffect)[]): readonly Scope[] =>
  effects.filter((it) => !covers(caller, op, it)).map(scopeOf);

/**
 * The same for a plan. One that would send nothing still tells what is there: to whoever may read, and to whoever could have made the change.
 */
export function lackedForPlan(caller: Caller, op: Pick<Operation, 'toolset'>, { effects, calls }: Pick<Plan, 'effects' | 'calls'>) {
  return calls.length === 0 && covers(caller, op, 'read') ? [] : lackedFor(caller, op, effects);
}

/**
 * What is missing before it may even be looked at what a change is about; empty: nothing. To plan is to read, and what comes of it tells
 * whether there is such an account: so the token must cover reads, or some of what this operation can do.
 */
export function lackedToLook(caller: Caller, { toolset, effects }: Pick<ChangeOperation, 'toolset' | 'effects'>): readonly Scope[] {
  if ((['read', ...effects] as const).some((it) => covers(caller, { toolset }, it))) return [];
  return effects.length === 1 ? effects.map(scopeOf) : ['kratos:read'];
}

/** For the agent and the person it tells. */
export const lackedText = (lacked: readonly Scope[]): string =>
  `The access token of this client does not cover this call: it lacks ${lacked.join(' and ')}. Nothing was sent. Whoever issues the token decides what it covers.`;

/** Whether a call of it could ever be covered by this token, or by one that its client can get. */
export function inReach(caller: Caller, op: Operation): boolean {
  if (caller.canStepUp) return true;
  const effects = op.kind === 'read' ? (['read'] as const) : op.effects;
  return effects.some((it) => covers(caller, op, it));
}

/**
 * All scopes that this very call needs, where the token lacks one of them: named at once, before anything is dispatched, so that its client
 * can ask for a better token; those that it takes to tell, where nothing may be looked at. Undefined: it lacks none, or what the call is about
 * can't be told; the call itself then says so.
 */
export async function scopesToAskFor(
  { op, input, caller, signal }: Pick<ToolCall, 'op' | 'input' | 'caller' | 'signal'>,
  ports: Pick<Ports, 'kratos' | 'settings'>,
): Promise<readonly Scope[] | undefined> {
  if (caller.scopes === undefined || !caller.canStepUp) return undefined;
  if (op.kind === 'read') return lackedFor(caller, op, ['read']).length > 0 ? ['kratos:read'] : undefined;
  if (lackedFor(caller, op, op.effects).length === 0) return undefined;
  const toLook = lackedToLook(caller, op);
  if (toLook.length > 0) return toLook;
  const parsed = op.input.safeParse(input);
  if (!parsed.success) return undefined;
  try {
    const plan = await planOf({ op, call: { input: parsed.data }, ports }, signal);
    return lackedForPlan(caller, op, plan).length > 0 ? plan.effects.map(scopeOf) : undefined;
  } catch {
    return undefined;
  }
}
