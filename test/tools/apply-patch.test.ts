import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InputError } from '../../src/errors.ts';
import { canonical, ExactNumber, parseJson } from '../../src/lib/json.ts';
import { applyPatch as asTheSandboxDoes } from '../../src/sandbox/json-patch.ts';
import { applyPatch } from '../../src/tools/apply-patch.ts';
import type { Facets } from '../../src/tools/facets.ts';
import { copy } from '../../src/tools/json-value.ts';
import { readPatch, type PatchOperation } from '../../src/tools/patch-path.ts';

const before: Facets = {
  schema_id: 'default',
  state: 'active',
  traits: copy({ email: 'a@example.com', name: { first: 'Ada' }, phones: ['+1', '+2'], rows: [{ a: 1 }, null] }),
  metadata_public: null,
  metadata_admin: copy({ role: 'user', '0': 'zero', '-': 'dash' }),
  organization_id: null,
  verifiable_addresses: [copy({ id: 'x', value: 'a@example.com', via: 'email', verified: false, status: 'pending' })],
};
const apply = (...patch: PatchOperation[]) => applyPatch(before, readPatch(patch));

describe('applies as Kratos does', () => {
  test('replace adds what is not there, with its parents', () => {
    expect(apply({ op: 'replace', path: '/metadata_public/a/b', value: 1 }).metadata_public).toEqual({ a: { b: 1 } });
    expect(apply({ op: 'replace', path: '/metadata_public/l/0/x', value: 1 }).metadata_public).toEqual({ l: [{ x: 1 }] });
    expect(apply({ op: 'add', path: '/traits/more/-', value: 1 }).traits).toMatchObject({ more: [1] });
  });

  test('add inserts into a list, remove closes the gap', () => {
    expect(apply({ op: 'add', path: '/traits/phones/1', value: '+9' }).traits).toMatchObject({ phones: ['+1', '+9', '+2'] });
    expect(apply({ op: 'add', path: '/traits/phones/2', value: '+9' }).traits).toMatchObject({ phones: ['+1', '+2', '+9'] });
    expect(apply({ op: 'remove', path: '/traits/phones/0' }).traits).toMatchObject({ phones: ['+2'] });
    expect(apply({ op: 'replace', path: '/traits/phones/1', value: '+9' }).traits).toMatchObject({ phones: ['+1', '+9'] });
  });

  test('one operation after the other, each on what the one before left', () => {
    const after = apply(
      { op: 'add', path: '/external_id', value: 'crm-1' },
      { op: 'remove', path: '/external_id' },
      { op: 'replace', path: '/state', value: 'inactive' },
    );
    expect(after.external_id).toBeUndefined();
    expect(after.state).toBe('inactive');
  });

  test('an organization is kept in lower case', () => {
    const upper = '0D0D0D0D-0000-4000-8000-00000000000A';
    expect(apply({ op: 'replace', path: '/organization_id', value: upper }).organization_id).toBe(upper.toLowerCase());
  });

  test('what it was given stays as it was', () => {
    const frozen = canonical(before);
    apply(
      { op: 'replace', path: '/traits/name/first', value: 'Bob' },
      { op: 'remove', path: '/traits/phones/0' },
      { op: 'replace', path: '/verifiable_addresses/0/verified', value: true },
    );
    expect(canonical(before)).toBe(frozen);
  });
});

