import { describe, expect, test } from 'vitest';
import type { Reply } from '../../src/client/types.ts';
import type { Plan } from '../../src/operation.ts';
import { seed } from '../../src/seed.ts';
import { changing, reading } from './reader.ts';
import { settings, stage, type Stage } from './run.ts';

const op = changing('lock_identity');

async function replyTo(on: Stage, { calls }: Plan, index: number): Promise<Reply> {
  const call = calls[index];
  if (!call) throw new Error(`no call ${index}`);
  return on.kratos(call.endpoint, call.params, call.init);
}
const report = (replies: readonly Reply[], plan: Plan) => op.output.parse(op.report?.(replies, plan, settings));

describe('lock_identity', () => {
  test('is one question about two steps, in the order in which nobody slips in between', async () => {
    const plan = await stage().plan(op, { id: seed.ada });
    expect(plan).toMatchObject({
      effects: ['destructive'],
      phrase: 'ada.byron@example.com',
      targets: [{ id: seed.ada }],
      subjects: [
        { id: seed.ada, state: 'active' },
        { id: seed.ada, state: 'inactive' },
      ],
      differences: [{ path: ['state'], before: 'active', after: 'inactive', effect: 'destructive' }],
    });
    expect(plan.calls.map((it) => it.endpoint)).toEqual(['patchIdentity', 'deleteIdentitySessions']);
    expect(plan.calls[0]?.init.body).toEqual([{ op: 'replace', path: '/state', value: 'inactive' }]);
    expect(plan.says.join('\n')).toMatch(/First it becomes inactive.*\n.*signed out everywhere: 3 active and 0 ended/);
    expect(plan.irreversible).toMatch(/erases the sessions/);
  });

  test('does both and reports each, with what was erased', async () => {
    const on = stage();
    const plan = await on.plan(op, { id: seed.ada });
    expect(await on.landed(op, plan)).toBe(false);
    expect(await on.reconcile(op, { id: seed.ada })).toBe(false);
    expect(await on.run(op, { id: seed.ada })).toMatchObject({
      id: seed.ada,
      changed: true,
      state: 'inactive',
      steps: [
        { step: 'deactivate', done: true },
        { step: 'revoke_sessions', done: true, revoked: 3 },
      ],
      revoked: 3,
      erased: 3,
      remaining_sessions: 0,
      sessions: [{ id: seed.adaLaptop }, { id: seed.adaPhone }, { id: seed.adaTablet }],
    });
    expect((await on.identity(seed.ada)).state).toBe('inactive');
    expect(await reading('list_identity_sessions', { id: seed.ada }, on)).toMatchObject({ sessions: [] });
    expect(await on.landed(op, plan)).toBe(true);
    expect(await on.reconcile(op, { id: seed.ada })).toBe(true);
  });

  test('leaves out what is so already, and changes nothing where both are', async () => {
    const on = stage();
    const plan = await on.plan(op, { id: seed.inactive });
    expect(plan.calls.map((it) => it.endpoint)).toEqual(['deleteIdentitySessions']);
    expect(plan).not.toHaveProperty('differences');
    expect(plan.says.join('\n')).toMatch(/It is inactive already/);
    expect(await on.run(op, { id: seed.inactive })).toMatchObject({
      changed: true,
      state: 'inactive',
      steps: [
        { step: 'deactivate', done: true, already: true },
        { step: 'revoke_sessions', done: true, revoked: 2 },
      ],
    });
    expect(await on.plan(op, { id: seed.inactive })).toMatchObject({
      calls: [],
      result: { changed: false, steps: [{ already: true }, { already: true }] },
    });
  });

  test('an account without sessions is signed out all the same: one could begin until it is inactive', async () => {
    const on = stage();
    const plan = await on.plan(op, { id: seed.unverified });
    expect(plan.calls).toHaveLength(2);
    expect(await on.run(op, { id: seed.unverified })).toMatchObject({
      changed: true,
      revoked: 0,
      erased: 0,
      steps: [{ done: true }, { done: true, revoked: 0 }],
    });
  });

  test('says which step is missing where Kratos refused the second', async () => {
    const on = stage();
    const plan = await on.plan(op, { id: seed.ada });
    const half = report([await replyTo(on, plan, 0)], plan);
    expect(half).toMatchObject({
      changed: true,
      state: 'inactive',
      steps: [
        { step: 'deactivate', done: true },
        { step: 'revoke_sessions', done: false },
      ],
      revoked: 0,
      erased: 0,
      sessions: [],
      hint: expect.stringMatching(/^Not done: revoke_sessions\..*delete_identity_sessions/),
    });
    expect(await on.landed(op, plan)).toBe(false);
  });

  test('is not held off by sessions that begin or end meanwhile', async () => {
    const on = stage();
    const before = await on.plan(op, { id: seed.ada });
    await on.kratos('deleteIdentitySessions', { id: seed.ada });
    const after = await on.plan(op, { id: seed.ada });
    expect([after.watch, after.calls]).toEqual([before.watch, before.calls]);
    const replies = [await replyTo(on, after, 0), await replyTo(on, after, 1)];
    expect(report(replies, before)).toMatchObject({ revoked: 0, erased: 0, sessions: [] });
  });

  test('asks nobody about an identity that does not exist', async () => {
    await expect(stage().plan(op, { id: seed.nobody })).rejects.toMatchObject({ status: 404 });
  });
});
