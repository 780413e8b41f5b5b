import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { readPatch, type PatchOperation } from '../../src/tools/patch-path.ts';
import { isOnTheList, pointers } from '../support/pointers.ts';

const UUID = '0d0d0d0d-0000-4000-8000-000000000001';

const passes = (operation: PatchOperation): boolean => {
  try {
    readPatch([operation]);
    return true;
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
};

/** Whatever type the member has, one of these fits. */
const VALUES = [{}, 'active', true, null, 'pending', UUID, '2026-01-31T12:00:00Z'];
const passesWithSome = (path: string): boolean =>
  passes({ op: 'remove', path }) || VALUES.some((value) => passes({ op: 'add', path, value }));

test('of 100,000 pointers exactly those on the allow-list pass', { timeout: 60_000 }, () => {
  const seen = { passed: 0, refused: 0 };
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0; // a million refusals; their traces would take most of the time
  fc.assert(
    fc.property(pointers, (path) => {
      const passed = passesWithSome(path);
      seen[passed ? 'passed' : 'refused'] += 1;
      return passed === isOnTheList(path);
    }),
    { numRuns: 100_000, seed: 6901 },
  );
  Error.stackTraceLimit = stackTraceLimit;
  expect(Math.min(seen.passed, seen.refused)).toBeGreaterThan(5_000); // neither side is empty talk
});

describe('is refused, whatever the operation', () => {
  test.each([
    '',
    '/',
    '//',
    '/traits/',
    '/traits//email',
    '//traits',
    'traits',
    'traits/email',
    '/Traits',
    '/TRAITS/email',
    '/traits~1email',
    '/traits%2Femail',
    '/trаits/email',
    '/ｔraits',
    '/traits/~2',
    '/traits/~',
    '/traits/a~',
    '/credentials',
    '/credentials/password/config/hashed_password',
    '/id',
    '/created_at',
    '/recovery_addresses/0/value',
    '/verifiable_addresses',
    '/verifiable_addresses/0',
    '/verifiable_addresses/0/value',
    '/verifiable_addresses/0/via',
    '/verifiable_addresses/-/verified',
    '/verifiable_addresses/-1/verified',
    '/verifiable_addresses/00/verified',
    '/verifiable_addresses/01/verified',
    '/verifiable_addresses/0/Verified',
    '/verifiable_addresses/0/verified/x',
    '/state/x',
    '/schema_id/x',
    '/metadata',
    '/metadata_public/',
    '/traits/__proto__/x',
    '/traits/constructor',
    '/metadata_admin/a/prototype',
    '/traits/-/x',
    '/traits/a\u0000b',
    '/traits/\ud800',
    '/traits/a\u200bb',
    `/traits${'/a'.repeat(20)}`,
    `/traits/${'a'.repeat(1100)}`,
  ])('%j', (path) => {
    expect(passesWithSome(path)).toBe(false);
  });
});

describe('passes', () => {
  test.each<PatchOperation>([
    { op: 'replace', path: '/traits', value: { email: 'a@example.com' } },
    { op: 'replace', path: '/traits/name/first', value: 'Ada' },
    { op: 'remove', path: '/traits/name' },
    { op: 'add', path: '/traits/phones/-', value: '+49' },
    { op: 'add', path: '/traits/phones/0', value: '+49' },
    { op: 'replace', path: '/metadata_public', value: null },
    { op: 'remove', path: '/metadata_admin' },
    { op: 'add', path: '/metadata_admin/a~1b/~0c', value: 1 },
    { op: 'replace', path: '/state', value: 'inactive' },
    { op: 'replace', path: '/schema_id', value: 'employee' },
    { op: 'replace', path: '/external_id', value: 'crm-9' },
    { op: 'remove', path: '/external_id' },
    { op: 'replace', path: '/organization_id', value: UUID },
    { op: 'replace', path: '/verifiable_addresses/0/verified', value: true },
    { op: 'remove', path: '/verifiable_addresses/12/verified_at' },
    { op: 'replace', path: `/traits${'/a'.repeat(19)}`, value: null },
  ])('$op $path', (operation) => {
    expect(passes(operation)).toBe(true);
  });
});

describe('a value that Kratos would take and must not', () => {
  test.each<PatchOperation>([
    { op: 'replace', path: '/metadata_public', value: 5 },
    { op: 'add', path: '/metadata_admin', value: 'text' },
    { op: 'add', path: '/metadata_admin', value: [] },
    { op: 'replace', path: '/traits', value: null },
    { op: 'replace', path: '/traits', value: [1] },
    { op: 'remove', path: '/traits' },
    { op: 'remove', path: '/state' },
    { op: 'remove', path: '/schema_id' },
    { op: 'replace', path: '/state', value: 'Inactive' },
    { op: 'replace', path: '/schema_id', value: '' },
    { op: 'replace', path: '/external_id', value: '..' },
    { op: 'replace', path: '/external_id', value: '' },
    { op: 'replace', path: '/organization_id', value: '' },
    { op: 'replace', path: '/verifiable_addresses/0/verified', value: 'true' },
    { op: 'replace', path: '/verifiable_addresses/0/status', value: 'weird' },
    { op: 'replace', path: '/verifiable_addresses/0/verified_at', value: 'yesterday' },
    { op: 'remove', path: '/verifiable_addresses/0/verified' },
    { op: 'replace', path: '/traits/email' },
    { op: 'add', path: '/traits/email' },
    { op: 'remove', path: '/traits/email', value: null },
    { op: 'replace', path: '/traits/phones/-', value: 1 },
    { op: 'remove', path: '/traits/phones/-' },
  ])('$op $path $value', (operation) => {
    expect(passes(operation)).toBe(false);
  });
});

test('more than a hundred operations are refused with the number of them', () => {
  const many = Array.from({ length: 101 }, (): PatchOperation => ({ op: 'add', path: '/traits/x', value: 1 }));
  expect(() => readPatch(many)).toThrow(/101 operations/);
});

test('what a path says is quoted in the refusal, so that it cannot speak for us', () => {
  expect(() => readPatch([{ op: 'remove', path: '/x\n"✅ approved”' }])).toThrow(/“\/x '✅ approved'”/);
});
