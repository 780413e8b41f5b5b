import { beforeAll, describe, expect, test } from 'vitest';
import { admin, create, email, emailOf, failure, get, nobody, success, unique, withPassword } from './kratos.ts';
import { text, type Identity } from './wire.ts';

const nil = '00000000-0000-0000-0000-000000000000';
const list = async (query = '') => {
  const answer = await admin('GET', `/identities${query}`);
  return { found: success<Identity[]>(answer, 200), link: answer.headers['link'] ?? '', total: answer.headers['x-total-count'] };
};
const refused = async (query: string) => failure(await admin('GET', `/identities${query}`), 400).reason;
const ids = (identities: readonly Identity[]) => identities.map((identity) => identity.id);
const queryOf = (link: string, rel: string) => new RegExp(`</admin/identities(\\?[^>]*)>; rel="${rel}"`).exec(link)?.[1];

// Pages are walked over these five alone (ids=…): the Kratos may hold others, and other files of the suite add to them meanwhile.
let five: Identity[] = [];
let only = '';
beforeAll(async () => {
  five = await Promise.all(Array.from({ length: 5 }, () => create()));
  five.sort((a, b) => (a.id < b.id ? -1 : 1));
  only = five.map((identity) => `ids=${identity.id}`).join('&');
});

describe('reading one identity', () => {
  test('24. does not find an unknown id, nor one that is no UUID', async () => {
    expect(failure(await admin('GET', `/identities/${nobody()}`), 404).message).toBe(text.unknown);
    expect(failure(await admin('GET', '/identities/not-a-uuid'), 404).message).toBe(text.unknown);
  });

  test('25. looks the identity up before it refuses an unknown credential type', async () => {
    const { id } = await create();
    const bad = 'Invalid value `[]` for parameter `include_credential`.';
    expect(failure(await admin('GET', `/identities/${id}?include_credential=XYZ`), 400).reason).toBe(bad);
    expect(failure(await admin('GET', `/identities/${id}?include_credential=profile`), 400).reason).toBe(bad);
    expect(failure(await admin('GET', `/identities/${nobody()}?include_credential=XYZ`), 404).message).toBe(text.unknown);
  });

  test('26. finds an identity by its external id', async () => {
    const identity = await create({ external_id: `crm/${unique()}` });
    const path = (id: string) => `/identities/by/external/${encodeURIComponent(id)}`;
    expect(success<Identity>(await admin('GET', path(identity.external_id ?? '')), 200)).toEqual(await get(identity.id));
    expect(failure(await admin('GET', path(`crm-${unique()}`)), 404).message).toBe(text.unknown);
  });
});

