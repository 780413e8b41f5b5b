/** Sessions of 2025-era clients that can ask their person: whose they are, how many, and how they end. */
import { McpServer } from '@modelcontextprotocol/server';
import { afterEach, describe, expect, test } from 'vitest';
import { localCaller, type Caller } from '../../../src/caller.ts';
import { openHttpHarness, TOKEN, type HttpHarness, type HttpHarnessOptions, type HttpPeer } from '../../support/http.ts';
import { raw } from './raw.ts';

const FORM = { form: {} };
const harnesses: HttpHarness[] = [];
afterEach(async () => void (await Promise.all(harnesses.splice(0).map((it) => it.close()))));
async function open(options: HttpHarnessOptions = {}): Promise<HttpHarness> {
  const it = await openHttpHarness(options);
  harnesses.push(it);
  return it;
}

const person = (name: string, more: Partial<Caller> = {}): Caller => ({ ...localCaller(name), ...more });
const TWO = { anna: person('anna'), bert: person('bert') };

interface Wanted {
  readonly session: string | undefined;
  readonly token?: string;
  readonly method?: string;
  readonly message?: object;
}
function bytes(
  port: number,
  { session, token = TOKEN, method = 'POST', message = { jsonrpc: '2.0', id: 5, method: 'tools/list' } }: Wanted,
): string {
  const body = method === 'POST' ? JSON.stringify(message) : '';
  return [
    `${method} /mcp HTTP/1.1`,
    `Host: localhost:${port}`,
    `Authorization: Bearer ${token}`,
    'Accept: application/json, text/event-stream',
    'Content-Type: application/json',
    ...(session === undefined ? [] : [`Mcp-Session-Id: ${session}`]),
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
const INITIALIZE = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: { elicitation: {} }, clientInfo: { name: 'x', version: '1' } },
};
const start = (it: HttpHarness, token = TOKEN) => raw(it.port, bytes(it.port, { session: undefined, token, message: INITIALIZE }));
/** Without what differs from one answer to the next anyhow. */
const same = ({ status, headers: { date: _date, ...headers }, body }: Awaited<ReturnType<typeof raw>>) => ({ status, headers, body });

describe('who has one', () => {
  test('a client that declares elicitation, and nobody else', async () => {
    const it = await open();
    const peers = [
      await it.open({ era: 'legacy', elicitation: {} }),
      await it.open({ era: 'legacy', elicitation: FORM }),
      await it.open({ era: 'legacy' }),
      await it.open({ era: 'modern', elicitation: FORM }),
    ];
    for (const peer of peers) expect((await peer.call('list_identities', { page_size: 1 })).isError).toBe(false);
    const ids = peers.map(({ session }) => session);
    expect(ids.map((id) => id !== undefined)).toEqual([true, true, false, false]);
    expect(ids[0]).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(ids[0]).not.toBe(ids[1]);
  });

  test('2026-07-28 does not look at the id', async () => {
    const it = await open();
    const peer = await it.open({ era: 'modern' });
    peer.session = 'somebody-elses';
    expect((await peer.call('list_identities', { page_size: 1 })).isError).toBe(false);
    peer.session = undefined;
  });
});

