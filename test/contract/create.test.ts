import { describe, expect, test } from 'vitest';
import { admin, create, email, failure, get, success, unique } from './kratos.ts';
import { text, type Identity } from './wire.ts';

const post = (body: unknown) => admin('POST', '/identities', { body });

describe('creating an identity', () => {
  test('1. creates one from an e-mail alone, which keeps its case in traits and loses it in addresses and identifiers', async () => {
    const mixed = `Ann.${unique()}@Example.com`;
    const lower = mixed.toLowerCase();
    const answer = await post({ traits: { email: mixed } });
    const identity = success<Identity>(answer, 201);
    expect(answer.headers['location']).toMatch(new RegExp(`/identities/${identity.id}$`));
    expect(identity).toMatchObject({
      schema_id: 'default',
      state: 'active',
      traits: { email: mixed },
      metadata_public: null,
      organization_id: null,
    });
    expect(identity.verifiable_addresses).toEqual([
      expect.objectContaining({ value: lower, via: 'email', verified: false, status: 'pending' }),
    ]);
    expect(identity.recovery_addresses).toEqual([expect.objectContaining({ value: lower, via: 'email' })]);
    expect(identity.credentials?.['password']?.identifiers).toEqual([lower]);
    expect(identity.credentials?.['password']).not.toHaveProperty('config');
    expect(identity).not.toHaveProperty('metadata_admin');
    expect(identity).not.toHaveProperty('external_id');
  });

  test('2. reads it back with metadata_admin null and real times on its credentials', async () => {
    const { metadata_admin: none, ...identity } = await create();
    expect(none).toBeUndefined();
    const found = await get(identity.id);
    const { credentials, ...rest } = found;
    const { credentials: before, ...sent } = identity;
    expect(rest).toEqual({ ...sent, metadata_admin: null });
    expect(Object.keys(credentials ?? {})).toEqual(Object.keys(before ?? {}));
    expect(new Date(credentials?.['password']?.created_at ?? 0).getUTCFullYear()).toBeGreaterThan(2000);
  });

  test('3. refuses a body without the required trait', async () => {
    const error = failure(await post({}), 400);
    expect(error.reason).toContain('missing properties: "email"');
    expect(error.reason).toContain('I[#/traits] S[#/properties/traits/required]');
    expect(error.message).toBe(text.malformed);
  });

  test('4. refuses an e-mail that is a number', async () => {
    expect(failure(await post({ traits: { email: 123 } }), 400).reason).toContain('expected string, but got number');
  });

  test('5. refuses an e-mail that is none', async () => {
    expect(failure(await post({ traits: { email: 'nope' } }), 400).reason).toContain('"nope" is not valid "email"');
  });

  test('6. refuses a trait that the schema does not know', async () => {
    expect(failure(await post({ traits: { email: email(), x: 1 } }), 400).reason).toContain('additionalProperties "x" not allowed');
  });

  test('7. refuses a schema that is not configured', async () => {
    expect(failure(await post({ schema_id: 'nope', traits: { email: email() } }), 400).reason).toContain(
      'Unable to find JSON Schema ID: nope',
    );
  });

  test('8. refuses schema_url as an unknown member, in the message and without a reason', async () => {
    const error = failure(await post({ schema_url: 'x', traits: {} }), 400);
    expect(error.message).toBe('json: unknown field "schema_url"');
    expect(error).not.toHaveProperty('reason');
  });

  test('9. refuses id in the same way', async () => {
    const error = failure(await post({ id: crypto.randomUUID(), traits: {} }), 400);
    expect(error.message).toBe('json: unknown field "id"');
    expect(error).not.toHaveProperty('reason');
  });

  test('10. refuses an unknown state and takes inactive', async () => {
    expect(failure(await post({ state: 'foo', traits: { email: email() } }), 400).reason).toBe(text.badState);
    expect((await create({ state: 'inactive' })).state).toBe('inactive');
  });

  test('11. refuses a body that is not JSON', async () => {
    failure(await admin('POST', '/identities', { raw: '{"traits":' }), 400);
    expect(failure(await admin('POST', '/identities', { raw: '' }), 400).message).toBe('EOF');
  });

  test('12. refuses an e-mail that is taken, in whatever case', async () => {
    const taken = email();
    await create({ traits: { email: taken } });
    const error = failure(await post({ traits: { email: taken.toUpperCase() } }), 409);
    expect(error).toMatchObject({ status: 'Conflict', reason: text.conflictReason, message: text.conflict });
  });

  test('13. refuses a username that is taken, with another e-mail', async () => {
    const username = `user-${unique()}`;
    await create({ traits: { email: email(), username } });
    expect(failure(await post({ traits: { email: email(), username } }), 409).reason).toBe(text.conflictReason);
  });

  test('14. refuses an external_id that is taken', async () => {
    const external_id = `crm-${unique()}`;
    await create({ external_id });
    expect(failure(await post({ traits: { email: email() }, external_id }), 409).reason).toBe(text.conflictReason);
  });
});
