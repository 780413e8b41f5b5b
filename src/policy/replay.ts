/** A recorded call under another policy: what would have been said, as far as the records can tell. They hold no values. Pure. */
import { EFFECTS, type ChangeEffect, type Difference, type Subject } from '../operation.ts';
import { isByPath, judge, judgeRead, judgeUnits, type ReadFacts } from './judge.ts';
import type { Conditions, Decision, Judged, Policy, TargetConditions } from './policy.ts';
import { strictness } from './strictness.ts';
import { unitsOf } from './units.ts';

export interface Recorded {
  readonly tool: string;
  readonly effects: readonly string[];
  readonly targets: readonly string[];
  readonly count: number;
  readonly principal: string;
  /** Whether a part of it is hashed, so that no glob can be compared. */
  readonly isHidden?: boolean;
  readonly client: string;
  readonly at: Date;
  /** Of its first account. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export type Replayed =
  | { readonly kind: 'told'; readonly decision: Decision }
  /** It depends on what the ledger does not hold: these rules look at it. `otherwise`: where none of them matched. */
  | { readonly kind: 'unclear'; readonly rules: readonly string[]; readonly otherwise?: Decision };

/**
 * Judged as if no rule on something unrecorded matched, and once for each as if it did. Of several that match, the first one decides each
 * part of a call, so that no combination goes beyond what single rules make of that part; where all that leaves one verdict, it is told.
 */
export function replay(policy: Policy, recorded: Recorded): Replayed {
  const judged = judgedOf(recorded);
  if (judged === undefined) return { kind: 'unclear', rules: [] };
  const unknown = unknownIn(recorded);
  const open = [...policy.rules.filter((it) => isOpen(it.when, unknown)), ...policy.protected.filter((it) => isOpen(it, unknown))];
  const units = unitsOf(judged, isByPath(policy));
  const partsWith = (kept?: Open): readonly number[] => judgeUnits(withOnly(kept, { policy, unknown }), judged, units).map(strictness);
  const decision = judge(withOnly(undefined, { policy, unknown }), judged);
  const none = partsWith();
  const each = open.map((it) => ({ it, parts: partsWith(it) }));
  const worstOf = (pick: (...parts: readonly number[]) => number) =>
    Math.max(...none.map((part, index) => pick(part, ...each.map(({ parts }) => parts[index] ?? part))));
  if (worstOf(Math.min) === worstOf(Math.max)) return { kind: 'told', decision };
  const alone = each.filter(({ parts }) => Math.max(...parts) !== Math.max(...none));
  const deciding = alone.length > 0 ? alone : each.filter(({ parts }) => parts.some((part, index) => part !== none[index]));
  return { kind: 'unclear', rules: deciding.map(({ it }) => `${it.name}, line ${it.line}`), otherwise: decision };
}

/** A read is of one part, so that each rule by itself is all there is. */
export function replayRead(policy: Policy, facts: Omit<ReadFacts, 'claims'> & Pick<Recorded, 'isHidden'>): 'allow' | 'deny' | 'unclear' {
  const unknown: Unknown = { isOne: true, claims: !isWithoutClaims(facts.principal), principal: facts.isHidden === true };
  const kindWith = (kept?: Open) => judgeRead(withOnly(kept, { policy, unknown }), { ...facts, claims: {} }).kind;
  const kinds = new Set([undefined, ...policy.rules.filter((it) => isOpen(it.when, unknown))].map((it) => kindWith(it)));
  return kinds.size > 1 ? 'unclear' : kinds.has('deny') ? 'deny' : 'allow';
}

type Open = Policy['rules'][number] | Policy['protected'][number];
interface Unknown {
  /** Of many accounts only the first one's facts are there. */
  readonly isOne: boolean;
  /** Whether the caller may have had claims, which no record holds. */
  readonly claims: boolean;
  /** Whether the principal's name is there in part only. */
  readonly principal: boolean;
}
const unknownIn = ({ count, principal, isHidden = false }: Recorded): Unknown => ({
  isOne: count <= 1,
  claims: !isWithoutClaims(principal),
  principal: isHidden,
});
/** On stdio and without authentication there is no token, and a static one holds no claims. No issuer is called like these. */
const isWithoutClaims = (principal: string): boolean => /^(?:os:|static\||local$)/.test(principal);

const isOpenTarget = ({ values }: TargetConditions, { isOne }: Unknown): boolean => !isOne || values !== undefined;
const isOpen = ({ target, claims, principals }: Pick<Conditions, 'target' | 'claims' | 'principals'>, unknown: Unknown): boolean =>
  (target !== undefined && isOpenTarget(target, unknown)) ||
  (claims !== undefined && unknown.claims) ||
  (principals !== undefined && unknown.principal);

/** Without what hangs on something unrecorded, but for one, of which only the recorded conditions are left. */
function withOnly(kept: Open | undefined, { policy, unknown }: { readonly policy: Policy; readonly unknown: Unknown }): Policy {
  return {
    ...policy,
    rules: policy.rules.flatMap((it) => {
      if (!isOpen(it.when, unknown)) return [it];
      return it === kept ? [{ ...it, when: recordedPart(it.when, unknown) }] : [];
    }),
    protected: policy.protected.flatMap((it) => {
      if (!isOpen(it, unknown)) return [it];
      return it === kept ? [{ ...it, target: recordedTarget(it.target, unknown) }] : [];
    }),
  };
}

function recordedPart({ claims, principals, target, ...rest }: Conditions, unknown: Unknown): Conditions {
  return {
    ...rest,
    ...(principals !== undefined && !unknown.principal && { principals }),
    ...(claims !== undefined && !unknown.claims && { claims }),
    ...(target !== undefined && { target: recordedTarget(target, unknown) }),
  };
}

const recordedTarget = ({ values: _values, ...rest }: TargetConditions, { isOne }: Unknown): TargetConditions => (isOne ? rest : {});

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
  return { ...rest, claims: {}, effects: known, listed: EFFECTS, subjects, differences: paths.flatMap((it) => differencesAt(it, known)) };
}

const PRIVILEGES = ['metadata_public', 'metadata_admin', 'organization_id', 'schema_id'];
/** The records do not say which effect belongs to which path: metadata and tenancy are privileges, all else may be each of the others. */
function differencesAt(dotted: string, effects: readonly ChangeEffect[]): readonly Difference[] {
  const path = dotted.split('.');
  const isPrivilege = PRIVILEGES.includes(path[0] ?? '');
  const fitting = effects.filter((it) => (it === 'privilege') === isPrivilege);
  return fitting.map((effect) => ({ path, before: undefined, after: undefined, effect }));
}
