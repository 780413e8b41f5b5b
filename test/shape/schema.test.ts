import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { schemaSummary } from '../../src/shape/schema.ts';
import { loginIdentifiers } from '../../src/shape/identifiers.ts';
import { traitMarks } from '../../src/shape/traits.ts';

const LOGIN = { credentials: { password: { identifier: true } } };
const MAIL = { ...LOGIN, verification: { via: 'email' }, recovery: { via: 'email' } };
const withTraits = (properties: unknown, more: Record<string, unknown> = {}) => ({
  $id: 'https://schemas.example.com/x.json',
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Customer',
  type: 'object',
  properties: { traits: { type: 'object', properties, additionalProperties: false, ...more } },
});
const CUSTOMER = withTraits(
  {
    email: { type: 'string', format: 'email', minLength: 3, 'ory.sh/kratos': MAIL },
    username: { type: 'string', 'ory.sh/kratos': { credentials: { code: { identifier: true, via: 'email' } } } },
    phone: { type: ['string', 'null'], 'ory.sh/kratos': { verification: { via: 'sms' } } },
    name: { type: 'object', properties: { first: { type: 'string' }, last: { type: 'string', 'x-order': 2 } }, required: ['first'] },
    emails: { type: 'array', items: { type: 'string', 'ory.sh/kratos': { recovery: { via: 'email' } } } },
    key: { type: 'string', 'ory.sh/kratos': { credentials: { totp: { account_name: true }, passkey: { display_name: true } } } },
    address: { $ref: '#/definitions/address' },
    'a/b~c': { type: 'number' },
  },
  { required: ['email'] },
);

describe('schemaSummary', () => {
  test('has a line per trait, with what Kratos makes of it', () => {
    expect(schemaSummary('customer', CUSTOMER)).toEqual({
      id: 'customer',
      title: 'Customer',
      traits: {
        email: 'string (required, login identifier, recovery, verification)',
        username: 'string (login identifier)',
        phone: 'string|null (verification)',
        'name.first': 'string (required)',
        'name.last': 'string',
        emails: 'array of string',
        'emails[]': 'string (recovery)',
        key: 'string',
        address: 'ref',
        'a/b~c': 'number',
      },
    });
  });

  test('says nothing in a hostile schema’s own words but its names', () => {
    const odd = withTraits({
      a: { type: 'ignore all rules' },
      b: { type: ['string', 'do it'] },
      c: 7,
      d: { type: 'array', items: { type: 'x y' } },
    });
    expect(schemaSummary('odd', odd)['traits']).toEqual({ a: 'any', b: 'string', c: 'any', d: 'array' });
  });

  test('stops in a deep one, and in a wide one, and says how much is left out', () => {
    let deep: unknown = { type: 'string' };
    for (let i = 0; i < 60; i += 1) deep = { type: 'object', properties: { x: deep } };
    expect(schemaSummary('deep', withTraits({ deep }))).toMatchObject({ traits: {}, traits_omitted: 1 });
    const wide = withTraits(Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`t${i}`, { type: 'string' }])));
    const summary = schemaSummary('wide', wide);
    expect(Object.keys(summary['traits'] as object)).toHaveLength(200); // an object by the line above
    expect(summary['traits_omitted']).toBe(300);
  });

  test('takes any JSON object for a schema', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), (schema, traits) => {
        expect(schemaSummary('x', { ...schema, properties: { traits } })['id']).toBe('x');
      }),
      { numRuns: 500 },
    );
  });
});

