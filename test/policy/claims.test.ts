/** Whether a token says what a policy asks for: which claim a name means, what a glob fits, what nobody can go by, and what follows for calls. */
import { describe, expect, test } from 'vitest';
import { EFFECTS } from '../../src/operation.ts';
import { fitOfClaims, matchesClaims } from '../../src/policy/claims.ts';
import { explain, judge, judgeRead } from '../../src/policy/judge.ts';
import type { ClaimCondition, Judged, Policy } from '../../src/policy/policy.ts';
import { verdictText } from '../../src/policy/strictness.ts';
import { policyOf, withRules } from './calls.ts';

type Claims = Readonly<Record<string, unknown>>;
const of = (name: string, ...globs: readonly string[]): ClaimCondition => ({ path: name.split('.'), globs });
/** As JSON has it, `__proto__` included. */
const json = (text: string): Claims => JSON.parse(text) as Claims; // cast: each is an object

const SURE: readonly (readonly [what: string, condition: ClaimCondition, claims: Claims, kind: 'yes' | 'no' | 'unsure'])[] = [
  // Values
  ['the value', of('sub', 'ada'), { sub: 'ada' }, 'yes'],
  ['another value', of('sub', 'ada'), { sub: 'adam' }, 'no'],
  ['a glob', of('groups', 'support-*'), { groups: 'support-eu' }, 'yes'],
  ['one of several globs', of('groups', 'iam', 'support-*'), { groups: 'support-eu' }, 'yes'],
  ['a member of a list', of('groups', 'iam'), { groups: ['staff', 'iam'] }, 'yes'],
  ['no member of a list', of('groups', 'iam'), { groups: ['staff', 'iam-readers'] }, 'no'],
  ['an empty list', of('groups', '*'), { groups: [] }, 'no'],
  ['an empty text', of('groups', '*'), { groups: '' }, 'yes'],
  ['a list that is joined', of('groups', 'a,b'), { groups: ['a', 'b'] }, 'no'],
  ['true', of('admin', 'true'), { admin: true }, 'yes'],
  ['false', of('admin', 'true'), { admin: false }, 'no'],
  ['a whole number', of('level', '3'), { level: 3 }, 'yes'],
  ['another number', of('level', '3'), { level: 30 }, 'no'],
  ['a number below nothing', of('level', '-1'), { level: [-1] }, 'yes'],
  ['one of several scopes', of('scope', 'desk'), { scope: 'openid desk email' }, 'yes'],
  ['all scopes', of('scope', 'openid desk'), { scope: 'openid desk' }, 'yes'],
  ['a part of a scope', of('scp', 'desk'), { scp: 'openid helpdesk' }, 'no'],
  ['a word of another claim', of('title', 'desk'), { title: 'help desk' }, 'no'],
  // Which claim
  ['one that is not there', of('groups', '*'), { roles: ['iam'] }, 'no'],
  ['null', of('groups', '*', 'null'), { groups: null }, 'no'],
  ['null in a list', of('groups', '*', 'null'), { groups: [null] }, 'no'],
  ['undefined', of('groups', '*', 'undefined'), { groups: undefined }, 'no'],
  ['one below another', of('realm_access.roles', 'iam'), { realm_access: { roles: ['iam'] } }, 'yes'],
  ['a name with dots and slashes', of('https://example.com/roles', 'iam'), { 'https://example.com/roles': ['iam'] }, 'yes'],
  ['one below a name with dots', of('https://example.com/app.roles', 'iam'), { 'https://example.com/app': { roles: 'iam' } }, 'yes'],
  [
    'a name with dots below another',
    of('resource_access.my.app.roles', 'iam'),
    { resource_access: { 'my.app': { roles: ['iam'] } } },
    'yes',
  ],
  ['the whole name before the way through objects', of('a.b', 'whole'), { 'a.b': 'whole', a: { b: 'way' } }, 'yes'],
  ['the way through objects where the whole name is there', of('a.b', 'way'), { 'a.b': 'whole', a: { b: 'way' } }, 'no'],
  ['below a text', of('sub.length', '*'), { sub: 'ada' }, 'no'],
  ['below a list', of('groups.0', '*'), { groups: ['iam'] }, 'no'],
  ['below null', of('a.b', '*'), { a: null }, 'no'],
  ['a part of a name', of('group', '*'), { groups: ['iam'] }, 'no'],
  ['another case of the name', of('Groups', 'iam'), { groups: ['iam'] }, 'no'],
  ['what everything inherits', of('constructor', '*'), {}, 'no'],
  ['what everything inherits, deeper', of('a.toString', '*'), { a: {} }, 'no'],
  ['a prototype', of('groups', 'iam'), json('{"__proto__": {"groups": ["iam"]}}'), 'no'],
  // What nobody can go by
  ['upper and lower case', of('groups', 'iam'), { groups: ['IAM'] }, 'unsure'],
  ['a look-alike of the same letters', of('groups', 'iam'), { groups: ['ｉａｍ'] }, 'unsure'],
  ['a look-alike of other letters', of('groups', 'iam'), { groups: ['iаm'] }, 'no'],
  ['another way to write an accent', of('groups', 'caf\u00e9'), { groups: ['cafe\u0301'] }, 'unsure'],
  ['one that fits beside one that nearly does', of('groups', 'iam'), { groups: ['IAM', 'iam'] }, 'yes'],
  ['an object', of('groups', 'iam'), { groups: { iam: true } }, 'unsure'],
  ['objects in a list', of('groups', 'iam'), { groups: [{ name: 'iam' }] }, 'unsure'],
  ['a list in a list', of('groups', 'iam'), { groups: [['iam']] }, 'unsure'],
  ['one that fits beside an object', of('groups', 'iam'), { groups: [{ name: 'x' }, 'iam'] }, 'yes'],
  ['half a number', of('level', '3'), { level: 3.5 }, 'unsure'],
  ['a number that a double cannot carry', of('level', '9007199254740992'), json('{"level": 9007199254740993}'), 'unsure'],
  ['groups that are kept elsewhere', of('groups', 'iam'), { _claim_names: { groups: 'src1' }, _claim_sources: {} }, 'unsure'],
  ['below what is kept elsewhere', of('realm_access.roles', 'iam'), { _claim_names: { realm_access: 'src1' } }, 'unsure'],
  ['a whole name that is kept elsewhere', of('a.b/c', 'iam'), { _claim_names: { 'a.b/c': 'src1' } }, 'unsure'],
  ['null for what is kept elsewhere', of('groups', 'iam'), { groups: null, _claim_names: { groups: 'src1' } }, 'unsure'],
  ['undefined for what is kept elsewhere', of('groups', 'iam'), { groups: undefined, _claim_names: { groups: 'src1' } }, 'unsure'],
  ['another one that is kept elsewhere', of('groups', 'iam'), { _claim_names: { roles: 'src1' } }, 'no'],
  ['nothing that is kept elsewhere', of('groups', 'iam'), { _claim_names: 'groups' }, 'no'],
  ['one that is here although it is kept elsewhere', of('groups', 'iam'), { groups: 'iam', _claim_names: { groups: 'src1' } }, 'yes'],
  ['an address that nobody verified', of('email', '*@example.com'), { email: 'a@example.com', email_verified: false }, 'unsure'],
  ['the same in words', of('email', '*@example.com'), { email: 'a@example.com', email_verified: 'false' }, 'unsure'],
  ['another address that nobody verified', of('email', '*@example.com'), { email: 'a@example.org', email_verified: false }, 'no'],
  ['a verified address', of('email', '*@example.com'), { email: 'a@example.com', email_verified: true }, 'yes'],
  ['the same in words, verified', of('email', '*@example.com'), { email: 'a@example.com', email_verified: 'true' }, 'yes'],
  ['an address of which nothing is said', of('email', '*@example.com'), { email: 'a@example.com' }, 'yes'],
  ['a number that nobody verified', of('phone_number', '+49*'), { phone_number: '+49301', phone_number_verified: false }, 'unsure'],
  ['the mark of something else', of('phone_number', '+49*'), { phone_number: '+49301', email_verified: false }, 'yes'],
  ['the same deeper', of('ext.email', '*@example.com'), { ext: { email: 'a@example.com', email_verified: false } }, 'unsure'],
  ['a mark that stands elsewhere', of('ext.email', '*@example.com'), { email_verified: false, ext: { email: 'a@example.com' } }, 'yes'],
];

