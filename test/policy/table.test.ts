/** Calls × files: the verdict, and the rule that decided. Each call is planned for real. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { judge } from '../../src/policy/judge.ts';
import type { Decision, Judged, Policy } from '../../src/policy/policy.ts';
import { verdictText } from '../../src/policy/strictness.ts';
import { stage } from '../tools/run.ts';
import { calls, judgedOf, policyOf, withRules, type CallName } from './calls.ts';

const fromFile = (path: string) => policyOf(readFileSync(path, 'utf8'), path);
const COLUMNS: readonly { readonly name: string; readonly policy: () => Promise<Policy>; readonly client: string }[] = [
  { name: 'the help desk', policy: () => fromFile('policy.example.yaml'), client: 'desk 1.2' },
  { name: 'the strict example', policy: () => fromFile('policy.strict.example.yaml'), client: 'desk 1.2' },
  { name: 'the branch', policy: () => fromFile('test/policy/branch.yaml'), client: 'web 2.0' },
  { name: 'the branch from its old client', policy: () => fromFile('test/policy/branch.yaml'), client: 'desk 1.2' },
  { name: 'a file that allows everything', policy: () => withRules('- name: everything\n  verdict: allow'), client: 'desk 1.2' },
];

const TABLE: readonly (readonly [call: CallName, ...decisions: readonly string[]])[] = [
  [
    'another last name',
    'allow, standard/write',
    'confirm, strict/write',
    'allow, pro customers',
    'allow, pro customers',
    'allow, everything',
  ],
  [
    'another e-mail address',
    'approve, hand an account over',
    'approve: 2, two for what cannot be undone',
    'approve, strict/takeover',
    'approve, strict/takeover',
    'confirm, floor/takeover',
  ],
  [
    'another plan',
    'allow, plan changes',
    'approve, somebody else for the rest',
    'approve, strict/privilege',
    'approve, strict/privilege',
    'allow, everything',
  ],
  ['another role', 'confirm, standard/privilege', 'approve, somebody else for the rest', 'deny, roles', 'deny, roles', 'allow, everything'],
  [
    'another plan and role',
    'confirm, standard/privilege',
    'approve, somebody else for the rest',
    'deny, roles',
    'deny, roles',
    'allow, everything',
  ],
  [
    'another name and e-mail address',
    'approve, hand an account over',
    'approve: 2, two for what cannot be undone',
    'approve, strict/takeover',
    'approve, strict/takeover',
    'confirm, floor/takeover',
  ],
  [
    'out of its organization',
    'confirm, standard/privilege',
    'approve, somebody else for the rest',
    'approve, employees',
    'approve, employees',
    'allow, everything',
  ],
  [
    "an employee's role",
    'confirm, standard/privilege',
    'approve, somebody else for the rest',
    'approve, employees',
    'approve, employees',
    'allow, everything',
  ],
  [
    'made inactive',
    'confirm, sign out and block',
    'approve, somebody else for the rest',
    'approve, strict/destructive',
    'approve: 2, old client',
    'confirm, floor/destructive',
  ],
  [
    'made active',
    'approve, hand an account over',
    'approve: 2, two for what cannot be undone',
    'approve: 2, inactive ones',
    'approve: 2, inactive ones',
    'confirm, floor/takeover',
  ],
  [
    'replaced by less',
    'approve, hand an account over',
    'approve: 2, two for what cannot be undone',
    'approve, strict/privilege',
    'approve: 2, old client',
    'confirm, floor/takeover',
  ],
  [
    'deleted, never verified',
    'approve, delete for good',
    'approve, somebody else for the rest',
    'confirm, never verified',
    'approve: 2, old client',
    'confirm, floor/destructive',
  ],
  [
    'deleted, an employee',
    'approve, delete for good',
    'approve, somebody else for the rest',
    'approve, employees',
    'approve: 2, old client',
    'confirm, floor/destructive',
  ],
  [
    'signed out',
    'confirm, sign out and block',
    'approve, somebody else for the rest',
    'confirm, sessions',
    'approve: 2, old client',
    'confirm, floor/destructive',
  ],
  [
    'one session ended',
    'confirm, sign out and block',
    'approve, somebody else for the rest',
    'confirm, sessions',
    'approve: 2, old client',
    'confirm, floor/destructive',
  ],
  [
    'one session extended',
    'approve, hand an account over',
    'approve: 2, two for what cannot be undone',
    'confirm, sessions',
    'confirm, sessions',
    'confirm, floor/takeover',
  ],
  [
    'locked',
    'confirm, sign out and block',
    'approve, somebody else for the rest',
    'approve, strict/destructive',
    'approve: 2, old client',
    'confirm, floor/destructive',
  ],
  [
    'recovery code',
    'approve, hand an account over',
    'approve: 2, two for what cannot be undone',
    'approve, strict/takeover',
    'approve, strict/takeover',
    'confirm, floor/takeover',
  ],
  [
    'second factor removed',
    'approve, hand an account over',
    'approve: 2, two for what cannot be undone',
    'approve, strict/takeover',
    'approve, strict/takeover',
    'confirm, floor/takeover',
  ],
  ['created', 'allow, standard/write', 'confirm, strict/write', 'confirm, strict/write', 'confirm, strict/write', 'allow, everything'],
  [
    'created with a plan',
    'confirm, standard/privilege',
    'approve, somebody else for the rest',
    'approve, strict/privilege',
    'approve, strict/privilege',
    'allow, everything',
  ],
  [
    'created with a password',
    'approve, hand an account over',
    'approve: 2, two for what cannot be undone',
    'approve, strict/takeover',
    'approve, strict/takeover',
    'confirm, floor/takeover',
  ],
  [
    'two created',
    'deny, many accounts',
    'approve: 2, two for what cannot be undone',
    'approve, strict/mass',
    'approve, strict/mass',
    'confirm, floor/mass',
  ],
  [
    'three created, one of them known',
    'deny, many accounts',
    'approve: 2, two for what cannot be undone',
    'deny, the boss',
    'deny, the boss',
    'confirm, floor/mass',
  ],
];

/** `approve: 2, two for what cannot be undone`: a rule by its name, else what it is called. */
const said = (decision: Decision): string => `${verdictText(decision)}, ${/ \((.*)\)$/.exec(decision.rule)?.[1] ?? decision.rule}`;

test('every call has a row, and every row a verdict for every file', () => {
  expect(TABLE.map(([name]) => name)).toEqual(Object.keys(calls));
  expect(TABLE.every((row) => row.length === COLUMNS.length + 1)).toBe(true);
});

describe.each(COLUMNS.map((it, index) => ({ ...it, index })))('by $name', ({ policy: read, client, index }) => {
  const planned = new Map<CallName, Judged>();
  let policy: Policy;
  beforeAll(async () => {
    const at = stage();
    policy = await read();
    for (const [name] of TABLE) planned.set(name, await judgedOf(at, calls[name]));
  });
  const planOf = (name: CallName): Judged => planned.get(name) ?? expect.fail(`no plan of ${name}`);

  test.each(TABLE.map((row) => [row[0], row[index + 1] ?? ''] as const))('%s: %s', (name, expected) => {
    expect(said(judge(policy, { ...planOf(name), client }))).toBe(expected);
  });
});

test.each(TABLE.map(([name]) => name))('%s: no rule brings back what read-only does not offer', async (name) => {
  const policy = await withRules('- verdict: allow', 'read-only');
  expect(judge(policy, await judgedOf(stage(), calls[name]))).toMatchObject({ kind: 'deny', rule: expect.stringMatching(/^read-only\//) });
});
