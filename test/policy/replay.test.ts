/** A recorded call under another file: what is told is what would have been said, whatever the record does not hold. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EFFECTS, type Subject } from '../../src/operation.ts';
import { judge, judgeRead } from '../../src/policy/judge.ts';
import type { Judged } from '../../src/policy/policy.ts';
import { replay, replayRead, type Recorded } from '../../src/policy/replay.ts';
import { verdictText } from '../../src/policy/strictness.ts';
import { conditions, judged, preset, read, some, verdict } from './arbitrary.ts';
import { withRules } from './calls.ts';

const OVER_HTTP = 'https://id.example.com|ada|desk|jwt';
const recorded = (of: Partial<Recorded> = {}): Recorded => ({
  tool: 'patch_identity',
  effects: ['privilege'],
  targets: ['a'],
  count: 1,
  principal: OVER_HTTP,
  client: 'desk 1.2',
  at: new Date('2026-03-04T11:00:00Z'),
  facts: { state: 'active', schema_id: 'default', verified: true, changes: [] },
  ...of,
});
const outcome = async (rules: string, of: Partial<Recorded> = {}): Promise<string> => {
  const it = replay(await withRules(rules), recorded(of));
  return it.kind === 'told' ? verdictText(it.decision) : `unless ${it.rules.join(' or ')}: ${it.otherwise && verdictText(it.otherwise)}`;
};

describe('rules on claims, which no record holds', () => {
  test.each<[string, string, Partial<Recorded>, string]>([
    ['one that would deny', '- principal: {groups: iam}\n  verdict: deny', {}, 'unless rule 1, line 4: confirm'],
    ['one that would lower', '- principal: {groups: iam}\n  verdict: allow', {}, 'unless rule 1, line 4: confirm'],
    ['one that would say the same', '- principal: {groups: iam}\n  verdict: confirm', {}, 'confirm'],
    ['one that would not be reached', '- verdict: allow\n- principal: {groups: iam}\n  verdict: deny', {}, 'allow'],
    ['one about other tools', '- tools: delete_identity\n  principal: {groups: iam}\n  verdict: deny', {}, 'confirm'],
    ['one about other effects', '- effects: mass\n  principal: {groups: iam}\n  verdict: deny', {}, 'confirm'],
    ['one about other accounts', '- target: {state: inactive}\n  principal: {groups: iam}\n  verdict: deny', {}, 'confirm'],
    [
      'one about values, too',
      '- target: {traits: {a: b}}\n  principal: {groups: iam}\n  verdict: deny',
      {},
      'unless rule 1, line 4: confirm',
    ],
    ['on stdio nobody has any', '- principal: {groups: iam}\n  verdict: deny', { principal: 'os:1000:tess' }, 'confirm'],
    ['nor without authentication', '- principal: {groups: iam}\n  verdict: deny', { principal: 'local' }, 'confirm'],
    ['nor does a static token', '- principal: {groups: iam}\n  verdict: deny', { principal: 'static|ci' }, 'confirm'],
    [
      'others may',
      '- principal: {groups: iam}\n  verdict: deny',
      { principal: 'https://os:1.local|a|b|jwt' },
      'unless rule 1, line 4: confirm',
    ],
    [
      'nor does it hang on values there',
      '- target: {traits: {a: b}}\n  principal: {groups: iam}\n  verdict: deny',
      { principal: 'os:1000:tess' },
      'confirm',
    ],
    [
      'one that would deny some accounts',
      '- target: {state: active}\n  principal: {groups: iam}\n  verdict: deny',
      { targets: ['a', 'b'], count: 2 },
      'unless rule 1, line 4: confirm',
    ],
  ])('%s', async (_what, rules, of, expected) => expect(await outcome(rules, of)).toBe(expected));

  test.each<[string, string, string]>([
    ["- principal: '*|ada@example.com|*'\n  verdict: deny", 'unless rule 1, line 4: confirm', 'unclear'],
    ["- principal: '*|ada@example.com|*'\n  verdict: confirm", 'confirm', 'allow'],
    ["- verdict: allow\n- principal: '*|ada@example.com|*'\n  verdict: deny", 'allow', 'allow'],
  ])('one on a name of which a part is hashed: %s', async (rules, expected, kind) => {
    const principal = 'https://id.example.com|pseudonym:77|desk|jwt';
    expect(await outcome(rules, { principal, isHidden: true })).toBe(expected);
    const facts = { tool: 'get_identity', client: '', at: new Date('2026-03-04T11:00:00Z'), principal, isHidden: true };
    expect(replayRead(await withRules(rules), facts)).toBe(kind);
  });

  test('two that change the verdict only together', async () => {
    const rules = `- principal: {groups: a}\n  effects: privilege\n  verdict: allow\n- principal: {roles: b}\n  effects: write\n  verdict: allow\n- principal: {groups: c}\n  effects: mass\n  verdict: deny\n- verdict: confirm`;
    expect(await outcome(rules, { effects: ['privilege', 'write'] })).toBe('unless rule 1, line 4 or rule 2, line 7: confirm');
  });

  test('of several, those that change the verdict by themselves', async () => {
    const rules = `- principal: {groups: a}\n  effects: write\n  verdict: confirm\n- principal: {groups: b}\n  effects: privilege\n  verdict: deny\n- effects: privilege\n  verdict: approve`;
    expect(await outcome(rules, { effects: ['privilege', 'write'] })).toBe('unless rule 2, line 7: approve');
  });

  test('protected accounts are so for everybody', async () => {
    const policy = (account: object) =>
      read({ preset: 'standard', protected: [account], rules: [{ principal: { groups: 'iam' }, verdict: 'allow' }] });
    expect(replay(await policy({ id: 'a' }), recorded())).toMatchObject({ kind: 'told', decision: { kind: 'deny' } });
    expect(replay(await policy({ traits: { a: 'b' } }), recorded())).toMatchObject({
      kind: 'unclear',
      rules: ['rule 1, line 1', 'protected 1, line 1'],
      otherwise: { kind: 'confirm' },
    });
    expect(replay(await policy({ traits: { a: 'b' } }), recorded({ principal: 'local' }))).toMatchObject({
      rules: ['protected 1, line 1'],
    });
  });

  test('one that is outweighed by another part of the call', async () => {
    const rules = '- principal: {groups: a}\n  effects: write\n  verdict: confirm\n- effects: takeover\n  verdict: approve';
    expect(await outcome(rules, { effects: ['write', 'takeover'] })).toBe('approve');
  });
});

describe('reads', () => {
  const facts = { tool: 'get_identity', client: '', at: new Date('2026-03-04T11:00:00Z') };
  test.each<[string, string, string]>([
    ['- principal: {groups: iam}\n  verdict: deny', OVER_HTTP, 'unclear'],
    ['- principal: {groups: iam}\n  verdict: allow\n- verdict: deny', OVER_HTTP, 'unclear'],
    ['- principal: {groups: iam}\n  verdict: allow', OVER_HTTP, 'allow'],
    ['- principal: {groups: iam}\n  verdict: confirm', OVER_HTTP, 'allow'],
    ['- principal: {groups: iam}\n  effects: write\n  verdict: deny', OVER_HTTP, 'allow'],
    ['- verdict: deny\n- principal: {groups: iam}\n  verdict: allow', OVER_HTTP, 'deny'],
    ['- principal: {groups: iam}\n  verdict: deny', 'os:1000:tess', 'allow'],
    ['- principal: {groups: iam}\n  verdict: allow\n- verdict: deny', 'local', 'deny'],
  ])('%s by %s: %s', async (rules, principal, expected) =>
    expect(replayRead(await withRules(rules), { ...facts, principal })).toBe(expected),
  );
});

const known = fc.record<Subject>({
  id: some('a', 'b'),
  state: some('active', 'inactive'),
  schema_id: some('default', 'employee'),
  organization_id: some(undefined, 'o-1', 'o-2'),
  verified: fc.boolean(),
  traits: some<unknown>({}, { email: 'a@example.com' }),
  metadata_public: some<unknown>(null, { plan: 'pro' }),
});
const call: fc.Arbitrary<Judged> = fc
  .tuple(judged, fc.array(known, { minLength: 1, maxLength: 3 }))
  .map(([it, subjects]) => ({ ...it, principal: OVER_HTTP, subjects, differences: [], count: subjects.length, at: recorded().at }));
/** Without `changes`: which effect belongs to which path is not recorded. */
const rules = fc.array(
  fc.tuple(conditions, verdict).map(([{ target: { changes: _changes, ...target } = {}, ...when }, it]) => ({
    ...when,
    ...(Object.keys(target).length > 0 && { target }),
    ...(it === 'allow' && { effects: [...EFFECTS] }),
    verdict: it,
  })),
  { maxLength: 4 },
);

test('what is told is what would have been said, whatever claims and values there were', async () => {
  const kinds = { told: 0, unclear: 0 };
  await fc.assert(
    fc.asyncProperty(preset, rules, call, async (name, its, was) => {
      const policy = await read({ preset: name, rules: its });
      const [{ state, schema_id, organization_id, verified } = {}] = was.subjects;
      const targets = was.subjects.map((it) => it.id ?? '');
      const facts = { state, schema_id, organization_id, verified, changes: [] };
      const replayed = replay(policy, recorded({ ...was, targets, facts }));
      kinds[replayed.kind] += 1;
      if (replayed.kind === 'told') expect(verdictText(replayed.decision)).toBe(verdictText(judge(policy, was)));
      const kind = replayRead(policy, { ...was, tool: 'get_identity' });
      if (kind !== 'unclear') expect(kind).toBe(judgeRead(policy, { ...was, tool: 'get_identity' }).kind);
    }),
    { numRuns: 400 },
  );
  expect(Math.min(kinds.told, kinds.unclear)).toBeGreaterThan(10);
});
