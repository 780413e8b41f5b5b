import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { KratosSession, parseBody } from '../../src/client/bodies.ts';
import { seed } from '../../src/seed.ts';
import { settings, stage, type Stage } from './run.ts';
import { changing, operation, reading } from './reader.ts';

const List = z.object({
  sessions: z.array(z.looseObject({ id: z.string(), active: z.boolean().optional(), identity_id: z.string().optional() })),
  page: z.object({ complete: z.boolean(), next_page_token: z.string().optional(), total: z.number().optional() }),
});
const list = async (name: string, input: Record<string, unknown>, on: Stage) => List.parse(await reading(name, input, on));
const text = (lines: readonly string[]) => lines.join('\n');

describe('list_identity_sessions', () => {
  test('shows every session exactly once, page by page, although page numbers of Kratos skip some', async () => {
    const on = stage();
    const all = await list('list_identity_sessions', { id: seed.manySessions, page_size: 1000 }, on);
    expect(all).toMatchObject({ page: { complete: true, total: 30 } });
    const seen: string[] = [];
    let page_token: string | undefined;
    for (let pages = 0; pages < 30; pages += 1) {
      const size = 3 + (pages % 5);
      const result = await list('list_identity_sessions', { id: seed.manySessions, page_size: size, page_token }, on);
      seen.push(...result.sessions.map((it) => it.id));
      page_token = result.page.next_page_token;
      if (result.page.complete) break;
    }
    expect(seen).toEqual(all.sessions.map((it) => it.id));
  });

  test('filters by active', async () => {
    const on = stage();
    const active = await list('list_identity_sessions', { id: seed.manySessions, active: true, page_size: 1000 }, on);
    const ended = await list('list_identity_sessions', { id: seed.manySessions, active: false, page_size: 1000 }, on);
    expect(active.sessions.length + ended.sessions.length).toBe(30);
    expect(active.sessions.every((it) => it.active)).toBe(true);
    expect(ended.sessions.some((it) => it.active)).toBe(false);
  });

  test('tells an identity without sessions from one that does not exist', async () => {
    expect(await list('list_identity_sessions', { id: seed.unverified }, stage())).toMatchObject({
      sessions: [],
      page: { complete: true },
    });
    await expect(reading('list_identity_sessions', { id: seed.nobody }, stage())).rejects.toMatchObject({ status: 404 });
  });

  test('refuses a page token of Kratos', async () => {
    const call = reading('list_identity_sessions', { id: seed.ada, page_token: 'eyJvZmZzZXQiOiIyNTAiLCJ2IjoyfQ' }, stage());
    await expect(call).rejects.toThrow(/page_token/);
  });
});

describe('list_sessions and get_session', () => {
  test('always know whose a session is, and that those of an inactive identity are inactive', async () => {
    const all = await list('list_sessions', { page_size: 1000 }, stage());
    expect(all.page.complete).toBe(true);
    expect(all.sessions.every((it) => it.identity_id !== undefined && it.active !== undefined)).toBe(true);
    const dormant = all.sessions.filter((it) => it.identity_id === seed.inactive);
    expect(dormant.map((it) => it.active)).toEqual([false, false]);
  });

  test('show the owner and the devices where expand asks for them', async () => {
    const on = stage();
    const bare = await list('list_sessions', { page_size: 3 }, on);
    expect(bare.sessions.some((it) => 'identity' in it || 'devices' in it)).toBe(false);
    const both = await list('list_sessions', { page_size: 3, expand: ['devices', 'identity'] }, on);
    expect(both.sessions.every((it) => 'identity' in it && 'devices' in it)).toBe(true);
    expect(await reading('get_session', { id: seed.adaLaptop }, on)).toMatchObject({
      active: true,
      identity_id: seed.ada,
      identity: { id: seed.ada },
      devices: [{ ip_address: '203.0.113.24' }],
    });
    expect(await reading('get_session', { id: seed.adaLaptop, expand: [] }, on)).not.toHaveProperty('devices');
  });

  test('go on where the page before ended', async () => {
    const on = stage();
    const first = await list('list_sessions', { page_size: 5 }, on);
    const second = await list('list_sessions', { page_size: 5, page_token: first.page.next_page_token }, on);
    const seen = [...first.sessions, ...second.sessions].map((it) => it.id);
    expect(new Set(seen).size).toBe(10);
  });
});

