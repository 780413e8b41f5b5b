/** Fifty yeses in a row, or yeses that nobody can have read for: the operator hears of it, once an hour. */
import { expect, test } from 'vitest';
import { createFatigueWatch, fatigueIn } from '../../src/approval/fatigue.ts';
import type { PlanRecord } from '../../src/store/types.ts';

const plan = (more: Partial<PlanRecord> & { readonly after?: number }): PlanRecord => {
  const { after = 30_000, ...rest } = more;
  const record = {
    channel: 'page',
    state: 'done',
    created: 1_000,
    principal: 'p',
    decided: [{ by: 'a', name: 'a', method: 'passkey', at: 1_000 + after }],
  };
  return { ...record, ...rest } as PlanRecord; // what is looked at
};
const many = (count: number, more: Parameters<typeof plan>[0] = {}) => Array.from({ length: count }, () => plan(more));
const no = plan({ state: 'declined', decided: [] });

test('fewer than fifty decisions say nothing', () => expect(fatigueIn(many(49))).toBeUndefined());
test('fifty of fifty are too many', () => expect(fatigueIn(many(50))).toContain('98 %'));
test('forty-nine of fifty are not', () => expect(fatigueIn([no, ...many(49)])).toBeUndefined());
test('yeses in a second are too fast, also between refusals', () => {
  expect(fatigueIn([no, no, no, ...many(47, { after: 900 })])).toContain('2 seconds');
  expect(fatigueIn([no, no, no, ...many(20, { after: 900 }), ...many(27)])).toBeUndefined();
});
test('calls that nobody was asked about, and questions that lapsed, do not count', () => {
  expect(fatigueIn([...many(49), ...many(5, { channel: 'none' }), ...many(5, { state: 'expired', decided: [] })])).toBeUndefined();
});
test('is told once an hour, to each principal of its own', () => {
  let time = 10 * 3_600_000;
  const watch = createFatigueWatch(() => time);
  expect(watch.look(many(50), 'p')).toBeDefined();
  expect(watch.look(many(50), 'p')).toBeUndefined();
  expect(watch.look(many(50), 'other')).toBeUndefined();
  time += 3_600_001;
  expect(watch.look(many(50), 'p')).toBeDefined();
});
