import { describe, expect, test } from 'vitest';
import { InputError, KratosError } from '../../src/errors.ts';
import { seed } from '../../src/seed.ts';
import { patchIdentity } from '../../src/tools/patch-identity.ts';
import { updateIdentity } from '../../src/tools/update-identity.ts';
import { patch, replace, stage, withoutSchemas } from './run.ts';

type Json = Record<string, unknown>;

describe('patch_identity', () => {
  test('sends the patch exactly as it was given', async () => {
    const it = stage();
    const json_patch = [replace('/traits/name/first', 'Augusta'), { op: 'remove', path: '/metadata_public/locale' }];
    const result = await it.run(patchIdentity, { id: seed.ada, json_patch });
    expect(JSON.parse(it.wire.find((request) => request.method === 'PATCH')?.body ?? '')).toEqual(json_patch);
    expect(result).toMatchObject({ changed: true, traits: { name: { first: 'Augusta' } }, metadata_public: { plan: 'pro' } });
  });

  test('of the e-mail says that the new address is unverified, that no mail was sent, and how many sessions remain', async () => {
    const it = stage();
    const input = patch(seed.ada, replace('/traits/email', 'Ada.King@example.com'));
    const plan = await it.plan(patchIdentity, input);
    expect(plan).toMatchObject({ effects: ['takeover'], phrase: 'ada.byron@example.com' });
    expect(plan.says).toContain('“ada.king@example.com” will be unverified, and Kratos sends no mail about it.');
    expect(await it.run(patchIdentity, input)).toMatchObject({
      new_addresses: ['ada.king@example.com'],
      note: '“ada.king@example.com”: new and unverified; Kratos sent no mail. Sessions that remain: 3.',
    });
    const both = patch(seed.ada, replace('/traits/email', 'ada@example.com'), replace('/state', 'inactive'));
    expect(await it.run(patchIdentity, both)).toMatchObject({
      state: 'inactive',
      note: expect.stringContaining('Sessions that remain: 3 (not accepted while the account is inactive).'),
    });
  });

  test('of a username is a takeover, but no change of address', async () => {
    const it = stage();
    const input = patch(seed.ada, replace('/traits/username', 'countess'));
    const plan = await it.plan(patchIdentity, input);
    expect(plan.effects).toEqual(['takeover']);
    expect(plan.says.join()).not.toContain('unverified');
    expect(await it.run(patchIdentity, input)).not.toHaveProperty('note');
  });

  test('of an address by a schema that could not be read is found out afterwards', async () => {
    const it = stage(withoutSchemas);
    const traits = [replace('/traits/email', 'ada.king@example.com'), replace('/traits/name/first', 'not@address.example')];
    expect(await it.run(patchIdentity, patch(seed.ada, ...traits))).toMatchObject({ new_addresses: ['ada.king@example.com'] });
  });

  test('that marks an address verified says which one, and that its status stays', async () => {
    const it = stage();
    const input = patch(seed.unverified, replace('/verifiable_addresses/0/verified', true));
    const { says, effects, watch } = await it.plan(patchIdentity, input);
    const [address] = (await it.identity(seed.unverified)).verifiable_addresses;
    expect(effects).toEqual(['takeover']);
    expect(says).toContain(`address “${address?.value}”: verified: false → true`);
    expect(says).toContainEqual(expect.stringMatching(/will count as verified while its status stays/));
    expect(watch).toMatchObject({ addresses: { 0: `email:${address?.value}` } });
    expect(await it.run(patchIdentity, input)).toMatchObject({ verifiable_addresses: [`${address?.value} (verified)`] });
  });

  test('of an address that does not exist is refused: Kratos would answer 200 and do nothing', async () => {
    const it = stage();
    await expect(it.plan(patchIdentity, patch(seed.ada, replace('/verifiable_addresses/7/verified', true)))).rejects.toThrow(InputError);
    expect(it.wire.filter((request) => request.method !== 'GET')).toEqual([]);
  });

  test('off the allow-list is refused before anything at all is sent', async () => {
    const it = stage();
    await expect(it.plan(patchIdentity, patch(seed.ada, replace('/credentials/password/config/hashed_password', 'x')))).rejects.toThrow(
      InputError,
    );
    expect(it.wire).toEqual([]);
  });

  test('that would change nothing sends nothing', async () => {
    const plan = await stage().plan(patchIdentity, patch(seed.ada, replace('/traits/username', 'ada'), replace('/state', 'active')));
    expect(plan).toMatchObject({ calls: [], result: { changed: false } });
  });

  test('without a schema counts as takeover, and says so', async () => {
    const plan = await stage(withoutSchemas).plan(patchIdentity, patch(seed.ada, replace('/traits/name/first', 'Augusta')));
    expect(plan.effects).toEqual(['takeover']);
    expect(plan.says).toContain('The identity schema could not be read, so every change of traits counts as a takeover.');
  });

  test('to another schema counts with both, and both are read', async () => {
    const it = stage();
    const plan = await it.plan(
      patchIdentity,
      patch(seed.ada, replace('/schema_id', 'employee'), { op: 'remove', path: '/traits/username' }),
    );
    expect(plan.effects).toEqual(['privilege', 'takeover']);
    expect(it.wire.filter((request) => request.endpoint === 'getIdentitySchema')).toHaveLength(2);
  });

  test('of somebody who does not exist is not found', async () => {
    await expect(stage().plan(patchIdentity, patch(seed.nobody, replace('/state', 'inactive')))).rejects.toThrow(KratosError);
  });

  test('says what Kratos did not keep', async () => {
    const it = stage();
    // The new address replaces the old one, and with it goes the mark that was set on the old one.
    const result = await it.run(
      patchIdentity,
      patch(seed.unverified, replace('/verifiable_addresses/0/verified', true), replace('/traits/email', 'fresh@example.com')),
    );
    expect(result['note']).toMatch(/^Kratos did not keep: “verifiable_addresses.0.verified”\. “fresh@example.com”: new and unverified/);
  });
});

