import { describe, expect, test } from 'vitest';
import { createIdentity } from '../../src/tools/create-identity.ts';
import { stage, withoutSchemas } from './run.ts';

type Json = Record<string, unknown>;

describe('create_identity', () => {
  test('sends what was given, nothing else, and reads back what is there', async () => {
    const it = stage();
    const input = { traits: { email: 'New@Example.com' }, metadata_public: { plan: 'free' } };
    const result = await it.run(createIdentity, input);
    expect(JSON.parse(it.wire.find((request) => request.method === 'POST')?.body ?? '')).toEqual(input);
    expect(result).toMatchObject({ state: 'active', schema_id: 'default', verifiable_addresses: ['new@example.com (unverified)'] });
    expect(await it.identity(String(result['id']))).toMatchObject({ traits: { email: 'New@Example.com' } });
  });

  test('is agreed to by what the account will sign in with, as it will be stored', async () => {
    const it = stage();
    const phrase = async (input: Json) => (await it.plan(createIdentity, input)).phrase;
    expect(await phrase({ traits: { username: 'zoe', email: 'Zoe@Example.com ' } })).toBe('zoe@example.com');
    expect(await phrase({ traits: { department: 'x' }, schema_id: 'employee' })).toBe('employee');
    expect(await stage(withoutSchemas).plan(createIdentity, { traits: { email: 'a@example.com' } })).toMatchObject({ phrase: 'default' });
  });

  test('says what the account will be', async () => {
    const { says, effects } = await stage().plan(createIdentity, {
      traits: { email: 'a@example.com' },
      schema_id: 'employee',
      state: 'inactive',
      external_id: 'crm-7',
      verifiable_addresses: [{ value: 'a@example.com', via: 'email', verified: true }],
    });
    expect(effects).toEqual(['privilege', 'takeover']);
    expect(says).toEqual([
      'Creates an account, inactive, by schema “employee”.',
      'traits.email: “a@example.com”',
      'external_id: “crm-7”',
      'address “a@example.com” (email): marked verified',
    ]);
  });

  test('by a schema that does not exist is told at once, and by one that could not be read is left to Kratos', async () => {
    const input = { schema_id: 'employees', traits: {} };
    await expect(stage().plan(createIdentity, input)).rejects.toThrow('Kratos has no such identity schema.');
    expect(await stage(withoutSchemas).plan(createIdentity, input)).toMatchObject({ phrase: 'employees' });
  });

  test('with more values than a person reads is refused', async () => {
    const traits = Object.fromEntries(Array.from({ length: 61 }, (_, index) => [`t${index}`, index]));
    await expect(stage().plan(createIdentity, { traits })).rejects.toThrow(/61 values/);
  });
});
