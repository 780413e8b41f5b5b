/** How the suite's findings are judged; the suite itself runs by `npm run conformance`. */
import { expect, test } from 'vitest';
import { judge, type Expected } from './judge.ts';
import type { Check, Status } from './suite.ts';

const check = (id: string, status: Status): Check => ({ id, status });
const wire = check('wire-schema-valid', 'SUCCESS');
const required = { scored: ['a'], unscored: new Map([['later', 'pending']]) };
const later = check('later', 'SUCCESS');

function resultOf(checks: readonly Check[] | undefined, expected: Expected = {}) {
  const found = new Map([['later', [later]], ...(checks === undefined ? [] : ([['a', checks]] as const))]);
  return judge(found, required, expected).find((it) => it.scenario === 'a');
}

test('a scenario passes with a check of its own and no failure', () => {
  expect(resultOf([wire, check('a', 'SUCCESS'), check('b', 'WARNING')])).toMatchObject({
    result: 'passed',
    passed: 2,
    failed: 0,
    other: 1,
  });
});

test.each([
  ['fails', [wire, check('a', 'SUCCESS'), check('b', 'FAILURE')]],
  ['checks nothing but the form of messages', [wire, check('a', 'SKIPPED')]],
  ['was not run', undefined],
])('a scored scenario that %s is not as expected', (_, checks) => {
  expect(resultOf(checks)?.result).toBe('UNEXPECTED');
});

test('an exception is for exactly the checks that it names', () => {
  const expected = { a: { failing: ['b'], because: 'why' } };
  expect(resultOf([check('a', 'SUCCESS'), check('b', 'FAILURE')], expected)).toMatchObject({ result: 'expected', note: 'why' });
  expect(resultOf([check('b', 'FAILURE'), check('c', 'FAILURE')], expected)?.result).toBe('UNEXPECTED');
  expect(resultOf([check('b', 'SUCCESS')], expected)?.result).toBe('UNEXPECTED');
});

test('an exception for a scenario that is not run is not as expected', () => {
  const rows = judge(new Map([['a', [check('a', 'SUCCESS')]]]), required, { gone: { failing: [], because: 'why' } });
  expect(rows.map((it) => [it.scenario, it.result])).toEqual([
    ['a', 'passed'],
    ['later', 'not scored'],
    ['gone', 'UNEXPECTED'],
  ]);
});

test('what is not scored can fail without being a failure', () => {
  const rows = judge(new Map([['later', [check('later', 'FAILURE')]]]), { ...required, scored: [] }, {});
  expect(rows).toMatchObject([{ scenario: 'later', result: 'not scored' }]);
});

test('a failure by a limit is none that an exception is for', () => {
  const refused: Check = { id: 'b', status: 'FAILURE', errorMessage: '429 You have 20 sessions here, which is as many as may be.' };
  expect(resultOf([refused], { a: { failing: ['b'], because: 'why' } })?.result).toBe('UNEXPECTED');
});
