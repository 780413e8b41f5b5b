/**
 * Every change × every effect it lists × both protocol eras × every way round the person. The proof is always the same: the sandbox saw no
 * write. Each case has a twin with the same set-up and the right phrase: exactly one write, with exactly the planned bytes.
 */
import { describe, expect, test } from 'vitest';
import type { WireRequest } from '../src/client/types.ts';
import type { ChangeOperation } from '../src/operation.ts';
import { operations } from '../src/tools/index.ts';
import { gateCases, here, type GateCase, type Here } from './support/gate-cases.ts';
import { harness, type Harness, type HarnessOptions } from './support/harness.ts';
import { ERAS, types, type Called, type Era, type Peer } from './support/peer.ts';

type Json = Record<string, unknown>;
const changes = operations.filter((it): it is ChangeOperation => it.kind === 'change');
const rows = changes.flatMap((op) => op.effects.map((effect) => ({ op, name: op.name, effect })));
const FORM = { form: {} };
const RIGHT = { action: 'accept', content: {} };

test('every listed effect of every change has a case', () => {
  const missing = rows.filter(({ name, effect }) => gateCases[name]?.[effect] === undefined);
  expect(missing.map(({ name, effect }) => `${name}: ${effect}`)).toEqual([]);
});

interface Scene {
  readonly it: Harness;
  readonly peer: Peer;
  readonly name: string;
  readonly args: Json;
  readonly world: Here;
  readonly gate: GateCase;
  readonly era: Era;
}

/** A plain write is asked about in `strict` only, which refuses everything stronger; a batch is always `mass` too. */
const presetOf = ({ name, effect }: (typeof rows)[number]) =>
  effect === 'write' && name !== 'batch_patch_identities' ? 'strict' : 'standard';

async function scene(
  row: (typeof rows)[number],
  era: Era,
  options: HarnessOptions & { elicitation?: Json | undefined } = {},
): Promise<Scene> {
  const gate = gateCases[row.name]?.[row.effect];
  if (!gate) throw new Error('no case');
  const it = harness({ preset: presetOf(row), recoveryDelivery: 'reply', ...options });
  const world = here(it.sandbox.send);
  const args = await gate.args(world);
  const peer = await it.open({ era, elicitation: 'elicitation' in options ? options.elicitation : FORM });
  return { it, peer, name: row.name, args, world, gate, era };
}

const bytes = ({ method, path, body }: WireRequest) => ({ method, path, ...(body !== undefined && { body: JSON.parse(body) as unknown }) });

function expectRefused(answer: Called, outcome: string | RegExp, { it }: Scene): void {
  expect(it.writes()).toEqual([]);
  expect(answer.isError).toBe(true);
  expect(answer.outcome).toMatch(outcome);
  expect(answer.text).toMatch(/^Not done \((declined|expired|stale|denied)\): /);
}

