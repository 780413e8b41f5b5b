import { describe, expect, test } from 'vitest';
import { seed } from '../../src/seed.ts';
import { createAnswers } from '../../src/shape/answer.ts';
import { hide } from '../../src/shape/hide.ts';
import { isObject } from '../../src/shape/present.ts';
import { operation, reading } from '../tools/reader.ts';
import { patch, replace, stage } from '../tools/run.ts';

const ada = {
  id: seed.ada,
  schema_id: 'default',
  traits: {
    email: 'ada@example.com',
    phones: [
      { kind: 'home', number: '+49 1' },
      { kind: 'work', number: '+49 2' },
    ],
    'a.b': 'dotted',
  },
  metadata_admin: { note: 'n', plan: 'p' },
  metadata_admin_keys: ['note', 'plan'],
  verifiable_addresses: ['ada@example.com (verified)'],
};
const hidden = (...paths: string[]) =>
  hide(
    ada,
    paths.map((it) => it.split('.')),
  );

describe('hide', () => {
  test('leaves everything where nothing is hidden', () => {
    expect(hide(ada, [])).toEqual({ value: ada, hidden: 0 });
    expect(hidden('traits.nothing', 'metadata_public')).toEqual({ value: ada, hidden: 0 });
  });

  test.each([
    ['traits.email', 1, { traits: { phones: ada.traits.phones, 'a.b': 'dotted' } }],
    ['traits.phones.*.number', 2, { traits: { ...ada.traits, phones: [{ kind: 'home' }, { kind: 'work' }] } }],
    ['traits.phones.number', 2, { traits: { ...ada.traits, phones: [{ kind: 'home' }, { kind: 'work' }] } }],
    ['traits.phones.0', 1, { traits: { ...ada.traits, phones: [{ kind: 'work', number: '+49 2' }] } }],
    ['traits.*', 3, { traits: {} }],
    ['traits.a.b', 1, { traits: { email: 'ada@example.com', phones: ada.traits.phones } }],
    ['verifiable_addresses.*.value', 1, { verifiable_addresses: [] }],
    ['verifiable_addresses.*.status', 0, {}],
  ])('drops %s', (path, count, change) => {
    expect(hidden(path)).toEqual({ value: { ...ada, ...change }, hidden: count });
  });

  test('drops the name of hidden metadata, too', () => {
    expect(hidden('metadata_admin.note').value).toMatchObject({ metadata_admin: { plan: 'p' }, metadata_admin_keys: ['plan'] });
    const { value } = hidden('metadata_admin');
    expect(value).not.toHaveProperty('metadata_admin');
    expect(value).not.toHaveProperty('metadata_admin_keys');
  });

  test('never drops whom a result is about', () => {
    expect(hidden('id', '*').value).toEqual({ id: seed.ada });
    expect(hide({ ...ada, changed: true }, [['changed']]).value).toMatchObject({ changed: true });
  });

  test('finds identities wherever they stand, and nothing else', () => {
    const schema = { id: 'default', traits: { email: 'string (required)' } };
    const result = {
      identities: [ada, { id: seed.grace, traits: { email: 'g@example.com' } }],
      sessions: [{ id: seed.adaLaptop, identity: { ...ada, verifiable_addresses: undefined } }],
      identity_schemas: [schema],
      traits: { email: 'of nobody' },
    };
    const text = JSON.stringify(hide(result, [['traits', 'email'], ['verifiable_addresses']]).value);
    expect(text).not.toMatch(/@example\.com/);
    expect(text).toContain('string (required)');
    expect(text).toContain('of nobody');
  });

  test('is not led astray by what looks like a record in a trait', () => {
    const value = { ...ada, traits: { email: 'x', inner: { id: seed.grace, schema_id: 'default', traits: { email: 'kept' } } } };
    expect(hide(value, [['traits', 'email']]).value).toMatchObject({ traits: { inner: { traits: { email: 'kept' } } } });
  });
});

describe('what policy hides', () => {
  const paths = [
    ['traits', 'email'],
    ['verifiable_addresses'],
    ['recovery_addresses'],
    ['metadata_public'],
    ['credentials', '*', 'identifiers'],
  ];
  const answers = createAnswers({ budget: 20_000, nonce: () => 'ab'.repeat(16), hide: () => paths });
  const email = 'ada.byron@example.com';

  test.each([
    ['get_identity', { id: seed.ada }],
    ['get_identity', { id: seed.ada, view: 'full' }],
    ['get_identity', { id: seed.ada, fields: ['traits.email', 'verifiable_addresses'] }],
    ['list_identities', { ids: [seed.ada], view: 'full', include_credential: ['password'] }],
    ['get_session', { id: seed.adaLaptop }],
  ])('is in neither half of the answer of %s %o, which still fits its schema', async (name, input) => {
    const on = stage();
    const value = await reading(name, input, on);
    expect(JSON.stringify(value)).toContain(email);
    const { result } = answers.result(value, operation(name).records, { full: true });
    expect(JSON.stringify(result)).not.toContain(email);
    expect(JSON.stringify(result)).toContain(seed.ada);
    const [content] = result.content;
    expect(content?.type === 'text' && content.text).toMatch(/\d values? hidden by policy\./);
    operation(name).output.parse(result.structuredContent);
  });

  test('is not in what a change reports', async () => {
    const value = await stage().run(operation('patch_identity'), patch(seed.ada, replace('/traits/name/first', 'A')));
    const { result } = answers.result(value);
    expect(JSON.stringify(result)).not.toContain(email);
    expect(operation('patch_identity').output.parse(result.structuredContent)).toMatchObject({ id: seed.ada, changed: true });
  });

  test('may change while the server runs', () => {
    let now: readonly (readonly string[])[] = [];
    const changing = createAnswers({ budget: 20_000, nonce: () => 'ab'.repeat(16), hide: () => now });
    const traits = () => {
      const { structuredContent } = changing.result(ada).result;
      return isObject(structuredContent) ? structuredContent['traits'] : undefined;
    };
    expect(traits()).toHaveProperty('email');
    now = [['traits', 'email']];
    expect(traits()).not.toHaveProperty('email');
  });
});
