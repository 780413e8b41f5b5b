/** What a file that says little means, what one that says everything means, and what the schema for editors says of both. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { describePolicy } from '../../src/policy/describe.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import { presetPolicy } from '../../src/policy/preset-policy.ts';
import { PRESET_NAMES } from '../../src/policy/presets.ts';
import { operations } from '../../src/tools/index.ts';
import { policyOf } from './calls.ts';

const DEFAULTS = {
  rules: [],
  protected: [],
  confirmBy: 'form',
  limits: {
    asked: 60,
    waiting: 5,
    waitingInAll: 50,
    destructive: 30,
    takeover: 20,
    recoveryPerTarget: 3,
    allowedIn10Min: 20,
    batchItems: 1_000,
    massShare: 0.01,
    massAtLeast: 100,
    declines: 3,
    coolDownMinutes: 10,
    identitiesRead: 1_000,
    chainHours: 72,
  },
  hide: [],
  recovery: undefined,
  approvers: { waitHours: 24, phrase: false, pageMinutes: 30, who: [] },
};

describe.each(PRESET_NAMES)('%s', (preset) => {
  test('as a preset', () => {
    const { name, hash, ...rest } = presetPolicy(preset);
    expect(rest).toEqual({ preset, ...DEFAULTS });
    expect([name, hash]).toEqual([`preset "${preset}"`, expect.stringMatching(/^[\da-f]{64}$/)]);
  });
  test('as a file that says nothing else', async () => {
    const { name, hash: _hash, ...rest } = await policyOf(`version: 1\npreset: ${preset}\n`);
    expect(rest).toEqual({ preset, ...DEFAULTS });
    expect(name).toBe('policy.yaml');
  });
});

const DENIED = {
  verdict: 'deny',
  approvals: 1,
  requires: { reason: false, ticket: undefined },
  others: false,
  confirmBy: undefined,
} as const;

test('a file that says everything', async () => {
  const { hash: _hash, ...policy } = await policyOf(`
version: 1
preset: strict
confirm_by: page
rules:
  - name: all of it
    tools: [delete_identity, '*_session']
    effects: [takeover, destructive]
    target:
      id: [a, b*]
      state: inactive
      schema_id: default
      organization_id: o-1
      verified: false
      traits: { email: '*@example.com', name.last: [Byron, King] }
      metadata_public: { plan: pro }
      metadata_admin: { vip: true, level: 3 }
      changes: [state, traits.name]
    count: { over: 3 }
    principal: os:1000:*
    client: desk*
    time: { days: [mon-wed, fri], from: '09:00', to: '17:30', zone: Europe/Berlin }
    verdict: { approve: 2 }
    approvers: other
    require: { reason: true, ticket: '[A-Z]+-[0-9]+' }
  - name: a team
    principal: { groups: [support-*, desk], realm_access.roles: iam, 'https://example.com/level': 3, email_verified: true }
    verdict: deny
  - name: two principals
    principal: [os:1000:*, 'https://id.example.com|*|desk|*']
    verdict: deny
protected:
  - id: x
limits:
  asked: 1
  waiting: 2
  waiting_in_all: 3
  destructive: 4
  takeover: 5
  recovery_per_target: 6
  allowed_in_10_min: 7
  batch_items: 8
  mass_share: 2.5%
  mass_at_least: 9
  declines: 10
  cool_down: 1h
  identities_read: 11
  takeover_chain: 7d
hide: [metadata_admin, traits.phones.*.number]
recovery: { deliver: reply, max_lifetime: 15m, return_to: https://app.example.com }
approvers: { wait: 2d, phrase: true, page: 2h, who: [{ groups: iam, amr: [mfa, hwk] }, { sub: ada }] }
`);
  expect(policy).toEqual({
    name: 'policy.yaml',
    preset: 'strict',
    confirmBy: 'page',
    rules: [
      {
        name: 'all of it',
        line: 6,
        when: {
          tools: ['delete_identity', '*_session'],
          effects: ['takeover', 'destructive'],
          target: {
            id: ['a', 'b*'],
            state: ['inactive'],
            schema_id: ['default'],
            organization_id: ['o-1'],
            verified: false,
            values: [
              { path: ['traits', 'email'], globs: ['*@example.com'] },
              { path: ['traits', 'name', 'last'], globs: ['Byron', 'King'] },
              { path: ['metadata_public', 'plan'], globs: ['pro'] },
              { path: ['metadata_admin', 'vip'], globs: ['true'] },
              { path: ['metadata_admin', 'level'], globs: ['3'] },
            ],
            changes: ['state', 'traits.name'],
          },
          count: { over: 3 },
          principals: ['os:1000:*'],
          clients: ['desk*'],
          time: { days: [1, 2, 3, 5], from: 540, to: 1_050, zone: 'Europe/Berlin' },
        },
        verdict: 'approve',
        approvals: 2,
        requires: { reason: true, ticket: '[A-Z]+-[0-9]+' },
        others: true,
        confirmBy: undefined,
      },
      {
        ...DENIED,
        name: 'a team',
        line: 26,
        when: {
          claims: [
            { path: ['groups'], globs: ['support-*', 'desk'] },
            { path: ['realm_access', 'roles'], globs: ['iam'] },
            { path: ['https://example', 'com/level'], globs: ['3'] },
            { path: ['email_verified'], globs: ['true'] },
          ],
        },
      },
      { ...DENIED, name: 'two principals', line: 29, when: { principals: ['os:1000:*', 'https://id.example.com|*|desk|*'] } },
    ],
    protected: [{ name: 'protected 1', line: 33, target: { id: ['x'] } }],
    limits: {
      asked: 1,
      waiting: 2,
      waitingInAll: 3,
      destructive: 4,
      takeover: 5,
      recoveryPerTarget: 6,
      allowedIn10Min: 7,
      batchItems: 8,
      massShare: 0.025,
      massAtLeast: 9,
      declines: 10,
      coolDownMinutes: 60,
      identitiesRead: 11,
      chainHours: 168,
    },
    hide: [['metadata_admin'], ['traits', 'phones', '*', 'number']],
    recovery: { deliver: 'reply', maxLifetimeS: 900, returnTo: ['https://app.example.com'] },
    approvers: {
      waitHours: 48,
      phrase: true,
      pageMinutes: 120,
      who: [
        [
          { path: ['groups'], globs: ['iam'] },
          { path: ['amr'], globs: ['mfa', 'hwk'] },
        ],
        [{ path: ['sub'], globs: ['ada'] }],
      ],
    },
  });
});

test('the hash is of what the file says, not of how it is written', async () => {
  const hash = async (text: string) => (await policyOf(text)).hash;
  const one = await hash('version: 1\npreset: strict\nlimits: {asked: 1, takeover: 2}\n');
  expect(await hash('# a comment\npreset: "strict"\nlimits:\n  takeover: 2\n  asked: 1\nversion: 1\n')).toBe(one);
  expect(await hash('version: 1\npreset: strict\nlimits: {asked: 2, takeover: 2}\n')).not.toBe(one);
});

test.each(['', '\r\n'])('a byte order mark and other line breaks do no harm', async (end) => {
  const policy = await policyOf(`\uFEFFversion: 1${end || '\n'}preset: strict${end || '\n'}`);
  expect(policy.preset).toBe('strict');
});

const EXAMPLES = ['policy.example.yaml', 'policy.strict.example.yaml', 'policy.team.example.yaml', 'test/policy/branch.yaml'];
// The cast: a JSON Schema is an object.
const schema = JSON.parse(readFileSync('docs/policy.schema.json', 'utf8')) as object;
const fitsSchema = new Ajv2020({ allErrors: true, strict: false }).compile(schema);

test.each(EXAMPLES)('%s can be used, and an editor finds nothing wrong with it', async (path) => {
  expect((await loadPolicy(path, operations)).rules.length).toBeGreaterThan(2);
  expect(fitsSchema(parse(readFileSync(path, 'utf8')))).toBe(true);
});

test.each([
  ['an unknown key', { version: 1, preset: 'strict', rule: [] }],
  ['no preset', { version: 1 }],
  ['an unknown verdict', { version: 1, preset: 'strict', rules: [{ verdict: 'ask' }] }],
  ['a limit below zero', { version: 1, preset: 'strict', limits: { asked: -1 } }],
  ['a claim that is a mapping', { version: 1, preset: 'strict', rules: [{ principal: { groups: { a: 'b' } }, verdict: 'deny' }] }],
  ['an approver who is a text', { version: 1, preset: 'strict', approvers: { who: 'iam' } }],
])('an editor says so: %s', (_what, content) => expect(fitsSchema(content)).toBe(false));

test('what is said of a policy names rules, protected accounts, limits, recovery and hidden values', async () => {
  const policy = await loadPolicy('policy.example.yaml', operations);
  const text = describePolicy(policy, { deliver: 'page', maxLifetimeS: 900, returnTo: undefined });
  for (const part of [
    '# Policy in force: policy.example.yaml, on preset "standard"',
    '| 2 | delete for good | tool `delete_identity` | approve, with a reason, with a ticket (`HELP-[0-9]+`) |',
    '| 4 | plan changes | effect `privilege`; changes of `metadata_public.plan` | allow |',
    'Accounts that no call may change: administrators.',
    '| destructive changes in an hour | 20 |',
    'are shown to the person who approved, on the approvals page; they live at most 15 minutes',
    'Not shown in any result: `traits.birthday`, `metadata_admin`.',
  ]) {
    expect(text).toContain(part);
  }
  expect(text).not.toContain('owner');
});

test('what is said of a policy names claims, and who approves', async () => {
  const recovery = { deliver: 'page', maxLifetimeS: 900, returnTo: undefined } as const;
  const text = describePolicy(await loadPolicy('policy.team.example.yaml', operations), recovery);
  for (const part of [
    '| tool `delete_identity_sessions` or `disable_session`; effect `destructive`; for principals with groups `helpdesk` or `helpdesk-*` | confirm, with a reason |',
    'for principals with groups `iam` | approve, with a reason, by somebody else than the requester |',
    'for principals with groups `iam` | approve: 2, with a reason, with a ticket (`IAM-[0-9]+`), by others than the requester |',
    'Over HTTP, an approver is who signs in on the page with groups `iam`.',
  ]) {
    expect(text).toContain(part);
  }
  const who = '[{ groups: iam, amr: [mfa, hwk] }, { https://example.com/level: 3 }]';
  const other = await policyOf(`version: 1\npreset: strict\napprovers:\n  who: ${who}\n`);
  expect(describePolicy(other, recovery)).toContain('with groups `iam` and amr `mfa` or `hwk`, or with https://example.com/level `3`.');
  const principal = await policyOf('version: 1\npreset: strict\nrules:\n- {principal: "https://id.example.com|*", verdict: deny}\n');
  expect(describePolicy(principal, recovery)).toContain('| for principal `https://id.example.com\\|*` | deny |');
});

test('of a preset it says nothing of approvers who sign in', () =>
  expect(describePolicy(presetPolicy('strict'), { deliver: 'page', maxLifetimeS: 900, returnTo: undefined })).not.toContain('Over HTTP'));

test('of a preset it tells what each verdict means', () =>
  expect(describePolicy(presetPolicy('strict'), { deliver: 'withhold', maxLifetimeS: 3_600, returnTo: undefined })).toContain(
    '| takeover | could hand an account to someone else | approve | an approver must agree on the approvals page |',
  ));
