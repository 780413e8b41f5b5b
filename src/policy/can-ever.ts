/** Whether a tool is worth offering to a caller at all. Says no only where every call of it would be denied, whatever it is about. Pure. */
import type { ChangeEffect } from '../operation.ts';
import { fitOfCaller, type CallerFacts } from './match.ts';
import type { Policy, Rule } from './policy.ts';
import { presets } from './presets.ts';

interface Op {
  readonly name: string;
  readonly kind: 'read' | 'change';
  /** All that its calls can be; not looked at for a read. */
  readonly effects?: readonly ChangeEffect[];
}

/** A call that is one of these effects and nothing else is the mildest there can be: with more of them, one denial is enough. */
export function canEver({ preset, rules }: Policy, op: Op, caller: Omit<CallerFacts, 'tool'>): boolean {
  const facts: CallerFacts = { ...caller, tool: op.name };
  if (op.kind === 'read') return canPass(rules.filter(isAboutReads), facts);
  return (op.effects ?? []).some((effect) => presets[preset][effect] !== 'not offered' && canPass(rules.filter(isAbout(effect)), facts));
}

const isAbout =
  (effect: 'read' | ChangeEffect) =>
  ({ when }: Rule): boolean =>
    when.effects === undefined || when.effects.includes(effect);
/** The others have no say about a read. */
const isAboutReads = (rule: Rule): boolean =>
  isAbout('read')(rule) && !isAboutAccounts(rule.when) && (rule.verdict === 'allow' || rule.verdict === 'deny');

/** Whether not every call runs into a denial. Accounts, counts, times and clients differ from call to call: what hangs on them never does. */
function canPass(rules: readonly Rule[], facts: CallerFacts): boolean {
  for (const { when, verdict } of rules) {
    const { kind } = fitOfCaller(when, facts);
    if (kind === 'no') continue;
    const varies = isAboutAccounts(when) || when.time !== undefined || when.clients !== undefined;
    if (verdict === 'deny' && !varies) return false; // in doubt, too
    if (verdict !== 'deny' && kind === 'yes' && when.clients === undefined) return true;
  }
  return true;
}

const isAboutAccounts = ({ target, count }: Rule['when']): boolean => target !== undefined || count !== undefined;
