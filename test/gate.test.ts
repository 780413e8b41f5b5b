/**
 * Every change × every effect it lists × both protocol eras × every way round the person. The proof is always the same: the sandbox saw no
 * write. Each case has a twin with the same set-up and the right phrase: exactly one write, with exactly the planned bytes.
 */
import { describe, expect, test } from 'vitest';
import { gateCases } from './support/gate-cases.ts';
import { bytes, expectRefused, FORM, phraseOf, presetOf, rows, scene, twoLegsAtOnce } from './support/gate-scene.ts';
import { harness } from './support/harness.ts';
import { ERAS } from './support/peer.ts';

type Json = Record<string, unknown>;

test('every listed effect of every change has a case', () => {
  const missing = rows.filter(({ name, effect }) => gateCases[name]?.[effect] === undefined);
  expect(missing.map(({ name, effect }) => `${name}: ${effect}`)).toEqual([]);
});

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
      ['an empty accept', { action: 'accept', content: {} }],
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

    test('an argument that says yes is none of the tool: the call is refused, and nobody is asked', async () => {
      const phrase = await phraseOf(row, era);
      const its = await scene(row, era);
      for (const yes of [{ confirm: true }, { typed: phrase }, { consent: { action: 'accept', content: { typed: phrase } } }]) {
        const answer = await its.peer.once(its.name, { ...its.args, ...yes });
        expect([answer.isError, answer.question]).toEqual([true, undefined]);
        expect(answer.text).toMatch(/Unrecognized key/);
      }
      expect([its.it.writes(), its.peer.asked]).toEqual([[], []]);
      await its.peer.close();
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
      // Where the difference makes the call a graver one, or a part of a takeover's pattern, it is refused before the answer is looked at.
      const graver = presetOf(row) === 'strict' || its.name.startsWith('create_recovery_');
      expectRefused(await its.peer.call(its.name, its.args), graver ? /stale|denied/ : 'stale', its);
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
    return { ...its, state: first.state ?? '', phrase: first.phrase };
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
    const other = (letter: string | undefined) => (letter === 'A' ? 'B' : 'A');
    const [first, last] = [other(its.state[0]), other(its.state.at(-1))];
    for (const requestState of [
      `${its.state.slice(0, -1)}${last}`,
      `${first}${its.state.slice(1)}`,
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
    const sent = (id: number) => {
      requestId = id;
    };
    void its.peer.once(its.name, its.args, { sent });
    await gone;
    expect(its.it.writes()).toEqual([]);
    await its.peer.close();
  });
});
