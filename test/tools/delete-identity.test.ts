import { expect, test } from 'vitest';
import { seed } from '../../src/seed.ts';
import { changing } from './reader.ts';
import { stage } from './run.ts';

const op = changing('delete_identity');

test('delete_identity tells who goes, with what, and the gentler ways', async () => {
  const plan = await stage().plan(op, { id: seed.grace });
  expect(plan).toMatchObject({ effects: ['destructive'], phrase: 'grace.murray@example.com', targets: [{ id: seed.grace }] });
  const said = plan.says.join('\n');
  expect(said).toMatch(/active, schema “default”/);
  expect(said).toMatch(/“oidc google:grace-1906”.*“password”.*“totp”/);
  expect(said).toContain('Active sessions that end: 1.');
  expect(said).toMatch(/Gentler: .*lock_identity.*delete_identity_sessions/);
  expect(plan.irreversible).toMatch(/gone/);
});

test('delete_identity deletes, and only a missing identity proves it', async () => {
  const on = stage();
  const plan = await on.plan(op, { id: seed.unverified });
  expect(await on.landed(op, plan)).toBe(false);
  expect(await on.run(op, { id: seed.unverified })).toEqual({ id: seed.unverified, changed: true, deleted: true });
  expect(await on.landed(op, plan)).toBe(true);
  expect(await on.reconcile(op, { id: seed.unverified })).toBe(true);
  expect(await on.reconcile(op, { id: seed.ada })).toBe(false);
  await expect(on.plan(op, { id: seed.unverified })).rejects.toMatchObject({ status: 404 });
});

const GONE = (reason: string) => ({
  status: 500,
  headers: {},
  text: JSON.stringify({ error: { id: 'invalid_configuration', code: 500, reason, message: 'Invalid configuration' } }),
});
const unreadable = (reason: string) =>
  stage((send) => async (request) => (request.endpoint === 'getIdentity' ? GONE(reason) : send(request)));

test('an account that Kratos can no longer read, since its schema is gone, can be deleted by its id', async () => {
  const on = unreadable('The JSON Schema "s3" for this identity\'s traits could not be found.');
  const plan = await on.plan(op, { id: seed.unverified });
  expect(plan).toMatchObject({
    effects: ['destructive'],
    phrase: seed.unverified,
    targets: [{ id: seed.unverified, label: seed.unverified }],
  });
  expect(plan.says[0]).toMatch(/cannot read this account.*schema is no longer configured.*whose it is/);
  expect(on.wire).toEqual([]); // nothing beside the identity is asked for
  await on.send(plan);
  expect(on.wire.map((it) => it.method)).toEqual(['DELETE']);
});

test.each(['x', 'The JSON Schema "s3" could not be found.', 'An extension of the JSON Schema "s3" is not known.'])(
  'any other failure to read the account stays an error: %s',
  async (reason) => {
    await expect(unreadable(reason).plan(op, { id: seed.unverified })).rejects.toMatchObject({ status: 500 });
  },
);

test("a router's 404 proves no deletion", async () => {
  const plan = await stage().plan(op, { id: seed.unverified });
  const elsewhere = stage(() => async () => ({ status: 404, headers: {}, text: '404 page not found\n' }));
  expect(await elsewhere.landed(op, plan)).toBe(false);
  expect(await elsewhere.reconcile(op, { id: seed.unverified })).toBe(false);
});
