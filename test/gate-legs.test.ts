/** What a client can do with the second leg, and with the other era's means. The proof is the same: no write. */
import { describe, expect, test } from 'vitest';
import { seed } from '../src/seed.ts';
import { here } from './support/gate-cases.ts';
import { FORM } from './support/gate-scene.ts';
import { harness, transport } from './support/harness.ts';
import { types, type Called } from './support/peer.ts';

const name = 'delete_identity_sessions';
const args = { id: seed.ada };
const capabilities = (elicitation: object) => ({ _meta: { 'io.modelcontextprotocol/clientCapabilities': elicitation } });
const answered = (typed: string) => ({ inputResponses: { consent: { action: 'accept', content: { typed } } } });

async function asked() {
  const it = harness();
  const peer = await it.open({ era: 'modern', elicitation: FORM });
  const { state, phrase } = await peer.once(name, args);
  return { it, peer, world: here(it.sandbox.send), yes: { ...answered(phrase), requestState: state }, state, phrase };
}

describe('a second leg', () => {
  test.each([
    ['nothing', capabilities({})],
    ['only the page', capabilities({ elicitation: { url: {} } })],
  ])('of a client that declares %s by now is no yes, with an answer or without one', async (_name, declared) => {
    const { it, peer, yes, state } = await asked();
    for (const leg of [
      { ...yes, ...declared },
      { requestState: state, ...declared },
    ]) {
      const answer = await peer.once(name, args, leg);
      expect(answer.outcome).toBe('denied');
      expect(answer.text).toMatch(
        /^Not done \(denied\): An approver must agree to this call on the approvals page, and nobody is enrolled as one\./,
      );
    }
    expect(it.writes()).toEqual([]);
    expect((await peer.once(name, args, yes)).outcome).toBe('executed'); // the one who was asked may still answer
    await peer.close();
  });

  test('without an answer is asked the same question again', async () => {
    const { it, peer, yes, state, phrase } = await asked();
    const again = await peer.once(name, args, { requestState: state });
    expect({ state: again.state, phrase: again.phrase }).toEqual({ state, phrase });
    expect(it.writes()).toEqual([]);
    expect((await peer.once(name, args, yes)).outcome).toBe('executed');
    await peer.close();
  });

  test.each([
    ['no list of answers', null],
    ['an empty one', {}],
    ['a list', []],
    ['a text', 'consent'],
    ['no answer', { consent: null }],
    ['an answer to something else', { other: { action: 'accept', content: { typed: 'ada.byron@example.com' } } }],
    ['an unknown action', { consent: { action: 'yes', content: { typed: 'ada.byron@example.com' } } }],
    ['no action', { consent: { content: { typed: 'ada.byron@example.com' } } }],
    ['a wrong phrase', { consent: { action: 'accept', content: { typed: 'bob' } } }],
    ['a cancel', { consent: { action: 'cancel' } }],
    ['a decline', { consent: { action: 'decline' } }],
  ])('with %s ends the plan: the right answer comes too late', async (_name, inputResponses) => {
    const { it, peer, yes, phrase } = await asked();
    expect(phrase).toBe('ada.byron@example.com');
    expect((await peer.once(name, args, { inputResponses, requestState: yes.requestState })).outcome).toBe('declined');
    expect((await peer.once(name, args, yes)).outcome).toBe('expired');
    expect(it.writes()).toEqual([]);
    await peer.close();
  });

  test('that found the account changed ends the plan, also if it is changed back', async () => {
    const { it, peer, world, yes } = await asked();
    const become = (email: string) =>
      world.write('PATCH', `/admin/identities/${seed.ada}`, [{ op: 'replace', path: '/traits/email', value: email }]);
    await become('moved@example.com');
    expect((await peer.once(name, args, yes)).outcome).toBe('stale');
    await become('ada.byron@example.com');
    expect((await peer.once(name, args, yes)).outcome).toBe('expired');
    expect(it.writes()).toEqual([]);
    await peer.close();
  });

  test('cannot use the phrase of another account', async () => {
    const { it, peer, state } = await asked();
    const grace = await peer.once(name, { id: seed.grace });
    const answer = await peer.once(name, args, { ...answered(grace.phrase), requestState: state });
    expect(grace.phrase).not.toBe('');
    expect(answer.outcome).toBe('declined');
    expect(it.writes()).toEqual([]);
    await peer.close();
  });
});

describe('a 2025-era client', () => {
  /** Over HTTP each message says by itself which era it is of, and one whose head and body contradict each other is refused as such. */
  const expectRefusal = (answer: Called, outcome: string): void => {
    expect(answer.isError).toBe(true);
    if (transport.open === undefined) expect(answer.outcome).toBe(outcome);
    else expect(answer.raw).toHaveProperty('error.code', -32020);
  };
  const envelope = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'peer', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': { elicitation: FORM },
  };

  test('that cannot be asked gains nothing by speaking like a newer one', async () => {
    const it = harness();
    const peer = await it.open({ era: 'legacy' });
    const answer = await peer.once(name, args, { ...answered('ada.byron@example.com'), requestState: 'x', _meta: envelope });
    expectRefusal(answer, 'denied');
    expect(it.writes()).toEqual([]);
    await peer.close();
  });

  test('that can be asked is asked by form, whatever it sends along, and its own no counts', async () => {
    const it = harness();
    const peer = await it.open({ era: 'legacy', elicitation: FORM, person: () => ({ action: 'decline' }) });
    const answer = await peer.once(name, args, { ...answered('ada.byron@example.com'), requestState: 'x', _meta: envelope });
    expectRefusal(answer, 'declined');
    if (transport.open === undefined) expect(peer.asked).toHaveLength(1);
    expect(it.writes()).toEqual([]);
    await peer.close();
  });
});

test('a 2026-07-28 connection has no way back to the older era', async () => {
  const { it, peer, yes } = await asked();
  const initialize = { protocolVersion: '2025-11-25', capabilities: { elicitation: {} }, clientInfo: { name: 'peer', version: '1' } };
  expect(await peer.writeLine(JSON.stringify({ jsonrpc: '2.0', id: 90, method: 'initialize', params: initialize }), 90)).toHaveProperty(
    'error',
  );
  const bare = { jsonrpc: '2.0', id: 91, method: 'tools/call', params: { name, arguments: args, ...yes } };
  expect(await peer.writeLine(JSON.stringify(bare), 91)).toHaveProperty('error');
  expect(it.writes()).toEqual([]);
  await peer.close();
});

test('what was agreed to is the account, however its id is spelt', async () => {
  const it = harness();
  const peer = await it.open({ era: 'modern', elicitation: FORM, person: types() });
  const first = await peer.once(name, args);
  const upper = { id: seed.ada.toUpperCase() };
  expect((await peer.once(name, upper, { ...answered(first.phrase), requestState: first.state })).outcome).toBe('executed');
  expect(it.writes().map(({ path }) => path)).toEqual([`/admin/identities/${seed.ada}/sessions`]);
  await peer.close();
});
