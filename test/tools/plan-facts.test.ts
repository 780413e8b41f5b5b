/** What policy judges a plan by: the accounts before and after, value by value, the links of a takeover. */
import { describe, expect, test } from 'vitest';
import type { ChangeOperation, Plan } from '../../src/operation.ts';
import { seed } from '../../src/seed.ts';
import { operations } from '../../src/tools/index.ts';
import { contactChangedAt } from '../../src/tools/subjects.ts';
import { changing } from './reader.ts';
import { patch, recovering, replace, stage, withoutSchemas } from './run.ts';

type Json = Record<string, unknown>;
const patching = (id: string, ...steps: Json[]) => stage().plan(changing('patch_identity'), patch(id, ...steps));
const effects = ({ differences = [] }: Plan) => differences.map((it) => [it.path.join('.'), it.effect]);
const password = { password: { config: { password: 'canary-9-secret' } } };
const google = { oidc: { config: { providers: [{ provider: 'google', subject: 'canary-subject' }] } } };

const changes = operations.filter((it): it is ChangeOperation => it.kind === 'change');

test.each(changes.map((it) => [it.name, it] as const))('%s: its example has subjects and a count', async (_, op) => {
  const plan = await stage(undefined, recovering({ deliver: 'page' })).plan(op, op.example);
  expect(plan.subjects.length).toBeGreaterThanOrEqual(plan.count);
  expect(plan.count).toBe(op.name === 'batch_patch_identities' ? 2 : 1);
  for (const it of plan.subjects) {
    if (plan.targets.length > 0) expect(it).toMatchObject({ id: plan.targets[0]?.id, schema_id: 'default', traits: expect.any(Object) });
    else expect(it).toMatchObject({ state: 'active', schema_id: 'default' });
  }
  for (const { path } of plan.differences ?? []) expect(path.length).toBeGreaterThan(0);
});

test('nothing of it is sealed', async () => {
  const plan = await patching(seed.ada, replace('/traits/email', 'new@example.com'));
  expect(Object.keys(plan.watch).toSorted()).toEqual(['addresses', 'changes', 'credentials', 'id', 'label', 'schema_id', 'state']);
});

describe('subjects', () => {
  test('are the account before and after', async () => {
    const plan = await patching(
      seed.employee,
      replace('/metadata_public/tier', 'gold'),
      replace('/organization_id', null),
      replace('/external_id', 'crm-9'),
      replace('/state', 'inactive'),
    );
    expect(plan.subjects).toMatchObject([
      { id: seed.employee, state: 'active', organization_id: seed.organization, verified: true },
      { id: seed.employee, state: 'inactive', external_id: 'crm-9', metadata_public: { tier: 'gold' }, verified: true },
    ]);
    expect(plan.subjects[1]?.organization_id).toBeUndefined();
    expect(plan.subjects[0]?.metadata_public).not.toHaveProperty('tier', 'gold');
  });

  test('count as verified as long as a verified address is left', async () => {
    const verified = (plan: Plan) => plan.subjects.map((it) => it.verified);
    expect(verified(await patching(seed.ada, replace('/traits/email', 'new@example.com')))).toEqual([true, false]);
    expect(verified(await patching(seed.ada, replace('/traits/email', 'ADA.Byron@example.com')))).toEqual([true, true]);
    expect(verified(await patching(seed.ada, replace('/traits/name/first', 'A')))).toEqual([true, true]);
    expect(verified(await patching(seed.unverified, replace('/verifiable_addresses/0/verified', true)))).toEqual([false, true]);
  });

  test('of a batch are all of its items', async () => {
    const identities = Array.from({ length: 30 }, (_, index) => ({ create: { traits: { email: `b${index}@example.com` } } }));
    const plan = await stage().plan(changing('batch_patch_identities'), {
      identities: [...identities, { create: { schema_id: 'employee', traits: {} } }],
    });
    expect(plan.count).toBe(31);
    expect(plan.subjects.map((it) => it.schema_id)).toEqual([...identities.map(() => 'default'), 'employee']);
    expect(plan.subjects[7]).toMatchObject({ traits: { email: 'b7@example.com' } });
  });

  test('of an account that Kratos cannot read is its id', async () => {
    const reason = 'The JSON Schema "s3" for this identity\'s traits could not be found.';
    const text = JSON.stringify({ error: { code: 500, reason, message: 'Invalid configuration' } });
    const on = stage((send) => (it) => (it.endpoint === 'getIdentity' ? Promise.resolve({ status: 500, headers: {}, text }) : send(it)));
    expect((await on.plan(changing('delete_identity'), { id: seed.ada })).subjects).toEqual([{ id: seed.ada }]);
  });
});

