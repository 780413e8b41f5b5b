import { describe, expect, test } from 'vitest';
import { admin, create, failure, get, nobody, patch, success, unique, withPassword } from './kratos.ts';
import { text } from './wire.ts';

const remove = (id: string, type: string) => admin('DELETE', `/identities/${id}/credentials/${type}`);
const absent = (type: string) => `You tried to remove a ${type} but this user have no ${type} set up.`;
const provider = (subject = `sub-${unique()}`) => ({ provider: 'google', subject });

describe('deleting credentials', () => {
  test('61. keeps a password that is the last first factor', async () => {
    const { id } = await withPassword();
    expect(failure(await remove(id, 'password'), 400).reason).toBe(text.lastFactor);
  });

  test('62. empties the password beside a provider, which is the last factor then', async () => {
    const google = provider();
    const { id } = await withPassword({ credentials: { oidc: { config: { providers: [google] } } } });
    expect((await remove(id, 'password')).status).toBe(204);
    const left = (await get(id, '?include_credential=password')).credentials?.['password'];
    expect(left).toMatchObject({ type: 'password', config: {} });
    expect(left?.config).not.toHaveProperty('hashed_password');
    expect(failure(await remove(id, `oidc?identifier=google%3A${google.subject}`), 400).reason).toBe(text.lastFactor);
  });

  test('63. takes one of two providers away, by its identifier', async () => {
    const [google, other] = [provider(), provider()];
    const { id } = await withPassword({ credentials: { oidc: { config: { providers: [google, other] } } } });
    expect(failure(await remove(id, 'oidc'), 400).reason).toBe('You must provide an identifier to delete this credential.');
    expect(failure(await remove(id, 'oidc?identifier=google%3Anope'), 404).reason).toBe(
      'The identifier `google:nope` was not found among OIDC credentials.',
    );
    expect((await remove(id, `oidc?identifier=google%3A${google.subject}`)).status).toBe(204);
    expect((await get(id)).credentials?.['oidc']?.identifiers).toEqual([`google:${other.subject}`]);
  });

  test('64. takes a second factor away, once', async () => {
    const { id } = await withPassword();
    // No route of this version imports a second factor; a patch can put one there.
    const seeded = await patch(
      id,
      {
        op: 'add',
        path: '/credentials/lookup_secret',
        value: { type: 'lookup_secret', identifiers: [id], config: { recovery_codes: [{ code: 'aaaa1111' }] }, version: 0 },
      },
      {
        op: 'add',
        path: '/credentials/totp',
        value: { type: 'totp', identifiers: [id], config: { totp_url: 'otpauth://totp/x:y?secret=JBSWY3DPEHPK3PXP&issuer=x' }, version: 0 },
      },
    );
    success(seeded, 200);
    for (const type of ['lookup_secret', 'totp']) {
      expect((await get(id)).credentials).toHaveProperty(type);
      expect((await remove(id, type)).status).toBe(204);
      expect((await get(id)).credentials).not.toHaveProperty(type);
      expect(failure(await remove(id, type), 404).reason).toBe(absent(type));
    }
  });

  test('65. does not find a type that the identity does not have, or that does not exist', async () => {
    const { id } = await create();
    for (const type of ['azerty', 'code_recovery']) expect(failure(await remove(id, type), 404).reason).toBe(absent(type));
  });

  test('66. does not find the credentials of an unknown identity', async () => {
    expect(failure(await remove(nobody(), 'password'), 404).message).toBe(text.unknown);
  });
});
