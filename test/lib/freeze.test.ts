import { expect, test } from 'vitest';
import { deepFreeze } from '../../src/lib/freeze.ts';

test('nothing in it can be changed any more, whatever was frozen before', () => {
  const inner = { list: [{ value: 1 }] };
  const frozen = deepFreeze({ outer: Object.freeze({ inner }), empty: {}, nothing: null });
  expect(() => Object.assign(inner, { list: [] })).toThrow(TypeError);
  expect(() => inner.list.push({ value: 2 })).toThrow(TypeError);
  expect(() => Object.assign(frozen.outer.inner.list[0] ?? {}, { value: 2 })).toThrow(TypeError);
  expect(() => Object.assign(frozen.empty, { more: 1 })).toThrow(TypeError);
});
