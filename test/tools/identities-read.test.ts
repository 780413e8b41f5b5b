import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { InputError, KratosError } from '../../src/errors.ts';
import { seed } from '../../src/seed.ts';
import { operation, reading } from './reader.ts';
import { stage } from './run.ts';

const List = z.object({
  identities: z.array(z.looseObject({ id: z.string() })),
  page: z.object({ complete: z.boolean(), next_page_token: z.string().optional() }),
  not_found: z.array(z.string()).optional(),
  hint: z.string().optional(),
});
const list = async (input: Record<string, unknown>, on = stage()) => List.parse(await reading('list_identities', input, on));
const ids = (result: z.output<typeof List>) => result.identities.map((it) => it.id);

describe('list_identities', () => {
  test('finds who signs in with an e-mail, however it is written', async () => {
    const result = await list({ credentials_identifier: 'Ada.Byron@Example.com' });
    expect(ids(result)).toEqual([seed.ada]);
    expect(result).toMatchObject({ page: { complete: true }, identities: [{ state: 'active', schema_id: 'default' }] });
    expect(result.hint).toBeUndefined();
  });

  test('says what a miss by login identifier means', async () => {
    const result = await list({ credentials_identifier: 'nobody@example.com' });
    expect(result.identities).toEqual([]);
    expect(result.hint).toMatch(/Nobody signs in with exactly this.*preview_credentials_identifier_similar/);
  });

  test('finds by the beginning of an identifier and by organization', async () => {
    expect(ids(await list({ preview_credentials_identifier_similar: 'ada.b' }))).toEqual([seed.ada]);
    expect(ids(await list({ organization_id: seed.organization }))).toContain(seed.employee);
  });

  test('shows everybody exactly once, page by page', async () => {
    const on = stage();
    const all = ids(await list({ page_size: 500 }, on));
    const seen: string[] = [];
    let page_token: string | undefined;
    for (let pages = 0; pages < 20; pages += 1) {
      const result = await list({ page_size: 7, page_token }, on);
      seen.push(...ids(result));
      page_token = result.page.next_page_token;
      if (result.page.complete) break;
    }
    expect(all.length).toBeGreaterThan(30);
    expect(seen).toEqual(all);
    expect(page_token).toBeUndefined();
  });

  test('shows 25 if nothing else is asked for, and passes consistency on', async () => {
    const on = stage();
    expect(ids(await list({ consistency: 'eventual' }, on))).toHaveLength(25);
    expect(on.wire.map((it) => it.path)).toEqual(['/admin/identities?page_size=25&consistency=eventual']);
  });

  test('refuses two filters with their names, and sends nothing', async () => {
    const on = stage();
    const call = list({ ids: [seed.ada], credentials_identifier: 'ada.byron@example.com' }, on);
    await expect(call).rejects.toThrow(InputError);
    await expect(call).rejects.toThrow(/both ids and credentials_identifier/);
    expect(on.wire).toEqual([]);
  });

  test.each([
    ['an empty login identifier', { credentials_identifier: '' }],
    ['a blank one', { credentials_identifier: '  ' }],
    ['one with a zero-width character', { credentials_identifier: 'ada\u200B@example.com' }],
    ['no ids', { ids: [] }],
    ['an id that is none', { ids: ['..'] }],
    ['the nil organization, which lists everybody', { organization_id: '00000000-0000-0000-0000-000000000000' }],
    ['a page of 501', { page_size: 501 }],
    ['an empty page token', { page_token: '' }],
    ['the credential type that Kratos documents and refuses', { include_credential: ['profile'] }],
    ['an unknown argument', { page: 1 }],
  ])('refuses %s', (_, input) => {
    expect(operation('list_identities').input.safeParse(input).success).toBe(false);
  });

  test('takes several ids, says which are not there, and asks for each once', async () => {
    const on = stage();
    const result = await list({ ids: [seed.grace.toUpperCase(), seed.nobody, seed.ada, seed.ada] }, on);
    expect(ids(result)).toEqual([seed.ada, seed.grace]);
    expect(result).toMatchObject({ not_found: [seed.nobody], page: { complete: true } });
    expect(on.wire).toHaveLength(1);
  });

  test('shows each of many ids exactly once, as found or not found, for any sequence of page sizes', async () => {
    const on = stage();
    const existing = ids(await list({ page_size: 500 }, on));
    const strangers = Array.from(
      { length: 230 },
      (_, index) => `${(index * 17_000_003).toString(16).padStart(8, '0')}-0000-4000-8000-000000000000`,
    );
    const asked = [...strangers, ...existing];
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 4 }), async (sizes) => {
        const found: string[] = [];
        const missing: string[] = [];
        let page_token: string | undefined;
        for (let pages = 0; pages <= asked.length; pages += 1) {
          const result = await list({ ids: asked, page_size: sizes[pages % sizes.length], page_token }, on);
          found.push(...ids(result));
          missing.push(...(result.not_found ?? []));
          page_token = result.page.next_page_token;
          if (result.page.complete) break;
        }
        expect(found).toEqual(existing.toSorted());
        expect(missing).toEqual(strangers.toSorted());
      }),
      { numRuns: 8 },
    );
    for (const { path } of on.wire) expect(new URLSearchParams(path.split('?')[1]).getAll('ids').length).toBeLessThanOrEqual(100);
  });

  test('refuses a page token of another kind beside ids', async () => {
    await expect(list({ ids: [seed.ada], page_token: '25' })).rejects.toThrow(/page_token/);
  });
});

describe('get_identity', () => {
  test('keeps what fields names, and no secret of an included credential', async () => {
    const on = stage();
    expect(await reading('get_identity', { id: seed.ada, fields: ['traits.email'] }, on)).toEqual({
      id: seed.ada,
      traits: { email: 'ada.byron@example.com' },
    });
    const result = await reading('get_identity', { id: seed.ada, include_credential: ['password'], view: 'full' }, on);
    expect(result).toMatchObject({ credentials: { password: { set: true } } });
    expect(JSON.stringify(result)).not.toMatch(/\$2[aby]?\$|hashed_password/);
  });

  test('says that there is no such identity', async () => {
    await expect(reading('get_identity', { id: seed.nobody }, stage())).rejects.toMatchObject({ status: 404 });
  });
});

describe('get_identity_by_external_id', () => {
  test('finds who has it', async () => {
    expect(await reading('get_identity_by_external_id', { external_id: seed.externalId }, stage())).toMatchObject({ id: seed.grace });
  });

  test('tells an unknown external id from a Kratos without this route', async () => {
    const unknown = reading('get_identity_by_external_id', { external_id: 'crm-0' }, stage());
    await expect(unknown).rejects.toMatchObject({ status: 404, message: 'Kratos has no such identity.' });

    const old = stage(() => async () => ({ status: 404, headers: { 'content-type': 'text/plain' }, text: '404 page not found\n' }));
    const unsupported = reading('get_identity_by_external_id', { external_id: 'crm-1' }, old);
    await expect(unsupported).rejects.toThrow(KratosError);
    await expect(unsupported).rejects.toMatchObject({
      message: expect.stringContaining('not supported by this Kratos'),
      hint: expect.stringContaining('v25.4'),
    });
  });

  test.each(['', '.', '..', 'a\u0000b', 'x'.repeat(65)])('refuses %j', (external_id) => {
    expect(operation('get_identity_by_external_id').input.safeParse({ external_id }).success).toBe(false);
  });
});