test.each(SURE)('%s', (_what, condition, claims, kind) => {
  expect(fitOfClaims([condition], claims)).toMatchObject({ kind, ...(kind === 'yes' && { why: '' }) });
  expect(matchesClaims([condition], claims)).toBe(kind === 'yes');
});

describe('several conditions', () => {
  const claims = { groups: ['iam'], email: 'A@example.com' };
  test('all of them hold', () => expect(matchesClaims([of('groups', 'iam'), of('email', 'A@*')], claims)).toBe(true));
  test('one does not', () => expect(matchesClaims([of('groups', 'iam'), of('email', 'b@*')], claims)).toBe(false));
  test('one may', () => expect(matchesClaims([of('groups', 'iam'), of('email', 'a@*')], claims)).toBe(false));
  test('one that does not hold settles it, whatever is in doubt', () => {
    expect(fitOfClaims([of('email', 'a@*'), of('groups', 'sales')], claims).kind).toBe('no');
    expect(fitOfClaims([of('email', 'a@*'), of('groups', 'iam')], claims).kind).toBe('unsure');
  });
  test('none at all are nobody', () => expect(matchesClaims([], claims)).toBe(false));
});

test('what is said of a claim names it, and nothing that is in it', () => {
  for (const [, condition, claims, kind] of SURE) {
    if (kind === 'yes') continue;
    const name = condition.path.join('.');
    expect(fitOfClaims([condition], claims).why.replace(name, '…')).toMatch(
      /^the (?:caller has no claim …|token leaves the claim … out|claim … (?:is another one(?: \(it does but for upper and lower case\))?|is not verified|holds what no glob can be compared with))$/,
    );
  }
});