describe('whose it is', () => {
  test('another principal, an invented id and one that is over get the same bytes', async () => {
    const it = await open({ tokens: TWO });
    const { headers } = await start(it, 'anna');
    const session = headers['mcp-session-id'];
    const over = (await start(it, 'anna')).headers['mcp-session-id'];
    expect((await raw(it.port, bytes(it.port, { session: over, token: 'anna', method: 'DELETE' }))).status).toBe(200);
    for (const method of ['POST', 'GET', 'DELETE']) {
      const foreign = await raw(it.port, bytes(it.port, { session, token: 'bert', method }));
      expect(foreign.status).toBe(404);
      expect(JSON.parse(foreign.body)).toEqual({ jsonrpc: '2.0', error: { code: -32_001, message: 'Session not found' }, id: null });
      const others = [crypto.randomUUID(), 'x', '__proto__', over];
      for (const id of others) {
        for (const token of ['anna', 'bert']) {
          expect(same(await raw(it.port, bytes(it.port, { session: id, token, method })))).toEqual(same(foreign));
        }
      }
    }
    expect((await raw(it.port, bytes(it.port, { session, token: 'anna' }))).status).toBe(200);
  });

  test('an id is no token', async () => {
    const it = await open({ tokens: TWO });
    const session = (await start(it, 'anna')).headers['mcp-session-id'];
    expect((await raw(it.port, bytes(it.port, { session, token: 'wrong' }))).status).toBe(401);
  });

  test('the token of each request counts, not the one that opened it', async () => {
    const all = new Set(['kratos:read', 'kratos:write', 'kratos:destructive']);
    const it = await open({
      tokens: {
        full: person('anna', { scopes: all, canStepUp: true }),
        less: person('anna', { scopes: new Set(['kratos:read']), canStepUp: true }),
        none: person('anna', { scopes: new Set(), canStepUp: false }),
      },
    });
    const peer = await it.open({ era: 'legacy', elicitation: FORM, token: 'full' });
    const list = await peer.call('list_identities', { page_size: 1 });
    const id = /id=([\da-f-]{36})/.exec(list.text)?.[1];
    const session = peer.session;
    const remove = { jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name: 'delete_identity', arguments: { id } } };
    const refused = await raw(it.port, bytes(it.port, { session, token: 'less', message: remove }));
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([403, expect.stringContaining('kratos:destructive')]);
    const read = { jsonrpc: '2.0', id: 10, method: 'tools/call', params: { name: 'get_identity', arguments: { id } } };
    const unread = await raw(it.port, bytes(it.port, { session, token: 'none', message: read }));
    expect(unread.body).toContain('"isError":true');
    expect([it.writes(), peer.asked]).toEqual([[], []]);
    expect((await peer.call('delete_identity', { id })).outcome).toBe('executed');
    await peer.close();
  });
});

