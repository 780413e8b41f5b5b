/**
 * Clients, people, clocks, restarts and losses in any order, on the whole server: no sequence sends a write without a claimed plan of the
 * strength that its policy wants; each plan is claimed once and sends what it says once; after a loss nothing of before is carried out.
 * `MODEL_RUNS` is the number of sequences.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { play } from './model/play.ts';
import { games } from './model/steps.ts';
import { World } from './model/world.ts';

const RUNS = Number(process.env['MODEL_RUNS'] ?? 150);

test(
  'nothing is sent that nobody agreed to, whatever happens in whatever order',
  async () => {
    const counts = new Map<string, number>();
    const property = fc.asyncProperty(games, async (game) => {
      const world = new World();
      try {
        await play(game, world);
      } finally {
        await world.end();
        for (const [what, times] of world.witness.counts) counts.set(what, (counts.get(what) ?? 0) + times);
      }
    });
    await fc.assert(property, { numRuns: RUNS });
    if (process.env['MODEL_RUNS'] !== undefined) process.stderr.write(`${JSON.stringify(Object.fromEntries(counts))}\n`);
    // else nothing was tried
    for (const what of ['a form', 'an approver', 'two approvers', 'allowed', 'replayed', 'stale', 'deaths', 'forged'])
      expect([what, counts.get(what) ?? 0]).toEqual([what, expect.toSatisfy((it: number) => it >= RUNS / 150)]);
  },
  Math.max(60_000, RUNS * 400),
);
