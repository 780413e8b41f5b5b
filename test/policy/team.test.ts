/** The example for a team: who may do what, who approves, and what each of them is offered. Each call is planned for real. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { canEver } from '../../src/policy/can-ever.ts';
import { matchesClaims } from '../../src/policy/claims.ts';
import { judge, judgeRead } from '../../src/policy/judge.ts';
import type { Decision, Judged, Policy } from '../../src/policy/policy.ts';
import { verdictText } from '../../src/policy/strictness.ts';
import { operations } from '../../src/tools/index.ts';
import { stage } from '../tools/run.ts';
import { calls, judgedOf, policyOf, type CallName } from './calls.ts';

const FILE = 'policy.team.example.yaml';
const callers = {
  'the help desk': { groups: ['staff', 'helpdesk-eu'] },
  'the identity team': { groups: ['iam'] },
  'somebody of both': { groups: ['iam', 'helpdesk'] },
  'somebody of neither': { groups: ['sales'] },
  'somebody who is nearly of both': { groups: ['IAM', 'HelpDesk'] },
  'a token without groups': { sub: 'ada' },
} as const;
type CallerName = keyof typeof callers;
const NAMES = Object.keys(callers) as readonly CallerName[]; // cast: these are its names

const DESK = 'confirm, help desk signs people out';
const PLAIN = 'confirm, identity team, plain changes';
const RIGHTS = 'approve, identity team, rights and deletions';
const TWO = 'approve: 2, identity team, hand an account over or change many';
const NO = 'deny, everybody else only reads';

/** In the order of the callers above. */
const TABLE: Readonly<Partial<Record<CallName, readonly string[]>>> = {
  'another last name': [NO, PLAIN, PLAIN, NO, NO, NO],
  'another e-mail address': [NO, TWO, TWO, NO, NO, NO],
  'another plan': [NO, RIGHTS, RIGHTS, NO, NO, NO],
  'another name and e-mail address': [NO, TWO, TWO, NO, NO, NO],
  'made inactive': [NO, RIGHTS, RIGHTS, NO, NO, NO],
  'deleted, an employee': [NO, RIGHTS, RIGHTS, NO, NO, NO],
  'signed out': [DESK, RIGHTS, DESK, NO, NO, NO],
  'one session ended': [DESK, RIGHTS, DESK, NO, NO, NO],
  'one session extended': [NO, TWO, TWO, NO, NO, NO],
  'recovery code': [NO, TWO, TWO, NO, NO, NO],
  'two created': [NO, TWO, TWO, NO, NO, NO],
};
const ROWS = Object.entries(TABLE).map(([name, row]) => [name as CallName, row] as const); // cast: these are its names

let policy: Policy;
const planned = new Map<CallName, Judged>();
beforeAll(async () => {
  const at = stage();
  policy = await policyOf(readFileSync(FILE, 'utf8'), FILE);
  for (const [name] of ROWS) planned.set(name, await judgedOf(at, calls[name]));
});
const said = (decision: Decision): string => `${verdictText(decision)}, ${/ \((.*)\)$/.exec(decision.rule)?.[1] ?? decision.rule}`;
const by = (name: CallerName) => ({ principal: `https://id.example.com|${name}|desk|jwt`, claims: callers[name] });

describe.each(ROWS)('%s', (name, row) => {
  test.each(NAMES.map((it, index) => [it, row[index] ?? ''] as const))('by %s: %s', (caller, expected) => {
    const call = planned.get(name) ?? expect.fail(`no plan of ${name}`);
    const decision = judge(policy, { ...call, ...by(caller) });
    expect(said(decision)).toBe(expected);
    expect(decision.others).toBe(decision.kind === 'approve'); // nobody approves their own
  });
});

test('everybody reads', () => {
  for (const it of NAMES) {
    expect(judgeRead(policy, { ...by(it), tool: 'get_identity', client: '', at: new Date() }).kind).toBe('allow');
  }
});

test('the identity team approves, and nobody else', () =>
  expect(NAMES.filter((it) => policy.approvers.who.some((who) => matchesClaims(who, callers[it])))).toEqual([
    'the identity team',
    'somebody of both',
  ]));

test('each of them is offered what they can have', () => {
  const changes = operations.filter((it) => it.kind === 'change');
  const offered = (it: CallerName) => changes.filter((op) => canEver(policy, op, by(it))).map((op) => op.name);
  expect(offered('the help desk').toSorted()).toEqual(['delete_identity_sessions', 'disable_session']);
  expect(offered('the identity team')).toEqual(changes.map((it) => it.name));
  expect(offered('somebody of neither')).toEqual([]);
  expect(offered('somebody who is nearly of both')).toEqual([]);
  expect(operations.filter((it) => it.kind === 'read' && !canEver(policy, it, by('a token without groups')))).toEqual([]);
});