describe('methods', () => {
  test('without a session there is only POST', async () => {
    const it = await open();
    for (const method of ['GET', 'DELETE']) {
      const got = await raw(it.port, bytes(it.port, { session: undefined, method }));
      expect([got.status, got.headers['allow']]).toEqual([405, 'POST']);
    }
  });

  test('GET opens one standing stream, DELETE ends the session', async () => {
    const it = await open();
    const session = (await start(it)).headers['mcp-session-id'] ?? '';
    const abort = new AbortController();
    const headers = { Authorization: `Bearer ${TOKEN}`, Accept: 'text/event-stream', 'Mcp-Session-Id': session };
    const left = await fetch(it.url, { headers, signal: abort.signal });
    expect(left.status).toBe(200);
    abort.abort();
    // Whoever left it may have another.
    let stream = await fetch(it.url, { headers });
    for (let tries = 0; stream.status === 409 && tries < 50; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      stream = await fetch(it.url, { headers });
    }
    expect([stream.status, stream.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    expect((await raw(it.port, bytes(it.port, { session, method: 'GET' }))).status).toBe(409);
    expect((await raw(it.port, bytes(it.port, { session, method: 'DELETE' }))).status).toBe(200);
    expect(await stream.text()).toBe('');
    expect((await raw(it.port, bytes(it.port, { session }))).status).toBe(404);
  });

  test('an id stands for one call at a time', async () => {
    const it = await open();
    const peer = await it.open({ era: 'legacy', elicitation: FORM, person: () => undefined });
    const list = await peer.call('list_identities', { page_size: 1 });
    const id = /id=([\da-f-]{36})/.exec(list.text)?.[1];
    let first = 0;
    void peer.once('delete_identity', { id }, { sent: (it) => (first = it) }).catch(() => {});
    await expect.poll(() => peer.asked.length).toBeGreaterThan(0);
    const message = { jsonrpc: '2.0', id: first, method: 'tools/list' };
    const got = await raw(it.port, bytes(it.port, { session: peer.session, message }));
    expect([got.status, JSON.parse(got.body)]).toMatchObject([400, { error: { code: -32_600 } }]);
  });
});

describe('how many', () => {
  const few = { limits: { sessions: 3, sessionsPerPrincipal: 2, sessionYieldsMs: 60_000 } };

  test('one principal has no more than its share, and takes nobody else’s', async () => {
    const it = await open({ tokens: TWO, http: few });
    expect((await start(it, 'anna')).status).toBe(200);
    expect((await start(it, 'anna')).status).toBe(200);
    const third = await start(it, 'anna');
    expect([third.status, third.headers['retry-after']]).toEqual([429, '60']);
    expect((await start(it, 'bert')).status).toBe(200);
    expect((await start(it, 'bert')).status).toBe(503);
    expect(it.logs.filter((line) => line.includes('"check":"sessions')).length).toBe(2);
  });

  test('as many at once as there are places for, not one more', async () => {
    const it = await open({ tokens: TWO, http: few });
    const all = await Promise.all(Array.from({ length: 20 }, () => start(it, 'anna')));
    expect(all.filter(({ status }) => status === 200)).toHaveLength(2);
  });

  test('one that its principal left for a while makes room; one in use does not', async () => {
    const it = await open({ tokens: TWO, http: few });
    const old = (await start(it, 'anna')).headers['mcp-session-id'];
    it.advance(30_000);
    const used = (await start(it, 'anna')).headers['mcp-session-id'];
    it.advance(40_000);
    expect((await start(it, 'anna')).status).toBe(200);
    const alive = async (session: string | undefined) => (await raw(it.port, bytes(it.port, { session, token: 'anna' }))).status;
    expect([await alive(old), await alive(used)]).toEqual([404, 200]);
    expect((await start(it, 'anna')).status).toBe(429);
  });

  test('one with a call in it does not, however old', async () => {
    const it = await open({ http: { limits: { ...few.limits, sessionsPerPrincipal: 1 } } });
    const peer = await it.open({ era: 'legacy', elicitation: FORM, person: () => undefined });
    const id = /id=([\da-f-]{36})/.exec((await peer.call('list_identities', { page_size: 1 })).text)?.[1];
    void peer.once('delete_identity', { id }).catch(() => {});
    await expect.poll(() => peer.asked).toHaveLength(1);
    it.advance(120_000);
    expect((await start(it)).status).toBe(429);
  });

  test('one that could not begin keeps no place', async () => {
    let isBroken = true;
    const it = await open({
      http: {
        ...few,
        build: () => {
          if (isBroken) throw new Error('canary');
          return new McpServer({ name: 'x', version: '1' });
        },
      },
    });
    for (let i = 0; i < 5; i += 1) {
      const got = await start(it);
      expect([got.status, got.body.includes('canary')]).toEqual([500, false]);
    }
    isBroken = false;
    expect((await start(it)).status).toBe(200);
    expect(it.logs.join('')).not.toContain('canary');
  });
});

describe('its end', () => {
  test('an idle one ends, at once for whoever comes late and with the reaper for the memory', async () => {
    const it = await open({ tokens: TWO, http: { limits: { sessionIdleMs: 200, sessions: 1 } } });
    const session = (await start(it, 'anna')).headers['mcp-session-id'];
    it.advance(201);
    const late = await raw(it.port, bytes(it.port, { session, token: 'anna' }));
    const foreign = await raw(it.port, bytes(it.port, { session, token: 'bert' }));
    expect([late.status, same(late)]).toEqual([404, same(foreign)]);
    await expect.poll(async () => (await start(it, 'bert')).status, { timeout: 2_000, interval: 50 }).toBe(200);
  });

  test('one with a call in it is not idle', async () => {
    const it = await open({ http: { limits: { sessionIdleMs: 100 } } });
    let answer = () => {};
    const peer: HttpPeer = await it.open({
      era: 'legacy',
      elicitation: FORM,
      person: ({ phrase }) =>
        new Promise((resolve) => {
          answer = () => resolve({ action: 'accept', content: { typed: phrase } });
        }),
    });
    const id = /id=([\da-f-]{36})/.exec((await peer.call('list_identities', { page_size: 1 })).text)?.[1];
    const answered = peer.call('delete_identity', { id });
    await expect.poll(() => peer.asked).toHaveLength(1);
    it.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 150)); // the reaper looks every 50 ms
    answer();
    expect((await answered).outcome).toBe('executed');
    await peer.close();
  });

  test('a call that is called off inside a session ends, and its stream with it', async () => {
    const it = await open();
    const peer = await it.open({ era: 'legacy', elicitation: FORM, person: () => undefined });
    const id = /id=([\da-f-]{36})/.exec((await peer.call('list_identities', { page_size: 1 })).text)?.[1];
    let sent = 0;
    void peer.once('delete_identity', { id }, { sent: (it) => (sent = it) }).catch(() => {});
    await expect.poll(() => peer.asked).toHaveLength(1);
    peer.notify('notifications/cancelled', { requestId: sent });
    // The id is free again: nothing is under way by it.
    const message = { jsonrpc: '2.0', id: sent, method: 'tools/list' };
    await expect.poll(async () => (await raw(it.port, bytes(it.port, { session: peer.session, message }))).status).toBe(200);
    expect(it.writes()).toEqual([]);
  });
});
