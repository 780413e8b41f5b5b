/** A recorded call under another policy: what would have been said, as far as the records can tell. They hold no values. Pure. */
import { EFFECTS, type ChangeEffect, type Difference, type Subject } from '../operation.ts';
import { judge } from './judge.ts';
import type { Decision, Judged, Policy, TargetConditions } from './policy.ts';
import { verdictText } from './strictness.ts';

export interface Recorded {
  readonly tool: string;
  readonly effects: readonly string[];
  readonly targets: readonly string[];
  readonly count: number;
  readonly principal: string;
  readonly client: string;
  readonly at: Date;
  /** Of its first account. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export type Replayed =
  | { readonly kind: 'told'; readonly decision: Decision }
  /** It depends on what the ledger does not hold: these rules look at it. `otherwise`: where none of them matched. */
  | { readonly kind: 'unclear'; readonly rules: readonly string[]; readonly otherwise?: Decision };

/** Judged as if no rule on something unrecorded matched, and once for each as if it did: where all come out alike, that is the answer. */
export function replay(policy: Policy, recorded: Recorded): Replayed {
  const judged = judgedOf(recorded);
  if (judged === undefined) return { kind: 'unclear', rules: [] };
  const isOne = recorded.count <= 1;
  const isOpen = (target: TargetConditions | undefined): boolean => target !== undefined && (!isOne || target.values !== undefined);
  const known = (kept?: object): Policy => ({
    ...policy,
    rules: policy.rules.flatMap((it) => {
      if (!isOpen(it.when.target)) return [it];
      return it === kept ? [{ ...it, when: { ...it.when, target: recordedPart(it.when.target, isOne) } }] : [];
    }),
    protected: policy.protected.flatMap((it) => {
      if (!isOpen(it.target)) return [it];
      return it === kept ? [{ ...it, target: recordedPart(it.target, isOne) }] : [];
    }),
  });
  const decision = judge(known(), judged);
  const open = [...policy.rules.filter((it) => isOpen(it.when.target)), ...policy.protected.filter((it) => isOpen(it.target))];
  const deciding = open.filter((it) => verdictText(judge(known(it), judged)) !== verdictText(decision));
  return deciding.length === 0
    ? { kind: 'told', decision }
    : { kind: 'unclear', rules: deciding.map((it) => `${it.name}, line ${it.line}`), otherwise: decision };
}

/** The conditions that can be looked up. Of many accounts only the first one's facts are there. */
function recordedPart({ values: _values, ...rest }: TargetConditions = {}, isOne: boolean): TargetConditions {
  return isOne ? rest : {};
}

const isEffect = (text: string): text is ChangeEffect => EFFECTS.some((it) => it === text);

/** Undefined: the record lacks what a call is judged by. */
function judgedOf({ effects, targets, facts, ...rest }: Recorded): Judged | undefined {
  const known = effects.filter(isEffect);
  if (known.length !== effects.length) return undefined;
  const { state, schema_id, organization_id, verified, changes } = facts;
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
  const first: Subject = {
    state: text(state),
    schema_id: text(schema_id),
    organization_id: text(organization_id),
    verified: typeof verified === 'boolean' ? verified : undefined,
  };
  const subjects = targets.length === 0 ? [first] : targets.map((id) => ({ ...first, id }));
  const paths = Array.isArray(changes) ? changes.filter((it): it is string => typeof it === 'string') : [];
  return { ...rest, effects: known, listed: EFFECTS, subjects, differences: paths.flatMap((it) => differencesAt(it, known)) };
}

const PRIVILEGES = ['metadata_public', 'metadata_admin', 'organization_id', 'schema_id'];
/** The records do not say which effect belongs to which path: metadata and tenancy are privileges, all else may be each of the others. */
function differencesAt(dotted: string, effects: readonly ChangeEffect[]): readonly Difference[] {
  const path = dotted.split('.');
  const isPrivilege = PRIVILEGES.includes(path[0] ?? '');
  const fitting = effects.filter((it) => (it === 'privilege') === isPrivilege);
  return fitting.map((effect) => ({ path, before: undefined, after: undefined, effect }));
}