describe('delete_identity_sessions', () => {
  const op = changing('delete_identity_sessions');

  test('tells whom it concerns, how many sessions on which devices, and what is erased for good', async () => {
    const plan = await stage().plan(op, { id: seed.ada });
    expect(plan).toMatchObject({
      effects: ['destructive'],
      phrase: 'ada.byron@example.com',
      targets: [{ id: seed.ada, label: 'ada.byron@example.com' }],
    });
    expect(text(plan.says)).toMatch(/3 active and 0 ended sessions/);
    expect(text(plan.says)).toMatch(/Macintosh.*203\.0\.113\.24/);
    expect(plan.irreversible).toMatch(/erases the sessions with their devices/);
  });

  test('erases them and keeps what was there in the answer', async () => {
    const on = stage();
    const result = await on.run(op, { id: seed.ada });
    expect(result).toMatchObject({ id: seed.ada, changed: true, revoked: 3, erased: 3 });
    expect(
      z
        .array(z.looseObject({ id: z.string() }))
        .parse(result['sessions'])
        .map((it) => it.id),
    ).toEqual([seed.adaLaptop, seed.adaPhone, seed.adaTablet]);
    expect((await list('list_identity_sessions', { id: seed.ada }, on)).sessions).toEqual([]);
  });

  test('counts the sessions of an inactive identity, which would come back to life with it', async () => {
    expect(await stage().run(op, { id: seed.inactive })).toMatchObject({ revoked: 2, changed: true });
  });

  test('counts active and ended ones apart', async () => {
    const result = await stage().run(op, { id: seed.manySessions });
    expect(result).toMatchObject({ erased: 30 });
    expect(result['revoked']).toBeLessThan(30);
  });

  test('sends nothing where there is none, and asks nobody about an identity that does not exist', async () => {
    const on = stage();
    expect(await on.plan(op, { id: seed.unverified })).toMatchObject({
      calls: [],
      result: { changed: false, revoked: 0, erased: 0, sessions: [] },
    });
    await expect(on.plan(op, { id: seed.nobody })).rejects.toMatchObject({ status: 404 });
  });

  test('reports nothing revoked where Kratos says that none was left', async () => {
    const on = stage();
    const plan = await on.plan(op, { id: seed.ada });
    await on.send(plan);
    const reply = await on.kratos('deleteIdentitySessions', { id: seed.ada });
    expect(reply.status).toBe(404);
    expect(op.report?.([reply], plan, settings)).toMatchObject({ revoked: 0, changed: false, sessions: [] });
  });

  test('is not held off by a session that begins or ends meanwhile', async () => {
    const on = stage();
    const before = await on.plan(op, { id: seed.ada });
    await on.kratos('disableSession', { id: seed.adaPhone });
    const after = await on.plan(op, { id: seed.ada });
    expect(after.watch).toEqual(before.watch);
    expect(after.calls).toEqual(before.calls);
    expect(after.says).not.toEqual(before.says);
  });

  test('has landed once no session is left', async () => {
    const on = stage();
    const plan = await on.plan(op, { id: seed.ada });
    expect(await on.landed(op, plan)).toBe(false);
    expect(await on.reconcile(op, { id: seed.ada })).toBe(false);
    await on.send(plan);
    expect(await on.landed(op, plan)).toBe(true);
    expect(await on.reconcile(op, { id: seed.ada })).toBe(true);
  });
});

describe('disable_session', () => {
  const op = changing('disable_session');

  test('tells whose session it is and ends it', async () => {
    const on = stage();
    const plan = await on.plan(op, { id: seed.adaPhone });
    expect(plan).toMatchObject({ phrase: 'ada.byron@example.com', targets: [{ id: seed.ada }] });
    expect(text(plan.says)).toMatch(/iPhone.*198\.51\.100\.7.*signed in at/);
    expect(await on.landed(op, plan)).toBe(false);
    expect(await on.reconcile(op, { id: seed.adaPhone })).toBe(false);
    expect(await on.run(op, { id: seed.adaPhone })).toMatchObject({
      id: seed.adaPhone,
      identity_id: seed.ada,
      active: false,
      changed: true,
    });
    expect(await on.landed(op, plan)).toBe(true);
    expect(await on.reconcile(op, { id: seed.adaPhone })).toBe(true);
  });

  test('changes nothing the second time', async () => {
    const on = stage();
    await on.run(op, { id: seed.adaPhone });
    expect(await on.plan(op, { id: seed.adaPhone })).toMatchObject({ calls: [], result: { changed: false, active: false } });
  });

  test('ends a session of an inactive identity, which only looks ended', async () => {
    const on = stage();
    const [session] = (await list('list_identity_sessions', { id: seed.inactive }, on)).sessions;
    expect(session?.active).toBe(false);
    expect(await on.run(op, { id: session?.id })).toMatchObject({ changed: true });
    const { active } = parseBody(KratosSession, await on.kratos('getSession', { id: session?.id ?? '' }));
    expect(active).toBe(false);
  });
});

describe('extend_session', () => {
  const op = changing('extend_session');

  test('says whose session it is and until when, and reports how it moved', async () => {
    const on = stage();
    const plan = await on.plan(op, { id: seed.adaTablet });
    expect(plan).toMatchObject({ effects: ['takeover'], phrase: 'ada.byron@example.com' });
    expect(text(plan.says)).toMatch(/ends at .* now/);
    expect(await on.landed(op, plan)).toBe(false);
    const result = await on.run(op, { id: seed.adaTablet });
    expect(result).toMatchObject({ id: seed.adaTablet, changed: true, expires_at_before: plan.watch['expires_at'] });
    expect(Date.parse(String(result['expires_at']))).toBeGreaterThan(Date.parse(String(result['expires_at_before'])));
    expect(await on.landed(op, plan)).toBe(true);
  });

  test('reads back what came of it where Kratos answers with 204', async () => {
    const through = stage((send) => async (request) => {
      const reply = await send(request);
      return request.endpoint === 'extendSession' ? { ...reply, status: 204, text: '' } : reply;
    });
    expect(await through.run(op, { id: seed.adaTablet })).toMatchObject({ changed: true, active: true });
  });

  test('says so where Kratos left the session as it was', async () => {
    const idle = stage(
      (send) => (request) =>
        request.endpoint === 'extendSession' ? Promise.resolve({ status: 204, headers: {}, text: '' }) : send(request),
    );
    expect(await idle.run(op, { id: seed.adaTablet })).toMatchObject({ changed: false });
  });
});

test('ids are taken in any case and sent in lower case', async () => {
  const on = stage();
  await reading('get_session', { id: seed.adaLaptop.toUpperCase() }, on);
  expect(on.wire[0]?.path).toContain(seed.adaLaptop);
  expect(operation('get_session').input.safeParse({ id: 'whoami' }).success).toBe(false);
});