test('a long list of groups and a long list of globs are compared in a moment', () => {
  const groups = Array.from({ length: 1_000 }, (_, index) => `${'group'.repeat(20)}-${index}`);
  const globs = Array.from({ length: 50 }, (_, index) => `*g*r*o*u*p*-${index}x`);
  const began = performance.now();
  expect(matchesClaims([of('groups', ...globs)], { groups })).toBe(false);
  expect(performance.now() - began).toBeLessThan(5_000); // a tenth of a second on a machine that does nothing else
});

const call = (claims: Claims, more: Partial<Judged> = {}): Judged => ({
  tool: 'patch_identity',
  effects: ['privilege'],
  listed: EFFECTS,
  subjects: [{ id: 'a', schema_id: 'default', state: 'active' }],
  differences: [],
  count: 1,
  principal: 'https://id.example.com|ada|desk|jwt',
  claims,
  client: 'desk 1.2',
  at: new Date('2026-03-04T11:00:00Z'),
  ...more,
});
const verdict = (policy: Policy, claims: Claims, more: Partial<Judged> = {}): string => verdictText(judge(policy, call(claims, more)));

describe('rules on claims', () => {
  const desk = '- principal: { groups: support-*, email: "*@example.com" }\n';
  test.each<[string, Claims, string, string]>([
    ['who has them all', { groups: ['support-eu'], email: 'a@example.com' }, 'allow', 'deny'],
    ['who has one of them', { groups: ['support-eu'], email: 'a@example.org' }, 'confirm', 'confirm'],
    ['who lacks one', { groups: ['support-eu'] }, 'confirm', 'confirm'],
    ['who has none, as on stdio', {}, 'confirm', 'confirm'],
    ['who nearly has them', { groups: ['Support-EU'], email: 'a@example.com' }, 'confirm', 'deny'],
    ['whose groups are kept elsewhere', { email: 'a@example.com', _claim_names: { groups: 'src1' } }, 'confirm', 'deny'],
    ['whose address nobody verified', { groups: ['support-eu'], email: 'a@example.com', email_verified: false }, 'confirm', 'deny'],
  ])('%s', async (_who, claims, lowered, denied) => {
    expect(verdict(await withRules(`${desk}  verdict: allow`), claims)).toBe(lowered);
    expect(verdict(await withRules(`${desk}  verdict: deny`), claims)).toBe(denied);
  });

  test('reads are ruled by them, too', async () => {
    const { tool: _tool, ...facts } = call({ groups: ['support-eu'] });
    const read = async (rules: string, claims: Claims) =>
      judgeRead(await withRules(rules), { ...facts, tool: 'get_identity', claims }).kind;
    const only = '- principal: { groups: support-* }\n  verdict: allow\n- effects: read\n  verdict: deny';
    expect(await read(only, { groups: ['support-eu'] })).toBe('allow');
    expect(await read(only, { groups: ['sales'] })).toBe('deny');
    expect(await read(only, { groups: ['SUPPORT-EU'] })).toBe('deny');
    expect(await read(only, {})).toBe('deny');
    expect(await read('- principal: { groups: contractors }\n  verdict: deny', { groups: ['Contractors'] })).toBe('deny');
  });

  test('a rule in doubt does not hide a stricter one below it', async () => {
    const policy = await withRules('- principal: {groups: iam}\n  verdict: approve\n- verdict: deny');
    expect(verdict(policy, { groups: 'IAM' })).toBe('deny');
  });

  test('explain says what did not fit', async () => {
    const policy = await withRules('- principal: {groups: iam}\n  verdict: allow');
    expect(explain(policy, call({ groups: ['sales'] })).passedOver).toEqual([
      { rule: 'policy.yaml:4 (rule 1)', why: 'the claim groups is another one' },
    ]);
    expect(explain(policy, call({})).passedOver[0]?.why).toBe('the caller has no claim groups');
  });

  test('globs over the principal go on as before, for a token as for a user of this machine', async () => {
    const policy = await withRules('- principal: ["os:1000:*", "https://id.example.com|*|desk|*", "static|desk-*"]\n  verdict: deny');
    const by = (principal: string) => verdict(policy, {}, { principal });
    expect([by('os:1000:tess'), by('https://id.example.com|ada|desk|jwt'), by('static|desk-1'), by('static|web')]).toEqual([
      'deny',
      'deny',
      'deny',
      'confirm',
    ]);
  });
});

