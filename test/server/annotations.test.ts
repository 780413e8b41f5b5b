import { expect, test } from 'vitest';
import { z } from 'zod';
import { change, EFFECTS, read, type ChangeEffect } from '../../src/operation.ts';
import { annotations } from '../../src/server/annotations.ts';

const common = {
  title: 'Title',
  summary: 'Does it.',
  toolset: 'sessions',
  reads: [],
  input: z.strictObject({}),
  output: z.looseObject({}),
  example: {},
} as const;

test('a read changes nothing, however often it is made', () => {
  const op = read({ ...common, name: 'get_it', run: async () => ({}) });
  expect(annotations(op)).toEqual({
    title: 'Title',
    readOnlyHint: true,
    destructiveHint: false,
    idempotentHint: true,
    openWorldHint: false,
  });
});

const changing = (effects: readonly ChangeEffect[], idempotent: boolean) =>
  change({
    ...common,
    name: 'do_it',
    effects,
    writes: [],
    idempotent,
    plan: async () => ({ effects: [], targets: [], phrase: '', says: [], watch: {}, subjects: [], count: 1, calls: [], result: {} }),
  });

test.each([true, false])('a repeat has no further effect only where the operation says so: %s', (idempotent) => {
  expect(annotations(changing(['write'], idempotent))).toMatchObject({
    readOnlyHint: false,
    idempotentHint: idempotent,
    openWorldHint: false,
  });
});

test.each(EFFECTS)('a change that can be "%s" is announced at its worst', (effect) => {
  expect(annotations(changing(['write', effect], false)).destructiveHint).toBe(effect !== 'write');
});
