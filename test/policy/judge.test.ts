/** How rules are applied: order, floor, what is not known, what is asked of the person. */
import { describe, expect, test } from 'vitest';
import { EFFECTS, type ChangeEffect, type Difference, type Subject } from '../../src/operation.ts';
import { explain, judge, judgeRead, raise } from '../../src/policy/judge.ts';
import type { Judged, Policy } from '../../src/policy/policy.ts';
import { presetPolicy } from '../../src/policy/preset-policy.ts';
import { PRESET_NAMES } from '../../src/policy/presets.ts';
import { verdictText } from '../../src/policy/strictness.ts';
import { policyOf, withRules } from './calls.ts';

const ADA: Subject = {
  id: 'ada',
  state: 'active',
  schema_id: 'default',
  traits: { email: 'ada@example.com', groups: ['staff', 'board'], age: 36 },
  metadata_public: { plan: 'pro' },
  metadata_admin: null,
  verified: true,
};
const call = (of: Partial<Judged> = {}): Judged => ({
  tool: 'patch_identity',
  effects: ['write'],
  listed: EFFECTS,
  subjects: [ADA],
  differences: [],
  count: 1,
  principal: 'os:1000:tess',
  claims: {},
  client: 'desk 1.2',
  at: new Date('2026-03-04T11:00:00Z'),
  ...of,
});
const differs = (path: string, effect: ChangeEffect): Difference => ({ path: path.split('.'), before: 1, after: 2, effect });
const verdict = (policy: Policy, of: Partial<Judged> = {}): string => verdictText(judge(policy, call(of)));

describe('presets', () => {
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
    expect(verdict(presetPolicy(preset), { effects })).toBe(kind),
  );

  test('a decision says what the call does and who says so', () =>
    expect(judge(presetPolicy('standard'), call({ effects: ['write', 'takeover'] }))).toMatchObject({
      rule: 'standard/takeover',
      because:
        'This call changes plain data of an account, and it could hand an account to someone else; preset "standard" says "confirm" to "takeover".',
      approvals: 0,
      confirmBy: 'form',
    }));

  test('strict asks for one approver', () => expect(judge(presetPolicy('strict'), call({ effects: ['mass'] })).approvals).toBe(1));
});

describe('what cannot be classified is denied', () => {
  test.each<[string, readonly ChangeEffect[], readonly ChangeEffect[]]>([
    ['no effect', [], EFFECTS],
    ['an effect that the operation does not list', ['takeover'], ['write']],
    ['one listed and one not', ['write', 'takeover'], ['write']],
    ['an effect that nobody has thought of', ['harmless' as ChangeEffect], EFFECTS],
    ['a listed one that nobody has thought of', ['read' as ChangeEffect], ['read' as ChangeEffect]],
    ['what only looks like one', ['constructor' as ChangeEffect], ['constructor' as ChangeEffect]],
  ])('%s', async (_name, effects, listed) => {
    for (const policy of [...PRESET_NAMES.map(presetPolicy), await withRules('- verdict: allow')]) {
      expect(judge(policy, call({ effects, listed }))).toMatchObject({ kind: 'deny', rule: 'unclassified' });
    }
  });

  test('a difference whose effect the operation does not list', () =>
    expect(judge(presetPolicy('standard'), call({ listed: ['write'], differences: [differs('traits.a', 'takeover')] }))).toMatchObject({
      rule: 'unclassified',
    }));
});

