import { beforeAll, describe, expect, test } from 'vitest';
import type { WireReply } from '../../src/client/types.ts';
import { seed } from '../../src/seed.ts';
import { schemaPage } from '../../src/sandbox/pages.ts';
import { parseQuery } from '../../src/sandbox/go/query.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { asker, body, type Ask } from './ask.ts';

interface Row {
  readonly id: string;
}
const ids = (reply: WireReply) => body<Row[]>(reply).map((it) => it.id);
const next = (reply: WireReply) => /<([^>]*)>; rel="next"/.exec(reply.headers['link'] ?? '')?.[1];

let sandbox: Sandbox;
let ask: Ask;
beforeAll(() => {
  sandbox = createSandbox();
  ask = asker(sandbox);
});

/** Follows `Link` until it ends; a list that never does is a failure. */
async function follow(path: string): Promise<{ pages: string[][]; last: WireReply }> {
  const pages: string[][] = [];
  let at: string | undefined = path;
  for (let round = 0; round < 100; round += 1) {
    const reply = await ask(`GET ${at}`);
    pages.push(ids(reply));
    at = next(reply);
    if (at === undefined) return { pages, last: reply };
  }
  throw new Error('The list has no end.');
}

describe('pages by token', () => {
  test.each([
    ['/admin/identities?page_size=7', '/admin/identities?page_size=500'],
    ['/admin/identities?per_page=7', '/admin/identities?page_size=500'],
    ['/admin/sessions?page_size=8', '/admin/sessions?page_size=1000'],
    ['/admin/sessions?active=true&page_size=8', '/admin/sessions?active=true&page_size=1000'],
    ['/admin/courier/messages?page_size=3', '/admin/courier/messages?page_size=500'],
    ['/admin/courier/messages', '/admin/courier/messages?page_size=500'],
  ])('%s shows every one of %s once, in its order', async (paged, whole) => {
    const { pages } = await follow(paged);
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.flat()).toEqual(ids(await ask(`GET ${whole}`)));
  });

  test('sessions that began in one millisecond are told apart', async () => {
    const frozen = createSandbox({ empty: true, now: () => new Date('2030-01-01T00:00:00Z') });
    const asking = asker(frozen);
    const traits = { email: 'one@example.com' };
    body(await asking('POST /admin/identities', { traits, credentials: { password: { config: { password: 'correct-horse-9' } } } }), 201);
    for (let round = 0; round < 5; round += 1) {
      const flow = body<Row>(await asking('GET /self-service/login/api'));
      body(await asking(`POST /self-service/login?flow=${flow.id}`, { identifier: traits.email, password: 'correct-horse-9' }));
    }
    const first = await asking('GET /admin/sessions?page_size=2');
    const second = await asking(`GET ${next(first)}`);
    const third = await asking(`GET ${next(second)}`);
    expect([...ids(first), ...ids(second), ...ids(third)]).toEqual(ids(await asking('GET /admin/sessions')));
    expect(next(third)).toBeUndefined();
  });
});

describe('the sessions of one identity, with the bug of Kratos', () => {
  const path = `/admin/identities/${seed.manySessions}/sessions`;

  test('page 0 and page 1 are the same, and Link never reaches the last page', async () => {
    const every = ids(await ask(`GET ${path}?page_size=1000`));
    expect(every).toHaveLength(30);
    expect(ids(await ask(`GET ${path}?page=0&per_page=8`))).toEqual(every.slice(0, 8));
    expect(ids(await ask(`GET ${path}?page=1&per_page=8`))).toEqual(every.slice(0, 8));
    const { pages } = await follow(`${path}?page=0&per_page=8`);
    expect(new Set(pages.flat()).size).toBe(24);
  });

  test('pages counted from one by per_page show all of them', async () => {
    const pages = await Promise.all([1, 2, 3, 4].map((page) => ask(`GET ${path}?page=${page}&per_page=8`)));
    expect(pages.flatMap(ids)).toEqual(ids(await ask(`GET ${path}?page_size=1000`)));
    expect(pages[0]?.headers['x-total-count']).toBe('30');
  });

  test('beside page_size the number of the page does not count', async () => {
    expect(ids(await ask(`GET ${path}?page_size=8&page=3`))).toEqual(ids(await ask(`GET ${path}?page_size=8`)));
  });

  test('none have a first, a next and a previous page', async () => {
    const none = await ask(`GET /admin/identities/${seed.nobody}/sessions`);
    const at = (page: number, token: string, rel: string) =>
      `</admin/identities/${seed.nobody}/sessions?page=${page}&page_size=250&page_token=${token}&per_page=250>; rel="${rel}"`;
    expect(none.headers['link']).toBe(
      [
        at(0, 'eyJvZmZzZXQiOiIwIiwidiI6Mn0', 'first'),
        at(1, 'eyJvZmZzZXQiOiIyNTAiLCJ2IjoyfQ', 'next'),
        at(-1, 'eyJvZmZzZXQiOiItMjUwIiwidiI6Mn0', 'prev'),
      ].join(','),
    );
    expect(none.headers['x-total-count']).toBe('0');
  });
});

describe('schemas, with the bug of Kratos', () => {
  test('a page after the first one holds more than it should', () => {
    const five = ['a', 'b', 'c', 'd', 'e'];
    const page = (query: string) => schemaPage({ path: '/schemas', query: parseQuery(query) }, five).items;
    expect(page('page=0&per_page=2')).toEqual(['a', 'b']);
    expect(page('page=1&per_page=2')).toEqual(['c', 'd', 'e']);
    expect(page('page=2&per_page=2')).toEqual(['e']);
  });

  test('fit on one page, whose Link has the total for its size', async () => {
    const reply = await ask('GET /schemas');
    expect(ids(reply)).toEqual(['default', 'employee']);
    expect(reply.headers['link']).toBe('</schemas?page=0&page_size=2&page_token=eyJvZmZzZXQiOiIwIiwidiI6Mn0&per_page=2>; rel="first"');
  });
});

describe('the old numbered scheme of identities', () => {
  test('has all four links in the middle, and repeats the rest of the query', async () => {
    const reply = await ask('GET /admin/identities?page=1&per_page=15&consistency=strong');
    const at = (page: number, rel: string) => `</admin/identities?consistency=strong&page=${page}&per_page=15>; rel="${rel}"`;
    expect(reply.headers['link']).toBe([at(0, 'first'), at(2, 'next'), at(0, 'prev'), at(2, 'last')].join(','));
    expect(Number(reply.headers['x-total-count'])).toBe(sandbox.world.identities.size);
  });

  test('counts everybody, whatever the filter', async () => {
    const reply = await ask(`GET /admin/identities?page=0&per_page=5&ids=${seed.ada}`);
    expect(ids(reply)).toEqual([seed.ada]);
    expect(Number(reply.headers['x-total-count'])).toBe(sandbox.world.identities.size);
  });
});
