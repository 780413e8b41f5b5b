import { describe, expect, test } from 'vitest';
import type { Send } from '../../src/client/types.ts';
import { KratosError } from '../../src/errors.ts';
import type { Operation } from '../../src/operation.ts';
import { batch as operations } from '../../src/tools/batch.ts';
import { stage } from './run.ts';

type Json = Record<string, unknown>;
const [batch] = operations as readonly [Operation]; // the list has one
const of = (...creates: Json[]) => ({ identities: creates.map((create) => ({ create })) });
const person = (email: string, more: Json = {}) => ({ traits: { email }, ...more });
const TAKEN = 'ada.byron@example.com';

describe('what a batch is', () => {
  const password = { password: { config: { password: 'correct-horse-9' } } };
  test.each<[string, Json[], string[]]>([
    ['of plain accounts', [person('a@example.com')], ['write', 'mass']],
    [
      'with metadata in one',
      [person('a@example.com'), person('b@example.com', { metadata_admin: { a: 1 } })],
      ['write', 'privilege', 'mass'],
    ],
    ['with credentials in one', [person('a@example.com', { credentials: password })], ['takeover', 'mass']],
    [
      'with a verified address',
      [person('a@example.com', { verifiable_addresses: [{ value: 'a@example.com', via: 'email', verified: true }] })],
      ['takeover', 'mass'],
    ],
  ])('%s', async (_, creates, effects) => {
    expect((await stage().plan(batch, of(...creates))).effects).toEqual(effects);
  });
});

describe('what a person is told', () => {
  test('how many, by which schema, who, with what, and what is repeated', async () => {
    const many = Array.from({ length: 12 }, (_, index) => person(`p${index}@example.com`));
    const plan = await stage().plan(
      batch,
      of(
        ...many,
        person('P0@example.com'),
        { schema_id: 'employee', traits: { department: 'x' }, external_id: 'crm-1' },
        { traits: {}, credentials: { oidc: { config: { providers: [{ provider: 'g', subject: 's' }] } } } },
      ),
    );
    expect(plan.phrase).toBe('15');
    expect(plan.targets).toEqual([]);
    expect(plan.says).toEqual([
      'Creates 15 accounts.',
      'By schema “default”: 14.',
      'By schema “employee”: 1.',
      'The first: “p0@example.com”, “p1@example.com”, “p2@example.com”, “p3@example.com”, “p4@example.com”.',
      'The last: “p10@example.com”, “p11@example.com”, “p0@example.com”, “external id crm-1”, “item 14”.',
      '1 with credentials that someone can sign in with.',
      '1 with metadata, an organization or an external id.',
      '1 repeating a name of an earlier one, which Kratos will refuse.',
    ]);
  });
});

describe('what comes back', () => {
  test('is told per item: invalid, in conflict, created, so that what a cut takes is what needs no care', async () => {
    const it = stage();
    const patch_id = '11111111-1111-4111-8111-111111111111';
    const result = await it.run(batch, {
      identities: [
        { create: person('a@example.com'), patch_id },
        { create: { traits: {} } },
        { create: person(TAKEN) },
        { create: person('b@example.com') },
      ],
    });
    expect(result).toMatchObject({ created: 2, failed: 2, failed_indexes: [1, 2] });
    expect(result['identities']).toEqual([
      { index: 1, action: 'error', error: { code: 400, reason: '#/traits: missing properties: "email"' } },
      { index: 2, action: 'error', error: { code: 409, message: expect.stringContaining('exists already') } },
      { index: 0, patch_id, action: 'created', identity: expect.any(String) },
      { index: 3, action: 'created', identity: expect.any(String) },
    ]);
  });

  test('of one account in conflict, which Kratos answers with 409 for the whole, is that item', async () => {
    const result = await stage().run(batch, of(person(TAKEN)));
    expect(result).toMatchObject({ created: 0, failed: 1, identities: [{ index: 0, action: 'error', error: { code: 409 } }] });
    expect(result['hint']).toMatch(/in use by another identity/);
  });

  test('of one survivor in conflict says that nothing was created and that Kratos does not tell which is which', async () => {
    const it = stage();
    const result = await it.run(batch, of({ traits: {} }, person(TAKEN)));
    expect(result).toMatchObject({ created: 0, failed: 2, failed_indexes: [0, 1] });
    expect(result['hint']).toMatch(/Nothing was created.*does not say which is which/);
  });

  test('of another length than was sent is not believed', async () => {
    const short =
      (send: Send): Send =>
      (request) =>
        request.endpoint === 'batchPatchIdentities'
          ? Promise.resolve({ status: 200, headers: {}, text: '{"identities":[]}' })
          : send(request);
    await expect(stage(short).run(batch, of(person('a@example.com')))).rejects.toThrow(KratosError);
  });

  test('where Kratos took an item for empty is skipped', async () => {
    const nothing =
      (send: Send): Send =>
      (request) =>
        request.endpoint === 'batchPatchIdentities'
          ? Promise.resolve({ status: 200, headers: {}, text: '{"identities":[null]}' })
          : send(request);
    expect(await stage(nothing).run(batch, of(person('a@example.com')))).toMatchObject({
      created: 0,
      failed: 1,
      identities: [{ index: 0, action: 'skipped' }],
    });
  });
});

describe('is refused before anything is sent', () => {
  const accepts = (input: unknown) => batch.input.safeParse(input).success;
  test.each<[string, unknown]>([
    ['nothing', { identities: [] }],
    ['null items', { identities: [null] }],
    ['an item without create', { identities: [{}] }],
    ['an item with create null', { identities: [{ create: null }] }],
    ['an unknown member', { identities: [{ create: { traits: {}, id: 'x' } }] }],
    ['metadata that is a number', { identities: [{ create: { traits: {}, metadata_public: 5 } }] }],
    ['more than a thousand', of(...Array.from({ length: 1001 }, () => ({ traits: {} })))],
  ])('%s', (_, input) => {
    expect(accepts(input)).toBe(false);
  });

  test('more than 200 plain passwords', async () => {
    const credentials = { password: { config: { password: 'correct-horse-9' } } };
    const it = stage();
    await expect(it.plan(batch, of(...Array.from({ length: 201 }, () => ({ traits: {}, credentials }))))).rejects.toThrow(
      /201 of the identities.*Split/,
    );
    expect(it.wire).toEqual([]);
  });
});

test('a thousand are planned quickly and sent as they were given', { timeout: 20_000 }, async () => {
  const it = stage();
  const input = of(...Array.from({ length: 1000 }, (_, index) => person(`many${index}@example.com`)));
  const result = await it.run(batch, input);
  expect(result).toMatchObject({ created: 1000, failed: 0, hint: expect.stringContaining('list_identities') });
  expect(JSON.parse(it.wire.find((request) => request.method === 'PATCH')?.body ?? '')).toEqual(input);
});
