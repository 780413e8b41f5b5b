/** What holds for every file and every call. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UsageError } from '../../src/errors.ts';
import { EFFECTS } from '../../src/operation.ts';
import { globMatches } from '../../src/policy/globs.ts';
import { explain, judge, judgeRead, raise } from '../../src/policy/judge.ts';
import type { Judged, Policy } from '../../src/policy/policy.ts';
import { strictness } from '../../src/policy/strictness.ts';
import { whyNoTicketPattern } from '../../src/policy/ticket.ts';
import { clientRule, conditions, judged, preset, read, rules, some, subject } from './arbitrary.ts';
import { policyOf } from './calls.ts';

const RUNS = { numRuns: 250 };
const strict = (policy: Policy, call: Judged): number => strictness(judge(policy, call));
const CONFIRM = strictness({ kind: 'confirm', approvals: 0 });
const inserted = <T>(list: readonly T[], item: T, at: number): readonly T[] => [...list.slice(0, at), item, ...list.slice(at)];

test('no file brings takeover, destructive or mass below confirm', () =>
  fc.assert(
    fc.asyncProperty(preset, rules, judged, async (name, its, call) => {
      const policy = await read({ preset: name, rules: its });
      const isFloor = [...call.effects, ...call.differences.map((it) => it.effect)].some((it) => it !== 'write' && it !== 'privilege');
      expect(strict(policy, call)).toBeGreaterThanOrEqual(isFloor ? CONFIRM : 0);
    }),
    RUNS,
  ));

test('a rule on the client never lowers, wherever it stands', () =>
  fc.assert(
    fc.asyncProperty(preset, rules, clientRule, fc.nat(4), judged, async (name, its, extra, at, call) => {
      const [without, withIt] = [await read({ preset: name, rules: its }), await read({ preset: name, rules: inserted(its, extra, at) })];
      expect(strict(withIt, call)).toBeGreaterThanOrEqual(strict(without, call));
    }),
    RUNS,
  ));

test('one more rule that denies never loosens, wherever it stands', () =>
  fc.assert(
    fc.asyncProperty(preset, rules, conditions, fc.nat(4), judged, async (name, its, when, at, call) => {
      const withIt = await read({ preset: name, rules: inserted(its, { ...when, verdict: 'deny' }, at) });
      expect(strict(withIt, call)).toBeGreaterThanOrEqual(strict(await read({ preset: name, rules: its }), call));
    }),
    RUNS,
  ));

test('one more protected account never loosens', () =>
  fc.assert(
    fc.asyncProperty(
      preset,
      rules,
      some({ state: 'active' }, { traits: { email: '*' } }, { id: 'a' }),
      judged,
      async (name, its, account, call) => {
        const withIt = await read({ preset: name, rules: its, protected: [account] });
        expect(strict(withIt, call)).toBeGreaterThanOrEqual(strict(await read({ preset: name, rules: its }), call));
      },
    ),
    RUNS,
  ));

test('one more effect, account or difference never loosens', () =>
  fc.assert(
    fc.asyncProperty(preset, rules, judged, some(...EFFECTS), subject, async (name, its, call, effect, account) => {
      const policy = await read({ preset: name, rules: its });
      const more = { ...call, effects: [...new Set([...call.effects, effect])] };
      expect(strict(policy, more)).toBeGreaterThanOrEqual(strict(policy, call));
      if (call.subjects.length === 0) return;
      expect(strict(policy, { ...call, subjects: [...call.subjects, account] })).toBeGreaterThanOrEqual(strict(policy, call));
    }),
    RUNS,
  ));

test('judging is total, the same each time, and explained as it is decided', () =>
  fc.assert(
    fc.asyncProperty(preset, rules, judged, fc.anything(), async (name, its, call, odd) => {
      const policy = await read({ preset: name, rules: its });
      const decision = judge(policy, call);
      expect(judge(policy, call)).toEqual(decision);
      const { decision: explained, passedOver } = explain(policy, call);
      expect(explained).toEqual(decision);
      expect(passedOver.length).toBeGreaterThanOrEqual(its.length - 1);
      expect(
        judge(policy, { ...call, subjects: [{ id: 'a', schema_id: 'default', traits: odd, metadata_public: odd }] }).kind,
      ).toBeDefined();
      expect(['allow', 'deny']).toContain(judgeRead(policy, { ...call, tool: 'get_identity' }).kind);
    }),
    RUNS,
  ));

test('raising never lowers, and never touches what is denied', () =>
  fc.assert(
    fc.asyncProperty(
      preset,
      rules,
      judged,
      some('confirm' as const, 'approve' as const),
      some(undefined, 2 as const),
      async (name, its, call, atLeast, approvals) => {
        const decision = judge(await read({ preset: name, rules: its }), call);
        const raised = raise(decision, { atLeast, ...(approvals && { approvals }), rule: 'x', because: 'y' });
        expect(strictness(raised)).toBeGreaterThanOrEqual(strictness(decision));
        expect(raised.requires).toEqual(decision.requires);
        if (decision.kind === 'deny') expect(raised).toBe(decision);
      },
    ),
    RUNS,
  ));

test('whatever stands in a file, it is a policy or one clear refusal with a place', () =>
  fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 60 }),
        fc.json({ maxDepth: 4 }),
        fc.json({ maxDepth: 3 }).map((it) => `version: 1\npreset: strict\nrules: ${it}\n`),
        fc
          .string({ maxLength: 30 })
          .map((it) => `version: 1\npreset: strict\nrules:\n- verdict: confirm\n  require: {ticket: ${JSON.stringify(it)}}\n`),
      ),
      async (text) => {
        const error: unknown = await policyOf(text).then(
          () => undefined,
          (it: unknown) => it,
        );
        if (error === undefined) return;
        expect(error).toBeInstanceOf(UsageError);
        expect((error as UsageError).message).toMatch(/^Policy file policy\.yaml:\d+:\d+: ./s); // cast: the line before says so
      },
    ),
    { numRuns: 400 },
  ));

test('a glob means what its pattern means', () =>
  fc.assert(
    fc.property(
      fc.string({ unit: some('a', 'b', '*', '.'), maxLength: 8 }),
      fc.string({ unit: some('a', 'b', '.'), maxLength: 8 }),
      (glob, text) => {
        const pattern = new RegExp(`^${glob.replaceAll('.', '\\.').replace(/\*+/g, '.*')}$`, 's');
        expect(globMatches(glob, text)).toBe(pattern.test(text));
      },
    ),
    { numRuns: 2_000 },
  ));

test('no glob keeps a long text busy', () => {
  const began = performance.now();
  expect(globMatches(`${'*a'.repeat(60)}b`, 'a'.repeat(20_000))).toBe(false);
  expect(performance.now() - began).toBeLessThan(500);
});

test.each(['[A-Z]*[A-Z]*[A-Z]*-', 'A*A*A*B', '[0-9]{1,99}[0-9]{1,99}[0-9]+x', '(?:A|AA)(?:A|AA)(?:A|AA)(?:A|AA)A*A*A*B'])(
  'a ticket pattern that is accepted keeps no ticket busy: %s',
  (pattern) => {
    expect(whyNoTicketPattern(pattern)).toBeUndefined();
    const began = performance.now();
    for (const text of ['A'.repeat(100), '1'.repeat(100)]) new RegExp(`^(?:${pattern})$`, 'u').test(text);
    expect(performance.now() - began).toBeLessThan(500);
  },
);