describe('order', () => {
  test('the first rule that matches decides, and is named with its line', async () => {
    const policy = await withRules('- tools: patch_*\n  verdict: confirm\n- name: second\n  verdict: deny');
    expect(judge(policy, call())).toMatchObject({ kind: 'confirm', rule: 'policy.yaml:4 (rule 1)' });
    expect(judge(policy, call({ tool: 'create_identity' }))).toMatchObject({ kind: 'deny', rule: 'policy.yaml:6 (second)' });
  });

  test('each effect finds its own rule, and the strictest counts', async () => {
    const policy = await withRules('- effects: write\n  verdict: allow\n- effects: privilege\n  verdict: approve');
    expect(verdict(policy, { effects: ['write', 'privilege'] })).toBe('approve');
  });

  test('each account finds its own rule, and the strictest counts', async () => {
    const policy = await withRules('- target: {state: inactive}\n  verdict: deny');
    expect(verdict(policy, { subjects: [ADA] })).toBe('allow');
    expect(verdict(policy, { subjects: [ADA, { ...ADA, state: 'inactive' }] })).toBe('deny');
  });

  test('approve by two is stricter than by one', async () => {
    const policy = await withRules('- effects: write\n  verdict: approve\n- effects: privilege\n  verdict: {approve: 2}');
    expect(verdict(policy, { effects: ['privilege', 'write'] })).toBe('approve: 2');
    expect(judge(policy, call({ effects: ['privilege', 'write'] })).others).toBe(true);
  });
});

describe('the floor', () => {
  test.each(['takeover', 'destructive', 'mass'] as const)('%s is asked about though a rule allows everything', async (effect) => {
    const decision = judge(await withRules('- verdict: allow'), call({ effects: ['write', effect] }));
    expect(decision).toMatchObject({ kind: 'confirm', rule: `floor/${effect}` });
  });
  test('privilege may be allowed', async () =>
    expect(verdict(await withRules('- verdict: allow'), { effects: ['privilege'] })).toBe('allow'));
});

describe('values that change', () => {
  const plan = withRules('- name: plan\n  target: {changes: metadata_public.plan}\n  verdict: allow');
  test.each<[string, readonly Difference[], string]>([
    ['the one that is allowed', [differs('metadata_public.plan', 'privilege')], 'allow'],
    ['something below it', [differs('metadata_public.plan.seats', 'privilege')], 'allow'],
    ['another one', [differs('metadata_public.role', 'privilege')], 'confirm'],
    ['both', [differs('metadata_public.plan', 'privilege'), differs('metadata_public.role', 'privilege')], 'confirm'],
    ['what holds it', [differs('metadata_public', 'privilege')], 'confirm'],
    ['one that begins like it', [differs('metadata_public.planet', 'privilege')], 'confirm'],
    ['none that is known', [], 'confirm'],
  ])('%s', async (_name, differences, expected) => expect(verdict(await plan, { effects: ['privilege'], differences })).toBe(expected));

  test('a takeover can have other causes than its differences, so that no path lowers it', async () => {
    const policy = await withRules('- target: {changes: traits.email}\n  verdict: confirm', 'strict');
    expect(verdict(policy, { effects: ['takeover'], differences: [differs('traits.email', 'takeover')] })).toBe('approve');
  });

  const role = withRules('- target: {changes: metadata_public.role}\n  verdict: deny');
  test.each<[string, Partial<Judged>, string]>([
    ['the value', { effects: ['privilege'], differences: [differs('metadata_public.role', 'privilege')] }, 'deny'],
    ['what holds it', { effects: ['privilege'], differences: [differs('metadata_public', 'privilege')] }, 'deny'],
    ['another', { effects: ['privilege'], differences: [differs('metadata_public.plan', 'privilege')] }, 'confirm'],
    ['a call that changes no value', { tool: 'delete_identity', effects: ['destructive'] }, 'confirm'],
    [
      'an account of a batch that has it from the start',
      { effects: ['mass'], subjects: [{ schema_id: 'default', metadata_public: { role: 'admin' } }] },
      'deny',
    ],
    ['a batch without it', { effects: ['mass'], subjects: [{ schema_id: 'default', metadata_public: { plan: 'pro' } }] }, 'confirm'],
  ])('denied: %s', async (_name, of, expected) => expect(verdict(await role, of)).toBe(expected));

  test('credentials in a batch, which does not list them', async () => {
    const policy = await withRules('- target: {changes: credentials.password}\n  verdict: deny');
    const subjects = [{ schema_id: 'default', traits: {} }];
    expect(verdict(policy, { effects: ['takeover', 'mass'], subjects })).toBe('deny');
    expect(verdict(policy, { effects: ['mass'], subjects })).toBe('confirm');
  });

  test('a new account can only be raised by a path', async () => {
    const subjects = [{ schema_id: 'default', metadata_public: { plan: 'pro' } }];
    expect(verdict(await plan, { effects: ['privilege'], subjects, differences: [differs('metadata_public.plan', 'privilege')] })).toBe(
      'confirm',
    );
  });

  test('a star stands for one name or a part of it', async () => {
    const policy = await withRules('- target: {changes: "metadata_public.*.flag_*"}\n  verdict: allow');
    const changed = (path: string) => verdict(policy, { effects: ['privilege'], differences: [differs(path, 'privilege')] });
    expect([changed('metadata_public.app.flag_a'), changed('metadata_public.flag_a'), changed('metadata_public.app.x.flag_a')]).toEqual([
      'allow',
      'confirm',
      'confirm',
    ]);
  });
});