describe('approvers by claims', () => {
  const who = async (text: string) => (await policyOf(`version: 1\npreset: strict\napprovers:\n  who: ${text}\n`)).approvers.who;
  const isApprover = async (text: string, claims: Claims) => (await who(text)).some((it) => matchesClaims(it, claims));

  test('one mapping, of which all must hold', async () => {
    const text = '{ groups: [iam, security], amr: mfa }';
    expect(await isApprover(text, { groups: ['iam'], amr: ['pwd', 'mfa'] })).toBe(true);
    expect(await isApprover(text, { groups: ['iam'], amr: ['pwd'] })).toBe(false);
    expect(await isApprover(text, {})).toBe(false);
  });
  test('several, of which any is enough', async () => {
    const text = '[{ groups: iam }, { sub: ada, email: ada@example.com }]';
    expect(await isApprover(text, { groups: ['iam'] })).toBe(true);
    expect(await isApprover(text, { sub: 'ada', email: 'ada@example.com' })).toBe(true);
    expect(await isApprover(text, { sub: 'ada' })).toBe(false);
  });
  test('what is true of everybody may stand beside what is not', async () => {
    const text = '{ iss: https://id.example.com, sub: "*", email_verified: true, groups: iam }';
    expect(await isApprover(text, { iss: 'https://id.example.com', sub: 'ada', email_verified: true, groups: 'iam' })).toBe(true);
    expect(await isApprover(text, { iss: 'https://id.example.com', sub: 'ada', email_verified: true })).toBe(false);
  });
  test('what nobody can go by makes nobody an approver', async () => {
    expect(await isApprover('{ groups: iam }', { groups: ['IAM'] })).toBe(false);
    expect(await isApprover('{ email: ada@example.com }', { email: 'ada@example.com', email_verified: false })).toBe(false);
    expect(await isApprover('{ groups: iam }', { _claim_names: { groups: 'src1' } })).toBe(false);
  });
  test('another one is another policy', async () => {
    const hash = async (text: string) => (await policyOf(`version: 1\npreset: strict\n${text}`)).hash;
    const hashes = await Promise.all(
      ['', 'approvers: {who: {groups: iam}}', 'approvers: {who: {groups: iam2}}', 'approvers: {who: [{groups: iam}, {sub: ada}]}'].map(
        hash,
      ),
    );
    expect(new Set(hashes).size).toBe(4);
  });
});
