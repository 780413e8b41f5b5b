import { describe, expect, test } from 'vitest';
import { seed } from '../../src/seed.ts';
import { createFlow, type Written } from '../../src/shape/flow.ts';
import { changing, reading } from '../tools/reader.ts';
import { patch, replace, stage } from '../tools/run.ts';

const ME = 'os:1000';
const x = {
  id: seed.ada,
  schema_id: 'default',
  state: 'active',
  traits: { email: 'Victim@Example.com', code: 'short', note: 'call +49301234567, or mail b@c.example.' },
};
const flow = (now = () => 0) => createFlow({ now });
const write = (after: unknown, { to = seed.grace, has = {} }: { readonly to?: string; readonly has?: unknown } = {}): Written => ({
  targets: [{ id: to }],
  subjects: [
    { id: to, traits: has },
    { id: to, traits: after },
  ],
  differences: [{ path: ['traits', 'nickname'], after }],
});
const seen = (result: unknown = x) => {
  const it = flow();
  it.saw(ME, result);
  return it;
};

describe('a value shown of one identity and written to another', () => {
  test.each([
    ['as it is', 'Victim@Example.com'],
    ['in another case', 'victim@example.COM'],
    ['between blanks', '  Victim@Example.com '],
    ['in a sentence', 'His address is victim@example.com, as he said.'],
    ['with characters that nobody sees', 'vic\u200Btim@example.com'],
    ['in a list', { list: [1, 'victim@example.com'] }],
    ['as a name', { 'victim@example.com': true }],
    ['an address out of a longer text', 'b@c.example'],
    ['a number out of a longer text', 'tel:+49301234567'],
  ])('is found: %s', (_, after) => {
    expect(seen().copiedFrom(ME, write(after))).toBe(seed.ada);
  });

  test.each([
    ['into the account it is of', write('Victim@Example.com', { to: seed.ada })],
    ['shorter than six characters', write('short')],
    ['what the target has already', write('victim@example.com', { has: { email: 'victim@example.com' } })],
    ['something else', write('somebody@example.com')],
    ['a value that goes', write(undefined)],
    [
      'a state, or the id of a schema',
      {
        ...write(''),
        differences: [
          { path: ['schema_id'], after: 'default' },
          { path: ['state'], after: 'Victim@Example.com' },
        ],
      },
    ],
  ])('is not: %s', (_, plan) => {
    expect(seen().copiedFrom(ME, plan)).toBeUndefined();
  });

  test('is found in what is created', () => {
    const created: Written = { targets: [], subjects: [{ traits: {} }, { traits: {}, metadata_public: { hint: 'victim@example.com' } }] };
    expect(seen().copiedFrom(ME, created)).toBe(seed.ada);
    expect(seen().copiedFrom(ME, { ...created, subjects: [{ external_id: 'victim@example.com' }] })).toBe(seed.ada);
  });

  test('is not where the target was shown with it as well', () => {
    const it = seen([x, { ...x, id: seed.grace }]);
    expect(it.copiedFrom(ME, write('victim@example.com'))).toBeUndefined();
    expect(it.copiedFrom(ME, write('victim@example.com', { to: seed.oidcOnly }))).toBe(seed.ada);
  });

  test('is remembered for a day, per principal', () => {
    let time = 0;
    const it = flow(() => time);
    it.saw(ME, x);
    expect(it.copiedFrom('os:1001', write('victim@example.com'))).toBeUndefined();
    time = 24 * 3_600_000;
    expect(it.copiedFrom(ME, write('victim@example.com'))).toBe(seed.ada);
    time += 1;
    expect(it.copiedFrom(ME, write('victim@example.com'))).toBeUndefined();
  });

  test('is forgotten when too many others were shown since', () => {
    const it = createFlow({ now: () => 0, maxStrings: 10 });
    it.saw(ME, x);
    for (let at = 0; at < 8; at += 1) it.saw(ME, { id: seed.grace, traits: { name: `somebody ${at}` } });
    expect(it.copiedFrom(ME, write('victim@example.com', { to: seed.oidcOnly }))).toBeUndefined();
    expect(it.copiedFrom(ME, write('somebody 7', { to: seed.oidcOnly }))).toBe(seed.grace);
  });
});

