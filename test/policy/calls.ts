/** Calls against the built-in Kratos, planned for real, to be judged by policies. */
import type { Judged, Policy } from '../../src/policy/policy.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import { seed } from '../../src/seed.ts';
import { operations } from '../../src/tools/index.ts';
import { changing } from '../tools/reader.ts';
import { patch, replace, type Stage } from '../tools/run.ts';

export interface Call {
  readonly tool: string;
  readonly input: Record<string, unknown>;
}
const call = (tool: string, input: Record<string, unknown>): Call => ({ tool, input });
const people = (...names: readonly string[]) => ({
  identities: names.map((it) => ({ create: { traits: { email: `${it}@example.com` } } })),
});

export const calls = {
  'another last name': call('patch_identity', patch(seed.ada, replace('/traits/name/last', 'Lovelace'))),
  'another e-mail address': call('patch_identity', patch(seed.ada, replace('/traits/email', 'a.byron@example.com'))),
  'another plan': call('patch_identity', patch(seed.ada, replace('/metadata_public/plan', 'team'))),
  'another role': call('patch_identity', patch(seed.ada, replace('/metadata_public/role', 'admin'))),
  'another plan and role': call(
    'patch_identity',
    patch(seed.ada, replace('/metadata_public/plan', 'team'), replace('/metadata_public/role', 'admin')),
  ),
  'another name and e-mail address': call(
    'patch_identity',
    patch(seed.ada, replace('/traits/name/last', 'Lovelace'), replace('/traits/email', 'a.byron@example.com')),
  ),
  'out of its organization': call('patch_identity', patch(seed.employee, replace('/organization_id', null))),
  "an employee's role": call('patch_identity', patch(seed.employee, replace('/metadata_public/role', 'lead'))),
  'made inactive': call('patch_identity', patch(seed.ada, replace('/state', 'inactive'))),
  'made active': call('patch_identity', patch(seed.inactive, replace('/state', 'active'))),
  'replaced by less': call('update_identity', {
    id: seed.ada,
    schema_id: 'default',
    state: 'active',
    traits: { email: 'ada.byron@example.com' },
  }),
  'deleted, never verified': call('delete_identity', { id: seed.unverified }),
  'deleted, an employee': call('delete_identity', { id: seed.employee }),
  'signed out': call('delete_identity_sessions', { id: seed.ada }),
  'one session ended': call('disable_session', { id: seed.adaLaptop }),
  'one session extended': call('extend_session', { id: seed.adaLaptop }),
  locked: call('lock_identity', { id: seed.ada }),
  'recovery code': call('create_recovery_code_for_identity', { identity_id: seed.ada }),
  'second factor removed': call('delete_identity_credentials', { id: seed.grace, type: 'totp' }),
  created: call('create_identity', { traits: { email: 'new@example.com' } }),
  'created with a plan': call('create_identity', { traits: { email: 'new@example.com' }, metadata_public: { plan: 'team' } }),
  'created with a password': call('create_identity', {
    traits: { email: 'new@example.com' },
    credentials: { password: { config: { password: 'a-long-one-41' } } },
  }),
  'two created': call('batch_patch_identities', people('one', 'two')),
  'three created, one of them known': call('batch_patch_identities', people('one', 'two', 'boss')),
} as const satisfies Readonly<Record<string, Call>>;
export type CallName = keyof typeof calls;

/** A Wednesday, at noon in Berlin. */
export const NOON = new Date('2026-03-04T11:00:00Z');

export async function judgedOf(stage: Stage, { tool, input }: Call): Promise<Judged> {
  const op = changing(tool);
  const { effects, subjects, differences = [], count } = await stage.plan(op, input);
  const who = { principal: 'os:1000:tess', claims: {}, client: 'desk 1.2', at: NOON };
  return { tool, listed: op.effects, effects, subjects, differences, count, ...who };
}

export const policyOf = (text: string, path = 'policy.yaml'): Promise<Policy> => parsePolicy(text, { path, tools: operations });
/** With these rules, on a preset. */
export const withRules = (rules: string, preset = 'standard'): Promise<Policy> =>
  policyOf(`version: 1\npreset: ${preset}\nrules:\n${rules.replace(/^/gm, '  ')}\n`);
