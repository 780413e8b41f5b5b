/** Files that must not be used: each is refused with the line that is wrong, and why. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { UsageError } from '../../src/errors.ts';
import { loadPolicy } from '../../src/policy/load.ts';
import { operations } from '../../src/tools/index.ts';
import { policyOf } from './calls.ts';

const HEAD = 'version: 1\npreset: standard\n';
/** The wrong line is marked; it is the only one with a mark. */
const MARK = '  # <-';
const rule = (...lines: readonly string[]) =>
  `${HEAD}# rules below\nrules:\n  - name: fine\n    verdict: deny\n  - ${lines.join('\n    ')}\n`;

const CORRUPT: readonly (readonly [what: string, text: string, why: RegExp])[] = [
  // YAML
  ['a quotation mark that is not closed', `version: 1\npreset: "standard${MARK}\nrules: []\n`, /not closed/],
  ['a bracket that is not closed', `${HEAD}hide: [traits.a, traits.b${MARK}\nconfirm_by: page\n`, /not closed/],
  ['a brace that is not closed', `${HEAD}recovery: {deliver: page${MARK}\nconfirm_by: page\n`, /not closed/],
  ['a tab as indentation', `${HEAD}limits:\n\tasked: 1${MARK}\n`, /tab/],
  ['indentation that does not fit', `${HEAD}limits:\n    asked: 1\n  takeover: 2${MARK}\n`, /same column|indentation/],
  ['a name twice', `${HEAD}confirm_by: form\nconfirm_by: page${MARK}\n`, /twice/],
  ['a name twice, deeper', rule('verdict: deny', `verdict: allow${MARK}`), /twice/],
  ['an alias', `${HEAD}hide: &paths [traits.a]${MARK}\nrules: []\n`, /anchors/],
  ['a reference to nothing', `${HEAD}hide: *paths${MARK}\n`, /aliases/],
  ['a tag', `version: 1\npreset: !!str standard${MARK}\n`, /tags/],
  ['a tag of its own', `version: 1\npreset: !secret standard${MARK}\n`, /tags/],
  ['a merge key', `${HEAD}limits:\n  <<: {asked: 1}${MARK}\n`, /not accepted/],
  ['a prototype', `${HEAD}limits:\n  __proto__: {asked: 1}${MARK}\n`, /not accepted/],
  ['a second document', `${HEAD}---${MARK}\nversion: 1\n`, /second document/],
  ['a directive', `%YAML 1.1${MARK}\n---\n${HEAD}`, /directives/],
  ['a number as a name', `${HEAD}1: 2${MARK}\n`, /plain text/],
  ['two colons', `${HEAD}confirm_by: form: page${MARK}\n`, /Nested mappings/],
  ['a value that begins with @', rule(`name: @desk${MARK}`, 'verdict: deny'), /reserved character/],
  ['a value that begins with an unquoted *', rule('verdict: deny', 'target:', `  traits: {email: *@example.com}${MARK}`), /alias|\*/i],
  ['nothing at all', `${MARK}\n`, /no policy/],
  ['a list', `- version: 1${MARK}\n`, /mapping/],
  ['a text', `policy${MARK}\n`, /mapping/],
  ['nesting without end', `${HEAD}hide: ${'['.repeat(40)}${']'.repeat(40)}${MARK}\n`, /nested deeper/],
  // The top
  ['a newer version', `version: 2${MARK}\nnovelty: 1\n`, /version 2 .*Update the program/],
  ['an older version', `version: 0${MARK}\npreset: strict\n`, /must be 1/],
  ['a version in quotation marks', `version: "1"${MARK}\npreset: strict\n`, /must be 1/],
  ['no version', `preset: strict${MARK}\n`, /version is missing/],
  ['no preset', `version: 1${MARK}\n`, /preset is missing/],
  ['a preset that there is not', `version: 1\npreset: lenient${MARK}\n`, /standard, strict or read-only/],
  ['an unknown key', `${HEAD}rule: []${MARK}\n`, /rule is not known here. Known are: version/],
  ['a channel that there is not', `${HEAD}confirm_by: mail${MARK}\n`, /form or page/],
  // Rules
  ['rules without any', `${HEAD}rules:${MARK}\n`, /list of rules/],
  ['rules by name', `${HEAD}rules: {first: {verdict: deny}}${MARK}\n`, /list of rules/],
  ['an empty rule', `${HEAD}rules:\n  - verdict: deny\n  -${MARK}\n`, /rules\[2\]: must be a mapping/],
  ['a rule without a verdict', rule(`tools: delete_identity${MARK}`), /rules\[2\]\.verdict is missing/],
  ['a misspelt key in a rule', rule('tools: delete_identity', `vedict: deny${MARK}`), /vedict is not known here/],
  ['a verdict that there is not', rule(`verdict: ask${MARK}`), /allow, confirm, approve, deny/],
  ['three approvers', rule(`verdict: {approve: 3}${MARK}`), /must be 1 or 2/],
  [
    'a tool that there is not',
    rule('verdict: deny', 'tools:', '  - delete_identity', `  - delete_user${MARK}`),
    /no tool is named "delete_user"/,
  ],
  ['a glob that fits no tool', rule(`tools: remove_*${MARK}`, 'verdict: deny'), /no tool is named/],
  ['no tools', rule(`tools: []${MARK}`, 'verdict: deny'), /empty list of tools/],
  ['an effect that there is not', rule('verdict: deny', `effects: [write, theft]${MARK}`), /effects\[2\]: must be read, write/],
  ['a floor that is allowed', rule('effects: [takeover, mass]', `verdict: allow${MARK}`), /never less than confirm/],
  ['a client that is allowed more', rule('client: desk', `verdict: allow${MARK}`), /only raise/],
  ['a read that is asked about', rule('effects: read', `verdict: approve${MARK}`), /allowed or denied/],
  ['a reading tool that is asked about', rule('tools: get_*', `verdict: confirm${MARK}`), /allowed or denied/],
  [
    'a read of some accounts',
    rule('effects: read', `target: {state: active}${MARK}`, 'verdict: deny'),
    /tool, principal, client and time only/,
  ],
  ['an empty target', rule(`target: {}${MARK}`, 'verdict: deny'), /say which accounts/],
  [
    'a regular expression for a glob',
    rule('verdict: deny', 'target:', `  traits: {email: '^.*@example.com$'}${MARK}`),
    /regular expression/,
  ],
  ['a glob with two stars', rule('verdict: deny', 'target:', `  id: 'a**'${MARK}`), /one \* stands for anything/],
  ['a glob of another kind', rule('verdict: deny', `principal: 'os:100[01]:*'${MARK}`), /only \* is special/],
  ['a principal that is a number', rule('verdict: deny', `principal: 7${MARK}`), /text, a list or a mapping of claims to values/],
  ['no principals', rule('verdict: deny', `principal: []${MARK}`), /empty list of principals would never match/],
  ['a bad one of several principals', rule('verdict: deny', 'principal:', '  - os:1:*', `  - 'os:[12]:*'${MARK}`), /only \* is special/],
  ['no claims', rule('verdict: deny', `principal: {}${MARK}`), /principal: is empty; name a claim and a value/],
  ['claims in a list', rule('verdict: deny', 'principal:', `  - groups: iam${MARK}`), /principal\[1\]: must be a text/],
  [
    'a claim without a value',
    rule('verdict: deny', 'principal:', '  sub: ada', `  groups:${MARK}`),
    /principal\.groups: must be a text, a whole/,
  ],
  ['a claim without any value', rule('verdict: deny', 'principal:', `  groups: []${MARK}`), /empty list of values/],
  ['a claim that is half a number', rule('verdict: deny', 'principal:', `  level: 1.5${MARK}`), /a text, a whole number, true or false/],
  ['a claim that is a mapping', rule('verdict: deny', 'principal:', '  sub: ada', `  groups: {a: b}${MARK}`), /a text, a whole number/],
  ['a claim by regular expression', rule('verdict: deny', 'principal:', '  sub: ada', `  groups: '^iam$'${MARK}`), /regular expression/],
  ['a claim of everything twice', rule('verdict: deny', 'principal:', `  groups: [iam, 'a**']${MARK}`), /one \* stands for anything/],
  ['a claim by a star', rule('verdict: deny', 'principal:', '  sub: ada', `  'group*': iam${MARK}`), /holds a \*: name the claim/],
  ['a claim with a hole', rule('verdict: deny', 'principal:', `  realm..roles: iam${MARK}`), /between its dots/],
  ['a claim of no name', rule('verdict: deny', 'principal:', `  '': iam${MARK}`), /empty or invisible part/],
  ['a claim that is a prototype', rule('verdict: deny', 'principal:', `  a.__proto__: iam${MARK}`), /cannot be the name of a value/],
  ['a claim twice', rule('verdict: deny', 'principal:', '  groups: iam', `  groups: desk${MARK}`), /twice/],
  ['a path with a hole', rule('verdict: deny', 'target:', `  traits: {name..last: x}${MARK}`), /between its dots/],
  ['a path that begins nowhere', rule('verdict: deny', 'target:', `  changes: metadata.plan${MARK}`), /does not begin with one of/],
  ['a state that there is not', rule('verdict: deny', 'target:', `  state: locked${MARK}`), /active or inactive/],
  ['a count of less than nothing', rule('verdict: deny', 'count:', `  over: -1${MARK}`), /at least 0/],
  ['a time that is none', rule('verdict: deny', `time: {from: '9:00', to: '17:00', zone: UTC}${MARK}`), /time of day/],
  ['a 25th hour', rule('verdict: deny', `time: {from: '09:00', to: '25:00', zone: UTC}${MARK}`), /time of day/],
  ['half a window', rule('verdict: deny', `time: {from: '09:00', zone: UTC}${MARK}`), /only one of/],
  ['a window of nothing', rule('verdict: deny', `time: {from: '09:00', to: '09:00', zone: UTC}${MARK}`), /begins when it ends/],
  ['a day that there is not', rule('verdict: deny', `time: {days: [mon, payday], zone: UTC}${MARK}`), /no day/],
  ['a zone that there is not', rule('verdict: deny', `time: {days: mon, zone: Europe/Atlantis}${MARK}`), /no time zone/],
  ['a ticket that repeats a group', rule('verdict: confirm', `require: {ticket: '(A+)+'}${MARK}`), /repeats a group/],
  ['a ticket that looks around', rule('verdict: confirm', `require: {ticket: '(?=A)[A-Z]+'}${MARK}`), /looks around/],
  ['a ticket that refers back', rule('verdict: confirm', `require: {ticket: '(A|B)\\1'}${MARK}`), /refers back/],
  ['a ticket that does not compile', rule('verdict: confirm', `require: {ticket: '[A-'}${MARK}`), /no regular expression/],
  ['a ticket that may be empty', rule('verdict: confirm', `require: {ticket: '[A-Z]*'}${MARK}`), /empty ticket/],
  ['a ticket that stretches too often', rule('verdict: confirm', `require: {ticket: 'A*B*C*D*E'}${MARK}`), /more than 3/],
  ['a long ticket', rule('verdict: confirm', `require: {ticket: '${'A'.repeat(61)}'}${MARK}`), /longer than 60/],
  ['a requirement of nothing', rule('verdict: confirm', `require: {}${MARK}`), /say reason, ticket or both/],
  ['a reason from nobody', rule('verdict: deny', `require: {reason: true}${MARK}`), /confirm or approve/],
  ['another approver of a confirmation', rule('verdict: confirm', `approvers: other${MARK}`), /approve only/],
  ['a form for an approval', rule('verdict: approve', `confirm_by: form${MARK}`), /confirm only/],
  ['a name that breaks the line', rule(`name: "a\\nb"${MARK}`, 'verdict: deny'), /no name/],
  // The rest
  ['protected by name alone', `${HEAD}protected:\n  - name: boss${MARK}\n`, /say which accounts are protected/],
  ['protected by what changes', `${HEAD}protected:\n  - id: x\n    changes: traits${MARK}\n`, /changes is not known here/],
  ['a limit below zero', `${HEAD}limits:\n  asked: 10\n  takeover: -1${MARK}\n`, /limits\.takeover: must be at least 0/],
  ['a limit in words', `${HEAD}limits:\n  takeover: few${MARK}\n`, /must be a number/],
  ['half an item', `${HEAD}limits:\n  takeover: 1.5${MARK}\n`, /whole number/],
  ['a limit that there is not', `${HEAD}limits:\n  takeovers: 1${MARK}\n`, /takeovers is not known here/],
  ['a share above all', `${HEAD}limits:\n  mass_share: 101%${MARK}\n`, /no share/],
  ['a duration without a unit', `${HEAD}limits:\n  cool_down: 10${MARK}\n`, /must be a duration/],
  ['a duration that is too long', `${HEAD}recovery:\n  deliver: page\n  max_lifetime: 2h${MARK}\n`, /from 1m to 1h/],
  ['a delivery that there is not', `${HEAD}recovery:\n  deliver: mail${MARK}\n`, /page, withhold or reply/],
  ['recovery without a delivery', `${HEAD}recovery:\n  max_lifetime: 10m${MARK}\n`, /recovery\.deliver is missing/],
  [
    'an origin without TLS',
    `${HEAD}recovery:\n  deliver: page\n  return_to:\n    - https://a.example.com\n    - http://b.example.com${MARK}\n`,
    /no https origin/,
  ],
  ['an origin with a path', `${HEAD}recovery:\n  deliver: page\n  return_to: https://a.example.com/x${MARK}\n`, /no https origin/],
  ['an origin with a star', `${HEAD}recovery:\n  deliver: page\n  return_to: "https://*.example.com"${MARK}\n`, /no https origin/],
  ['a hidden path that begins nowhere', `${HEAD}hide:\n  - traits.a\n  - trait.b${MARK}\n`, /does not begin with one of/],
  ['a wait without end', `${HEAD}approvers:\n  wait: 31d${MARK}\n`, /from 0h to 30d/],
  ['approvers who are a text', `${HEAD}approvers:\n  who: iam${MARK}\n`, /approvers\.who: must be a mapping of claims to values or a list/],
  ['approvers who are nobody', `${HEAD}approvers:\n  who: {}${MARK}\n`, /is empty; name a claim and a value/],
  ['approvers of an empty list', `${HEAD}approvers:\n  who: []${MARK}\n`, /empty list of mappings would never match/],
  [
    'approvers in a list of texts',
    `${HEAD}approvers:\n  who:\n    - groups: iam\n    - ada${MARK}\n`,
    /who\[2\]: must be a mapping of claims/,
  ],
  ['approvers by nothing', `${HEAD}approvers:\n  who:\n    - groups: iam\n    - {}${MARK}\n`, /who\[2\]: is empty/],
  [
    'approvers by a bad glob',
    `${HEAD}approvers:\n  who:\n    - groups: iam\n    - sub: 'a?'${MARK}\n`,
    /who\[2\]\.sub: "a\?" holds one of/,
  ],
  ['everybody an approver', `${HEAD}approvers:\n  who: {sub: '*'}${MARK}\n`, /true of everybody who can sign in/],
  ['everybody an approver, in other words', `${HEAD}approvers:\n  who: {groups: [iam, '*'], email: '*'}${MARK}\n`, /true of everybody/],
  [
    'everybody an approver, as one of several',
    `${HEAD}approvers:\n  who:\n    - {groups: iam}\n    - {sub: '*'}${MARK}\n`,
    /who\[2\]: is true of everybody/,
  ],
  [
    'everybody of the provider an approver',
    `${HEAD}approvers:\n  who: {iss: https://id.example.com, email_verified: true}${MARK}\n`,
    /name a claim that tells approvers/,
  ],
  ['a phrase that is no choice', `${HEAD}approvers:\n  phrase: maybe${MARK}\n`, /true or false/],
];

