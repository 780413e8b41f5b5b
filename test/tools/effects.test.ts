import { describe, expect, test } from 'vitest';
import { traitMarks } from '../../src/shape/traits.ts';
import { applyPatch } from '../../src/tools/apply-patch.ts';
import { changesBetween } from '../../src/tools/difference.ts';
import { effectsOf, effectsOfCreating, type Creation, type SchemaMarks } from '../../src/tools/effects.ts';
import type { Facets } from '../../src/tools/facets.ts';
import { copy } from '../../src/tools/json-value.ts';
import { readPatch, type PatchOperation } from '../../src/tools/patch-path.ts';

const login = { credentials: { password: { identifier: true } } };
const schemaWith = (properties: object) => ({ properties: { traits: { type: 'object', properties } } });
const person = traitMarks(
  schemaWith({
    email: { type: 'string', 'ory.sh/kratos': { ...login, verification: { via: 'email' }, recovery: { via: 'email' } } },
    contact: {
      type: 'object',
      properties: { sms: { type: 'string', 'ory.sh/kratos': { verification: { via: 'sms' } } }, city: { type: 'string' } },
    },
    backups: { type: 'array', items: { type: 'string', 'ory.sh/kratos': { recovery: { via: 'email' } } } },
    name: { type: 'object', properties: { first: { type: 'string' }, last: { type: 'string' } } },
    tags: { type: 'array', items: { type: 'string' } },
  }),
);
const plain = traitMarks(schemaWith({ email: { type: 'string' }, name: { type: 'object' } }));
const known: SchemaMarks = { before: person, after: person };
const unreadable: SchemaMarks = { before: undefined, after: undefined };

const before: Facets = {
  schema_id: 'default',
  state: 'active',
  traits: copy({
    email: 'a@example.com',
    contact: { sms: '+1', city: 'X' },
    backups: ['b@example.com'],
    name: { first: 'Ada', last: 'B' },
    tags: ['a', 'b'],
  }),
  metadata_public: copy({ plan: 'pro', flags: { beta: true } }),
  metadata_admin: null,
  external_id: 'crm-1',
  organization_id: null,
  verifiable_addresses: [copy({ id: 'x', value: 'a@example.com', via: 'email', verified: false, status: 'pending' })],
};

const spelledOut = (patch: readonly PatchOperation[]) => (path: readonly string[]) =>
  patch.some((it) => it.op === 'remove' && `/${path.join('/')}`.startsWith(it.path) && it.path.split('/').length > 2) ||
  path[0] === 'external_id';
function patching(patch: readonly PatchOperation[], { from = before, marks = known }: { from?: Facets; marks?: SchemaMarks } = {}) {
  const after = applyPatch(from, readPatch(patch));
  return effectsOf({ changes: changesBetween(from, after), after, marks, credentials: false, isSpelledOut: spelledOut(patch) });
}
const inactive: Facets = { ...before, state: 'inactive' };
const replace = (path: string, value: unknown): PatchOperation => ({ op: 'replace', path, value });

describe('a patch', () => {
  test.each<[string, PatchOperation[], string[]]>([
    ['of a plain trait', [replace('/traits/name/first', 'Bob')], ['write']],
    ['of a plain member beside a marked one', [replace('/traits/contact/city', 'Y')], ['write']],
    ['that takes a plain trait away', [{ op: 'remove', path: '/traits/name/last' }], ['write']],
    ['of a list without marks', [{ op: 'add', path: '/traits/tags/-', value: 'c' }], ['write']],
    ['of a login identifier', [replace('/traits/email', 'thief@example.com')], ['takeover']],
    ['of a login identifier, by letter case', [replace('/traits/email', 'A@example.com')], ['takeover']],
    ['of a verifiable address', [replace('/traits/contact/sms', '+2')], ['takeover']],
    ['that replaces the object around a marked trait', [replace('/traits/contact', { sms: '+2', city: 'X' })], ['takeover']],
    ['that replaces it with what is there but for the plain one', [replace('/traits/contact', { sms: '+1', city: 'Y' })], ['write']],
    ['that adds a recovery address to a list', [{ op: 'add', path: '/traits/backups/-', value: 'thief@example.com' }], ['takeover']],
    ['that removes a marked trait', [{ op: 'remove', path: '/traits/contact/sms' }], ['takeover']],
    ['that replaces all traits and drops some', [replace('/traits', { email: 'a@example.com' })], ['write', 'takeover', 'destructive']],
    ['that replaces an object and drops a plain member', [replace('/traits/name', { first: 'Ada' })], ['write', 'destructive']],
    ['of metadata', [replace('/metadata_public/plan', 'free')], ['privilege']],
    ['of metadata only the administrator sees', [replace('/metadata_admin/role', 'admin')], ['privilege']],
    ['that removes one member of metadata', [{ op: 'remove', path: '/metadata_public/flags' }], ['privilege']],
    ['that removes metadata as a whole', [{ op: 'remove', path: '/metadata_public' }], ['privilege', 'destructive']],
    ['that nulls metadata as a whole', [replace('/metadata_public', null)], ['privilege', 'destructive']],
    ['of the organization', [replace('/organization_id', '0d0d0d0d-0000-4000-8000-000000000001')], ['privilege']],
    ['of the external id', [replace('/external_id', 'crm-2')], ['takeover']],
    ['that clears the external id', [replace('/external_id', null)], ['takeover']],
    ['to inactive', [replace('/state', 'inactive')], ['destructive']],
    ['that marks an address verified', [replace('/verifiable_addresses/0/verified', true)], ['takeover']],
    ['of the status of an address', [replace('/verifiable_addresses/0/status', 'completed')], ['takeover']],
    [
      'of the time of a verification',
      [{ op: 'add', path: '/verifiable_addresses/0/verified_at', value: '2026-01-31T12:00:00Z' }],
      ['takeover'],
    ],
    [
      'of several kinds',
      [
        replace('/traits/name/first', 'Bob'),
        replace('/metadata_public/plan', 'x'),
        replace('/traits/email', 'c@example.com'),
        replace('/state', 'inactive'),
      ],
      ['write', 'privilege', 'takeover', 'destructive'],
    ],
    [
      'with what is there already',
      [replace('/traits/email', 'a@example.com'), replace('/state', 'active'), replace('/verifiable_addresses/0/verified', false)],
      [],
    ],
    ['there and back', [replace('/traits/email', 'thief@example.com'), replace('/traits/email', 'a@example.com')], []],
  ])('%s', (_, patch, effects) => {
    expect(patching(patch)).toEqual(effects);
  });

  test('to active on an inactive identity could hand it over', () => {
    expect(patching([replace('/state', 'active')], { from: inactive })).toEqual(['takeover']);
  });

  test('of a state that Kratos does not tell counts as takeover', () => {
    const { state: _, ...stateless } = before;
    expect(patching([replace('/state', 'active')], { from: stateless })).toEqual(['takeover']);
  });

  test('of any trait is a takeover where the schema could not be read, of metadata it is not', () => {
    expect(patching([replace('/traits/name/first', 'Bob')], { marks: unreadable })).toEqual(['takeover']);
    expect(patching([replace('/metadata_public/plan', 'x')], { marks: unreadable })).toEqual(['privilege']);
  });
});

