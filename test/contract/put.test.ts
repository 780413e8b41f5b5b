import { describe, expect, test } from 'vitest';
import { admin, create, email, emailOf, failure, get, login, nobody, success, unique, withPassword } from './kratos.ts';
import { text, type Identity } from './wire.ts';

const put = (id: string, body: unknown) => admin('PUT', `/identities/${id}`, { body });

describe('replacing an identity', () => {
  test('45. keeps schema, state and password, and clears metadata and external_id, where only traits are sent', async () => {
    const before = await withPassword({
      metadata_public: { plan: 'pro' },
      metadata_admin: { note: 'vip' },
      external_id: `crm-${unique()}`,
    });
    const after = success<Identity>(await put(before.id, { traits: before.traits }), 200);
    expect(after).toMatchObject({ schema_id: 'default', state: 'active', metadata_public: null });
    expect(after).not.toHaveProperty('external_id');
    expect((await get(before.id)).metadata_admin).toBeNull();
    expect((await login(emailOf(before))).active).toBe(true);
  });

  test('46. notes when the state changed, and refuses a state that is none', async () => {
    const { id, traits, state_changed_at } = await create();
    const after = success<Identity>(await put(id, { traits, state: 'inactive' }), 200);
    expect(after.state).toBe('inactive');
    expect(after.state_changed_at).not.toBe(state_changed_at);
    expect(failure(await put(id, { traits, state: 'x' }), 400).reason).toBe(text.badState);
  });

  test('47. wants a body in JSON, and passes over unknown members', async () => {
    const { id, traits } = await create();
    expect(failure(await admin('PUT', `/identities/${id}`, { raw: '' }), 400).reason).toBe(
      'Unable to decode HTTP Request Body because its HTTP Header "Content-Length" is zero.',
    );
    const plain = await admin('PUT', `/identities/${id}`, { body: { traits }, headers: { 'content-type': 'text/plain' } });
    expect(failure(plain, 400).reason).toBe(
      'HTTP PUT Request used unknown HTTP Header "Content-Type: text/plain", only [application/json] are supported.',
    );
    expect(success<Identity>(await put(id, { traits, x: 1 }), 200)).not.toHaveProperty('x');
  });

  test('48. does not find an unknown id', async () => {
    expect(failure(await put(nobody(), { traits: { email: email() } }), 404).message).toBe(text.unknown);
  });

  test('49. refuses the e-mail of another identity', async () => {
    const [one, other] = [await create(), await create()];
    const error = failure(await put(one.id, { traits: other.traits }), 409);
    expect(error.message).toBe(text.taken);
    expect(error).not.toHaveProperty('reason');
    expect((await get(one.id)).traits).toEqual(one.traits);
  });

  test('50. moves to another schema, and back only with traits that fit', async () => {
    const { id, traits } = await create();
    const moved = { ...traits, department: 'R&D' };
    expect(success<Identity>(await put(id, { schema_id: 'employee', traits: moved }), 200)).toMatchObject({
      schema_id: 'employee',
      traits: moved,
    });
    expect(failure(await put(id, { schema_id: 'default', traits: moved }), 400).reason).toContain(
      'additionalProperties "department" not allowed',
    );
    expect((await get(id)).schema_id).toBe('employee');
  });
});