describe.each(ERAS)('%s clients', (era) => {
  describe.each(rows)('$name ($effect)', (row) => {
    test('the right phrase sends exactly the planned bytes, once', async () => {
      const its = await scene(row, era);
      const answer = await its.peer.call(its.name, its.args);
      expect(answer.text).not.toMatch(/^Not done/);
      expect(answer.isError).toBe(false);
      expect(answer.outcome).toBe('executed');
      expect(its.it.writes().map(bytes)).toEqual([its.gate.sends(its.args)]);
      expect(its.peer.asked).toHaveLength(1);
      await its.peer.close();
    });

    test('trimming and letter case aside, only the phrase agrees', async () => {
      const its = await scene(row, era);
      its.peer.person = ({ phrase }) => ({ action: 'accept', content: { typed: `  ${phrase.toUpperCase()} ` } });
      expect((await its.peer.call(its.name, its.args)).outcome).toBe('executed');
      expect(its.it.writes()).toHaveLength(1);
      await its.peer.close();
    });

    test('a client that cannot show a form is refused', async () => {
      for (const elicitation of [undefined, { url: {} }]) {
        const its = await scene(row, era, { elicitation });
        expectRefused(await its.peer.call(its.name, its.args), 'denied', its);
        expect(its.peer.asked).toEqual([]);
        await its.peer.close();
      }
    });

    test('a client that declares an empty elicitation capability is asked by form', async () => {
      const its = await scene(row, era, { elicitation: {} });
      expect((await its.peer.call(its.name, its.args)).outcome).toBe('executed');
      await its.peer.close();
    });

    test.each([
      ['an explicit decline', { action: 'decline' }],
      ['a cancel', { action: 'cancel' }],
      ['an accept without content', { action: 'accept' }],
      ['an empty accept', RIGHT],
      ['a wrong phrase', { action: 'accept', content: { typed: 'yes' } }],
      ['an empty phrase', { action: 'accept', content: { typed: '' } }],
      ['a boolean', { action: 'accept', content: { typed: true } }],
      ['a number', { action: 'accept', content: { typed: 1 } }],
    ])('%s is a no', async (_name, said) => {
      const its = await scene(row, era);
      its.peer.person = () => said;
      expectRefused(await its.peer.call(its.name, its.args), /declined/, its);
      await its.peer.close();
    });

    test('the phrase beside other members, or under another name, is a no', async () => {
      for (const around of [
        (typed: string) => ({ typed, confirm: true }),
        (typed: string) => ({ confirm: typed }),
        (typed: string) => ({ typed: [typed] }),
      ]) {
        const its = await scene(row, era);
        its.peer.person = ({ phrase }) => ({ action: 'accept', content: around(phrase) });
        expectRefused(await its.peer.call(its.name, its.args), /declined/, its);
        await its.peer.close();
      }
    });

    test('answers that come with the first call are not read: the person is asked and says no', async () => {
      const phrase = await phraseOf(row, era);
      const inputResponses = { consent: { action: 'accept', content: { typed: phrase } } };
      for (const extra of [{ inputResponses }, { inputResponses, _meta: { confirm: true, approved: true } }]) {
        const its = await scene(row, era);
        its.peer.person = () => ({ action: 'decline' });
        const answer = await its.peer.once(its.name, its.args, extra);
        if (era === 'modern') expect(answer.question).toBeDefined();
        else expectRefused(answer, 'declined', its);
        expect(its.it.writes()).toEqual([]);
        await its.peer.close();
      }
    });

    test('an invented state executes nothing', async () => {
      const phrase = await phraseOf(row, era);
      const inputResponses = { consent: { action: 'accept', content: { typed: phrase } } };
      const its = await scene(row, era);
      its.peer.person = () => ({ action: 'decline' });
      for (const requestState of ['', 'x', 'AAAA.BBBB', `${'A'.repeat(22)}.${'B'.repeat(43)}`, 'x'.repeat(5000)]) {
        const answer = await its.peer.once(its.name, its.args, { inputResponses, requestState });
        if (era === 'modern') expectRefused(answer, 'expired', its);
        expect(its.it.writes()).toEqual([]);
      }
      await its.peer.close();
    });

    test('an account that changed between the question and the yes is left alone', async ({ skip }) => {
      const its = await scene(row, era);
      const { disturb } = its.gate;
      if (typeof disturb === 'string') return skip(disturb);
      its.peer.person = async ({ phrase }) => {
        await disturb(its.world);
        return { action: 'accept', content: { typed: phrase } };
      };
      // Where the difference alone makes the call a graver one, `strict` refuses it before it looks at the answer.
      expectRefused(await its.peer.call(its.name, its.args), presetOf(row) === 'strict' ? /stale|denied/ : 'stale', its);
      await its.peer.close();
    });

    test('two right answers at once execute once', async () => {
      const its = await scene(row, era);
      const answers =
        era === 'modern'
          ? await twoLegsAtOnce(its)
          : await Promise.all([its.peer.call(its.name, its.args), its.peer.call(its.name, its.args)]);
      expect(its.it.writes()).toHaveLength(1);
      expect(answers.filter((it) => it.outcome === 'executed')).toHaveLength(1);
      await its.peer.close();
    });

    if (row.name !== 'create_identity') {
      test('the question says whom it concerns, what happens, and which phrase agrees', async () => {
        const its = await scene(row, era);
        await its.peer.call(its.name, its.args);
        const [message = ''] = its.peer.asked;
        expect(message).toContain('Kratos: the built-in sandbox');
        expect(message).toContain(`Tool: ${row.name}`);
        expect(message).toMatch(/To agree, type: \S+/);
        expect(message).not.toContain('correct-horse-9');
        await its.peer.close();
      });
    }
  });
});