describe('conditions on the account', () => {
  test.each<[string, string, Partial<Subject>, boolean]>([
    ['an exact value', 'traits: {email: ada@example.com}', {}, true],
    ['a glob', 'traits: {email: "*@example.com"}', {}, true],
    ['another domain', 'traits: {email: "*@example.org"}', {}, false],
    ['a longer domain', 'traits: {email: "*@example.com"}', { traits: { email: 'ada@example.com.evil.org' } }, false],
    ['an item of a list', 'traits: {groups: board}', {}, true],
    ['a number', 'traits: {age: 36}', {}, true],
    ['a value below another', 'metadata_public: {a.b: [x, y]}', { metadata_public: { a: { b: 'y' } } }, true],
    ['a value that is not there', 'metadata_admin: {vip: true}', {}, false],
    ['a boolean', 'metadata_admin: {vip: true}', { metadata_admin: { vip: true } }, true],
    ['what everything inherits', 'traits: {constructor: "*"}', {}, false],
    ['an object where a text should be', 'traits: {email: "*"}', { traits: { email: { a: 1 } } }, false],
    ['a state', 'state: inactive', { state: 'inactive' }, true],
    ['one of several states', 'state: [active, inactive]', {}, true],
    ['a schema', 'schema_id: emp*', { schema_id: 'employee' }, true],
    ['an organization that it does not have', 'organization_id: "*"', {}, false],
    ['an organization', 'organization_id: "0d*"', { organization_id: '0d01' }, true],
    ['verified', 'verified: true', {}, true],
    ['not verified', 'verified: false', {}, false],
    ['an id', 'id: ada', {}, true],
    ['all of two', 'id: ada\n    state: inactive', {}, false],
  ])('%s (%s)', async (_name, target, change, fits) => {
    const lower = await withRules(`- target:\n    ${target}\n  verdict: confirm`, 'strict');
    const raise_ = await withRules(`- target:\n    ${target}\n  verdict: deny`);
    const of = { effects: ['privilege'] as const, subjects: [{ ...ADA, ...change }] };
    expect([verdict(lower, of), verdict(raise_, of)]).toEqual(fits ? ['confirm', 'deny'] : ['approve', 'confirm']);
  });

  test.each<[string, string, Subject]>([
    ['whether a new account will be verified', 'verified: true', { schema_id: 'default', state: 'active', traits: {} }],
    ['the state of an account that cannot be read', 'state: active', { id: 'x' }],
    ['the schema of an account that cannot be read', 'schema_id: default', { id: 'x' }],
    ['a trait of an account that cannot be read', 'traits: {email: "*"}', { id: 'x' }],
    ['the organization of an account that cannot be read', 'organization_id: "*"', { id: 'x' }],
    ['anything where no account is known', 'id: "*"', {}],
    ['a value that differs in upper and lower case', 'traits: {email: ada@EXAMPLE.com}', ADA],
  ])('what is not known counts only where it is stricter: %s', async (_name, target, subject) => {
    const lower = await withRules(`- target:\n    ${target}\n  verdict: allow`);
    const higher = await withRules(`- target:\n    ${target}\n  verdict: approve`);
    const of = { effects: ['privilege'] as const, subjects: [subject] };
    expect([verdict(lower, of), verdict(higher, of)]).toEqual(['confirm', 'approve']);
  });

  test('a rule in doubt does not hide a stricter one below it', async () => {
    const policy = await withRules('- target: {verified: true}\n  verdict: approve\n- verdict: deny');
    expect(verdict(policy, { subjects: [{ schema_id: 'default' }] })).toBe('deny');
  });

  test('a call that names no account is judged as one about an unknown account', async () => {
    expect(verdict(await withRules('- target: {state: active}\n  verdict: deny'), { subjects: [] })).toBe('deny');
  });
});

