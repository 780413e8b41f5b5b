import { expect, test } from 'vitest';
import { EFFECTS, type ChangeEffect } from '../../src/operation.ts';
import { judge } from '../../src/policy/judge.ts';

test.each([
  ['standard', ['write'], 'allow'],
  ['standard', ['write', 'privilege'], 'confirm'],
  ['standard', ['mass', 'write'], 'confirm'],
  ['strict', ['write'], 'confirm'],
  ['strict', ['write', 'destructive'], 'approve'],
  ['strict', ['takeover', 'write'], 'approve'],
  ['read-only', ['write'], 'deny'],
  ['read-only', ['write', 'mass'], 'deny'],
] as const)('%s: of %j the strictest verdict counts: %s', (preset, effects, kind) =>
  expect(judge(preset, effects, EFFECTS).kind).toBe(kind),
);

test.each(['standard', 'strict'] as const)('%s lets no person be passed by for what takes over, destroys or changes many', (preset) => {
  for (const effect of ['takeover', 'destructive', 'mass'] as const)
    expect(['confirm', 'approve']).toContain(judge(preset, [effect], EFFECTS).kind);
});

test.each<[string, readonly ChangeEffect[], readonly ChangeEffect[]]>([
  ['no effect', [], EFFECTS],
  ['an effect that the operation does not list', ['takeover'], ['write']],
  ['one listed and one not', ['write', 'takeover'], ['write']],
  ['an effect that nobody has thought of', ['harmless' as ChangeEffect], EFFECTS],
  ['what only looks like one, even listed', ['constructor' as ChangeEffect], ['constructor' as ChangeEffect]],
])('%s is denied', (_name, effects, listed) => {
  for (const preset of ['standard', 'strict', 'read-only'] as const) {
    expect(judge(preset, effects, listed)).toMatchObject({ kind: 'deny', rule: 'unclassified' });
  }
});
