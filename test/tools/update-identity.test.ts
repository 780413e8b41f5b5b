import { describe, expect, test } from 'vitest';
import { seed } from '../../src/seed.ts';
import { patchIdentity } from '../../src/tools/patch-identity.ts';
import { updateIdentity } from '../../src/tools/update-identity.ts';
import { patch, replace, stage } from './run.ts';

describe('update_identity', () => {
  test('spells out what the replacement clears, and clears it', async () => {
    const it = stage();
    const input = { id: seed.grace, traits: { email: 'grace.murray@example.com' } };
    const plan = await it.plan(updateIdentity, input);
    expect(plan).toMatchObject({ effects: ['write', 'privilege', 'takeover', 'destructive'], phrase: 'grace.murray@example.com' });
    expect(plan.says).toEqual(
      expect.arrayContaining([
        'traits.name.first: “Grace” → cleared',
        'metadata_public.plan: “team” → cleared',
        `external_id: “${seed.externalId}” → cleared`,
      ]),
    );
    expect(plan.irreversible).toMatch(/cannot be brought back/);
    const result = await it.run(updateIdentity, input);
    expect(result).toMatchObject({ id: seed.grace, changed: true, metadata_public: null });
    expect(result).not.toHaveProperty('external_id');
    expect(result).not.toHaveProperty('note');
  });

  test('with what is there already sends nothing', async () => {
    const it = stage();
    const { traits, metadata_public } = await it.identity(seed.ada);
    const plan = await it.plan(updateIdentity, { id: seed.ada, traits, metadata_public, state: 'active' });
    expect(plan.calls).toEqual([]);
    expect(plan.result).toMatchObject({ id: seed.ada, changed: false, state: 'active' });
  });

  test('of a number that JavaScript cannot carry is refused and points to patch_identity', async () => {
    const it = stage();
    await it.raw('PATCH', `/admin/identities/${seed.ada}`, '[{"op":"add","path":"/metadata_admin","value":{"n":9007199254740993}}]');
    const { traits, metadata_public } = await it.identity(seed.ada);
    await expect(it.plan(updateIdentity, { id: seed.ada, traits, metadata_public, metadata_admin: { n: 1 } })).rejects.toThrow(
      /patch_identity/,
    );
    // Not given, it is cleared, not rewritten: that is said, and it is the caller's to choose.
    const clearing = await it.plan(updateIdentity, { id: seed.ada, traits, metadata_public });
    expect(clearing.says).toContain('metadata_admin.n: the number “9007199254740993” → cleared');
    const result = await it.run(patchIdentity, patch(seed.ada, replace('/metadata_admin/m', 1)));
    expect(result['changed']).toBe(true);
    expect(await it.text(`/admin/identities/${seed.ada}`)).toContain('"n":9007199254740993');
  });

  test('with a provider that is there already is refused instead of answered 409', async () => {
    const it = stage();
    const google = (subject: string) => ({ oidc: { config: { providers: [{ provider: 'google', subject }] } } });
    const { traits, metadata_public, external_id } = await it.identity(seed.grace);
    const input = { id: seed.grace, traits, metadata_public, external_id };
    await expect(it.plan(updateIdentity, { ...input, credentials: google('grace-1906') })).rejects.toThrow(/already has/);
    const plan = await it.plan(updateIdentity, { ...input, credentials: google('another') });
    expect(plan.effects).toEqual(['takeover']);
    expect(plan.says).toContain('Credentials: links 1 oidc sign-in. Whoever holds them can sign in.');
  });
});