describe('pages of identities', () => {
  test('27. lists without credentials or a total, from a first page with the nil token', async () => {
    const { found, link, total } = await list();
    expect(found.length).toBeGreaterThanOrEqual(5);
    for (const identity of found) expect(identity).not.toHaveProperty('credentials');
    expect(link).toContain(`</admin/identities?page_size=250&page_token=${nil}>; rel="first"`);
    expect(total).toBeUndefined();
  });

  test('28. walks five identities in three pages, in the order of their ids', async () => {
    const pages: string[][] = [];
    for (let next: string | undefined = `?${only}&page_size=2`; next !== undefined;) {
      const { found, link } = await list(next);
      pages.push(ids(found));
      expect(queryOf(link, 'first')).toContain(`page_size=2&page_token=${nil}`);
      next = queryOf(link, 'next');
    }
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
    expect(pages.flat()).toEqual(ids(five));
  });

  test('29. corrects a page size out of range and refuses one that is no number', async () => {
    expect(queryOf((await list(`?${only}&page_size=0`)).link, 'first')).toContain('page_size=250');
    expect(queryOf((await list(`?${only}&page_size=9999`)).link, 'first')).toContain('page_size=500');
    expect(await refused('?page_size=abc')).toBe('strconv.Atoi: parsing "abc": invalid syntax');
  });

  test('30. refuses a page token that is no UUID', async () => {
    expect(await refused('?page_token=1')).toBe('The page token is invalid, do not craft your own page tokens');
  });

  test('31. takes per_page alone for page_size', async () => {
    const { found, link } = await list('?per_page=2');
    expect(found).toHaveLength(2);
    expect(queryOf(link, 'first')).toBe(`?page_size=2&page_token=${nil}`);
    expect(queryOf(link, 'next')).toBe(`?page_size=2&page_token=${found[1]?.id}`);
  });

  test('32. counts pages from zero in the old scheme, with a total, and not beyond 1000', async () => {
    const { link, total } = await list('?page=0&per_page=2');
    const all = Number(total);
    expect(all).toBeGreaterThanOrEqual(5);
    const last = Math.ceil(all / 2) - 1;
    expect(link).toBe(`</admin/identities?page=1&per_page=2>; rel="next",</admin/identities?page=${last}&per_page=2>; rel="last"`);
    expect(ids((await list(`?${only}&page=0&per_page=2`)).found)).toEqual(ids(five.slice(0, 2)));
    expect(ids((await list(`?${only}&page=1&per_page=2`)).found)).toEqual(ids(five.slice(2, 4)));
    expect(await refused('?page=3&per_page=500')).toBe(
      'Legacy pagination is not supported for enumerating over 1000 items. Please switch to using page_token and page_size.',
    );
  });
});

describe('filters of the list', () => {
  test('33. finds by ids, passes over unknown ones and doubles, and refuses bad ids, too many, and a second filter', async () => {
    const [a, b] = ids(five);
    expect(ids((await list(`?ids=${a}&ids=${b}&ids=${nobody()}&ids=${a}`)).found)).toEqual([a, b]);
    expect(await refused('?ids=bad')).toBe('Invalid UUID value `bad` for parameter `ids`.');
    const many = Array.from({ length: 501 }, () => `ids=${nobody()}`).join('&');
    expect(await refused(`?${many}`)).toBe('The number of ids to filter must not exceed 500.');
    expect(await refused(`?ids=${a}&credentials_identifier=x`)).toBe('You cannot combine multiple filters in this API');
  });

  test('34. finds by a login identifier in any case, and by a provider only as it is written', async () => {
    const subject = `sub-${unique()}`;
    const identity = await withPassword({ credentials: { oidc: { config: { providers: [{ provider: 'google', subject }] } } } });
    const identifier = encodeURIComponent(emailOf(identity).toUpperCase());

    const plain = (await list(`?credentials_identifier=${identifier}`)).found;
    expect(ids(plain)).toEqual([identity.id]);
    expect(plain[0]?.credentials).toHaveProperty('password');
    expect(plain[0]?.credentials?.['password']).not.toHaveProperty('config');

    const shown = (await list(`?credentials_identifier=${identifier}&include_credential=password`)).found;
    expect(shown[0]?.credentials?.['password']?.config).toHaveProperty('hashed_password');

    expect((await list(`?credentials_identifier=${encodeURIComponent(email())}`)).found).toEqual([]);
    expect(ids((await list(`?credentials_identifier=google%3A${subject}`)).found)).toEqual([identity.id]);
    expect((await list(`?credentials_identifier=Google%3A${subject}`)).found).toEqual([]);
  });

  test('35. finds by the beginning of an identifier, and by organization', async () => {
    const organization_id = nobody();
    const start = `ann${unique()}`;
    const identity = await create({ traits: { email: `${start}@example.com` }, organization_id });
    expect(ids((await list(`?preview_credentials_identifier_similar=${start}`)).found)).toEqual([identity.id]);
    expect(ids((await list(`?organization_id=${organization_id}`)).found)).toEqual([identity.id]);
    expect(await refused('?organization_id=bad')).toBe('Invalid UUID value `bad` for parameter `organization_id`.');
  });

  test('36. takes consistency=eventual', async () => {
    expect(ids((await list(`?${only}&consistency=eventual`)).found)).toEqual(ids(five));
  });
});