describe('how many accounts there are in all', () => {
  const batch = changing('batch_patch_identities');
  test('is what Kratos counts', async () => {
    const on = stage();
    const plan = await on.plan(batch, batch.example);
    const { total } = await on.kratos('listIdentities', {}, { query: { page: 0, per_page: 1 } });
    expect(plan.ofAll).toBe(total);
    expect(plan.ofAll).toBeGreaterThan(8);
  });

  test.each([
    ['it does not tell', { status: 200, headers: {}, text: '[]' }],
    ['it fails', { status: 400, headers: {}, text: '{"error":{"code":400,"message":"no"}}' }],
  ])('is left out where %s', async (_, reply) => {
    const on = stage((send) => (it) => (it.endpoint === 'listIdentities' ? Promise.resolve(reply) : send(it)));
    expect(await on.plan(batch, batch.example)).not.toHaveProperty('ofAll');
  });
});

describe('differences', () => {
  test('each have the effect that they alone would have', async () => {
    const plan = await patching(
      seed.employee,
      replace('/traits/email', 'new@example.com'),
      replace('/traits/department', 'Sales'),
      replace('/metadata_public/tier', 'gold'),
      replace('/state', 'inactive'),
      replace('/verifiable_addresses/0/verified', false),
    );
    expect(effects(plan)).toEqual(
      expect.arrayContaining([
        ['traits.email', 'takeover'],
        ['traits.department', 'write'],
        ['metadata_public.tier', 'privilege'],
        ['state', 'destructive'],
        ['verifiable_addresses.0.verified', 'takeover'],
      ]),
    );
    expect(effects(plan)).toHaveLength(5);
    expect(new Set(plan.effects)).toEqual(new Set(effects(plan).map(([, effect]) => effect)));
  });

  test('what a PUT clears counts twice: as what it is, and as destroyed', async () => {
    const plan = await stage().plan(changing('update_identity'), { id: seed.employee, traits: { email: 'ellen.moss@example.com' } });
    const cleared = effects(plan).filter(([path]) => path?.startsWith('metadata_admin'));
    expect(cleared.map(([, effect]) => effect)).toEqual(expect.arrayContaining(['privilege', 'destructive']));
    expect(new Set(plan.effects)).toEqual(new Set(effects(plan).map(([, effect]) => effect)));
  });

  test('of credentials say which, and never what is in them', async () => {
    const plan = await stage().plan(changing('update_identity'), {
      id: seed.unverified,
      traits: { email: 'renamed@example.com' },
      credentials: { ...password, ...google },
    });
    expect(effects(plan)).toEqual(
      expect.arrayContaining([
        ['credentials.password', 'takeover'],
        ['credentials.oidc', 'takeover'],
      ]),
    );
    const { calls: _sent, ...told } = plan;
    expect(JSON.stringify(told)).not.toMatch(/canary/);
  });

  test('of a creation are all that it says', async () => {
    const plan = await stage().plan(changing('create_identity'), {
      schema_id: 'employee',
      state: 'inactive',
      traits: { email: 'new@example.com', name: { first: 'N' } },
      metadata_public: { role: 'admin' },
      external_id: 'crm-77',
      verifiable_addresses: [{ value: 'new@example.com', via: 'email', verified: true }],
      credentials: password,
    });
    expect(effects(plan)).toEqual([
      ['schema_id', 'privilege'],
      ['state', 'write'],
      ['traits.email', 'write'],
      ['traits.name.first', 'write'],
      ['metadata_public.role', 'privilege'],
      ['external_id', 'privilege'],
      ['verifiable_addresses.0.value', 'takeover'],
      ['verifiable_addresses.0.via', 'takeover'],
      ['verifiable_addresses.0.verified', 'takeover'],
      ['credentials.password', 'takeover'],
    ]);
    expect(plan.differences?.every((it) => it.before === undefined && it.after !== undefined)).toBe(true);
    expect(new Set(plan.effects)).toEqual(new Set(['privilege', 'takeover']));
    expect(JSON.stringify(plan.differences)).not.toContain('canary');
  });
});