describe('conditions on the call', () => {
  test.each<[string, string, Partial<Judged>, string]>([
    ['more accounts', 'count: {over: 10}', { count: 11 }, 'deny'],
    ['not more', 'count: {over: 10}', { count: 10 }, 'allow'],
    ['a count that is none', 'count: {over: 10}', { count: Number.NaN }, 'deny'],
    ['a principal', 'principal: "os:1000:*"', {}, 'deny'],
    ['another principal', 'principal: "os:1:*"', {}, 'allow'],
    ['a client', 'client: "desk *"', {}, 'deny'],
    ['another client', 'client: web', {}, 'allow'],
    ['tools', 'tools: [delete_identity, "*_identity"]', {}, 'deny'],
    ['other tools', 'tools: "delete_*"', {}, 'allow'],
    ['effects', 'effects: [write, mass]', {}, 'deny'],
    ['other effects', 'effects: mass', {}, 'allow'],
    ['office hours', 'time: {days: mon-fri, from: "09:00", to: "17:00", zone: Europe/Berlin}', {}, 'deny'],
    ['a moment that is none', 'time: {from: "09:00", to: "17:00", zone: UTC}', { at: new Date(Number.NaN) }, 'deny'],
  ])('%s', async (_name, condition, of, expected) =>
    expect(verdict(await withRules(`- ${condition}\n  verdict: deny`), of)).toBe(expected),
  );

  // 2026-03-29 02:00 becomes 03:00 in Berlin; 2026-03-06 is a Friday.
  test.each([
    ['from: "09:00", to: "17:00", zone: UTC', '2026-03-04T09:00:00Z', true],
    ['from: "09:00", to: "17:00", zone: UTC', '2026-03-04T08:59:59Z', false],
    ['from: "09:00", to: "17:00", zone: UTC', '2026-03-04T17:00:00Z', false],
    ['from: "09:00", to: "17:00", zone: Europe/Berlin', '2026-03-04T16:30:00Z', false],
    ['from: "09:00", to: "17:00", zone: America/New_York', '2026-03-04T21:59:00Z', true],
    ['from: "22:00", to: "06:00", zone: UTC', '2026-03-04T23:00:00Z', true],
    ['from: "22:00", to: "06:00", zone: UTC', '2026-03-04T05:59:00Z', true],
    ['from: "22:00", to: "06:00", zone: UTC', '2026-03-04T06:00:00Z', false],
    ['days: fri, from: "22:00", to: "06:00", zone: UTC', '2026-03-07T03:00:00Z', true],
    ['days: fri, from: "22:00", to: "06:00", zone: UTC', '2026-03-06T03:00:00Z', false],
    ['days: sun, from: "22:00", to: "06:00", zone: UTC', '2026-03-09T03:00:00Z', true],
    ['days: [sat, sun], zone: UTC', '2026-03-08T00:00:00Z', true],
    ['days: sat-mon, zone: UTC', '2026-03-09T12:00:00Z', true],
    ['days: sat-mon, zone: UTC', '2026-03-10T00:00:00Z', false],
    ['days: sun, zone: Pacific/Auckland', '2026-03-07T12:00:00Z', true],
    ['from: "03:00", to: "04:00", zone: Europe/Berlin', '2026-03-29T01:30:00Z', true],
    ['from: "18:00", to: "24:00", zone: UTC', '2026-03-04T23:59:00Z', true],
    ['from: "00:00", to: "24:00", zone: UTC', '2026-03-04T00:00:00Z', true],
  ])('time {%s} at %s: %s', async (time, at, within) =>
    expect(verdict(await withRules(`- time: {${time}}\n  verdict: deny`), { at: new Date(at) })).toBe(within ? 'deny' : 'allow'),
  );
});

