import { describe, expect, test } from 'vitest';
import { admin, create, email, emailOf, failure, get, nobody, password, success } from './kratos.ts';
import { text, type Failure, type Identity } from './wire.ts';

interface Item {
  readonly action: 'create' | 'error';
  readonly identity?: string;
  readonly patch_id?: string;
  readonly error?: Failure;
}

const send = (identities: readonly unknown[]) => admin('PATCH', '/identities', { body: { identities } });
const results = async (identities: readonly unknown[]) => success<{ identities: (Item | null)[] }>(await send(identities), 200).identities;
const person = (address = email()) => ({ create: { traits: { email: address } } });
const isUnknown = async (address: string) => {
  const found = success<Identity[]>(await admin('GET', `/identities?credentials_identifier=${encodeURIComponent(address)}`), 200);
  return found.length === 0;
};

describe('creating many identities', () => {
  test('37. creates two and says which is which', async () => {
    const patch_id = nobody();
    const [first, second] = await results([{ ...person(), patch_id }, person()]);
    expect(first).toEqual({ action: 'create', identity: expect.any(String), patch_id });
    expect(second).toEqual({ action: 'create', identity: expect.any(String) });
    expect((await get(first?.identity ?? '')).state).toBe('active');
    expect((await get(second?.identity ?? '')).state).toBe('active');
  });

  test('38. creates what is valid and reports the rest item by item', async () => {
    const same = email();
    const [created, invalid, double] = await results([person(same), { create: {} }, person(same)]);
    expect(created?.action).toBe('create');
    expect(invalid).toEqual({ action: 'error', error: expect.objectContaining({ code: 400, message: text.malformed }) });
    expect(invalid?.error?.reason).toContain('missing properties: "email"');
    expect(double).toEqual({ action: 'error', error: { code: 409, status: 'Conflict', message: text.taken } });
  });

  test('39. answers 409 as a whole where the only item conflicts', async () => {
    const identity = await create();
    const error = failure(await send([person(emailOf(identity))]), 409);
    expect(error.message).toBe(text.taken);
    expect(error).not.toHaveProperty('reason');
  });

  test('40. answers null for an item that creates nothing', async () => {
    const [first, second, third] = await results([person(), { patch_id: nobody() }, person()]);
    expect(first?.action).toBe('create');
    expect(second).toBeNull();
    expect(third?.action).toBe('create');
  });

  test('41. refuses more than 1000 items, and more than 200 passwords in plain text', async () => {
    const many = Array.from({ length: 1001 }, () => person());
    expect(failure(await send(many), 400).reason).toBe(
      'The maximum number of identities per request that can be created or deleted at once is 1000.',
    );
    const secrets = many.slice(0, 201).map((item) => ({ create: { ...item.create, credentials: { password: { config: { password } } } } }));
    expect(failure(await send(secrets), 400).reason).toBe(
      'The maximum number of identities per request that can be created with a plaintext password is 200.',
    );
  }, 60_000);

  test('42. creates nothing at all where one hash is bad', async () => {
    const good = email();
    const bad = { create: { traits: { email: email() }, credentials: { password: { config: { hashed_password: 'plain' } } } } };
    expect(failure(await send([person(good), bad]), 400).reason).toBe(text.hashFormat);
    expect(await isUnknown(good)).toBe(true);
  });

  test('43. refuses an unknown member', async () => {
    const answer = await send([{ create: { traits: { email: email() }, x: 1 } }]);
    // The code in the body says 500 here: only the status of the answer is to be trusted.
    expect(answer.status).toBe(400);
    expect(answer.as<{ error: Failure }>().error.message).toBe('json: unknown field "x"');
  });

  test('44. does nothing with an empty list', async () => {
    expect(await results([])).toEqual([]);
  });
});