describe('links of a takeover', () => {
  const chain = async (steps: Json[]) => (await patching(seed.ada, ...steps)).chain;
  test('another address, or whether one is verified, is a change of contact data', async () => {
    expect(await chain([replace('/traits/email', 'new@example.com')])).toEqual(['contact']);
    expect(await chain([replace('/verifiable_addresses/0/verified', false)])).toEqual(['contact']);
    expect(await chain([replace('/traits/name/first', 'A')])).toBeUndefined();
    expect(await chain([replace('/metadata_public/role', 'admin')])).toBeUndefined();
    expect(await chain([replace('/state', 'inactive')])).toBeUndefined();
  });

  test('every trait counts as contact data where the schema cannot be read', async () => {
    const plan = await stage(withoutSchemas).plan(changing('patch_identity'), patch(seed.ada, replace('/traits/name/first', 'A')));
    expect(plan.chain).toEqual(['contact']);
  });

  test('a password is a way in, a linked sign-in another key', async () => {
    const updating = async (credentials: Json, email: string) =>
      (await stage().plan(changing('update_identity'), { id: seed.unverified, traits: { email }, credentials })).chain;
    const { traits } = await stage().identity(seed.unverified);
    const { email } = traits as { readonly email: string };
    expect(await updating(password, email)).toEqual(['recovery']);
    expect(await updating(google, email)).toEqual(['second_factor']);
    expect(await updating(password, 'thief@example.com')).toEqual(['contact', 'recovery']);
  });

  test.each([
    ['totp', ['second_factor']],
    ['lookup_secret', ['second_factor']],
    ['password', undefined],
  ])('without %s: %s', async (type, expected) => {
    expect((await stage().plan(changing('delete_identity_credentials'), { id: seed.grace, type })).chain).toEqual(expected);
  });
});

describe('when contact data changed', () => {
  const address = (created_at: string, updated_at: string) => ({
    value: 'a@example.com',
    via: 'email',
    verified: true,
    created_at,
    updated_at,
  });
  const identity = (...verifiable_addresses: ReturnType<typeof address>[]) => ({
    id: seed.ada,
    schema_id: 'default',
    created_at: '2026-01-01T00:00:00Z',
    verifiable_addresses: verifiable_addresses.map((it) => ({ ...it, id: undefined, status: undefined, verified_at: undefined })),
    recovery_addresses: [],
  });
  const whole = (it: ReturnType<typeof identity>) =>
    contactChangedAt({
      ...it,
      external_id: undefined,
      credentials: undefined,
      schema_url: undefined,
      state: undefined,
      state_changed_at: undefined,
      updated_at: undefined,
      organization_id: undefined,
    });

  test('an address as old as its identity is no change, whatever became of it since', () => {
    expect(whole(identity(address('2026-01-01T00:00:00.9Z', '2026-05-01T00:00:00Z')))).toBeUndefined();
    expect(whole(identity(address('0001-01-01T00:00:00Z', '0001-01-01T00:00:00Z')))).toBeUndefined();
    expect(whole(identity())).toBeUndefined();
  });

  test('a younger one is, at the newest of its times', () => {
    const old = address('2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z');
    expect(whole(identity(old, address('2026-04-01T00:00:00Z', '2026-04-02T00:00:00Z')))).toBe(Date.parse('2026-04-02T00:00:00Z'));
    expect(whole(identity(address('2026-04-01T00:00:00Z', '0001-01-01T00:00:00Z')))).toBe(Date.parse('2026-04-01T00:00:00Z'));
  });

  test('goes with a change of contact data, too', async () => {
    const on = stage();
    const op = changing('patch_identity');
    expect(await on.plan(op, patch(seed.ada, replace('/traits/email', 'one@example.com')))).not.toHaveProperty('contactChangedAt');
    await on.run(op, patch(seed.ada, replace('/traits/email', 'one@example.com')));
    expect((await on.plan(op, patch(seed.ada, replace('/traits/email', 'two@example.com')))).contactChangedAt).toBeGreaterThan(0);
    expect(await on.plan(op, patch(seed.ada, replace('/traits/name/first', 'A')))).not.toHaveProperty('contactChangedAt');
  });
});
