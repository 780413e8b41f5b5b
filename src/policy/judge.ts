/** What policy says about a call: pure, total, and closed where something cannot be classified. */
import { EFFECTS, type ChangeEffect } from '../operation.ts';
import { denied, NOTHING, protectedLabel, ruleLabel, together, unclassified, type Say } from './decision.ts';
import type { Fit } from './fit.ts';
import { fitOfCall, fitOfTarget, fitOfUnit, type CallFacts, type Unit } from './match.ts';
import type { Decision, Judged, PassedOver, Policy, Rule } from './policy.ts';
import { MEANING, presets } from './presets.ts';
import { FLOOR, strictness, verdictText } from './strictness.ts';
import { unitsOf } from './units.ts';

/** Told of what was looked at for a unit, and why it has no say; undefined: it has one. */
type Note = (rule: string, why: string | undefined) => void;
const noNote: Note = () => {};

/** Each effect on each account by each difference is judged, and the strictest verdict counts. */
export function judge(policy: Policy, judged: Judged): Decision {
  return decide(policy, judged, noNote);
}

/** A read has no plan, so that tool, principal, client and time are all there is to go by; it is carried out or refused, and nobody is asked. */
export function judgeRead(policy: Policy, facts: ReadFacts): Decision {
  return decideRead(policy, facts, noNote);
}
export type ReadFacts = Omit<CallFacts, 'count'>;

export interface Explained {
  readonly decision: Decision;
  readonly passedOver: readonly PassedOver[];
}
/** The same decision, with every rule that did not make it and why. */
export const explain = (policy: Policy, judged: Judged): Explained => explained(policy, (note) => decide(policy, judged, note));
export const explainRead = (policy: Policy, facts: ReadFacts): Explained => explained(policy, (note) => decideRead(policy, facts, note));

function explained(policy: Policy, decideWith: (note: Note) => Decision): Explained {
  const applied = new Set<string>();
  const reasons = new Map<string, string>();
  const decision = decideWith((rule, why) => {
    if (why === undefined) applied.add(rule);
    else if (!reasons.has(rule)) reasons.set(rule, why);
  });
  const names = [...policy.protected.map((it) => protectedLabel(policy, it)), ...policy.rules.map((it) => ruleLabel(policy, it))];
  const whyOf = (rule: string): string =>
    applied.has(rule)
      ? `it applies, but ${decision.rule} is as strict or stricter`
      : (reasons.get(rule) ?? `not looked at: ${decision.rule} came before it`);
  return { decision, passedOver: names.filter((it) => it !== decision.rule).map((rule) => ({ rule, why: whyOf(rule) })) };
}

export interface Raise {
  readonly atLeast: 'confirm' | 'approve';
  readonly approvals?: 2;
  readonly rule: string;
  readonly because: string;
}
/** Never lowers. */
export function raise(decision: Decision, { atLeast, approvals, rule, because }: Raise): Decision {
  const raised = { kind: atLeast, approvals: atLeast === 'approve' ? (approvals ?? 1) : 0 } as const;
  if (strictness(decision) >= strictness(raised)) return decision;
  return { ...decision, ...raised, others: decision.others || raised.approvals === 2, rule, because: `${decision.because} ${because}` };
}

/** A rule, and how far it is about the call as a whole. */
interface Ready {
  readonly rule: Rule;
  readonly label: string;
  readonly ofCall: Fit;
}

/** Whether any rule asks what changes. */
export const isByPath = ({ rules }: Policy): boolean => rules.some((it) => it.when.target?.changes !== undefined);

function decide(policy: Policy, judged: Judged, note: Note): Decision {
  const units = unitsOf(judged, isByPath(policy));
  const isClassified = ({ effect }: Unit) => judged.listed.includes(effect) && EFFECTS.includes(effect);
  if (judged.effects.length === 0 || !units.every(isClassified)) return unclassified(policy);
  const guarded = protection(policy, units, note);
  if (guarded !== undefined) return guarded;
  const rules = readyFor(policy, judged);
  const said = units.flatMap((unit) => sayingsOn(unit, { policy, rules, note }));
  return together(policy, judged.effects, said);
}

const readyFor = (policy: Policy, facts: CallFacts): readonly Ready[] =>
  policy.rules.map((rule) => ({ rule, label: ruleLabel(policy, rule), ofCall: fitOfCall(rule.when, facts) }));

/** The same for each unit by itself; the strictest of them is the verdict on the call. */
export function judgeUnits(policy: Policy, judged: Judged, units: readonly Unit[]): readonly Decision[] {
  const guarded = protection(policy, units, noNote);
  if (guarded !== undefined) return units.map(() => guarded);
  const judging = { policy, rules: readyFor(policy, judged), note: noNote };
  return units.map((unit) => together(policy, [unit.effect], sayingsOn(unit, judging)));
}

