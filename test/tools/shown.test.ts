import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ExactNumber } from '../../src/lib/json.ts';
import { send, type Difference } from '../../src/operation.ts';
import { seed } from '../../src/seed.ts';
import { differencesShown, requestsOf } from '../../src/tools/shown.ts';
import { changing } from './reader.ts';
import { patch, replace, stage } from './run.ts';

const credentials = {
  password: { config: { password: 'canary-password', hashed_password: 'canary-hash', use_password_migration_hook: true } },
  oidc: {
    config: { providers: [{ provider: 'canary-google', subject: 'canary-subject', organization: seed.organization, use_auto_link: true }] },
  },
  saml: { config: { providers: [{ provider: 'canary-okta', subject: 'canary-saml' }] } },
};
const difference = (path: readonly string[], before: unknown, after: unknown): Difference => ({ path, before, after, effect: 'write' });
const shown = (...differences: Difference[]) => differencesShown({ differences });

describe('requests', () => {
  test('name method, path with query, and body as they go out', async () => {
    const on = stage();
    const op = changing('patch_identity');
    const plan = await on.plan(op, patch(seed.ada, replace('/traits/name/first', 'Å "quoted"')));
    const [request] = requestsOf(plan);
    await on.send(plan);
    const sent = on.wire.at(-1);
    expect(request).toMatchObject({ method: sent?.method, path: sent?.path });
    expect(JSON.parse(request?.body ?? '')).toEqual(JSON.parse(sent?.body ?? ''));
    expect(request?.body).toContain('\n');

    const link = { identity_id: seed.ada, return_to: 'https://app.example.com/?a=1&b=ü' };
    expect(
      requestsOf({ calls: [send('createRecoveryLink', {}, { query: { return_to: link.return_to }, body: { expires_in: '1h' } })] }),
    ).toEqual([
      {
        method: 'POST',
        path: '/admin/recovery/link?return_to=https%3A%2F%2Fapp.example.com%2F%3Fa%3D1%26b%3D%C3%BC',
        body: '{\n  "expires_in": "1h"\n}',
      },
    ]);
    expect(requestsOf({ calls: [send('deleteIdentity', { id: seed.ada })] })).toEqual([
      { method: 'DELETE', path: `/admin/identities/${seed.ada}` },
    ]);
  });

  test('of a plan of two steps are two, in order', async () => {
    const requests = requestsOf(await stage().plan(changing('lock_identity'), { id: seed.ada }));
    expect(requests.map((it) => `${it.method} ${it.path}`)).toEqual([
      `PATCH /admin/identities/${seed.ada}`,
      `DELETE /admin/identities/${seed.ada}/sessions`,
    ]);
  });

  test.each([
    ['create_identity', { traits: { email: 'new@example.com' }, credentials }],
    ['update_identity', { id: seed.unverified, traits: { email: 'new@example.com' }, credentials }],
    [
      'batch_patch_identities',
      { identities: [{ create: { traits: { email: 'new@example.com' }, credentials } }, { create: { traits: {}, credentials } }] },
    ],
  ])('of %s hold no credential, and all else', async (name, input) => {
    const plan = await stage().plan(changing(name), input);
    expect(JSON.stringify(plan.calls)).toMatch(/canary-password.*canary-hash.*canary-subject.*canary-saml/);
    const text = JSON.stringify([requestsOf(plan), differencesShown(plan)]);
    expect(text).not.toMatch(/canary/);
    expect(text).not.toContain(seed.organization);
    expect(text).toContain('(hidden)');
    expect(text).toContain('new@example.com');
  });

  test('show traits that are called credentials: they are no secret, and a yes is about them', () => {
    const body = { traits: { credentials: { password: 'shown' } } };
    expect(requestsOf({ calls: [send('createIdentity', {}, { body })] })[0]?.body).toContain('"shown"');
  });
});

describe('differences', () => {
  test('stand by path, with the values as JSON', () => {
    expect(
      shown(
        difference(['traits', 'name', 'first'], 'Ada', 'Grace'),
        difference(['external_id'], undefined, 'crm-1'),
        difference(['metadata_admin', 'a.b', 'x y'], { b: 1, a: [] }, undefined),
        difference(['traits', 'big'], new ExactNumber('9007199254740993'), null),
      ),
    ).toEqual([
      { path: 'traits.name.first', before: '"Ada"', after: '"Grace"' },
      { path: 'external_id', after: '"crm-1"' },
      { path: 'metadata_admin."a.b"."x y"', before: '{"a":[],"b":1}' },
      { path: 'traits.big', before: '9007199254740993', after: 'null' },
    ]);
  });

  test('stand once, though they count as two things', async () => {
    const plan = await stage().plan(changing('update_identity'), { id: seed.employee, traits: { email: 'ellen.moss@example.com' } });
    const paths = differencesShown(plan).map((it) => it.path);
    expect(new Set(paths).size).toBe(paths.length);
    expect(plan.differences?.length).toBeGreaterThan(paths.length);
  });

  test('show what nobody could see', () => {
    expect(shown(difference(['traits', 'na\u200Bme'], 'a\u202Eb', 'a\u00A0b\u{E0041}\n'))).toEqual([
      { path: 'traits."na\\u200bme"', before: '"a\\u202eb"', after: '"a\\u00a0b\\udb40\\udc41\\n"' },
    ]);
  });

  test('can be read back exactly, and hold nothing unseen', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.constantFrom('\u200B', '\u2028', 'é', '日本', '\u3000', '👩‍👩‍👧', '\uD800'),
    );
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 3 }), text, (path, value) => {
        const [it] = shown(difference(['traits', ...path], undefined, value));
        expect(JSON.parse(it?.after ?? '')).toBe(value);
        const names = (it?.path ?? '').match(/"(?:[^"\\]|\\.)*"|[\w-]+/g) ?? [];
        expect(names.map((name) => (name.startsWith('"') ? (JSON.parse(name) as string) : name))).toEqual(['traits', ...path]);
        expect(`${it?.path}${it?.after}`).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Co}\u2028\u2029]|(?! )\p{Zs}/u);
      }),
      { numRuns: 500 },
    );
  });
});
