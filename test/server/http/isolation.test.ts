/** Many principals at once, with the same ids, the same arguments and calls that are broken off: nobody gets a byte of another's. */
import { setTimeout as pause } from 'node:timers/promises';
import { McpServer } from '@modelcontextprotocol/server';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { localCaller, type Caller } from '../../../src/caller.ts';
import { seed } from '../../../src/seed.ts';
import { callerOf } from '../../../src/server/http/caller-of.ts';
import { currentTrace } from '../../../src/trace.ts';
import { fromTable, HttpPeer, openHttpHarness } from '../../support/http.ts';
import type { Asked, Era } from '../../support/peer.ts';
import { closeAll, small } from './raw.ts';

afterEach(closeAll);

const FORM = { form: {} };
const PEOPLE = Array.from({ length: 50 }, (_, index) => `person-${String(index).padStart(2, '0')}`);
const TOKENS: Readonly<Record<string, Caller>> = Object.fromEntries(PEOPLE.map((name) => [name, localCaller(name)]));
const hostings: readonly [string, Era, Record<string, unknown> | undefined][] = [
  ['2025 era, in sessions', 'legacy', FORM],
  ['2025 era, without', 'legacy', undefined],
  ['2026-07-28', 'modern', FORM],
];

test.each(hostings)('%s: each answer, notification and question goes to whoever it is for', async (_name, era, elicitation) => {
  const traces = new Set<string>();
  const it = await small({
    authenticate: fromTable(TOKENS),
    build: () => {
      const server = new McpServer({ name: 'mine', version: '1' });
      server.registerTool('mine', { inputSchema: z.object({ same: z.literal('for all') }) }, async (_input, ctx) => {
        const { principal } = callerOf(ctx.http?.authInfo);
        const { requestId = '' } = currentTrace() ?? {};
        traces.add(requestId);
        await pause(Math.random() * 10);
        await ctx.mcpReq.notify({ method: 'notifications/progress', params: { progressToken: 1, progress: 1, message: principal } });
        await pause(Math.random() * 10);
        if (currentTrace()?.requestId !== requestId) throw new Error('the trace of another');
        return { content: [{ type: 'text', text: `for ${principal}` }] };
      });
      return server;
    },
  });
  const peers = await Promise.all(PEOPLE.map((token) => HttpPeer.open(it.port, { era, elicitation, token })));
  let answered = 0;
  await Promise.all(
    peers.map(async (peer, its) => {
      for (let round = 0; round < 3; round += 1) {
        const ids: number[] = [];
        const calls = [0, 1, 2].map(() => peer.once('mine', { same: 'for all' }, { sent: (id) => ids.push(id) }));
        const broken = (round + its) % 4;
        if (broken < 3) {
          await pause(Math.random() * 10);
          peer.abandon(ids[broken] ?? 0);
        }
        for (const answer of await Promise.all(calls.filter((_, index) => index !== broken))) {
          answered += 1;
          expect(answer.text).toBe(`for ${PEOPLE[its]}`);
        }
      }
    }),
  );
  for (const [its, peer] of peers.entries()) {
    const foreign = peer.lines
      .join('\n')
      .match(/person-\d\d/g)
      ?.filter((name) => name !== PEOPLE[its]);
    expect(foreign).toEqual([]);
  }
  expect(answered).toBeGreaterThan(PEOPLE.length * 3 * 2);
  expect(traces.size).toBeGreaterThanOrEqual(answered);
  await Promise.all(peers.map((peer) => peer.close()));
});

const MANY = { waiting: 100, waitingInAll: 1_000, asked: 1_000, destructive: 1_000 };
const CALL = ['delete_identity_sessions', { id: seed.ada }] as const;
/** Without what is new in each answer. */
const shown = ({ raw: { id: _id, ...message } }: Asked) => JSON.stringify(message);
const yes = ({ phrase }: Asked, state: string | undefined) => ({
  requestState: state,
  inputResponses: { consent: { action: 'accept', content: { typed: phrase } } },
});

describe('the plan of another', () => {
  test('looks exactly like none, to each of fifty who bring each other’s', async () => {
    const it = await openHttpHarness({ tokens: TOKENS, limits: MANY, formMs: 60_000 });
    const peers = await Promise.all(PEOPLE.map((token) => it.open({ era: 'modern', elicitation: FORM, token })));
    const firsts = await Promise.all(peers.map((peer) => peer.once(...CALL)));
    expect(new Set(firsts.map(({ state }) => state)).size).toBe(PEOPLE.length);
    const none = await Promise.all(
      peers.map((peer, its) => peer.once(...CALL, yes(firsts[its] as Asked, `${'A'.repeat(22)}.${'B'.repeat(43)}`))),
    );
    const foreign = await Promise.all(
      peers.map((peer, its) => peer.once(...CALL, yes(firsts[its] as Asked, firsts[(its + 1) % PEOPLE.length]?.state))),
    );
    expect(foreign.every(({ outcome }) => outcome === 'expired')).toBe(true);
    expect(foreign.map(shown)).toEqual(none.map(shown));
    expect(it.writes()).toEqual([]);
    // Nothing of that touched the plan itself.
    const last = peers[7] as HttpPeer;
    expect((await last.once(...CALL, yes(firsts[7] as Asked, firsts[7]?.state))).outcome).toBe('executed');
    expect(it.writes()).toHaveLength(1);
    await it.close();
  });

  test('is not answered by a person who sits in another session, and not called off by another’s cancel', async () => {
    const it = await openHttpHarness({ tokens: TOKENS, limits: MANY });
    const open = (token: string) => it.open({ era: 'legacy', elicitation: FORM, token });
    const [anna, bert] = [await open('person-00'), await open('person-01')];
    let answer = () => {};
    anna.person = ({ phrase }) =>
      new Promise((resolve) => {
        answer = () => resolve({ action: 'accept', content: { typed: phrase } });
      });
    let id = 0;
    const waiting = anna.call(...CALL);
    await expect.poll(() => anna.asked).toHaveLength(1);
    // The same ids as Anna's call and question have.
    const question = JSON.parse(anna.lines.find((line) => line.includes('elicitation/create')) ?? '{}') as { id: number };
    bert.person = ({ phrase }) => ({ action: 'accept', content: { typed: phrase } });
    for (id = 0; id < 6; id += 1) bert.notify('notifications/cancelled', { requestId: id });
    await bert.writeLine(JSON.stringify({ jsonrpc: '2.0', id: 900, method: 'ping' }), 900);
    const stolen = { action: 'accept', content: { typed: 'ada.byron@example.com' } };
    const posted = bert.writeLine(JSON.stringify({ jsonrpc: '2.0', id: question.id, result: stolen }), 901);
    await Promise.race([posted, pause(100)]);
    expect(it.writes()).toEqual([]);
    answer();
    expect((await waiting).outcome).toBe('executed');
    expect(it.writes()).toHaveLength(1);
    await it.close();
  });
});
