import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { Operation } from '../../src/operation.ts';
import { seed } from '../../src/seed.ts';
import { batch } from '../../src/tools/batch.ts';
import { createIdentity } from '../../src/tools/create-identity.ts';
import { updateIdentity } from '../../src/tools/update-identity.ts';
import { stage } from './run.ts';

type Json = Record<string, unknown>;

describe('secrets in arguments', () => {
  const secrets = ['pa55-canary', '$2a$12$hash-canary', 'subject-canary', 'provider-canary'];
  const credentials = {
    password: { config: { password: secrets[0], hashed_password: secrets[1] } },
    oidc: { config: { providers: [{ provider: secrets[3], subject: secrets[2] }] } },
  };
  const cases: [Operation, Json][] = [
    [createIdentity, { traits: { email: 'a@example.com' }, credentials }],
    [updateIdentity, { id: seed.ada, traits: { email: 'ada.byron@example.com' }, credentials }],
    ...batch.map((op): [Operation, Json] => [op, { identities: [{ create: { traits: { email: 'a@example.com' }, credentials } }] }]),
  ];
  test.each(cases)('$name carries them to Kratos and nowhere else', async (op, input) => {
    const it = stage();
    const { calls, ...told } = await it.plan(op, input);
    expect(told.effects).toContain('takeover');
    const result = await it.run(op, input);
    for (const secret of secrets) {
      expect(JSON.stringify(calls)).toContain(secret);
      expect(JSON.stringify(told)).not.toContain(secret);
      // A provider and its subject are how a person is known once they are linked; they are shown as identifiers only where asked for.
      expect(JSON.stringify(result)).not.toContain(secret);
    }
  });
});

describe('inputs', () => {
  const accepts = (op: Operation, input: Json) => op.input.safeParse(input).success;
  test.each([5, 'text', true, [], [{}]])('metadata is an object or null, not %j', (metadata_public) => {
    expect(accepts(createIdentity, { traits: {}, metadata_public })).toBe(false);
    expect(accepts(updateIdentity, { id: seed.ada, traits: {}, metadata_admin: metadata_public })).toBe(false);
  });

  test('metadata prints a flat type', () => {
    const { properties } = z.toJSONSchema(createIdentity.input, { io: 'input' });
    expect(properties).toMatchObject({
      metadata_public: { type: ['object', 'null'] },
      metadata_admin: { type: ['object', 'null'] },
      traits: { type: 'object' },
    });
  });

  test.each<[string, Json]>([
    ['a credential type that cannot be imported', { totp: { config: {} } }],
    ['a member that no config has', { password: { config: { password: 'x', pepper: 'y' } } }],
    ['a provider without a subject', { oidc: { config: { providers: [{ provider: 'google' }] } } }],
  ])('credentials refuse %s', (_, credentials) => {
    expect(accepts(createIdentity, { traits: {}, credentials })).toBe(false);
  });
});
