import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { seed } from '../../src/seed.ts';
import { operation, reading } from './reader.ts';
import { stage } from './run.ts';

const Schemas = z.object({
  schemas: z.array(z.looseObject({ id: z.string() })),
  page: z.looseObject({ complete: z.boolean(), next_page_token: z.string().optional() }),
});

describe('identity schemas', () => {
  test('are told by their traits in the summary and shown whole in the full view', async () => {
    const on = stage();
    const summary = Schemas.parse(await reading('list_identity_schemas', {}, on));
    expect(summary.schemas.map((it) => it.id)).toEqual(['default', 'employee']);
    expect(summary.schemas[0]).toMatchObject({ traits: { email: expect.stringMatching(/^string \(required, login identifier/) } });
    const full = Schemas.parse(await reading('list_identity_schemas', { view: 'full' }, on));
    expect(full.schemas[0]).toMatchObject({ schema: { type: 'object' } });
  });

  test('come page by page, each once', async () => {
    const on = stage();
    const first = Schemas.parse(await reading('list_identity_schemas', { page_size: 1 }, on));
    expect(first.page).toMatchObject({ complete: false, total: 2 });
    const second = Schemas.parse(await reading('list_identity_schemas', { page_size: 1, page_token: first.page.next_page_token }, on));
    expect(second.page.complete).toBe(true);
    expect([...first.schemas, ...second.schemas].map((it) => it.id)).toEqual(['default', 'employee']);
  });

  test('are read by id, and an unknown one is not found', async () => {
    const on = stage();
    expect(await reading('get_identity_schema', { id: 'employee' }, on)).toMatchObject({ id: 'employee', schema: { type: 'object' } });
    expect(await reading('get_identity_schema', { id: 'employee', view: 'summary' }, on)).toMatchObject({ traits: {} });
    await expect(reading('get_identity_schema', { id: 'nope' }, on)).rejects.toMatchObject({ status: 404 });
  });

  test.each(['', '.', '..', 'a\nb'])('refuse the id %j', (id) => {
    expect(operation('get_identity_schema').input.safeParse({ id }).success).toBe(false);
  });
});

const Messages = z.object({
  messages: z.array(z.looseObject({ id: z.string(), status: z.string() })),
  page: z.looseObject({ complete: z.boolean() }),
});

describe('courier messages', () => {
  test('are listed by status and recipient, without what they say', async () => {
    const on = stage();
    const all = Messages.parse(await reading('list_courier_messages', {}, on));
    expect(all.messages.map((it) => it.id)).toContain(seed.message);
    const abandoned = Messages.parse(await reading('list_courier_messages', { status: 'abandoned' }, on));
    expect(new Set(abandoned.messages.map((it) => it.status))).toEqual(new Set(['abandoned']));
    const toAda = Messages.parse(await reading('list_courier_messages', { recipient: 'ada.byron@example.com' }, on));
    expect(toAda.messages.length).toBeGreaterThan(0);
    expect(JSON.stringify([all, abandoned, toAda])).not.toMatch(/"(body|subject)"/);
  });

  test('show their delivery attempts one by one', async () => {
    const result = await reading('get_courier_message', { id: seed.abandonedMessage }, stage());
    expect(result).toMatchObject({ status: 'abandoned', dispatches: [{ status: 'failed' }] });
    expect(result).not.toHaveProperty('body');
  });
});
