import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { admin, create, emailOf, failure, login, nobody, patch, success, withPassword } from './kratos.ts';
import { text, type Identity, type Session } from './wire.ts';

const signedIn = async (): Promise<{ identity: Identity; session: Session }> => {
  const identity = await withPassword();
  return { identity, session: await login(emailOf(identity)) };
};
/** The session as the newest thousand show it, or nothing. */
const listed = async (id: string, query = '') =>
  success<Session[]>(await admin('GET', `/sessions?page_size=1000${query}`), 200).find((session) => session.id === id);
const read = async (id: string, query = '') => success<Session>(await admin('GET', `/sessions/${id}${query}`), 200);
const badId = /^uuid: incorrect UUID length 7 in string "BADUUID"$/;

describe('sessions', () => {
  test('67. lists a session bare, and with its identity and devices where they are asked for', async () => {
    const { identity, session } = await signedIn();
    expect(await listed(session.id)).toMatchObject({ active: true, identity: null, devices: null });
    const full = await listed(session.id, '&expand=identity&expand=devices');
    expect(full?.identity?.id).toBe(identity.id);
    expect(full?.identity).not.toHaveProperty('verifiable_addresses');
    expect(full?.devices).toEqual([expect.objectContaining({ user_agent: 'contract-suite/1.0' })]);
  });

  test('68. reads a session, with an empty list of devices, and refuses bad parameters', async () => {
    const { identity, session } = await signedIn();
    expect(await read(session.id)).toMatchObject({ id: session.id, active: true, identity: null, devices: [] });
    const owner = (await read(session.id, '?expand=Identity')).identity;
    expect(owner).toMatchObject({ id: identity.id, verifiable_addresses: [{ value: emailOf(identity) }] });
    expect(owner).not.toHaveProperty('metadata_admin');
    expect(failure(await admin('GET', `/sessions/${session.id}?expand=foo`), 400).reason).toBe('Could not parse expand option: foo');
    expect(failure(await admin('GET', '/sessions/BADUUID'), 400).message).toMatch(badId);
    expect(failure(await admin('GET', `/sessions/${nobody()}`), 404).message).toBe(text.unknown);
  });

  test('69. filters by active', async () => {
    const { session } = await signedIn();
    const { session: revoked } = await signedIn();
    await admin('DELETE', `/sessions/${revoked.id}`);
    expect(await listed(session.id, '&active=true')).toBeDefined();
    expect(await listed(revoked.id, '&active=true')).toBeUndefined();
    expect(await listed(session.id, '&active=false')).toBeUndefined();
    expect(await listed(revoked.id, '&active=false')).toMatchObject({ active: false });
    expect(failure(await admin('GET', '/sessions?active=maybe'), 400).message).toBe('could not parse parameter active');
  });

  test('70. revokes a session, also twice, and keeps it', async () => {
    const { session } = await signedIn();
    for (let round = 0; round < 2; round += 1) {
      const answer = await admin('DELETE', `/sessions/${session.id}`);
      expect(answer.status).toBe(204);
      expect(answer.text).toBe('');
    }
    expect((await read(session.id)).active).toBe(false);
    expect(failure(await admin('DELETE', `/sessions/${nobody()}`), 404).message).toBe(text.unknown);
    expect(failure(await admin('DELETE', '/sessions/BADUUID'), 400).message).toMatch(badId);
  });

  test('71. extends a session', async () => {
    const { identity, session } = await signedIn();
    await sleep(20);
    const answer = await admin('PATCH', `/sessions/${session.id}/extend`);
    // 204 is what feature_flags.faster_session_extend makes of it.
    expect([200, 204]).toContain(answer.status);
    if (answer.status === 200) expect(answer.as<Session>()).toMatchObject({ id: session.id, identity: { id: identity.id } });
    expect(Date.parse((await read(session.id)).expires_at)).toBeGreaterThan(Date.parse(session.expires_at));
    expect(failure(await admin('PATCH', `/sessions/${nobody()}/extend`), 404).message).toBe(text.unknown);
    expect(failure(await admin('PATCH', '/sessions/BADUUID/extend'), 400).message).toMatch(badId);
  });
});

describe('sessions of one identity', () => {
  const path = (id: string) => `/identities/${id}/sessions`;

  test('72. lists them, the newest first, with a total and the identity without its credentials', async () => {
    const { identity, session: older } = await signedIn();
    const newer = await login(emailOf(identity));
    const answer = await admin('GET', path(identity.id));
    const found = success<Session[]>(answer, 200);
    expect(answer.headers['x-total-count']).toBe('2');
    expect(found.map((session) => session.id)).toEqual([newer.id, older.id]);
    for (const session of found) {
      expect(session.identity).toMatchObject({ id: identity.id, schema_url: '' });
      expect(session.identity).not.toHaveProperty('credentials');
      expect(session.devices).toHaveLength(1);
    }

    const none = await admin('GET', path(nobody()));
    expect(success(none, 200)).toEqual([]);
    expect(none.headers['x-total-count']).toBe('0');
    expect(failure(await admin('GET', path('BADUUID')), 400).message).toMatch(badId);
  });

  test('73. deletes them all, and does not find any the second time', async () => {
    const { identity, session } = await signedIn();
    expect((await admin('DELETE', path(identity.id))).status).toBe(204);
    expect(failure(await admin('DELETE', path(identity.id)), 404).message).toBe(text.unknown);
    expect(failure(await admin('GET', `/sessions/${session.id}`), 404).message).toBe(text.unknown);
    expect(failure(await admin('DELETE', path((await create()).id)), 404).message).toBe(text.unknown);
  });

  test('74. shows the session of an inactive identity as inactive only together with the identity', async () => {
    const { identity, session } = await signedIn();
    await patch(identity.id, { op: 'replace', path: '/state', value: 'inactive' });
    expect((await read(session.id, '?expand=identity')).active).toBe(false);
    expect((await read(session.id)).active).toBe(true);
    expect(await listed(session.id, '&active=true')).toMatchObject({ active: true });
  });

  test('75. are gone with their identity', async () => {
    const { identity, session } = await signedIn();
    expect((await admin('DELETE', `/identities/${identity.id}`)).status).toBe(204);
    expect(failure(await admin('GET', `/sessions/${session.id}`), 404).message).toBe(text.unknown);
  });
});
