/** What policy refuses before anybody is asked, and when the same call is asked about again. */
import { describe, expect, test } from 'vitest';
import { here } from './support/gate-cases.ts';
import { changes, expectRefused, FORM, rows, scene } from './support/gate-scene.ts';
import { harness } from './support/harness.ts';
import { ERAS, types } from './support/peer.ts';

describe('what policy refuses', () => {
  const strong = rows.filter(({ effect }) => effect !== 'write');
  test.each(strong)('strict refuses $name ($effect) on every client while nobody can approve, and asks nobody', async (row) => {
    for (const era of ERAS) {
      const its = await scene(row, era, { preset: 'strict' });
      expectRefused(await its.peer.call(its.name, its.args), 'denied', its);
      expect(its.peer.asked).toEqual([]);
      await its.peer.close();
    }
  });

  test.each(changes.map(({ name }) => ({ name })))('read-only does not offer $name', async ({ name }) => {
    const it = harness({ preset: 'read-only' });
    const peer = await it.open({ era: 'modern', elicitation: FORM });
    const answer = await peer.once(name, {});
    expect(answer.isError).toBe(true);
    expect(it.wire).toEqual([]);
    await peer.close();
  });

  test.each(['create_recovery_code_for_identity', 'create_recovery_link_for_identity'])(
    '%s is refused before Kratos is called where the operator chose that none is made',
    async (name) => {
      const it = harness();
      const peer = await it.open({ era: 'legacy', elicitation: FORM });
      const answer = await peer.call(name, { identity_id: '0a0a0a0a-0000-4000-8000-000000000001' });
      expect(answer.outcome).toBe('denied');
      expect(answer.text).toContain('http://sandbox.invalid/self-service/recovery/browser');
      expect(answer.text).toContain('--recovery-delivery page');
      expect(it.wire).toEqual([]);
      await peer.close();
    },
  );
});

describe('asking again', () => {
  const args = { id: '0a0a0a0a-0000-4000-8000-000000000001' };
  const name = 'delete_identity_sessions';

  test.each(ERAS)('an explicit decline keeps the same call from being asked again for ten minutes (%s)', async (era) => {
    const it = harness();
    const peer = await it.open({ era, elicitation: FORM, person: () => ({ action: 'decline' }) });
    await peer.call(name, args);
    peer.person = types();
    expect((await peer.call(name, args)).outcome).toBe('declined');
    expect(peer.asked).toHaveLength(1);
    it.advance(10 * 60_000 + 1);
    expect((await peer.call(name, args)).outcome).toBe('executed');
    await peer.close();
  });

  test.each(ERAS)('a wrong phrase may be tried again, the third one may not (%s)', async (era) => {
    const it = harness();
    const peer = await it.open({ era, elicitation: FORM, person: types('yes') });
    for (let round = 0; round < 3; round += 1) expect((await peer.call(name, args)).outcome).toBe('declined');
    peer.person = types();
    expect((await peer.call(name, args)).outcome).toBe('declined');
    expect(peer.asked).toHaveLength(3);
    expect(it.writes()).toEqual([]);
    await peer.close();
  });

  test.each(ERAS)('a cancel does not cool down (%s)', async (era) => {
    const it = harness();
    const peer = await it.open({ era, elicitation: FORM, person: () => ({ action: 'cancel' }) });
    await peer.call(name, args);
    peer.person = types();
    expect((await peer.call(name, args)).outcome).toBe('executed');
    await peer.close();
  });

  test('two askings of the same call share one plan, and only the first yes counts', async () => {
    const it = harness();
    const peer = await it.open({ era: 'modern', elicitation: FORM });
    const [a, b] = [await peer.once(name, args), await peer.once(name, args)];
    expect(a.state).toBe(b.state);
    await peer.close();
  });

  test('an intruder who keeps opening sessions does not hold a revocation off', async () => {
    const it = harness();
    const world = here(it.sandbox.send);
    const peer = await it.open({ era: 'legacy', elicitation: FORM });
    peer.person = async ({ phrase }) => {
      await world.write('DELETE', '/admin/sessions/0b0b0b0b-0000-4000-8000-000000000002'); // the sessions are others now
      return { action: 'accept', content: { typed: phrase } };
    };
    expect((await peer.call(name, args)).outcome).toBe('executed');
    await peer.close();
  });
});
