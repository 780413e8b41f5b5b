/** Kratos loses updates that overlap, and answers 200 to all of them: writes to one identity go one after another. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { Send } from '../src/client/types.ts';
import { seed } from '../src/seed.ts';
import { harness, type Harness } from './support/harness.ts';
import { ERAS, type Peer } from './support/peer.ts';

const peers: Peer[] = [];
afterEach(async () => {
  await Promise.all(peers.splice(0).map((it) => it.close()));
});

/** A slow Kratos, and how many writes were under way on it at most: of each path, and of all together. */
function slowly() {
  const underWay: string[] = [];
  const most = { ofOnePath: 0, ofAll: 0 };
  const through =
    (send: Send): Send =>
    async (request) => {
      if (request.method === 'GET') return send(request);
      underWay.push(request.path);
      most.ofOnePath = Math.max(most.ofOnePath, underWay.filter((it) => it === request.path).length);
      most.ofAll = Math.max(most.ofAll, underWay.length);
      try {
        await sleep(40);
        const reply = await send(request);
        await sleep(40);
        return reply;
      } finally {
        underWay.splice(underWay.indexOf(request.path), 1);
      }
    };
  return { most, through };
}

const opened = async (it: Harness, era: 'legacy' | 'modern') => {
  const peer = await it.open({ era });
  peers.push(peer);
  return peer;
};
const rename = (peer: Peer, id: string, name: { first: string } | { last: string }) => {
  const json_patch = Object.entries(name).map(([part, value]) => ({ op: 'replace', path: `/traits/name/${part}`, value }));
  return peer.call('patch_identity', { id, json_patch });
};

describe.each(ERAS)('on a %s connection', (era) => {
  test('changes of one identity at once never overlap on the wire, and none is lost', async () => {
    const { most, through } = slowly();
    const it = harness({ through });
    const peer = await opened(it, era);
    const answers = await Promise.all([rename(peer, seed.ada, { first: 'Augusta' }), rename(peer, seed.ada, { last: 'King' })]);
    expect(answers.map(({ outcome, text }) => outcome ?? text)).toEqual(['executed', 'executed']);
    expect(it.writes().map(({ method, path }) => `${method} ${path}`)).toEqual(
      Array.from({ length: 2 }, () => `PATCH /admin/identities/${seed.ada}`),
    );
    expect(most.ofOnePath).toBe(1);
    const { structured } = await peer.call('get_identity', { id: seed.ada });
    expect(structured).toMatchObject({ traits: { name: { first: 'Augusta', last: 'King' } } });
  });

  test('changes of two identities go side by side', async () => {
    const { most, through } = slowly();
    const it = harness({ through });
    const peer = await opened(it, era);
    const answers = await Promise.all([rename(peer, seed.ada, { first: 'Augusta' }), rename(peer, seed.grace, { first: 'Amazing' })]);
    expect(answers.map(({ outcome, text }) => outcome ?? text)).toEqual(['executed', 'executed']);
    expect(it.writes()).toHaveLength(2);
    expect(most).toEqual({ ofOnePath: 1, ofAll: 2 });
  });
});

test('two clients of one server wait for each other, too', async () => {
  const { most, through } = slowly();
  const it = harness({ through });
  const [one, other] = [await opened(it, 'modern'), await opened(it, 'legacy')];
  const answers = await Promise.all([rename(one, seed.ada, { first: 'Augusta' }), rename(other, seed.ada, { last: 'King' })]);
  expect(answers.map(({ outcome, text }) => outcome ?? text)).toEqual(['executed', 'executed']);
  expect(it.writes()).toHaveLength(2);
  expect(most.ofOnePath).toBe(1);
});