describe('another schema', () => {
  const toEmployee = [replace('/schema_id', 'employee')];
  test('is a privilege', () => {
    expect(patching(toEmployee)).toEqual(['privilege']);
  });
  test('that makes something else of the same traits is a takeover, too', () => {
    expect(patching(toEmployee, { marks: { before: plain, after: person } })).toEqual(['privilege', 'takeover']);
    expect(patching(toEmployee, { marks: { before: person, after: plain } })).toEqual(['privilege', 'takeover']);
  });
  test('that cannot be read is a takeover', () => {
    expect(patching(toEmployee, { marks: { before: person, after: undefined } })).toEqual(['privilege', 'takeover']);
  });
  test('counts with its marks, and so does the one before', () => {
    const both = [...toEmployee, replace('/traits/email', 'thief@example.com')];
    expect(patching(both, { marks: { before: plain, after: person } })).toContain('takeover');
    expect(patching(both, { marks: { before: person, after: plain } })).toContain('takeover');
  });
});

describe('a PUT', () => {
  const putting = (after: Facets, credentials = false) =>
    effectsOf({ changes: changesBetween(before, after), after, marks: known, credentials, isSpelledOut: () => false });
  const { external_id: _, ...withoutExternalId } = before;

  const nameless = copy({
    email: 'a@example.com',
    contact: { sms: '+1', city: 'X' },
    backups: ['b@example.com'],
    name: {},
    tags: ['a', 'b'],
  });
  test.each<[string, Facets, string[]]>([
    ['of what is there', before, []],
    ['that clears metadata', { ...before, metadata_public: null }, ['privilege', 'destructive']],
    ['that clears one member of metadata', { ...before, metadata_public: copy({ plan: 'pro' }) }, ['privilege', 'destructive']],
    ['that clears the external id', withoutExternalId, ['takeover', 'destructive']],
    ['that clears plain traits', { ...before, traits: nameless }, ['write', 'destructive']],
    ['that adds metadata where there was none', { ...before, metadata_admin: copy({ a: 1 }) }, ['privilege']],
  ])('%s', (_name, after, effects) => {
    expect(putting(after)).toEqual(effects);
  });

  test('with credentials is a takeover, whatever else it changes', () => {
    expect(putting(before, true)).toEqual(['takeover']);
    expect(putting({ ...before, metadata_public: null }, true)).toEqual(['privilege', 'takeover', 'destructive']);
  });
});

describe('a creation', () => {
  const address = { value: 'a@example.com', via: 'email' };
  test.each<[string, Creation, string[]]>([
    ['of traits alone', {}, ['write']],
    ['by the default schema, named', { schema_id: 'default' }, ['write']],
    ['with nothing as metadata', { metadata_public: null, metadata_admin: null }, ['write']],
    ['with an address that is not verified', { verifiable_addresses: [{ ...address, verified: false, status: 'pending' }] }, ['write']],
    ['by another schema', { schema_id: 'employee' }, ['privilege']],
    ['with metadata', { metadata_public: { role: 'admin' } }, ['privilege']],
    ['with metadata of the administrator', { metadata_admin: {} }, ['privilege']],
    ['with an organization', { organization_id: 'x' }, ['privilege']],
    ['with an external id', { external_id: 'x' }, ['privilege']],
    ['with credentials', { credentials: {} }, ['takeover']],
    ['with a verified address', { verifiable_addresses: [{ ...address, verified: true }] }, ['takeover']],
    ['with an address whose status says so', { verifiable_addresses: [{ ...address, status: 'completed' }] }, ['takeover']],
    [
      'with an address that has a time of verification',
      { verifiable_addresses: [{ ...address, verified_at: '2026-01-31T12:00:00Z' }] },
      ['takeover'],
    ],
    ['with all of it', { schema_id: 'employee', credentials: {} }, ['privilege', 'takeover']],
  ])('%s', (_, creation, effects) => {
    expect(effectsOfCreating(creation, 'default')).toEqual(effects);
  });
});