describe('is refused, and says why', () => {
  test.each<[PatchOperation, RegExp]>([
    [{ op: 'remove', path: '/traits/nickname' }, /“nickname” is not there/],
    [{ op: 'remove', path: '/external_id' }, /“external_id” is not there/],
    [{ op: 'remove', path: '/traits/name/last/x' }, /“last” is not there/],
    [{ op: 'remove', path: '/traits/toString' }, /“toString” is not there/],
    [{ op: 'replace', path: '/traits/hasOwnProperty/x/0', value: 1 }, /“hasOwnProperty” is not there/],
    [{ op: 'replace', path: '/traits/phones/2', value: '+9' }, /2 elements/],
    [{ op: 'add', path: '/traits/phones/3', value: '+9' }, /2 elements/],
    [{ op: 'remove', path: '/traits/phones/-1' }, /by its index/],
    [{ op: 'replace', path: '/traits/phones/01', value: 1 }, /by its index/],
    [{ op: 'add', path: '/traits/phones/first', value: 1 }, /by its index/],
    [{ op: 'add', path: '/traits/new/5', value: 1 }, /0 elements/],
    [{ op: 'add', path: '/traits/rows/1/a', value: 1 }, /holds null/],
    [{ op: 'add', path: '/traits/email/x', value: 1 }, /neither an object nor a list/],
    [{ op: 'add', path: '/metadata_admin/-', value: 1 }, /there is an object/],
    [{ op: 'replace', path: '/metadata_admin/7', value: 1 }, /“7” is not there/],
    [{ op: 'add', path: '/metadata_public/-', value: 1 }, /metadata_public something else than an object/],
    [{ op: 'add', path: '/metadata_public/0', value: 1 }, /metadata_public something else than an object/],
    [{ op: 'replace', path: '/verifiable_addresses/1/verified', value: true }, /1 verifiable address, counted from 0/],
    [{ op: 'remove', path: '/verifiable_addresses/0/verified_at' }, /“verified_at” is not there/],
  ])('%j', (operation, why) => {
    expect(() => apply(operation)).toThrow(why);
    expect(() => apply(operation)).toThrow(InputError);
  });
});

test('a number that a double cannot carry survives a patch beside it', () => {
  const exact = applyPatch(
    { ...before, traits: copy(parseJson('{"n":9007199254740993,"a":1}')) },
    readPatch([{ op: 'replace', path: '/traits/a', value: 2 }]),
  );
  expect(exact.traits).toEqual({ n: new ExactNumber('9007199254740993'), a: 2 });
});

test('a member called __proto__ that somebody stored is a member like any other', () => {
  const hostile = JSON.parse('{"__proto__":{"polluted":true},"a":1}') as unknown;
  const after = applyPatch(
    { ...before, metadata_public: copy(hostile) },
    readPatch([{ op: 'replace', path: '/metadata_public/a', value: 2 }]),
  );
  expect(canonical(after.metadata_public)).toBe('{"__proto__":{"polluted":true},"a":2}');
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

// The sandbox has an implementation of its own, written after the library that Kratos uses, and by somebody else.
const name = fc.constantFrom('name', 'first', 'phones', 'rows', 'a', '0', '1', '2', '7', '-', '01', '-1', 'role', 'new', 'toString');
const path = fc
  .tuple(fc.constantFrom('traits', 'metadata_public', 'metadata_admin'), fc.array(name, { minLength: 1, maxLength: 4 }))
  .map(([top, rest]) => `/${[top, ...rest].join('/')}`);
const value = fc.oneof(fc.constant({ a: { '0': 1 } }), fc.constant([1, { a: 2 }]), fc.constant('text'), fc.constant(null));
const operation: fc.Arbitrary<PatchOperation> = fc.oneof(
  fc.record({ op: fc.constantFrom('add' as const, 'replace' as const), path, value }),
  fc.record({ op: fc.constant('remove' as const), path }),
);

test('where it applies a patch at all, the sandbox comes to the same', { timeout: 30_000 }, () => {
  let applied = 0;
  const run = (patch: readonly PatchOperation[]) => {
    try {
      return apply(...patch);
    } catch (error) {
      if (error instanceof InputError) return undefined;
      throw error;
    }
  };
  fc.assert(
    fc.property(fc.array(operation, { minLength: 1, maxLength: 3 }), (patch) => {
      const after = run(patch);
      if (after === undefined) return;
      applied += 1;
      const document: Parameters<typeof asTheSandboxDoes>[1] = JSON.parse(JSON.stringify(before));
      expect(canonical(after)).toBe(canonical(asTheSandboxDoes(JSON.stringify(patch), document)));
    }),
    { numRuns: 10_000, seed: 6902 },
  );
  expect(applied).toBeGreaterThan(500);
});
