import { expect, test } from 'vitest';
import { argsShape } from '../../src/audit/args-shape.ts';

test('names and kinds, one level deep, and no value', () => {
  const input = {
    id: 'canary',
    json_patch: [{ op: 'add', path: '/traits/canary' }, {}],
    traits: { email: 'canary@example.com', name: { first: 'canary' } },
    page_size: 7,
    dry: true,
    nothing: null,
    left_out: undefined,
  };
  const shape = argsShape(input);
  expect(shape).toEqual({
    id: 'string',
    json_patch: 'array(2)',
    traits: 'object(2)',
    'traits.email': 'string',
    'traits.name': 'object(1)',
    page_size: 'number',
    dry: 'boolean',
    nothing: 'null',
  });
  expect(JSON.stringify(shape)).not.toContain('canary');
});

test('a value in the place of a name is counted, not told; and there is an end to names', () => {
  const people = { 'canary@example.com': 1, '+49 170 canary': 2, ['canary'.repeat(10)]: 3 };
  expect(argsShape({ metadata_public: people })).toEqual({ metadata_public: 'object(3)', '?': '3 more' });
  const many = argsShape(Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`n${i}`, i])));
  expect(Object.keys(many)).toHaveLength(41);
  expect(many['?']).toBe('60 more');
});
