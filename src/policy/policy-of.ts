/** From a file that is right to the policy that calls are judged by. Pure. */
import type { PolicyFile } from './file.ts';
import type { ClaimCondition, Conditions, Limits, Policy, Rule, TargetConditions, TimeWindow } from './policy.ts';

interface Whence {
  readonly name: string;
  readonly hash: string;
  /** Of what stands at that path. */
  readonly line: (...path: readonly PropertyKey[]) => number;
}
type RuleInFile = PolicyFile['rules'][number];
type ProtectedInFile = PolicyFile['protected'][number];

export function policyOf(file: PolicyFile, { name, hash, line }: Whence): Policy {
  const { wait, phrase, page, who = [] } = file.approvers;
  return {
    name,
    hash,
    preset: file.preset,
    rules: file.rules.map((it, index) => ruleOf(it, index + 1, line('rules', index))),
    protected: file.protected.map((it, index) => ({
      name: it.name ?? `protected ${index + 1}`,
      line: line('protected', index),
      target: targetOf(it),
    })),
    confirmBy: file.confirm_by,
    limits: limitsOf(file.limits),
    hide: file.hide.map((it) => it.split('.')),
    recovery: file.recovery && {
      deliver: file.recovery.deliver,
      maxLifetimeS: file.recovery.max_lifetime,
      returnTo: file.recovery.return_to,
    },
    approvers: { waitHours: wait / 3_600, phrase, pageMinutes: page / 60, who: who.map(claimsOf) },
  };
}

function ruleOf(rule: RuleInFile, number: number, line: number): Rule {
  const { verdict, require } = rule;
  return {
    name: rule.name ?? `rule ${number}`,
    line,
    when: conditionsOf(rule),
    verdict: typeof verdict === 'object' ? 'approve' : verdict,
    approvals: typeof verdict === 'object' ? verdict.approve : 1,
    requires: { reason: require?.reason === true, ticket: require?.ticket },
    others: rule.approvers === 'other',
    confirmBy: rule.confirm_by,
  };
}

function conditionsOf({ tools, effects, target, count, principal, client, time }: RuleInFile): Conditions {
  return {
    ...(tools && { tools }),
    ...(effects && { effects }),
    ...(target && { target: { ...targetOf(target), ...(target.changes && { changes: target.changes }) } }),
    ...(count && { count }),
    ...(principal !== undefined && whomOf(principal)),
    ...(client && { clients: client }),
    ...(time && { time: windowOf(time) }),
  };
}

function whomOf(principal: NonNullable<RuleInFile['principal']>): Pick<Conditions, 'principals' | 'claims'> {
  if (typeof principal === 'string') return { principals: [principal] };
  return isList(principal) ? { principals: principal } : { claims: claimsOf(principal) };
}
const isList = <T>(it: readonly string[] | T): it is readonly string[] => Array.isArray(it);

const claimsOf = (claims: Readonly<Record<string, readonly string[]>>): readonly ClaimCondition[] =>
  Object.entries(claims).map(([name, globs]) => ({ path: name.split('.'), globs }));

function targetOf({ id, state, schema_id, organization_id, verified, ...values }: Omit<ProtectedInFile, 'name'>): TargetConditions {
  const found = (['traits', 'metadata_public', 'metadata_admin'] as const).flatMap((root) =>
    Object.entries(values[root] ?? {}).map(([path, globs]) => ({ path: [root, ...path.split('.')], globs })),
  );
  return {
    ...(id && { id }),
    ...(state && { state }),
    ...(schema_id && { schema_id }),
    ...(organization_id && { organization_id }),
    ...(verified !== undefined && { verified }),
    ...(found.length > 0 && { values: found }),
  };
}

const windowOf = ({ days, from = 0, to = 1_440, zone }: NonNullable<RuleInFile['time']>): TimeWindow => ({
  ...(days && { days: [...new Set(days.flat())] }),
  from,
  to,
  zone,
});

const limitsOf = (it: PolicyFile['limits']): Limits => ({
  asked: it.asked,
  waiting: it.waiting,
  waitingInAll: it.waiting_in_all,
  destructive: it.destructive,
  takeover: it.takeover,
  recoveryPerTarget: it.recovery_per_target,
  allowedIn10Min: it.allowed_in_10_min,
  batchItems: it.batch_items,
  massShare: it.mass_share,
  massAtLeast: it.mass_at_least,
  declines: it.declines,
  coolDownMinutes: it.cool_down / 60,
  identitiesRead: it.identities_read,
  chainHours: it.takeover_chain / 3_600,
});