describe.each(rows)('modern second leg of $name ($effect)', (row) => {
  const answered = (typed: string) => ({ inputResponses: { consent: { action: 'accept', content: { typed } } } });
  const asked = async () => {
    const its = await scene(row, 'modern');
    const first = await its.peer.once(its.name, its.args);
    const title = (first.question?.['requestedSchema'] as { properties: { typed: { title: string } } }).properties.typed.title;
    return { ...its, state: first.state ?? '', phrase: title.replace(/^Type /, '').replace(/ to agree$/, '') };
  };

  test('other arguments end the plan', async () => {
    const its = await asked();
    const other = its.gate.other(its.args);
    expectRefused(await its.peer.once(its.name, other, { ...answered(its.phrase), requestState: its.state }), 'stale', its);
    // and it stays ended, also for the right arguments
    expectRefused(await its.peer.once(its.name, its.args, { ...answered(its.phrase), requestState: its.state }), 'expired', its);
    await its.peer.close();
  });

  test('another tool cannot use the state', async () => {
    const its = await asked();
    const [tool, args] =
      row.name === 'delete_identity'
        ? ['delete_identity_sessions', { id: its.args['id'] }]
        : ['delete_identity', { id: '0a0a0a0a-0000-4000-8000-000000000001' }];
    expectRefused(await its.peer.once(String(tool), args as Json, { ...answered(its.phrase), requestState: its.state }), 'stale', its);
    await its.peer.close();
  });

  test('a state is good for one execution', async () => {
    const its = await asked();
    const second = { ...answered(its.phrase), requestState: its.state };
    expect((await its.peer.once(its.name, its.args, second)).outcome).toBe('executed');
    const replay = await its.peer.once(its.name, its.args, second);
    expect(its.it.writes()).toHaveLength(1);
    expect(replay.outcome === 'expired' || replay.isError || replay.structured?.['changed'] === false).toBe(true);
    await its.peer.close();
  });

  test('a tampered state is expired', async () => {
    const its = await asked();
    const last = its.state.at(-1) === 'A' ? 'B' : 'A';
    for (const requestState of [
      `${its.state.slice(0, -1)}${last}`,
      `B${its.state.slice(1)}`,
      `${its.state}.`,
      its.state.toUpperCase(),
      `${its.state} `,
    ]) {
      expectRefused(await its.peer.once(its.name, its.args, { ...answered(its.phrase), requestState }), 'expired', its);
    }
    await its.peer.close();
  });

  test('an expired question takes no yes', async () => {
    const its = await asked();
    its.it.advance(5 * 60_000 + 1);
    expectRefused(await its.peer.once(its.name, its.args, { ...answered(its.phrase), requestState: its.state }), 'expired', its);
    await its.peer.close();
  });

  test("another principal's state is unknown", async () => {
    const its = await asked();
    const foreign = harness({ sandbox: its.it.sandbox, principal: 'os:1001:mallory', recoveryDelivery: 'reply', preset: presetOf(row) });
    const peer = await foreign.open({ era: 'modern', elicitation: FORM });
    const answer = await peer.once(its.name, its.args, { ...answered(its.phrase), requestState: its.state });
    expect(answer.outcome).toBe('expired');
    expect(foreign.writes()).toEqual([]);
    await peer.close();
    await its.peer.close();
  });

  test('a client that never comes back executes nothing', async () => {
    const its = await asked();
    await its.peer.close();
    expect(its.it.writes()).toEqual([]);
  });
});

describe.each(rows)('legacy waiting of $name ($effect)', (row) => {
  test('a question that nobody answers in time is over, and a late yes is worthless', async () => {
    const its = await scene(row, 'legacy', { formMs: 60 });
    its.peer.person = async ({ phrase }) => {
      await new Promise((resolve) => setTimeout(resolve, 160));
      return { action: 'accept', content: { typed: phrase } };
    };
    expectRefused(await its.peer.call(its.name, its.args), 'expired', its);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(its.it.writes()).toEqual([]);
    await its.peer.close();
  });

  test('a client that cancels while the person is asked executes nothing, however late the yes', async () => {
    const its = await scene(row, 'legacy');
    let cancelled = (): void => {};
    const gone = new Promise<void>((resolve) => {
      cancelled = resolve;
    });
    let requestId = 0;
    its.peer.person = async ({ phrase }) => {
      its.peer.notify('notifications/cancelled', { requestId, reason: 'gone' });
      await new Promise((resolve) => setTimeout(resolve, 40));
      setTimeout(cancelled, 40);
      return { action: 'accept', content: { typed: phrase } };
    };
    void its.peer.once(its.name, its.args, {}, (id) => {
      requestId = id;
    });
    await gone;
    expect(its.it.writes()).toEqual([]);
    await its.peer.close();
  });
});

describe('what policy refuses', () => {
  const strong = rows.filter(({ effect }) => effect !== 'write');
  test.each(strong)('strict refuses $name ($effect) on every client, and asks nobody', async (row) => {
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
    '%s is refused before Kratos is called unless the operator chose a delivery',
    async (name) => {
      const it = harness();
      const peer = await it.open({ era: 'legacy', elicitation: FORM });
      const answer = await peer.call(name, { identity_id: '0a0a0a0a-0000-4000-8000-000000000001' });
      expect(answer.outcome).toBe('denied');
      expect(answer.text).toContain('http://sandbox.invalid/self-service/recovery/browser');
      expect(answer.text).toContain('--recovery-delivery reply');
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

async function phraseOf(row: (typeof rows)[number], era: Era): Promise<string> {
  const its = await scene(row, era);
  let seen = '';
  its.peer.person = ({ phrase }) => {
    seen = phrase;
    return { action: 'cancel' };
  };
  await its.peer.call(its.name, its.args);
  await its.peer.close();
  return seen;
}

async function twoLegsAtOnce({ peer, name, args }: Scene): Promise<Called[]> {
  const first = await peer.once(name, args);
  const title = (first.question?.['requestedSchema'] as { properties: { typed: { title: string } } }).properties.typed.title;
  const typed = title.replace(/^Type /, '').replace(/ to agree$/, '');
  const second = { requestState: first.state, inputResponses: { consent: { action: 'accept', content: { typed } } } };
  return Promise.all([peer.once(name, args, second), peer.once(name, args, second)]);
}