describe('a rule on the client only raises', () => {
  test('it does not hide the rules below it', async () => {
    const policy = await withRules('- client: "desk *"\n  verdict: confirm\n- verdict: approve');
    expect(verdict(policy)).toBe('approve');
  });
  test('it raises what the rest says', async () =>
    expect(verdict(await withRules('- client: "desk *"\n  verdict: approve\n- verdict: allow'))).toBe('approve'));
  test('it does not bring a question from the page to the form', async () => {
    const policy = await policyOf(
      'version: 1\npreset: standard\nconfirm_by: page\nrules:\n- {client: "*", verdict: confirm, confirm_by: form}',
    );
    expect(judge(policy, call({ effects: ['privilege'] }))).toMatchObject({ kind: 'confirm', confirmBy: 'page' });
  });
});

describe('protected', () => {
  const policy = policyOf(
    'version: 1\npreset: standard\nrules:\n- verdict: allow\nprotected:\n- name: boss\n  traits: {email: "boss@*"}\n',
  );
  const boss = { ...ADA, traits: { email: 'boss@example.com' } };
  test.each(EFFECTS)('%s', async (effect) =>
    expect(judge(await policy, call({ effects: [effect], subjects: [ADA, boss] }))).toMatchObject({
      kind: 'deny',
      rule: 'protected/policy.yaml:6 (boss)',
      because: expect.stringContaining('is protected (boss, line 6 of the policy)'),
    }),
  );
  test('others are not', async () => expect(verdict(await policy)).toBe('allow'));
  test('in another spelling, too', async () =>
    expect(verdict(await policy, { subjects: [{ ...ADA, traits: { email: 'Boss@Example.com' } }] })).toBe('deny'));
  test('an account that cannot be read may be one', async () => expect(verdict(await policy, { subjects: [{ id: 'x' }] })).toBe('deny'));
});

describe('what is asked of the person', () => {
  test('is all that any of the rules asks', async () => {
    const policy = await withRules(
      `- effects: write
  verdict: confirm
  require: {reason: true}
  confirm_by: page
- effects: privilege
  verdict: approve
  approvers: other
  require: {ticket: 'A-[0-9]+'}`,
    );
    expect(judge(policy, call({ effects: ['write', 'privilege'] }))).toMatchObject({
      kind: 'approve',
      approvals: 1,
      requires: { reason: true, ticket: 'A-[0-9]+' },
      others: true,
      confirmBy: 'page',
    });
    expect(judge(policy, call())).toMatchObject({ kind: 'confirm', requires: { reason: true, ticket: undefined }, others: false });
  });

  test('of two tickets, one that fits both', async () => {
    const rule = (effect: string, ticket: string) => `- effects: ${effect}\n  verdict: confirm\n  require: {ticket: '${ticket}'}`;
    const policy = await withRules([rule('write', '[A-Z]+-[0-9]+'), rule('privilege', 'OPS-.+')].join('\n'));
    const ticket = judge(policy, call({ effects: ['write', 'privilege'] })).requires.ticket ?? '';
    const fits = (text: string) => new RegExp(`^(?:${ticket})$`, 'u').test(text);
    expect(['OPS-1', 'OPS-x', 'DEV-1', 'OPS-'].map(fits)).toEqual([true, false, false, false]);
  });

  test('nothing where nobody is asked', async () => {
    const policy = await withRules('- effects: write\n  verdict: confirm\n  require: {reason: true}\n- verdict: deny');
    expect(judge(policy, call({ effects: ['write', 'privilege'] }))).toMatchObject({
      kind: 'deny',
      requires: { reason: false },
      approvals: 0,
    });
  });

  test('a rule says by which channel, before the file does', async () => {
    const text = (by: string, rule: string) =>
      `version: 1\npreset: strict\nconfirm_by: ${by}\nrules:\n- {verdict: confirm, confirm_by: ${rule}}`;
    expect(judge(await policyOf(text('page', 'form')), call()).confirmBy).toBe('form');
    expect(judge(await policyOf(text('form', 'page')), call()).confirmBy).toBe('page');
  });
});

