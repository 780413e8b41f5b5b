import { describe, expect, test } from 'vitest';
import { admin, create, failure, nobody, open, success } from './kratos.ts';
import { text } from './wire.ts';

describe('schemas', () => {
  test('81. are public, by name and by its base64url form; the admin port sends there', async () => {
    const answer = await open('GET', '/schemas');
    const schemas = success<{ id: string; schema: Record<string, unknown> }[]>(answer, 200);
    expect(schemas.map((entry) => entry.id)).toEqual(['default', 'employee']);
    expect(answer.headers['x-total-count']).toBe('2');

    const plain = await open('GET', '/schemas/default');
    expect(success(plain, 200)).toEqual(schemas[0]?.schema);
    expect((await open('GET', '/schemas/ZGVmYXVsdA')).text).toBe(plain.text);
    expect(failure(await open('GET', '/schemas/nope'), 404).reason).toBe('Identity schema `nope` could not be found.');

    for (const path of ['/schemas?page_size=1', '/schemas/default']) {
      const moved = await admin('GET', path);
      expect(moved.status).toBe(307);
      expect(moved.headers['location']?.endsWith(path)).toBe(true);
    }
  });
});

describe('the server', () => {
  test('82. says that it is alive, ready, and of which version', async () => {
    expect(success(await admin('GET', '/health/alive'), 200)).toEqual({ status: 'ok' });
    expect(success(await admin('GET', '/health/ready'), 200)).toEqual({ status: 'ok' });
    expect(success(await admin('GET', '/version'), 200)).toEqual({ version: expect.any(String) });
  });

  test('83. answers in plain text where the method or the path is wrong', async () => {
    const method = await admin('PUT', '/identities', { body: {} });
    expect(method.status).toBe(405);
    expect(method.text).toBe('Method Not Allowed\n');
    expect(method.headers['content-type']).toMatch(/^text\/plain/);
    expect(method.headers['allow']).toBe('GET, HEAD, PATCH, POST');
    for (const path of ['/nope', '/identities/']) {
      const answer = await admin('GET', path);
      expect(answer.status).toBe(404);
      expect(answer.text).toBe('404 page not found\n');
      expect(answer.headers['content-type']).toMatch(/^text\/plain/);
    }
  });

  test('84. deletes an identity, once', async () => {
    const { id } = await create();
    const answer = await admin('DELETE', `/identities/${id}`);
    expect(answer.status).toBe(204);
    expect(answer.text).toBe('');
    expect(failure(await admin('DELETE', `/identities/${id}`), 404).message).toBe(text.unknown);
  });

  test('85. repeats X-Request-ID in its errors', async () => {
    const path = `/identities/${nobody()}`;
    expect(failure(await admin('GET', path, { headers: { 'x-request-id': 'req-1' } }), 404).request).toBe('req-1');
    expect(failure(await admin('GET', path), 404)).not.toHaveProperty('request');
  });
});
