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
  expect(said).toMatch(/Gentler: .*inactive.*delete_identity_sessions/);
  expect(plan.irreversible).toMatch(/gone/);
});

test('delete_identity deletes, and only a missing identity proves it', async () => {
  const on = stage();
  const plan = await on.plan(op, { id: seed.unverified });
  expect(await on.landed(op, plan)).toBe(false);
  expect(await on.run(op, { id: seed.unverified })).toEqual({ id: seed.unverified, changed: true, deleted: true });
  expect(await on.landed(op, plan)).toBe(true);
  await expect(on.plan(op, { id: seed.unverified })).rejects.toMatchObject({ status: 404 });
});

test("a router's 404 proves no deletion", async () => {
  const plan = await stage().plan(op, { id: seed.unverified });
  const elsewhere = stage(() => async () => ({ status: 404, headers: {}, text: '404 page not found\n' }));
  expect(await elsewhere.landed(op, plan)).toBe(false);
});