describe('reads', () => {
  const read = (policy: Policy, of: Partial<Judged> = {}) => {
    const { principal, claims, client, at } = call(of);
    return judgeRead(policy, { tool: 'get_identity', principal, claims, client, at });
  };
  test.each(PRESET_NAMES)('%s allows them', (preset) =>
    expect(read(presetPolicy(preset))).toMatchObject({ kind: 'allow', rule: `${preset}/read` }),
  );
  test.each<[string, string, string]>([
    ['a rule about reads', '- effects: read\n  verdict: deny', 'deny'],
    ['a rule about the tool', '- tools: get_*\n  verdict: deny', 'deny'],
    ['a rule about everything', '- verdict: deny', 'deny'],
    ['one about changes', '- effects: write\n  verdict: deny', 'allow'],
    ['one about an account', '- target: {state: active}\n  verdict: deny', 'allow'],
    ['one by which somebody is asked', '- verdict: approve\n- effects: read\n  verdict: deny', 'deny'],
    ['one that allows first', '- tools: get_*\n  verdict: allow\n- verdict: deny', 'allow'],
    ['another principal', '- principal: "os:1:*"\n  verdict: deny', 'allow'],
    ['the client, which is denied', '- client: "desk *"\n  verdict: deny', 'deny'],
  ])('%s', async (_name, rules, expected) => expect(read(await withRules(rules)).kind).toBe(expected));
});

describe('raise', () => {
  const decide = (kind: 'write' | 'privilege', preset: 'standard' | 'strict' = 'standard') =>
    judge(presetPolicy(preset), call({ effects: [kind] }));
  const pattern = { rule: 'pattern', because: 'It is a pattern.' };
  test('lifts what is below, and says so', () =>
    expect(raise(decide('write'), { ...pattern, atLeast: 'approve' })).toMatchObject({
      kind: 'approve',
      approvals: 1,
      others: false,
      rule: 'pattern',
      because: expect.stringMatching(/says "allow" to "write"\. It is a pattern\.$/),
    }));
  test('by two people, neither of them the requester', () =>
    expect(raise(decide('privilege'), { ...pattern, atLeast: 'approve', approvals: 2 })).toMatchObject({ approvals: 2, others: true }));
  test('leaves alone what is as strict', () => {
    for (const it of [decide('privilege', 'strict'), decide('write', 'strict')])
      expect(raise(it, { ...pattern, atLeast: 'confirm' })).toBe(it);
    const denied = judge(presetPolicy('read-only'), call());
    expect(raise(denied, { ...pattern, atLeast: 'approve', approvals: 2 })).toBe(denied);
  });
});

test('explain decides as judge does, and names every other rule and why it has no part in it', async () => {
  const policy = await withRules(
    `- name: elsewhere
  tools: delete_identity
  verdict: deny
- name: plain
  effects: write
  verdict: confirm
- name: rights
  effects: privilege
  verdict: approve
- name: never reached
  verdict: deny`,
  );
  const judged = call({ effects: ['write', 'privilege'] });
  const { decision, passedOver } = explain(policy, judged);
  expect(decision).toEqual(judge(policy, judged));
  expect(passedOver.map((it) => `${/\((.*)\)/.exec(it.rule)?.[1]}: ${it.why}`)).toEqual([
    'elsewhere: it is about other tools (delete_identity)',
    'plain: it applies, but policy.yaml:10 (rights) is as strict or stricter',
    'never reached: not looked at: policy.yaml:10 (rights) came before it',
  ]);
});

test('a batch of a thousand under a long file is judged in a moment', async () => {
  const rules = Array.from(
    { length: 40 },
    (_, index) => `- target: {changes: traits.x${index}, metadata_public: {a: b${index}}}\n  verdict: deny`,
  );
  const policy = await withRules(rules.join('\n'));
  const subjects = Array.from({ length: 1_000 }, (_, index) => ({
    schema_id: 'default',
    traits: { email: `${index}@example.com`, name: 'x' },
  }));
  const began = performance.now();
  expect(verdict(policy, { effects: ['write', 'takeover', 'mass'], subjects, count: 1_000 })).toBe('confirm');
  expect(performance.now() - began).toBeLessThan(15_000); // half a second on a machine that does nothing else
});
