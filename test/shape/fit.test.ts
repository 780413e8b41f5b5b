import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createAnswers } from '../../src/shape/answer.ts';
import { identityView } from '../../src/shape/identity.ts';
import { isObject } from '../../src/shape/present.ts';
import { estimateTokens } from '../../src/shape/size.ts';
import { identity, NONCE, people } from './people.ts';

const shaped = (budget: number, value: Record<string, unknown>, records?: string) => {
  const { result, shown, of } = createAnswers({ budget, nonce: () => NONCE }).result(value, records, { full: true });
  const [block] = result.content;
  const text = block?.type === 'text' ? block.text : '';
  const content = isObject(result.structuredContent) ? result.structuredContent : {};
  return { text, content, shown, of, tokens: estimateTokens(text) + estimateTokens(JSON.stringify(content)) };
};

const identities = people(120).map((it) => identityView(identity(it), { view: 'summary' }));
const list = { identities, page: { complete: false, next_page_token: 'token-of-the-121st' } };
const words = (count: number) => 'many words '.repeat(count);

describe('a list', () => {
  test('under the budget is whole', () => {
    const { content, shown, of } = shaped(1_000_000, list, 'identities');
    expect({ shown, of }).toEqual({ shown: 120, of: 120 });
    expect(content).toEqual(list);
  });

  test.each([500, 1_000, 3_000, 10_000])(
    'is cut between records at %i tokens, fills the budget, and loses the token that would skip some',
    (budget) => {
      const { content, text, shown, of, tokens } = shaped(budget, list, 'identities');
      expect(tokens).toBeLessThanOrEqual(budget);
      expect(of).toBe(120);
      expect(content).toEqual({ identities: identities.slice(0, shown), page: { complete: false } });
      expect(shaped(1_000_000, { ...list, identities: identities.slice(0, shown + 1) }, 'identities').tokens).toBeGreaterThan(budget - 40);
      expect(text).toMatch(new RegExp(`^${shown} of 120 identities: the others did not fit`));
    },
  );

  test('keeps the token when all that was asked for is shown, however little fits', () => {
    const page = { complete: false, next_page_token: 'oZvSF0M2mYM3WIXAchF6XO0cqgo2kzN5r4J7ZDGlz51TO6ngtmV1Kj3d_OL6ktgO4rcyK55rk' };
    const record = { id: '5ec87828-e7c0-4096-a366-622e717088b7', traits: { note: words(150) }, metadata_public: { a: words(90) } };
    const { content, shown, of, tokens } = shaped(420, { identities: [record], page }, 'identities');
    expect({ shown, of }).toEqual({ shown: 1, of: 1 });
    expect(content).toMatchObject({ identities: [{ id: record.id }], page });
    expect(tokens).toBeLessThanOrEqual(420);
  });

  test('whose first record alone is too large shows it with fields cut and named', () => {
    const big = { id: 'big', traits: { email: 'a@b.c', bio: words(170), nick: 'x' } };
    const { content, shown, of, text } = shaped(600, { identities: [big, ...identities], page: { complete: true } }, 'identities');
    expect({ shown, of }).toEqual({ shown: 1, of: 121 });
    expect(content).toEqual({
      identities: [{ id: 'big', traits: { email: 'a@b.c', nick: 'x' } }],
      page: { complete: false },
      cut_fields: ['traits.bio'],
    });
    expect(text).toContain('1 field left out for size, named in cut_fields.');
  });

  test('leaves room for records beside something else that is long', () => {
    const not_found = Array.from({ length: 400 }, (_, index) => `${index}87828-e7c0-4096-a366-622e717088b7`);
    const { content, shown, tokens } = shaped(4_000, { ...list, not_found }, 'identities');
    expect(tokens).toBeLessThanOrEqual(4_000);
    expect(shown).toBeGreaterThan(5);
    expect(content['cut_fields']).toEqual([expect.stringMatching(/^not_found \(first \d+ of 400\)$/)]);
  });

  test('without records is what it is', () =>
    expect(shaped(300, { sessions: [], page: { complete: true } }, 'sessions').content).toEqual({
      sessions: [],
      page: { complete: true },
    }));
});

describe('a result without records', () => {
  test('loses its largest leaves first, no more than needed, and names them', () => {
    const value = { id: 'x', traits: { email: 'a@b.c', bio: words(60) }, metadata_public: { essay: words(170), role: 'r' } };
    expect(shaped(700, value).content).toEqual({
      id: 'x',
      traits: value.traits,
      metadata_public: { role: 'r' },
      cut_fields: ['metadata_public.essay'],
    });
  });

  test('of very many small members is cut in few steps', () => {
    const many = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`member${index}`, index]));
    const begun = performance.now();
    const { content, tokens } = shaped(2_000, { id: 'x', metadata_public: many });
    expect(tokens).toBeLessThanOrEqual(2_000);
    expect(content['cut_fields']).toEqual([expect.stringMatching(/^metadata_public \(first \d+ of 20000\)$/)]);
    expect(Object.keys(content['metadata_public'] as object).length).toBeGreaterThan(10); // an object by the line above
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});

test('everything fits into 300 tokens and more, with its id wherever that is no monster itself', () => {
  const record = fc.record({ id: fc.uuid(), traits: fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' }), essay: fc.nat(300).map(words) });
  const value = fc.record({
    items: fc.array(record, { maxLength: 12 }),
    other: fc.jsonValue({ maxDepth: 3 }),
    page: fc.constant({ complete: true }),
  });
  fc.assert(
    fc.property(value, fc.integer({ min: 300, max: 3_000 }), fc.boolean(), (it, budget, listed) => {
      const { tokens, content, shown, of } = shaped(budget, listed ? it : { id: 'x', ...it }, listed ? 'items' : undefined);
      expect(tokens).toBeLessThanOrEqual(budget);
      expect(shown).toBeGreaterThanOrEqual(Math.min(of, 1));
      if (listed)
        expect((content['items'] as readonly { id?: string }[]).map((one) => one.id)).toEqual(
          it.items.slice(0, shown).map((one) => one.id),
        ); // the array that was put in
      else expect(content['id']).toBe('x');
    }),
    { numRuns: 600 },
  );
});

test('what the next call needs stays, whatever the budget: the id, up to what any id can be, and the token of the next page', () => {
  const monster = { id: '💥'.repeat(5_000), ['k'.repeat(5_000)]: { ['漢'.repeat(5_000)]: '字'.repeat(5_000) } };
  expect(shaped(300, monster).content).toEqual({ id: expect.stringMatching(/^💥+…/u), cut_fields: ['1 field'] });
  const page = { complete: false, next_page_token: 'ab1'.repeat(1_000) };
  const { content } = shaped(300, { id: 'x', items: [monster], page }, 'items');
  expect(content).toMatchObject({ id: 'x', items: [{ id: expect.stringMatching(/^💥+…/u) }], page });
});
