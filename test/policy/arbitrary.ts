/** Files and calls of all kinds, for what holds for every one of them. */
import fc from 'fast-check';
import { EFFECTS, type Difference, type Subject } from '../../src/operation.ts';
import type { Judged, Policy } from '../../src/policy/policy.ts';
import { PRESET_NAMES } from '../../src/policy/presets.ts';
import { operations } from '../../src/tools/index.ts';
import { policyOf } from './calls.ts';

export const some = <T>(...values: readonly T[]) => fc.constantFrom(...values);
const changeTools = operations.filter((it) => it.kind === 'change').map((it) => it.name);

export const subject = fc.record<Subject>(
  {
    id: some('a', 'b'),
    state: some('active', 'inactive'),
    schema_id: some('default', 'employee'),
    organization_id: some('o-1', 'o-2'),
    verified: fc.boolean(),
    traits: some<unknown>(null, { email: 'a@example.com' }, { email: ['A@example.com', 'b'] }, 'odd'),
    metadata_public: some<unknown>(null, { plan: 'pro' }, { plan: { name: 'pro' } }),
  },
  { requiredKeys: [] },
);
const path = some('traits.email', 'metadata_public.plan', 'metadata_public', 'state', 'metadata_admin.x').map((it) => it.split('.'));
const difference: fc.Arbitrary<Difference> = fc.record({ path, before: fc.constant(1), after: fc.constant(2), effect: some(...EFFECTS) });
export const judged: fc.Arbitrary<Judged> = fc.record({
  tool: some(...changeTools),
  effects: fc.uniqueArray(some(...EFFECTS), { minLength: 1 }),
  listed: fc.constant(EFFECTS),
  subjects: fc.array(subject, { maxLength: 3 }),
  differences: fc.array(difference, { maxLength: 3 }),
  count: some(0, 1, 5, Number.NaN),
  principal: some('os:1000:tess', 'os:2000:bob'),
  claims: some<Readonly<Record<string, unknown>>>(
    {},
    { groups: ['desk', 'iam'] },
    { groups: ['Desk'], level: 3 },
    { groups: 'iam', email: 'a@example.com', email_verified: false },
    { _claim_names: { groups: 'src1' }, email: 'a@example.com' },
    { groups: [{ name: 'desk' }], level: 3.5 },
  ),
  client: some('desk 1.2', ''),
  at: some(new Date('2026-03-04T11:00:00Z'), new Date('2026-03-07T23:30:00Z'), new Date(Number.NaN)),
});

const principal = some<string | string[] | Record<string, unknown>>(
  'os:1000:*',
  ['*', 'os:1000:tess'],
  { groups: 'desk' },
  { groups: ['iam', 'des*'] },
  { groups: '*', level: 3 },
  { email: '*@example.com' },
);
export const conditions = fc.record(
  {
    tools: some<string | string[]>('*', 'delete_*', ['patch_identity', 'update_identity']),
    effects: fc.uniqueArray(some(...EFFECTS), { minLength: 1 }),
    target: fc
      .record(
        {
          state: some('active', 'inactive'),
          schema_id: some('*', 'default'),
          organization_id: some('o-*', 'o-1'),
          verified: fc.boolean(),
          traits: fc.constant({ email: ['*@example.com'] }),
          metadata_public: fc.constant({ plan: 'pro' }),
          changes: some<string | string[]>('metadata_public.plan', 'traits', 'metadata_public.*', ['state', 'metadata_admin']),
        },
        { requiredKeys: [] },
      )
      .filter((it) => Object.keys(it).length > 0),
    count: fc.constant({ over: 2 }),
    principal,
    time: some({ from: '09:00', to: '17:00', zone: 'UTC' }, { days: 'sat-sun', zone: 'Europe/Berlin' }),
  },
  { requiredKeys: [] },
);
export const verdict = some<string | { approve: number }>('allow', 'confirm', 'approve', 'deny', { approve: 2 });
const isSound = ({ effects, verdict: said }: { effects?: readonly string[]; verdict: unknown }): boolean =>
  said !== 'allow' || effects === undefined || effects.some((it) => it === 'read' || it === 'write' || it === 'privilege');
const rule = fc
  .tuple(conditions, verdict)
  .map(([when, it]) => ({ ...when, verdict: it }))
  .filter(isSound);
export const clientRule = fc
  .tuple(conditions, some('confirm', 'approve', 'deny'), some('desk*', '*'))
  .map(([when, it, client]) => ({ ...when, client, verdict: it }));
export const rules = fc.array(rule, { maxLength: 4 });
/** On nothing that differs from call to call of one tool by one caller. */
export const steadyRules = fc.array(
  fc
    .tuple(
      fc.record(
        { tools: some('*', 'delete_*', 'get_*'), effects: fc.uniqueArray(some('read', ...EFFECTS), { minLength: 1 }), principal },
        { requiredKeys: [] },
      ),
      some('allow', 'deny', 'deny'),
    )
    .map(([when, it]) => ({ ...when, verdict: it }))
    .filter(isSound),
  { maxLength: 4 },
);
export const preset = some(...PRESET_NAMES);

/** JSON is YAML. */
export const read = (content: object): Promise<Policy> => policyOf(JSON.stringify({ version: 1, ...content }));
