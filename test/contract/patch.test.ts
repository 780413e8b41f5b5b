import { describe, expect, test } from 'vitest';
import { admin, create, email, emailOf, failure, get, nobody, patch, success, unique } from './kratos.ts';
import { text, type Identity } from './wire.ts';

const patched = async (...call: Parameters<typeof patch>) => success<Identity>(await patch(...call), 200);
const refused = async (...call: Parameters<typeof patch>) => failure(await patch(...call), 400);

describe('patching an identity', () => {
  test('51. moves addresses and identifiers along with the e-mail, unverified', async () => {
    const own = email();
    const { id } = await create({
      traits: { email: own },
      verifiable_addresses: [{ value: own, via: 'email', verified: true, status: 'completed' }],
    });
    const moved = `New.${unique()}@example.com`;
    await patched(id, { op: 'replace', path: '/traits/email', value: moved });
    const after = await get(id);
    expect(after.traits).toEqual({ email: moved });
    expect(after.verifiable_addresses).toEqual([
      expect.objectContaining({ value: moved.toLowerCase(), verified: false, status: 'pending' }),
    ]);
    expect(after.recovery_addresses).toEqual([expect.objectContaining({ value: moved.toLowerCase() })]);
    expect(after.credentials?.['password']?.identifiers).toEqual([moved.toLowerCase()]);
  });

  test('52. makes the parents of a path in metadata', async () => {
    const { id } = await create();
    const after = await patched(id, { op: 'replace', path: '/metadata_public/a/b', value: 1 });
    expect(after.metadata_public).toEqual({ a: { b: 1 } });
  });

  test('53. changes the state, and refuses one that is none', async () => {
    const { id } = await create();
    expect((await patched(id, { op: 'replace', path: '/state', value: 'inactive' })).state).toBe('inactive');
    const error = await refused(id, { op: 'replace', path: '/state', value: 'x' });
    expect(error.reason).toBe("The supplied state ('x') was not valid. Valid states are ('active', 'inactive').");
    expect(error.message).toBe(text.badState);
  });

  test('54. does not know the operation test', async () => {
    const { id } = await create();
    const error = await refused(id, { op: 'test', path: '/state', value: 'active' });
    expect(error.message).toBe('unsupported operation: test');
    expect(error.reason).toBe('An error occured when applying the JSON patch');
  });

  test('55. refuses to patch the id, the credentials as a whole, and providers', async () => {
    const { id } = await create();
    for (const path of ['/id', '/ID', '/credentials', '/credentials/oidc/config/providers/0/subject']) {
      expect((await refused(id, { op: 'replace', path, value: 'x' })).message).toBe(`patch includes denied path: ${path}`);
    }
  });

  test('56. refuses to remove what is not there', async () => {
    const { id } = await create();
    expect((await refused(id, { op: 'remove', path: '/traits/username' })).message).toContain('unable to remove nonexistent key');
  });

  test('57. sets and removes verified_at along with verified', async () => {
    const { id } = await create();
    const verified = (value: boolean) => patched(id, { op: 'replace', path: '/verifiable_addresses/0/verified', value });
    expect((await verified(true)).verifiable_addresses).toEqual([
      expect.objectContaining({ verified: true, verified_at: expect.any(String) }),
    ]);
    const [address] = (await verified(false)).verifiable_addresses ?? [];
    expect(address?.verified).toBe(false);
    expect(address).not.toHaveProperty('verified_at');
  });

  test('58. refuses an empty body, after looking the identity up', async () => {
    const { id } = await create();
    expect(failure(await admin('PATCH', `/identities/${id}`, { raw: '' }), 400).message).toBe('invalid state detected');
    expect(failure(await admin('PATCH', `/identities/${nobody()}`, { raw: '' }), 404).message).toBe(text.unknown);
  });

  test('59. changes nothing with an empty patch', async () => {
    const before = await create();
    const after = await patched(before.id);
    expect(after.traits).toEqual({ email: emailOf(before) });
    expect(after.state_changed_at).toBe(before.state_changed_at);
  });

  test('60. refuses a schema that is not configured and leaves the identity as it was', async () => {
    const { id } = await create();
    expect((await refused(id, { op: 'replace', path: '/schema_id', value: 'nope' })).reason).toContain('nope');
    expect((await get(id)).schema_id).toBe('default');
  });
});
