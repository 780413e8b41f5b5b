/** Following `next_page_token` visits every record exactly once: every list, every paging scheme of Kratos, whatever the budget cuts off. */
import { describe, expect, test } from 'vitest';
import { seed } from '../src/seed.ts';
import { harness } from './support/harness.ts';

type Json = Record<string, unknown>;
interface List {
  readonly tool: string;
  readonly items: string;
  readonly args: Json;
}

async function open(maxResultTokens: number) {
  const it = harness({ maxResultTokens });
  return { it, peer: await it.open({ era: 'modern' }) };
}

/** All pages, each with the ids it showed. Bounded: a token that never ends is a failure. */
async function follow({ tool, items, args }: List, maxResultTokens: number): Promise<{ pages: string[][]; notFound: string[] }> {
  const { peer } = await open(maxResultTokens);
  const pages: string[][] = [];
  const notFound: string[] = [];
  let token: string | undefined;
  for (let round = 0; round < 300; round += 1) {
    const answer = await peer.call(tool, { ...args, ...(token !== undefined && { page_token: token }) });
    expect(answer.isError, answer.text).toBe(false);
    const structured = answer.structured ?? {};
    const page = structured['page'] as { complete: boolean; next_page_token?: string };
    pages.push((structured[items] as { id: string }[]).map((it) => it.id));
    notFound.push(...((structured['not_found'] as string[] | undefined) ?? []));
    expect(page.complete).toBe(page.next_page_token === undefined);
    token = page.next_page_token;
    if (token === undefined) {
      await peer.close();
      return { pages, notFound };
    }
  }
  throw new Error(`${tool}: the pages never end`);
}

async function allIdentities(): Promise<string[]> {
  const { it } = await open(10_000);
  const reply = await it.sandbox.send({
    endpoint: 'listIdentities',
    port: 'admin',
    method: 'GET',
    path: '/admin/identities?page_size=500',
  });
  return (JSON.parse(reply.text) as { id: string }[]).map(({ id }) => id);
}

const lists: readonly List[] = [
  { tool: 'list_identities', items: 'identities', args: {} },
  { tool: 'list_identities', items: 'identities', args: { view: 'full', include_credential: ['password', 'oidc'] } },
  { tool: 'list_identity_sessions', items: 'sessions', args: { id: seed.manySessions } },
  { tool: 'list_sessions', items: 'sessions', args: { expand: ['identity', 'devices'] } },
  { tool: 'list_courier_messages', items: 'messages', args: {} },
  { tool: 'list_identity_schemas', items: 'schemas', args: { view: 'full' } },
];

describe.each(lists)('$tool $args', (list) => {
  test.each([
    [1, 1_000_000],
    [2, 1_000_000],
    [7, 1_000_000],
    [25, 1_000_000],
    [250, 1_000_000],
    [7, 1_000],
    [25, 1_000],
    [250, 1_000],
    [250, 2_500],
  ])('page_size %i under a budget of %i tokens', async (page_size, budget) => {
    const whole = (await follow({ ...list, args: { ...list.args, page_size: 250 } }, 1_000_000)).pages.flat();
    expect(whole.length).toBeGreaterThan(1);
    const { pages } = await follow({ ...list, args: { ...list.args, page_size } }, budget);
    expect(pages.flat()).toEqual(whole);
    for (const page of pages) expect(page.length).toBeLessThanOrEqual(page_size);
  });
});

test.each([1_000, 3_000, 1_000_000])('ids: each one is shown or said not to be found, once (budget %i)', async (budget) => {
  const there = await allIdentities();
  const missing = Array.from({ length: 30 }, (_, index) => `${(index * 7).toString(16).padStart(8, '0')}-0000-4000-8000-00000000abcd`);
  const ids = [...there, ...missing, ...there.slice(0, 3)];
  const { pages, notFound } = await follow({ tool: 'list_identities', items: 'identities', args: { ids } }, budget);
  expect(pages.flat().toSorted()).toEqual(there.toSorted());
  expect(notFound.toSorted()).toEqual(missing.toSorted());
});

test('a result under the smallest budget stays within about that budget', async () => {
  const { peer } = await open(1_000);
  for (const { tool, args } of lists) {
    const answer = await peer.call(tool, { ...args, page_size: 250 });
    // UTF-8 bytes ÷ 2 is far above any tokenizer's count of such text.
    expect((answer.text.length + JSON.stringify(answer.structured).length) / 4).toBeLessThanOrEqual(1_100);
  }
  await peer.close();
});