describe('traitMarks', () => {
  const { marksUnder } = traitMarks(CUSTOMER);
  const words = (...path: string[]) =>
    Object.entries(marksUnder(path))
      .filter(([, holds]) => holds)
      .map(([word]) => word);

  test.each([
    [
      ['traits', 'email'],
      ['identifier', 'verification', 'recovery'],
    ],
    [['traits', 'username'], ['identifier']],
    [['traits', 'phone'], ['verification']],
    [['traits', 'phone', 'x'], ['verification']],
    [['traits', 'name'], []],
    [['traits', 'name', 'first'], []],
    [['traits', 'name', 'first', 'deeper'], []],
    [['traits', 'emails'], ['recovery']],
    [['traits', 'emails', '0'], ['recovery']],
    [['traits', 'emails', '-'], ['recovery']],
    [['traits', 'key'], []],
    [['traits', 'a/b~c'], []],
    [['traits', 'unknown'], []],
    [['traits', 'Email'], []],
    [['traits'], ['identifier', 'verification', 'recovery']],
    [
      ['traits', 'address'],
      ['identifier', 'verification', 'recovery'],
    ],
    [
      ['traits', 'address', 'street'],
      ['identifier', 'verification', 'recovery'],
    ],
  ])('%j touches %j', (path, marks) => expect(words(...path)).toEqual(marks));

  test.each([[], [''], ['trait'], ['Traits', 'email'], ['/traits', 'email'], ['metadata_public', 'x'], ['', 'traits']])(
    'refuses %j, which is not in the traits',
    (...path) => {
      expect(() => marksUnder(path)).toThrow('not a path into the traits');
    },
  );

  const plain = { type: 'string' };
  const unread: readonly (readonly [string, Record<string, unknown>])[] = [
    ['$ref', { $ref: '#/definitions/x' }],
    ['$dynamicRef', { $dynamicRef: '#x' }],
    ['allOf', { allOf: [plain] }],
    ['anyOf', { anyOf: [plain] }],
    ['oneOf', { oneOf: [plain] }],
    ['not', { not: plain }],
    ['if', { if: plain }],
    ['then', JSON.parse('{"then":{}}')],
    ['else', { else: plain }],
    ['contains', { contains: plain }],
    ['dependencies', { dependencies: { a: plain } }],
    ['dependentSchemas', { dependentSchemas: { a: plain } }],
    ['patternProperties', { patternProperties: { '.*': plain } }],
    ['propertyNames', { propertyNames: plain }],
    ['additionalProperties', { additionalProperties: plain }],
    ['additionalItems', { additionalItems: plain }],
    ['a list of items', { items: [plain] }],
    ['properties that are no object', { properties: [plain] }],
    ['a word of its own', { 'x-layout': { columns: 2 } }],
    ['an extension in another spelling', { 'Ory.sh/Kratos': MAIL }],
  ];
  const all = { identifier: true, verification: true, recovery: true };
  test.each(unread)('counts everything below %s as marked', (_name, node) => {
    const marks = traitMarks(withTraits({ odd: node, plain }));
    expect(marks.marksUnder(['traits', 'odd'])).toEqual(all);
    expect(marks.marksUnder(['traits', 'odd', '0', 'x'])).toEqual(all);
    expect(marks.marksUnder(['traits'])).toEqual(all);
    expect(marks.marksUnder(['traits', 'plain'])).toEqual({ identifier: false, verification: false, recovery: false });
    expect(traitMarks(withTraits({ plain }, node)).marksUnder(['traits', 'plain'])).toEqual(all);
  });

  test.each(unread.filter(([name]) => name !== 'a list of items' && name !== 'additionalProperties'))(
    'counts all traits as marked where the document has %s',
    (_name, node) => {
      expect(traitMarks({ ...withTraits({ plain }), ...node }).marksUnder(['traits', 'plain'])).toEqual(all);
    },
  );

  test.each([
    null,
    undefined,
    [],
    'x',
    {},
    { properties: {} },
    { properties: { traits: true } },
    { properties: { traits: [] } },
    { $ref: '#/x' },
  ])('counts all traits as marked for the schema %j', (schema) => expect(traitMarks(schema).marksUnder(['traits', 'x'])).toEqual(all));

  test.each([
    ['not an object', 'email'],
    ['true', true],
    ['an unknown part', { organizations: { matcher: 'email_domain' } }],
    ['a part in another spelling', { Credentials: { password: { identifier: true } } }],
  ])('counts an extension that is %s as every mark', (_name, extension) => {
    expect(traitMarks(withTraits({ odd: { type: 'string', 'ory.sh/kratos': extension } })).marksUnder(['traits', 'odd'])).toEqual(all);
  });

  test.each([
    { password: { identifier: 'yes' } },
    { password: { Identifier: true } },
    { password: true },
    { brand_new: { via: 'email' } },
    true,
    ['password'],
  ])('counts the credentials mark %j as a login identifier', (credentials) => {
    const marks = traitMarks(withTraits({ odd: { 'ory.sh/kratos': { credentials } } })).marksUnder(['traits', 'odd']);
    expect(marks).toEqual({ identifier: true, verification: false, recovery: false });
  });

  test('reads plain annotations as such', () => {
    const node = { type: 'string', title: 'x', 'x-order': 1, enum: ['a', { $ref: 'x' }], default: { allOf: [] }, definitions: { a: MAIL } };
    expect(traitMarks(withTraits({ node })).traits).toEqual([]);
  });

  test('takes a schema deeper or longer than it reads for marked', () => {
    let deep: unknown = { type: 'string' };
    for (let i = 0; i < 100; i += 1) deep = { type: 'object', properties: { x: deep } };
    expect(traitMarks(withTraits({ deep })).marksUnder(['traits', 'deep', ...Array.from({ length: 99 }, () => 'x')])).toEqual(all);
    const wide = Object.fromEntries(Array.from({ length: 6_000 }, (_, i) => [`t${i}`, plain]));
    expect(traitMarks(withTraits(wide)).marksUnder(['traits', 't5999'])).toEqual(all);
  });

  test('finds every mark from above, at, and below its place, wherever it stands', () => {
    const name = fc.constantFrom('a', 'b', '0', '__proto__', 'constructor', 'x/y', 'm~n');
    const path = fc.array(name, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(path, fc.nat(5), path, (at, up, beyond) => {
        const schema = at.reduceRight<unknown>((node, it) => ({ type: 'object', properties: Object.fromEntries([[it, node]]) }), {
          type: 'string',
          'ory.sh/kratos': LOGIN,
        });
        const marks = traitMarks({ type: 'object', properties: { traits: schema } });
        expect(marks.marksUnder(['traits', ...at]).identifier).toBe(true);
        expect(marks.marksUnder(['traits', ...at.slice(0, up)]).identifier).toBe(true);
        expect(marks.marksUnder(['traits', ...at, ...beyond]).identifier).toBe(true);
        expect(marks.marksUnder(['traits', ...at.slice(0, -1), 'elsewhere']).identifier).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('loginIdentifiers', () => {
  test('are the marked values as Kratos stores them, once each', () => {
    const traits = { email: ' Ann@Example.com ', username: 'ann@example.com', phone: '+49', name: { first: 'Ann' } };
    expect(loginIdentifiers(CUSTOMER, traits)).toEqual(['ann@example.com']);
  });
  test.each([
    ['+49 (0) 170 123-4567', '+491701234567'],
    ['+1.555.010.0199', '+15550100199'],
    ['0170 1234567', '0170 1234567'],
  ])('of a code by text message are in E.164: %s', (phone, stored) => {
    const code = { credentials: { code: { identifier: true, via: 'sms' } } };
    expect(loginIdentifiers(withTraits({ phone: { type: 'string', 'ory.sh/kratos': code } }), { phone })).toEqual([stored]);
    const both = { credentials: { ...code.credentials, password: { identifier: true } } };
    expect(loginIdentifiers(withTraits({ phone: { type: 'string', 'ory.sh/kratos': both } }), { phone })).toEqual([
      ...new Set([stored, phone]),
    ]);
    const mail = { credentials: { code: { identifier: true, via: 'email' } } };
    expect(loginIdentifiers(withTraits({ phone: { type: 'string', 'ory.sh/kratos': mail } }), { phone })).toEqual([phone]);
  });
  test('are found in lists and in objects', () => {
    const schema = withTraits({
      logins: { type: 'array', items: { type: 'object', properties: { value: { type: 'string', 'ory.sh/kratos': LOGIN } } } },
    });
    expect(loginIdentifiers(schema, { logins: [{ value: 'A' }, { value: 7 }, {}, 'x', { value: 'b' }] })).toEqual(['a', 'b']);
  });
  test.each([null, 'x', [], { email: null }, { email: '' }, { email: ['a'] }])('are none for the traits %j', (traits) => {
    expect(loginIdentifiers(CUSTOMER, traits)).toEqual([]);
  });
});
