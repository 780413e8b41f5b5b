/** A client that goes away without a word: what was not claimed is called off, what was goes on to its end. */
import { afterEach, describe, expect, test } from 'vitest';
import type { Send } from '../../../src/client/types.ts';
import { seed } from '../../../src/seed.ts';
import { APPROVER } from '../../support/harness.ts';
import { openHttpHarness, type HttpHarness, type HttpHarnessOptions, type HttpPeer } from '../../support/http.ts';
import { ERAS, type Era } from '../../support/peer.ts';

const FORM = { form: {} };
const CALL = ['delete_identity_sessions', { id: seed.ada }] as const;

let it: HttpHarness;
const open = async (options?: HttpHarnessOptions): Promise<void> => void (it = await openHttpHarness(options));
afterEach(() => it.close());
/** One line tells that the call ended, however it did. */
const ended = () => it.logs.filter((line) => line.includes('"event":"call"'));

/** Starts the call, and goes away from it when this is so. */
async function leaveWhen(peer: HttpPeer, holds: () => boolean): Promise<void> {
  let id = 0;
  void peer.once(...CALL, { sent: (its) => (id = its) });
  await expect.poll(holds, { interval: 5 }).toBe(true);
  peer.abandon(id);
}

/** Holds requests of a kind until they are let go, and tells whether the call was called off meanwhile. */
function gateAt(isHeld: (request: Parameters<Send>[0]) => boolean) {
  let letGo = () => {};
  const held = new Promise<void>((resolve) => (letGo = resolve));
  const seen = { reached: false, aborted: false };
  const through =
    (send: Send): Send =>
    async (request) => {
      if (!isHeld(request)) return send(request);
      seen.reached = true;
      request.signal?.addEventListener('abort', () => {
        seen.aborted = true;
        letGo();
      });
      await held;
      request.signal?.throwIfAborted();
      return send(request);
    };
  return { through, seen, letGo };
}

const hostings: readonly [string, Era, object | undefined][] = [
  ['2025 era, in a session', 'legacy', FORM],
  ['2025 era, without one', 'legacy', undefined],
  ['2026-07-28', 'modern', FORM],
];

describe.each(hostings)('%s', (_name, era, elicitation) => {
  const peerOf = () => it.open({ era, elicitation: elicitation as Record<string, unknown> | undefined, person: () => undefined });

  test('while Kratos is being read: the request to Kratos is called off', async () => {
    const { through, seen } = gateAt(({ method }) => method === 'GET');
    await open({ through });
    await leaveWhen(await peerOf(), () => seen.reached);
    await expect.poll(() => seen.aborted).toBe(true);
    await expect.poll(ended).toHaveLength(1);
    expect(it.writes()).toEqual([]);
  });

  test('while a person decides on the page: nobody waits for the answer any more', async () => {
    await open({ preset: 'strict', approvers: [APPROVER], pageMs: 15_000 });
    const peer = await peerOf();
    const first = await peer.once(...CALL);
    expect([first.outcome, ended().length]).toEqual(['pending', 1]);
    // The same call again waits for the page.
    let id = 0;
    const readBefore = it.wire.length;
    void peer.once(...CALL, { sent: (its) => (id = its) });
    await expect.poll(() => it.wire.length).toBeGreaterThan(readBefore + 1);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(ended()).toHaveLength(1);
    peer.abandon(id);
    await expect.poll(ended, { timeout: 5_000 }).toHaveLength(2);
    expect(it.writes()).toEqual([]);
  });

  test('after the claim: the write goes on to its end, once, and the same call again has its outcome', async () => {
    const { through, seen, letGo } = gateAt(({ method }) => method === 'DELETE');
    await open({ through });
    const writer = await it.open({ era, elicitation: FORM });
    let id = 0;
    const first = writer.call(...CALL).catch(() => {});
    void first;
    await expect.poll(() => seen.reached, { interval: 5 }).toBe(true);
    for (let its = 1; its < 10; its += 1) writer.abandon((id = its));
    expect(id).toBe(9);
    await new Promise((resolve) => setTimeout(resolve, 50)); // until the server has heard of it
    expect(seen.aborted).toBe(false);
    letGo();
    await expect.poll(() => it.writes().length).toBe(1);
    const again = await (await it.open({ era: 'modern', elicitation: FORM })).call(...CALL);
    expect([again.outcome, again.meta['ory-identity-mcp/replayed']]).toEqual(['executed', true]);
    expect(it.writes()).toHaveLength(1);
  });
});

test('2025 era: while the form is shown, the question ends, and a yes that comes late executes nothing', async () => {
  await open();
  const answers: (() => void)[] = [];
  const peer = await it.open({
    era: 'legacy',
    elicitation: FORM,
    person: ({ phrase }) => new Promise((resolve) => void answers.push(() => resolve({ action: 'accept', content: { typed: phrase } }))),
  });
  await leaveWhen(peer, () => peer.asked.length === 1);
  await expect.poll(ended).toHaveLength(1);
  for (const answer of answers) answer();
  await new Promise((resolve) => setTimeout(resolve, 50)); // for the late answer to come
  expect(it.writes()).toEqual([]);
  // The session goes on.
  peer.person = ({ phrase }) => ({ action: 'accept', content: { typed: phrase } });
  expect((await peer.call(...CALL)).outcome).toBe('executed');
});

test.each(ERAS)('%s: a whole client that ends, with its connections, leaves nothing under way', async (era) => {
  const { through, seen } = gateAt(({ method }) => method === 'GET');
  await open({ through });
  const peer = await it.open({ era, elicitation: FORM });
  const waiting = [seed.ada, seed.ada].map((id) => peer.once('get_identity', { id }).catch(() => undefined));
  void waiting;
  await expect.poll(() => seen.reached).toBe(true);
  await peer.end();
  await expect.poll(ended).toHaveLength(2);
  expect(seen.aborted).toBe(true);
});