describe('what was shown', () => {
  test.each([
    { in: 'a list', name: 'list_identities', input: { ids: [seed.ada, seed.grace] }, ids: [seed.ada, seed.grace] },
    { in: 'one identity', name: 'get_identity', input: { id: seed.ada, view: 'full' }, ids: [seed.ada] },
    { in: 'some of its fields', name: 'get_identity', input: { id: seed.ada, fields: ['traits.email'] }, ids: [seed.ada] },
    { in: 'the owner of a session', name: 'get_session', input: { id: seed.adaLaptop }, ids: [seed.ada] },
  ])('in $in: its identities', async ({ name, input, ids }) => {
    const it = flow();
    expect(it.saw(ME, await reading(name, input, stage()))).toEqual(ids);
    expect(it.copiedFrom(ME, write('ada.byron@example.com', { to: seed.oidcOnly }))).toBe(seed.ada);
  });

  test('in a schema or a list of sessions: nobody', async () => {
    expect(flow().saw(ME, await reading('list_identity_schemas', {}, stage()))).toEqual([]);
    expect(flow().saw(ME, await reading('list_identity_sessions', { id: seed.ada }, stage()))).toEqual([]);
  });

  test('addresses, identifiers and subjects count, and the recipient of a message', () => {
    const full = {
      id: seed.ada,
      recovery_addresses: [{ id: 'x', value: 'backup@example.com', via: 'email' }],
      credentials: { oidc: { identifiers: ['google:1815-ada'], providers: [{ provider: 'google', subject: 'subject-77' }] } },
    };
    const it = seen([full, { id: seed.message, recipient: 'mailed@example.com' }]);
    for (const text of ['backup@example.com', 'google:1815-ada', 'subject-77']) expect(it.copiedFrom(ME, write(text))).toBe(seed.ada);
    expect(it.copiedFrom(ME, write('mailed@example.com'))).toBe(seed.message);
  });

  test('is whose the record is, whatever a trait pretends', () => {
    const it = seen({ id: seed.ada, traits: { inner: { id: seed.grace, traits: { email: 'planted@example.com' } } } });
    expect(it.copiedFrom(ME, write('planted@example.com'))).toBe(seed.ada);
  });
});

test('a plan of the real operations is looked at as it comes', async () => {
  const on = stage();
  const it = flow();
  it.saw(ME, await reading('get_identity', { id: seed.ada }, on));
  const steal = patch(seed.grace, replace('/traits/name/first', 'is ada.byron@example.com'));
  expect(it.copiedFrom(ME, await on.plan(changing('patch_identity'), steal))).toBe(seed.ada);
  const own = patch(seed.ada, replace('/metadata_public/mail', 'ada.byron@example.com'));
  expect(it.copiedFrom(ME, await on.plan(changing('patch_identity'), own))).toBeUndefined();
  const batch = { identities: [{ create: { traits: { email: 'n@example.com', name: { first: 'ADA.BYRON@example.com' } } } }] };
  expect(it.copiedFrom(ME, await on.plan(changing('batch_patch_identities'), batch))).toBe(seed.ada);
});

test('20,000 values against a batch of 1,000 are a matter of milliseconds', () => {
  const it = flow();
  const people = Array.from({ length: 10_000 }, (_, index) => ({
    id: `0f0f0f0f-0000-4000-8000-${String(index).padStart(12, '0')}`,
    traits: { email: `person-${index}@example.com`, name: `Somebody ${'x'.repeat(index % 40)} ${index}` },
  }));
  it.saw(ME, { identities: people });
  const subjects = Array.from({ length: 1_000 }, (_, index) => ({
    traits: { email: `person-new-${index}@example.org`, name: `Somebody New ${index}`, note: 'person- Somebody '.repeat(5) },
    metadata_public: { role: 'customer', region: 'somewhere in the north' },
  }));
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    expect(it.copiedFrom(ME, { targets: [], subjects })).toBeUndefined();
    return performance.now() - start;
  });
  expect(Math.min(...times)).toBeLessThan(250); // about 25 on a quiet core
});