describe('what is watched', () => {
  const input = patch(seed.ada, replace('/traits/name/first', 'Augusta'));
  const watchAfter = async (...meanwhile: Json[]) => {
    const it = stage();
    const first = await it.plan(patchIdentity, input);
    await it.raw('PATCH', `/admin/identities/${seed.ada}`, JSON.stringify(meanwhile));
    return [first.watch, (await it.plan(patchIdentity, input)).watch];
  };

  test.each([
    ['the state', replace('/state', 'inactive')],
    ['the label', replace('/traits/email', 'other@example.com')],
    ['the old value', replace('/traits/name/first', 'Countess')],
  ])('changes with %s', async (_, meanwhile) => {
    const [before, after] = await watchAfter(meanwhile);
    expect(after).not.toEqual(before);
  });

  test('stays the same when something else changes, so that nobody can hold a change off', async () => {
    const [before, after] = await watchAfter(replace('/metadata_admin/x', 1), replace('/traits/name/last', 'King'));
    expect(after).toEqual(before);
  });
});

describe('after an ambiguous failure', () => {
  test('a read proves a patch that is there, and does not prove one that is not', async () => {
    const it = stage();
    const input = patch(seed.ada, replace('/traits/name/first', 'Augusta'), replace('/metadata_public', { a: { b: [1] } }));
    const plan = await it.plan(patchIdentity, input);
    expect(await it.landed(patchIdentity, plan)).toBe(false);
    await it.send(plan);
    expect(await it.landed(patchIdentity, plan)).toBe(true);
  });

  test('nothing is proven of credentials', async () => {
    const it = stage();
    const { traits } = await it.identity(seed.ada);
    const plan = await it.plan(updateIdentity, {
      id: seed.ada,
      traits,
      credentials: { password: { config: { password: 'correct-horse-9' } } },
    });
    await it.send(plan);
    expect(await it.landed(updateIdentity, plan)).toBe(false);
  });
});
