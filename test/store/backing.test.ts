import { describe, expect, test } from 'vitest';
import { openFileBacking } from '../../src/store/files.ts';
import { memoryBacking } from '../../src/store/memory.ts';
import type { Backing, State } from '../../src/store/state.ts';
import { approved, clock, KINDS, newPlan, openedWith, stateFolder } from './support.ts';

const BACKINGS: readonly (readonly [name: string, open: () => Promise<Backing>])[] = [
  ['in memory', async () => memoryBacking()],
  ['in files', async () => openFileBacking(stateFolder(), clock().now)],
];

/** An entry in every table. */
function fill(state: State): void {
  state.plans.set('p', { ...newPlan(), id: 'p', code: 'ABCD', created: 1, expires: 2, state: 'waiting', decided: [] });
  state.cooling.set('r', 1);
  state.wrong.set('r', { count: 1, until: 2 });
  state.spent.set('k', [{ at: 1, items: 2, until: 3 }]);
  state.declines.set('p', [1]);
  state.locks.set('p', 1);
  state.history.set('t', [{ link: 'contact', at: 1 }]);
}
const sizes = (state: State) => Object.values(state).map((it: ReadonlyMap<string, unknown>) => it.size);

describe.each(BACKINGS)('a state %s', (_, open) => {
  test('keeps what was changed, and nothing of a change that threw', async () => {
    const backing = await open();
    const failing = backing.update((state) => {
      fill(state);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(sizes((await backing.read()).state)).toEqual([0, 0, 0, 0, 0, 0, 0]);
    expect(
      await backing.update((state) => {
        fill(state);
        return 'done';
      }),
    ).toBe('done');
    expect(sizes((await backing.read()).state)).toEqual([1, 1, 1, 1, 1, 1, 1]);
  });

  test('is handed out as a copy: whoever looks changes nothing', async () => {
    const backing = await open();
    fill((await backing.read()).state);
    expect(sizes((await backing.read()).state)).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });
});

test.each(KINDS)('a plan that was found cannot be changed by who found it, %s', async (_, open) => {
  const store = await openedWith(open);
  const plan = await store.plans.find(await approved(store));
  expect(() => Object.assign(plan ?? {}, { approvals: 0 })).toThrow(TypeError);
  expect(() => Object.assign(plan?.decided[0] ?? {}, { by: 'b' })).toThrow(TypeError);
});
