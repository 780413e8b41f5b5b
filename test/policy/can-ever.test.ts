/** Which tools are worth offering to a caller: none is hidden that policy could let through, and none is offered that it never could. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ChangeEffect } from '../../src/operation.ts';
import { canEver } from '../../src/policy/can-ever.ts';
import { judge, judgeRead } from '../../src/policy/judge.ts';
import type { Judged } from '../../src/policy/policy.ts';
import { presetPolicy } from '../../src/policy/preset-policy.ts';
import { operations } from '../../src/tools/index.ts';
import { withRules } from './calls.ts';
import { judged, preset, read, rules, steadyRules } from './arbitrary.ts';

const IAM = { principal: 'https://id.example.com|ada|desk|jwt', claims: { groups: ['iam'] } };
const remove = { name: 'delete_identity', kind: 'change', effects: ['destructive'] } as const;
const patch = { name: 'patch_identity', kind: 'change', effects: ['write', 'privilege', 'takeover'] } as const;
const get = { name: 'get_identity', kind: 'read' } as const;

test('presets: read-only offers no change, and the others all', () => {
  for (const it of [remove, patch]) {
    expect(canEver(presetPolicy('read-only'), it, IAM)).toBe(false);
    expect(canEver(presetPolicy('standard'), it, IAM)).toBe(true);
  }
  expect(canEver(presetPolicy('read-only'), get, IAM)).toBe(true);
});

test.each<[string, string, boolean]>([
  ['denied', '- tools: delete_*\n  verdict: deny', false],
  ['denied with everything', '- verdict: deny', false],
  ['denied by its effect', '- effects: [destructive, mass]\n  verdict: deny', false],
  ['another effect denied', '- effects: mass\n  verdict: deny', true],
  ['other tools denied', '- tools: patch_identity\n  verdict: deny', true],
  ['denied to this caller', '- principal: { groups: iam }\n  verdict: deny', false],
  ['denied to the caller by name', '- principal: "*|ada|*"\n  verdict: deny', false],
  ['denied to others', '- principal: { groups: sales }\n  verdict: deny', true],
  ['denied in doubt', '- principal: { groups: IAM }\n  verdict: deny', false],
  ['let through before it is denied', '- principal: { groups: iam }\n  verdict: confirm\n- verdict: deny', true],
  ['let through for others before it is denied', '- principal: { groups: sales }\n  verdict: confirm\n- verdict: deny', false],
  ['let through in doubt before it is denied', '- principal: { groups: IAM }\n  verdict: confirm\n- verdict: deny', false],
  ['let through by the client before it is denied', '- client: desk*\n  verdict: confirm\n- verdict: deny', false],
  ['some accounts let through before it is denied', '- target: {state: inactive}\n  verdict: approve\n- verdict: deny', true],
  ['at some times let through before it is denied', '- time: {days: mon, zone: UTC}\n  verdict: approve\n- verdict: deny', true],
  ['for reads let through before it is denied', '- effects: read\n  verdict: allow\n- verdict: deny', false],
  ['some accounts denied', '- target: {state: active}\n  verdict: deny', true],
  ['some accounts denied, and then all', '- target: {state: active}\n  verdict: deny\n- verdict: deny', false],
  ['several accounts denied', '- count: {over: 0}\n  verdict: deny', true],
  ['denied on some days', '- time: {days: sun-sat, zone: UTC}\n  verdict: deny', true],
  ['a client denied', '- client: "*"\n  verdict: deny', true],
  ['approved by two', '- verdict: {approve: 2}', true],
])('a change that is %s: %s', async (_what, rules_, expected) => expect(canEver(await withRules(rules_), remove, IAM)).toBe(expected));

test('protected accounts hide nothing, since there are others', async () => {
  const policy = await read({ preset: 'standard', protected: [{ id: '*' }] });
  expect(canEver(policy, remove, IAM)).toBe(true);
});

test('a change of which one effect is left', async () => {
  const but = (...effects: readonly string[]) => withRules(`- effects: [${effects.join(', ')}]\n  verdict: deny`);
  expect(canEver(await but('write', 'takeover'), patch, IAM)).toBe(true);
  expect(canEver(await but('write', 'takeover', 'privilege'), patch, IAM)).toBe(false);
});

test.each<[string, string, boolean]>([
  ['denied', '- tools: get_*\n  verdict: deny', false],
  ['denied with all reads', '- effects: read\n  verdict: deny', false],
  ['denied in doubt', '- principal: { groups: IAM }\n  verdict: deny', false],
  ['allowed first', '- principal: { groups: iam }\n  verdict: allow\n- verdict: deny', true],
  ['allowed first in doubt', '- principal: { groups: IAM }\n  verdict: allow\n- verdict: deny', false],
  ['allowed first at some times', '- time: {days: mon, zone: UTC}\n  verdict: allow\n- verdict: deny', true],
  ['asked about first, which nobody is', '- verdict: confirm\n- verdict: deny', false],
  ['of some accounts allowed first, which it never is', '- target: {state: active}\n  verdict: allow\n- verdict: deny', false],
  ['of some accounts denied, which it never is', '- target: {state: active}\n  verdict: deny', true],
  ['denied at some times', '- time: {days: sun-sat, zone: UTC}\n  verdict: deny', true],
  ['of a client denied', '- client: "*"\n  verdict: deny', true],
  ['a change that is denied', '- effects: write\n  verdict: deny', true],
])('a read that is %s: %s', async (_what, rules_, expected) => expect(canEver(await withRules(rules_), get, IAM)).toBe(expected));

test('what is hidden is denied, whatever the call', async () => {
  let hidden = 0;
  await fc.assert(
    fc.asyncProperty(preset, rules, judged, fc.constantFrom(...operations), async (name, its, call, op) => {
      const policy = await read({ preset: name, rules: its });
      if (canEver(policy, op, call)) return;
      hidden += 1;
      const facts = { ...call, tool: op.name };
      const of = op.kind === 'read' ? judgeRead(policy, facts) : judge(policy, { ...facts, ...within(call, op.effects) });
      expect(of.kind).toBe('deny');
    }),
    { numRuns: 250 },
  );
  expect(hidden).toBeGreaterThan(20);
});

test('where nothing hangs on the call itself, what is offered can be had', async () => {
  let [offered, hidden] = [0, 0];
  await fc.assert(
    fc.asyncProperty(preset, steadyRules, judged, fc.constantFrom(...operations), async (name, its, call, op) => {
      const policy = await read({ preset: name, rules: its });
      const facts = { ...call, tool: op.name };
      const plain = { subjects: [{ id: 'a', schema_id: 'default' }], differences: [], listed: op.kind === 'read' ? [] : op.effects };
      const kinds =
        op.kind === 'read'
          ? [judgeRead(policy, facts).kind]
          : op.effects.map((effect) => judge(policy, { ...facts, ...plain, effects: [effect] }).kind);
      const can = canEver(policy, op, call);
      if (can) offered += 1;
      else hidden += 1;
      expect(can).toBe(kinds.some((it) => it !== 'deny'));
    }),
    { numRuns: 250 },
  );
  expect(Math.min(offered, hidden)).toBeGreaterThan(20);
});

/** A call that this operation can make: its effects alone. */
function within({ effects, differences }: Judged, listed: readonly ChangeEffect[]): Pick<Judged, 'effects' | 'differences' | 'listed'> {
  const its = effects.filter((it) => listed.includes(it));
  return {
    effects: its.length > 0 ? its : listed.slice(0, 1),
    differences: differences.filter((it) => listed.includes(it.effect)),
    listed,
  };
}
