/** The command as the program calls it; on the built-in Kratos, and on a ledger on disk. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openLedger } from '../../src/audit/ledger.ts';
import type { AuditFields } from '../../src/audit/record.ts';
import { run } from '../../src/cli/policy.ts';
import type { Flags } from '../../src/config/load.ts';
import { createLog } from '../../src/lib/log.ts';
import { seed } from '../../src/seed.ts';
import { openFolder } from '../../src/store/folder.ts';

const folder = mkdtempSync(join(tmpdir(), 'policy-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, rules: string, preset = 'standard'): string => {
  const path = join(folder, name);
  writeFileSync(path, `version: 1\npreset: ${preset}\n${rules}`);
  return path;
};
const desk = file(
  'desk.yaml',
  `rules:
  - name: delete
    tools: delete_identity
    verdict: approve
    require: { reason: true }
  - name: plan
    target: { changes: metadata_public.plan }
    verdict: allow
  - name: vip
    target: { metadata_admin: { vip: true } }
    verdict: deny
  - name: nights
    time: { from: '22:00', to: '06:00', zone: UTC }
    verdict: deny
`,
);

let [stdout, stderr] = ['', ''];
beforeEach(() => {
  [stdout, stderr] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((stdout += String(text)), true));
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((stderr += String(text)), true));
});
afterEach(() => vi.restoreAllMocks());

const policy = (
  words: readonly string[],
  { options = {}, flags = {}, input = '' }: { options?: Flags; flags?: Flags; input?: string } = {},
) => run({ words, options, flags }, Readable.from(input === '' ? [] : [input]));
const explain = (lines: readonly unknown[], { json = true }: { json?: boolean } = {}) =>
  policy(['explain', desk], {
    options: json ? { json } : {},
    flags: { sandbox: true },
    input: lines.map((it) => (typeof it === 'string' ? it : JSON.stringify(it))).join('\n'),
  });
const printed = (): readonly Record<string, unknown>[] =>
  stdout
    .trim()
    .split('\n')
    .map((it) => JSON.parse(it) as Record<string, unknown>); // cast: one object per line

describe('check', () => {
  test('a file that can be used', async () => {
    expect(await policy(['check', desk])).toBe(0);
    expect(stdout).toMatch(/desk\.yaml can be used: preset "standard", rules: 4, protected: 0\.\nhash [\da-f]{64}\n$/);
  });
  test('one that cannot, with line and column', async () => {
    expect(await policy(['check', file('bad.yaml', 'rules:\n  - verdict: ask\n')])).toBe(1);
    expect(stderr).toMatch(/^Policy file .*bad\.yaml:4:14: rules\[1\]\.verdict: must be allow/);
    expect(stdout).toBe('');
  });
  test('one that is not there, as JSON', async () => {
    expect(await policy(['check', join(folder, 'none.yaml')], { options: { json: true } })).toBe(1);
    expect(printed()).toEqual([{ ok: false, file: expect.any(String), reason: expect.stringContaining('ENOENT') }]);
  });
  test('the one in force, where none is named', async () => expect(await policy(['check'], { flags: { policy: desk } })).toBe(0));
});

test.each<[string, readonly string[], Flags]>([
  ['nothing to do', [], {}],
  ['something else', ['approve'], {}],
  ['no file', ['check'], {}],
  ['two files', ['check', 'a', 'b'], {}],
  ['a time for a check', ['check', 'a'], { since: '30d' }],
  ['a time that is none', ['simulate', desk], { since: 'yesterday' }],
])('%s is a wrong argument', async (_name, words, options) => {
  await expect(policy(words, { options, flags: { 'state-dir': folder } })).rejects.toThrow(expect.objectContaining({ name: 'UsageError' }));
});

describe('explain', () => {
  const noon = '2026-03-04T12:00:00Z';
  const patch = (path: string, value: unknown) => ({ id: seed.ada, json_patch: [{ op: 'replace', path, value }] });

  test('says verdict and rule, and why every other rule was passed over', async () => {
    expect(await explain([{ tool: 'delete_identity', arguments: { id: seed.ada }, at: noon }])).toBe(0);
    expect(printed()).toEqual([
      {
        line: 1,
        tool: 'delete_identity',
        verdict: 'approve',
        rule: 'desk.yaml:4 (delete)',
        because: expect.stringContaining('rule desk.yaml:4 (delete) says "approve"'),
        requires: { reason: true },
        others: false,
        confirm_by: 'page',
        passed_over: [
          { rule: 'desk.yaml:8 (plan)', why: 'not looked at: desk.yaml:4 (delete) came before it' },
          { rule: 'desk.yaml:11 (vip)', why: 'not looked at: desk.yaml:4 (delete) came before it' },
          { rule: 'desk.yaml:14 (nights)', why: 'not looked at: desk.yaml:4 (delete) came before it' },
        ],
      },
    ]);
  });

  test('plans each call as it would be: by the account, the values that change, and the time', async () => {
    const lines = [
      { tool: 'patch_identity', arguments: patch('/metadata_public/plan', 'team'), at: noon, expect: 'allow' },
      { tool: 'patch_identity', arguments: patch('/metadata_public/role', 'admin'), at: noon, expect: 'confirm' },
      { tool: 'patch_identity', arguments: patch('/metadata_public/plan', 'pro'), at: noon, expect: 'unchanged' },
      {
        tool: 'create_identity',
        arguments: { traits: { email: 'a@example.com' }, metadata_admin: { vip: true } },
        at: noon,
        expect: 'deny',
      },
      { tool: 'patch_identity', arguments: patch('/traits/name/last', 'King'), at: '2026-03-04T23:00:00Z', expect: 'deny' },
      { tool: 'get_identity', arguments: { id: seed.ada }, at: noon, expect: 'allow' },
      { tool: 'get_identity', arguments: { id: seed.ada }, at: '2026-03-04T23:00:00Z', expect: 'deny' },
    ];
    expect(await explain(lines)).toBe(0);
    expect(printed().map((it) => [it['verdict'], it['ok']])).toEqual(lines.map((it) => [it.expect, true]));
    expect(printed()[1]).toMatchObject({
      rule: 'standard/privilege',
      passed_over: expect.arrayContaining([{ rule: 'desk.yaml:8 (plan)', why: 'it is not about metadata_public.role' }]),
    });
  });

  test('a difference from what is expected makes the exit code 1', async () => {
    expect(await explain([{ tool: 'delete_identity', arguments: { id: seed.ada }, at: noon, expect: 'confirm' }])).toBe(1);
    expect(printed()).toEqual([expect.objectContaining({ verdict: 'approve', expected: 'confirm', ok: false })]);
  });

  test('as text, for people', async () => {
    const call = { tool: 'delete_identity', arguments: { id: seed.ada }, at: noon };
    expect(await explain([call, '', { ...call, expect: 'deny' }], { json: false })).toBe(1);
    expect(stdout).toContain('line 1: delete_identity: approve\n    by desk.yaml:4 (delete)\n    This call takes something away');
    expect(stdout).toContain(
      '    asked by page\n    wants a reason\n    not looked at: desk.yaml:4 (delete) came before: desk.yaml:8 (plan), desk.yaml:11 (vip),',
    );
    expect(stdout).toContain('line 3: delete_identity: approve (expected: deny)\n');
    expect(stderr).toContain('1 of 2 calls did not come out as expected.');
  });

  test.each<[string, unknown, RegExp]>([
    ['no JSON', '{tool: x}', /is no JSON\. Write one call per line/],
    ['no object', '[]', /is no call/],
    ['no tool', { arguments: {} }, /is no call: tool: /],
    ['an unknown tool', { tool: 'delete_user' }, /names no tool/],
    ['an unknown member', { tool: 'get_identity', argument: {} }, /is no call: .*argument/],
    [
      'arguments that the tool does not take',
      { tool: 'delete_identity', arguments: { identity: 1 } },
      /arguments that delete_identity does not take/,
    ],
    ['an expectation that there is not', { tool: 'get_identity', arguments: { id: seed.ada }, expect: 'yes' }, /is no call: expect: /],
    ['a time that is none', { tool: 'get_identity', arguments: { id: seed.ada }, at: 'noon' }, /is no call: at: /],
    ['claims that are none', { tool: 'get_identity', arguments: { id: seed.ada }, claims: ['iam'] }, /is no call: claims: /],
    ['an account that there is not', { tool: 'delete_identity', arguments: { id: seed.nobody } }, /cannot be planned: /],
    ['a patch that there is not', { tool: 'patch_identity', arguments: patch('/credentials', {}) }, /cannot be planned: /],
  ])('a line that is no call: %s', async (_name, line, why) => {
    expect(await explain([line, { tool: 'get_identity', arguments: { id: seed.ada }, at: noon }])).toBe(1);
    expect(printed()).toEqual([{ line: 1, error: expect.stringMatching(why) }, expect.objectContaining({ line: 2, verdict: 'allow' })]);
  });

  test('no line at all', async () => {
    expect(await explain([])).toBe(1);
    expect(stderr).toContain('There was no call on standard input');
  });

  test('a line may say which claims the token has', async () => {
    const team = file(
      'team.yaml',
      'rules:\n  - {name: team, principal: {groups: iam}, verdict: allow}\n  - {effects: [read, write], verdict: deny}\n',
    );
    const name = { tool: 'patch_identity', arguments: patch('/traits/name/last', 'King') };
    const read = { tool: 'get_identity', arguments: { id: seed.ada } };
    const lines = [
      { ...name, claims: { groups: ['iam'] }, expect: 'allow' },
      { ...name, claims: { groups: ['IAM'] }, expect: 'deny' },
      { ...name, expect: 'deny' },
      { ...read, claims: { groups: 'iam', realm: { roles: [1] } }, expect: 'allow' },
      { ...read, expect: 'deny' },
    ];
    const input = lines.map((it) => JSON.stringify(it)).join('\n');
    expect(await policy(['explain', team], { options: { json: true }, flags: { sandbox: true }, input })).toBe(0);
    expect(printed()[1]).toMatchObject({
      passed_over: [{ rule: 'team.yaml:4 (team)', why: expect.stringContaining('as strict or stricter') }],
    });
    expect(printed()[2]).toMatchObject({ passed_over: [{ rule: 'team.yaml:4 (team)', why: 'the caller has no claim groups' }] });
  });

  test('what the operator withholds is denied before any rule', async () => {
    const withholding = file('withhold.yaml', 'recovery: {deliver: withhold}\n');
    const line = JSON.stringify({ tool: 'create_recovery_code_for_identity', arguments: { identity_id: seed.ada }, expect: 'deny' });
    expect(await policy(['explain', withholding], { options: { json: true }, flags: { sandbox: true }, input: line })).toBe(0);
    expect(printed()).toEqual([expect.objectContaining({ rule: 'recovery/withhold' })]);
  });
});

describe('simulate', () => {
  const state = join(folder, 'state');
  const day = 86_400_000;
  let now = 0;

  async function recorded(records: readonly AuditFields[]): Promise<void> {
    const log = createLog({ level: 'error', write: () => undefined, now: () => new Date() });
    const ledger = await openLedger({ folder: openFolder(state), kratosUrl: 'test', level: 'L0', instance: 'test', now: () => now, log });
    for (const it of records) await ledger.durable(it);
    await ledger.close();
  }
  const change: AuditFields = {
    event: 'intent',
    plan_id: 'p1',
    tool: 'delete_identity',
    effects: ['destructive'],
    target_ids: [seed.ada],
    count: 1,
    facts: { state: 'active', schema_id: 'default', verified: true, changes: [] },
    requester: 'os:1000:tess',
    client: 'desk 1.2',
    verdict: 'confirm',
    rule: 'standard/destructive',
  };
  const patched: AuditFields = { ...change, tool: 'patch_identity', effects: ['privilege'], rule: 'standard/privilege' };
  const simulate = (path: string, options: Flags = { json: true }) =>
    policy(['simulate', path], { options, flags: { 'state-dir': state } });

  beforeEach(() => rmSync(state, { recursive: true, force: true }));

  test('judges what was done again, once per call, and tells what would have come out differently', async () => {
    now = Date.parse('2026-03-04T12:00:00Z');
    const plan = { ...patched, plan_id: 'p2', facts: { ...change.facts, changes: ['metadata_public.plan'] } };
    const name = { ...patched, plan_id: 'p3', effects: ['write'], verdict: 'allow', facts: { ...change.facts, changes: ['traits.name'] } };
    await recorded([
      { ...change, event: 'asked' },
      change,
      { ...change, event: 'outcome', outcome: 'executed' },
      { ...plan, event: 'approved', facts: undefined }, // as the page records it
      plan,
      name,
      { event: 'denied', tool: 'delete_identity' },
      { event: 'read', tool: 'get_identity', requester: 'os:1000:tess', client: '' },
    ]);
    const other = file(
      'other.yaml',
      'rules:\n  - {name: delete, tools: delete_identity, verdict: approve}\n  - {target: {changes: metadata_public.plan}, verdict: allow}\n',
    );
    expect(await simulate(other, { json: true, since: '2026-01-01' })).toBe(0);
    expect(printed()).toEqual([
      expect.objectContaining({
        calls: 3,
        verdicts: { allow: 2, confirm: 0, approve: 1, 'approve: 2': 0, deny: 0 },
        changed: [
          {
            ts: '2026-03-04T12:00:00.000Z',
            tool: 'delete_identity',
            principal: 'os:1000:tess',
            targets: [seed.ada],
            was: 'confirm',
            was_rule: 'standard/destructive',
            would_be: 'approve',
            rule: 'other.yaml:4 (delete)',
          },
          expect.objectContaining({ tool: 'patch_identity', was: 'confirm', would_be: 'allow' }),
        ],
        cannot_tell: [],
        reads: 1,
        reads_denied: 0,
      }),
    ]);
  });

  test('what depends on values is counted and listed, and only that', async () => {
    now = Date.parse('2026-03-04T12:00:00Z');
    await recorded([change, { ...patched, plan_id: 'p2' }]);
    const vip = file('vip.yaml', 'rules:\n  - {name: vip, effects: privilege, target: {metadata_admin: {vip: true}}, verdict: deny}\n');
    expect(await simulate(vip, { json: true, since: '2026-01-01' })).toBe(0);
    expect(printed()[0]).toMatchObject({
      calls: 2,
      verdicts: { confirm: 1 },
      changed: [],
      cannot_tell: [{ tool: 'patch_identity', depends_on: ['vip, line 4'], otherwise: 'confirm' }],
    });
  });

  test('what depends on claims cannot be told where the caller may have had some', async () => {
    now = Date.parse('2026-03-04T12:00:00Z');
    const requester = 'https://id.example.com|ada|desk|jwt';
    const readBy = (it: string): AuditFields => ({ event: 'read', tool: 'get_identity', requester: it, client: '' });
    await recorded([change, { ...change, plan_id: 'p2', requester }, readBy(requester), readBy('os:1000:tess')]);
    const team = file('iam.yaml', 'rules:\n  - {name: team, principal: {groups: iam}, verdict: deny}\n');
    expect(await simulate(team, { json: true, since: '2026-01-01' })).toBe(0);
    expect(printed()[0]).toMatchObject({
      calls: 2,
      verdicts: { confirm: 1 },
      changed: [],
      cannot_tell: [{ principal: requester, depends_on: ['team, line 4'], otherwise: 'confirm' }],
      reads: 2,
      reads_denied: 0,
      reads_unclear: 1,
    });
    stdout = '';
    await simulate(team, { since: '2026-01-01' });
    expect(stdout).toContain('Reads: 2, of which denied 0, cannot tell 1.');
  });

  test('a value counts as what changes of its kind are', async () => {
    now = Date.parse('2026-03-04T12:00:00Z');
    const changes = ['traits.name.last', 'metadata_public.plan'];
    await recorded([{ ...patched, effects: ['write', 'privilege'], facts: { ...change.facts, changes } }]);
    const plan = file('plan.yaml', 'rules:\n  - {target: {changes: metadata_public.plan}, verdict: allow}\n');
    await simulate(plan, { json: true, since: '2026-01-01' });
    expect(printed()[0]).toMatchObject({ verdicts: { allow: 1, confirm: 0 } });
  });

  test('a protected account that is known by a value makes every change unclear', async () => {
    now = Date.parse('2026-03-04T12:00:00Z');
    await recorded([change]);
    const guarded = file('guarded.yaml', 'protected:\n  - {name: boss, traits: {email: boss@example.com}}\n');
    expect(await simulate(guarded, { since: '2026-01-01' })).toBe(0);
    expect(stdout).toContain('Changes: 1. They would have been: allow 0, confirm 0, approve 0, approve: 2 0, deny 0, cannot tell 1.');
    expect(stdout).toMatch(
      /Cannot tell: the ledger holds no values, no claims and no addresses\n.*delete_identity .*confirm {2}→ confirm {2}unless boss, line 4/,
    );
  });

  test('the time of the call counts, not that of the question', async () => {
    now = Date.parse('2026-03-04T23:30:00Z');
    await recorded([change]);
    const night = file('night.yaml', "rules:\n  - {time: {from: '22:00', to: '06:00', zone: UTC}, verdict: deny}\n");
    await simulate(night, { json: true, since: '2026-01-01' });
    expect(printed()[0]).toMatchObject({ verdicts: { deny: 1 } });
  });

  test('looks back a month, if not told otherwise', async () => {
    now = Date.now() - 40 * day;
    await recorded([change]);
    now = Date.now() - day;
    await recorded([{ ...change, plan_id: 'p9' }]);
    await simulate(desk);
    expect(printed()[0]).toMatchObject({ calls: 1 });
  });

  test('no ledger', async () => {
    expect(await simulate(desk)).toBe(1);
    expect(stderr).toContain('There is no audit ledger');
  });
});
