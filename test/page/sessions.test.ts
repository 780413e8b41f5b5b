/** Sign-ins by the browser's name: whoever signs in gets a name that nobody could have planted, and leaves none behind. */
import { expect, test } from 'vitest';
import { createSessions } from '../../src/page/sessions.ts';
import { createShelf } from '../../src/page/shelf.ts';
import { createKept } from '../../src/store/kept.ts';

function sessions() {
  const now = () => 1_800_000_000_000;
  let ids = 0;
  return createSessions({
    shelf: createShelf({ kept: createKept(now), key: new Uint8Array(32), now }),
    randomId: () => `browser-${(ids += 1)}`,
  });
}
const [anna, ben] = [
  { id: 'anna', name: 'Anna' },
  { id: 'ben', name: 'Ben' },
];

test('somebody else in the same browser gets another name, and the name before is worth nothing', async () => {
  const its = sessions();
  const first = await its.open('planted', anna);
  const second = await its.open(first, ben);
  expect(new Set(['planted', first, second]).size).toBe(3);
  expect([await its.of('planted'), await its.of(first), await its.of(second)]).toEqual([undefined, undefined, ben]);
});

test('the same person keeps the name, so that forms in other windows stay good', async () => {
  const its = sessions();
  const first = await its.open('planted', anna);
  expect(await its.open(first, { ...anna, name: 'Anna A.' })).toBe(first);
  expect(await its.of(first)).toEqual({ ...anna, name: 'Anna A.' });
  await its.close(first);
  expect(await its.of(first)).toBeUndefined();
});
