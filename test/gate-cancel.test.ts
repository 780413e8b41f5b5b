/** A client that goes away, or a Kratos that fails, at every request of a call: at most one write, and its outcome can be had. */
import { describe, expect, test } from 'vitest';
import type { Send, WireRequest } from '../src/client/types.ts';
import { seed } from '../src/seed.ts';
import { FORM, rows, scene, type Row } from './support/gate-scene.ts';
import { harness, transport } from './support/harness.ts';
import { ERAS, type Asked, type Era, type Peer } from './support/peer.ts';

/** Until the server has heard of a cancellation: over HTTP it is a request of its own, or the end of a connection. */
const HEARD_MS = transport.open === undefined ? 5 : 50;

type Json = Record<string, unknown>;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
/** Looks again until it holds; a test that waits in vain times out. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(2);
}
/** Each has more requests than a call makes. */
const PLACES = Array.from({ length: 9 }, (_, index) => index);

const calls: [string, Json][] = [
  ['delete_identity_sessions', { id: seed.ada }],
  ['create_recovery_code_for_identity', { identity_id: seed.ada }],
  ['patch_identity', { id: seed.ada, json_patch: [{ op: 'replace', path: '/traits/name/first', value: 'Somebody' }] }],
  ['create_identity', { traits: { email: 'new@example.com' } }],
];

/** Both legs where there are two; `sent` hears the id of each. */
async function made(peer: Peer, [name, args]: [string, Json], sent: (id: number) => void): Promise<Asked> {
  const first = await peer.once(name, args, { sent });
  if (first.question === undefined) return first;
  const inputResponses = { consent: { action: 'accept', content: { typed: first.phrase } } };
  return peer.once(name, args, { sent, requestState: first.state, inputResponses });
}

/** Does something at the n-th request of a call. */
function atRequest(place: number, act: (request: WireRequest) => Promise<void>) {
  let count = 0;
  let hit = false;
  const through =
    (send: Send): Send =>
    async (request) => {
      if (count++ === place) {
        hit = true;
        await act(request);
      }
      return send(request);
    };
  return { through, wasHit: () => hit };
}

describe.each(ERAS)('a client that cancels (%s)', (era: Era) => {
  test.each(calls.map((call) => ({ call, name: call[0] })))(
    'at any request of $name: the same call again does not carry it out twice',
    async ({ call }) => {
      const seen = new Set<string>();
      for (const place of PLACES) {
        let id = 0;
        let legs = 0;
        let cancel = () => {};
        const { through, wasHit } = atRequest(place, async ({ signal }) => {
          cancel();
          await pause(HEARD_MS);
          signal?.throwIfAborted();
        });
        const it = harness({ recoveryDelivery: 'reply', through });
        const peer = await it.open({ era, elicitation: FORM });
        cancel = () => peer.notify('notifications/cancelled', { requestId: id });
        const sent = (its: number) => {
          id = its;
          legs += 1;
        };
        let answered = false;
        void made(peer, call, sent).then(() => (answered = true));
        // A cancelled call is not answered: its log line tells that it ended.
        await until(() => answered || (wasHit() && it.logs.filter((line) => line.includes('"event":"call"')).length === legs));
        if (!wasHit()) {
          await peer.close();
          break;
        }
        const before = it.writes().length;
        const again = await peer.call(...call);
        expect(it.writes()).toHaveLength(1);
        expect(again.outcome).toBe('executed');
        const replayed = again.meta['ory-identity-mcp/replayed'] === true;
        expect(replayed).toBe(before === 1);
        seen.add(replayed ? 'after the claim' : 'before the claim');
        // Once only: after that the same call is a new one.
        expect((await peer.call(...call)).meta['ory-identity-mcp/replayed']).toBeUndefined();
        await peer.close();
      }
      expect(seen).toContain('after the claim');
      if (call[0] !== 'create_identity') expect(seen).toContain('before the claim');
    },
  );
});

test('the same call made again while the first is still under way gets its outcome, without a second write', async () => {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const through =
    (send: Send): Send =>
    async (request) => {
      const reply = await send(request);
      if (request.method === 'POST') await held;
      return reply;
    };
  const it = harness({ through });
  const peer = await it.open({ era: 'modern', elicitation: FORM });
  const args = { traits: { name: { first: 'No', last: 'Identifier' } }, schema_id: 'default' };
  let id = 0;
  void peer.once('create_identity', args, { sent: (its) => (id = its) });
  await until(() => it.writes().length === 1);
  peer.notify('notifications/cancelled', { requestId: id });
  const again = peer.once('create_identity', args);
  await pause(20);
  release();
  expect((await again).meta['ory-identity-mcp/replayed']).toBe(true);
  expect(it.writes()).toHaveLength(1);
  await peer.close();
});

const refusal = { status: 403, headers: { 'content-type': 'application/json' }, text: '{"error":{"code":403,"message":"no"}}' };
/** Those that can't be planned without reading the account. */
const reading = rows.filter(({ name }) => name !== 'create_identity' && name !== 'batch_patch_identities');

describe.each(reading)('$name ($effect)', (row: Row) => {
  test('whose account cannot be read again after the yes sends nothing', async () => {
    let broken = false;
    const its = await scene(row, 'legacy', { through: (send) => async (request) => (broken ? refusal : send(request)) });
    its.peer.person = ({ phrase }) => {
      broken = true;
      return { action: 'accept', content: { typed: phrase } };
    };
    const answer = await its.peer.call(its.name, its.args);
    expect(answer.outcome).toBe('failed');
    expect(answer.text).toMatch(/^Not done \(failed\): Nothing was sent/);
    expect(its.it.writes()).toEqual([]);
    await its.peer.close();
  });

  test('that fails at any one request sends one write or none, and says executed only for one', async () => {
    for (const place of PLACES) {
      let count = 0;
      const its = await scene(row, 'modern', { through: (send) => async (request) => (count++ === place ? refusal : send(request)) });
      const answer = await its.peer.call(its.name, its.args);
      const writes = its.it.writes().length; // those that Kratos was let see
      expect(writes).toBe(answer.outcome === 'executed' ? 1 : 0);
      if (answer.outcome !== 'executed') expect(answer.isError).toBe(true);
      await its.peer.close();
      if (count <= place) break;
    }
  });
});