/** Looked at before any rule. What is not known of an account may be what it is protected for. */
function protection(policy: Policy, units: readonly Unit[], note: Note): Decision | undefined {
  for (const it of policy.protected) {
    const rule = protectedLabel(policy, it);
    const fits = units.map(({ subject }) => fitOfTarget(it.target, { subject, path: undefined }));
    const match = fits.find(({ kind }) => kind === 'yes') ?? fits.find(({ kind }) => kind === 'unsure');
    if (match !== undefined) {
      const is = match.kind === 'unsure' ? `may be protected, since ${match.why}` : 'is protected';
      return denied(policy, rule, `The account ${is} (${it.name}, line ${it.line} of the policy): no call may change it.`);
    }
    note(rule, fits[0]?.why);
  }
  return undefined;
}

interface Judging {
  readonly policy: Policy;
  readonly rules: readonly Ready[];
  readonly note: Note;
}

/** Everything that has a say about a unit: the first rule that fits, else the preset; before it, whatever may only raise. */
function sayingsOn(unit: Unit, { policy, rules, note }: Judging): readonly Say[] {
  const preset = presetSay(policy, unit.effect);
  if (preset.kind === 'deny') return [preset]; // no rule brings back what is not offered
  const said: Say[] = [];
  for (const ready of rules) {
    const fit = fitOfUnit(ready.rule.when, unit, ready.ofCall);
    note(ready.label, fit.kind === 'no' ? fit.why : undefined);
    if (fit.kind === 'no') continue;
    const say = ruleSay(ready, fit);
    said.push(say);
    if (say.onlyRaises !== true) return withFloor(said, unit.effect);
  }
  return withFloor([...said, preset], unit.effect);
}

function presetSay({ preset }: Policy, effect: ChangeEffect): Say {
  const standing = presets[preset][effect];
  return {
    kind: standing === 'not offered' ? 'deny' : standing,
    approvals: standing === 'approve' ? 1 : 0,
    rule: `${preset}/${effect}`,
    says: `preset "${preset}" says "${standing}" to "${effect}"`,
  };
}

function ruleSay({ rule, label }: Ready, { kind, why }: Fit): Say {
  const approvals = rule.verdict === 'approve' ? rule.approvals : 0;
  const doubt = kind === 'unsure' ? ` (${why}, and the stricter verdict counts)` : '';
  return {
    kind: rule.verdict,
    approvals,
    rule: label,
    says: `rule ${label} says "${verdictText({ kind: rule.verdict, approvals })}"${doubt}`,
    from: rule,
    onlyRaises: kind === 'unsure' || rule.when.clients !== undefined,
  };
}

function withFloor(said: readonly Say[], effect: ChangeEffect): readonly Say[] {
  if (!FLOOR.includes(effect) || said.some((it) => it.kind !== 'allow')) return said;
  const says = `whatever a rule says, a person is asked about "${effect}"`;
  return [...said, { kind: 'confirm', approvals: 0, rule: `floor/${effect}`, says }];
}

function decideRead(policy: Policy, facts: ReadFacts, note: Note): Decision {
  const { preset, confirmBy } = policy;
  const allowed = { kind: 'allow', approvals: 0, requires: NOTHING, others: false, confirmBy } as const;
  for (const rule of policy.rules) {
    const label = ruleLabel(policy, rule);
    const why = whyNotForRead(rule, facts);
    note(label, why);
    if (why !== undefined) continue;
    const because = `This call ${MEANING.read}; rule ${label} says "${rule.verdict}".`;
    return rule.verdict === 'deny' ? denied(policy, label, because) : { ...allowed, rule: label, because };
  }
  return { ...allowed, rule: `${preset}/read`, because: `This call ${MEANING.read}; preset "${preset}" says "allow" to "read".` };
}

function whyNotForRead({ when, verdict }: Rule, facts: ReadFacts): string | undefined {
  if (when.effects !== undefined && !when.effects.includes('read')) return `it is about ${when.effects.join(', ')}, not read`;
  if (when.target !== undefined || when.count !== undefined) return 'it is about what is changed, and a read changes nothing';
  if (verdict === 'confirm' || verdict === 'approve') return 'nobody is asked about a read';
  const fit = fitOfCall(when, { ...facts, count: 1 });
  if (fit.kind === 'no') return fit.why;
  const onlyRaises = fit.kind === 'unsure' || when.clients !== undefined;
  return onlyRaises && verdict === 'allow' ? 'it may only raise a verdict' : undefined;
}
