/** From all that has a say about a call to one decision, and what rules are called in it. Pure. */
import type { ChangeEffect } from '../operation.ts';
import type { Decision, Policy, Requirements, Rule } from './policy.ts';
import { MEANING } from './presets.ts';
import { strictness, type Strict } from './strictness.ts';

/** Something that has a say: a rule, the preset, the floor. */
export interface Say extends Strict {
  readonly rule: string;
  /** A clause for people. */
  readonly says: string;
  readonly from?: Rule;
  /** Counts only where it is stricter than what else would be said. */
  readonly onlyRaises?: boolean;
}

export const NOTHING: Requirements = { reason: false, ticket: undefined };

export const denied = ({ confirmBy }: Policy, rule: string, because: string): Decision => ({
  kind: 'deny',
  approvals: 0,
  rule,
  because,
  requires: NOTHING,
  others: false,
  confirmBy,
});

export const unclassified = (policy: Policy): Decision =>
  denied(policy, 'unclassified', 'What this call would do could not be classified.');

/** The strictest counts; what is asked of the person is all that any of them asks. */
export function together(policy: Policy, effects: readonly ChangeEffect[], said: readonly Say[]): Decision {
  const strictest = said.reduce<Say | undefined>((worst, it) => (!worst || strictness(it) > strictness(worst) ? it : worst), undefined);
  if (strictest === undefined) return unclassified(policy);
  const { kind, approvals, rule, says } = strictest;
  const because = `This call ${effects.map((it) => MEANING[it]).join(', and it ')}; ${says}.`;
  if (kind === 'deny') return denied(policy, rule, because);
  const asking = said.filter((it) => it.kind !== 'allow');
  const rules = asking.flatMap((it) => (it.from === undefined ? [] : [it.from]));
  return {
    kind,
    approvals,
    rule,
    because,
    requires: union(rules.map((it) => it.requires)),
    others: approvals === 2 || rules.some((it) => it.others),
    confirmBy: asking.some((it) => (it.from?.confirmBy ?? policy.confirmBy) === 'page') ? 'page' : 'form',
  };
}

function union(all: readonly Requirements[]): Requirements {
  const patterns = [...new Set(all.flatMap((it) => (it.ticket === undefined ? [] : [it.ticket])))];
  const last = patterns.at(-1);
  const before = patterns.slice(0, -1).map((it) => `(?=(?:${it})$)`);
  return {
    reason: all.some((it) => it.reason),
    ticket: last === undefined || before.length === 0 ? last : `${before.join('')}(?:${last})`,
  };
}

export const fileName = ({ name }: Policy): string => name.split(/[/\\]/).at(-1) ?? name;
/** As it is found in the file: `policy.yaml:14 (help desk)`. */
export const ruleLabel = (policy: Policy, { name, line }: Rule): string => `${fileName(policy)}:${line} (${name})`;
export const protectedLabel = (policy: Policy, { name, line }: Policy['protected'][number]): string =>
  `protected/${fileName(policy)}:${line} (${name})`;