test('there are more than sixty of them', () => expect(CORRUPT.length).toBeGreaterThan(60));

test.each(CORRUPT)('%s', async (_what, text, why) => {
  const line = text.split('\n').findIndex((it) => it.includes(MARK)) + 1;
  expect(line).toBeGreaterThan(0);
  const error: unknown = await policyOf(text, 'desk/policy.yaml').catch((it: unknown) => it);
  expect(error).toBeInstanceOf(UsageError);
  const { message } = error as UsageError; // the line before says so
  expect(message).toMatch(new RegExp(`^Policy file desk/policy\\.yaml:${line}:\\d+: .+\\.$`));
  expect(message).toMatch(why);
});

const folder = mkdtempSync(join(tmpdir(), 'policy-'));
afterAll(() => rmSync(folder, { recursive: true }));
const refusal = (path: string): Promise<string> =>
  loadPolicy(path, operations).then(
    () => 'was accepted',
    (it: unknown) => String(it),
  );

test('a file that is not there', async () =>
  expect(await refusal(join(folder, 'none.yaml'))).toMatch(/^UsageError: Policy file .*none\.yaml can't be read \(ENOENT\)\./));
test('a folder', async () => expect(await refusal(folder)).toMatch(/is no regular file|EISDIR/));
test('a file that is no UTF-8', async () => {
  const path = join(folder, 'latin.yaml');
  writeFileSync(path, Buffer.from(`${HEAD}# caf\xe9\n`, 'latin1'));
  expect(await refusal(path)).toMatch(/latin\.yaml:3:1: is no UTF-8 text/);
});
test('a file that is too large', async () => {
  const path = join(folder, 'large.yaml');
  writeFileSync(path, `${HEAD}${'#'.repeat(256 * 1024)}\n`);
  expect(await refusal(path)).toMatch(/larger than 256 KiB/);
});
test('a file that is fine is read', async () => {
  const path = join(folder, 'fine.yaml');
  writeFileSync(path, HEAD);
  expect((await loadPolicy(path, operations)).name).toBe(path);
});
