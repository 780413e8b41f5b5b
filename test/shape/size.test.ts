import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, test } from 'vitest';
import { createAnswers } from '../../src/shape/answer.ts';
import { identityView } from '../../src/shape/identity.ts';
import { estimateTokens } from '../../src/shape/size.ts';
import { identity, NONCE, people } from './people.ts';

const AGENTS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
  'okhttp/4.12.0',
];
const COURIER_TOKEN =
  'oZvSF0M2mYM3WIXAchF6XO0cqgo2kzN5r4J7ZDGlz51TO6ngtmV1Kj3d_OL6ktgO4rcyK55rk-Te9BxHJDgPlFQ6DvchfsuN_Cq2mYO6D16IUzy-L36tf-PSwXMy1NqwA0yRv3C26izWGs_39Ujo5FbEnuXHkcCKVMN1yLuktIzUbtYlVwn6Woxq-OB-BXj4YyxKUipkisYZ1TIVYIaZ';
const ABROAD = [
  '山田太郎',
  'Владимир Иванов',
  'محمد عبد الله',
  'นายสมชาย ใจดี',
  'नमस्ते दुनिया',
  'Jürgen Weiß-Ölmann',
  '김철수',
  'Ελένη Παπαδοπούλου',
];
const PROSE =
  'Customer called about the second invoice of March; asked us to confirm the shipping address before anything is changed, and to write to the accounting department.';

const raw = people(60, 11);
const SCHEMA = {
  $id: 'https://schemas.example.com/customer.schema.json',
  type: 'object',
  properties: {
    traits: {
      type: 'object',
      properties: {
        email: {
          type: 'string',
          format: 'email',
          'ory.sh/kratos': { credentials: { password: { identifier: true } }, recovery: { via: 'email' } },
        },
        name: { type: 'object', properties: { first: { type: 'string' }, last: { type: 'string' } } },
      },
      required: ['email'],
      additionalProperties: false,
    },
  },
};

const results: Record<string, { value: Record<string, unknown>; records?: string }> = {
  'one identity': { value: identityView(identity(raw[0]), { view: 'summary' }) },
  'one identity in full': { value: identityView(identity(raw[1]), { view: 'full' }) },
  'a page of identities': {
    value: { identities: raw.map((it) => identityView(identity(it), { view: 'summary' })) },
    records: 'identities',
  },
  'identities in full': { value: { identities: raw.map((it) => identityView(identity(it), { view: 'full' })) }, records: 'identities' },
  'people with names from everywhere': {
    value: { identities: ABROAD.map((name, index) => ({ id: raw[index]?.['id'], traits: { name } })) },
    records: 'identities',
  },
  sessions: {
    value: {
      sessions: raw.map((it, index) => ({
        id: it['id'],
        active: true,
        expires_at: '2026-11-24T17:00:57Z',
        aal: 'aal1',
        methods: ['password'],
        devices: [{ ip_address: `203.0.113.${index}`, user_agent: AGENTS[index % 3], location: 'Leipzig, DE' }],
      })),
      page: {
        complete: false,
        next_page_token: 'aWQ9NzM5MmE4ZDItZWY2Yy00YjdlLTg4YWQtZTI3NDIwOTY3NTJkL2NyZWF0ZWRfYXQ9MjAyNi0xMS0yMyAxNzowMDo1Ny42NTc',
      },
    },
    records: 'sessions',
  },
  'a courier page': {
    value: {
      messages: raw
        .slice(0, 10)
        .map((it) => ({ id: it['id'], status: 'sent', recipient: 'ann@example.com', template_type: 'recovery_code_valid' })),
      page: { complete: false, next_page_token: COURIER_TOKEN },
    },
    records: 'messages',
  },
  'a schema': { value: { id: 'customer', schema: SCHEMA } },
  prose: { value: { id: raw[2]?.['id'], metadata_public: { note: PROSE, tags: ['vip', 'invoice', 'phone'] } } },
};

describe('estimateTokens', () => {
  const answers = createAnswers({ budget: 1_000_000, nonce: () => NONCE });
  test.each(Object.entries(results))('is close to the tokenizer for %s, and rather too high', (_name, { value, records }) => {
    const { result } = answers.result(value, records, { full: true });
    const [block] = result.content;
    const text = block?.type === 'text' ? block.text : '';
    for (const it of [text, JSON.stringify(result.structuredContent)]) {
      const ratio = estimateTokens(it) / encode(it).length;
      expect(ratio).toBeGreaterThanOrEqual(0.95);
      expect(ratio).toBeLessThanOrEqual(1.6);
    }
  });

  test('counts nothing as nothing', () => expect(estimateTokens('')).toBe(0));
});

test('a summary of 250 identities costs at most 35 % of what Kratos sends', () => {
  const all = people(250);
  const identities = all.map((it) => identityView(identity(it), { view: 'summary' }));
  const { result, shown } = createAnswers({ budget: 1_000_000, nonce: () => NONCE }).result(
    { identities, page: { complete: true } },
    'identities',
  );
  const [block] = result.content;
  const text = block?.type === 'text' ? block.text : '';
  const kratos = encode(JSON.stringify(all)).length;
  expect(shown).toBe(250);
  expect(encode(text).length / kratos).toBeLessThanOrEqual(0.35);
  expect(encode(JSON.stringify(result.structuredContent)).length / kratos).toBeLessThanOrEqual(0.35);
});
