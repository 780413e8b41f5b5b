/** The webhook: what it says, that it is signed, and that nothing waits for it. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, describe, expect, test } from 'vitest';
import { createLog } from '../../src/lib/log.ts';
import { Secret } from '../../src/lib/secret.ts';
import { createNotify } from '../../src/page/notify.ts';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void; // what that flag puts there

const SECRET = 'a-secret-of-32-characters-or-more';
const PLAN = { id: 'A'.repeat(22), created: 1_780_000_000_000, expires: 1_780_001_800_000, kind: 'approve', approvals: 2 } as const;
const LINK = `https://identity-mcp.example.com/approvals/${PLAN.id}`;
const NOW = 1_780_000_000_900;

interface Taken {
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
let servers: Server[] = [];
afterEach(() => {
  for (const it of servers) {
    it.closeAllConnections();
    it.close();
  }
  servers = [];
});

/** Answers by the number of the try, from 1. */
async function receiver(answer: (nth: number, response: ServerResponse) => void) {
  const taken: Taken[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      taken.push({ method: request.method ?? '', headers: request.headers, body });
      answer(taken.length, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  servers.push(server);
  const { port } = server.address() as AddressInfo; // it listens on a port
  const logs: string[] = [];
  const log = createLog({ level: 'debug', write: (line) => logs.push(line), now: () => new Date() });
  const url = `http://127.0.0.1:${port}/hook`;
  const notify = createNotify({ url, secret: new Secret(SECRET) }, { log, now: () => NOW, pausesMs: [10, 20] });
  return { taken, notify, logs, url };
}
const status =
  (code: number, headers = {}) =>
  (_: number, response: ServerResponse) =>
    void response.writeHead(code, headers).end('x');

/** As docs/approvals.md tells receivers to. */
function isSigned({ headers, body }: Taken, secret = SECRET): boolean {
  const [, t = '', v1 = ''] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['ory-identity-mcp-signature'])) ?? [];
  const expected = createHmac('sha256', secret).update(`${t}.${body}`).digest();
  return v1 !== '' && Number(t) === Math.floor(NOW / 1000) && timingSafeEqual(Buffer.from(v1, 'hex'), expected);
}

test('one POST with id, link, times and what is needed, signed, and nothing else', async () => {
  const { taken, notify, logs } = await receiver(status(204));
  notify.asked({ ...PLAN, principal: 'sam', shown: { title: 'x' } } as typeof PLAN, LINK); // as the record comes, with all of its members
  await notify.close(5_000);
  expect(taken).toHaveLength(1);
  const [it] = taken;
  if (it === undefined) throw new Error('nothing came');
  expect(it.method).toBe('POST');
  expect(it.headers['content-type']).toBe('application/json');
  expect(JSON.parse(it.body)).toEqual({
    id: PLAN.id,
    link: LINK,
    created: '2026-05-28T20:26:40.000Z',
    expires: '2026-05-28T20:56:40.000Z',
    kind: 'approve',
    approvals: 2,
  });
  expect(isSigned(it)).toBe(true);
  expect(isSigned(it, 'another-secret-of-32-characters--')).toBe(false);
  expect(isSigned({ ...it, body: it.body.replace('2', '1') })).toBe(false);
  expect(logs).toEqual([]);
});

describe('a receiver that', () => {
  test.each([500, 503, 429])('answers %i is tried twice more', async (code) => {
    const { taken, notify, logs } = await receiver((nth, response) => void response.writeHead(nth < 3 ? code : 200).end());
    notify.asked(PLAN, LINK);
    await notify.close(5_000);
    expect(taken).toHaveLength(3);
    expect(taken.every((it) => isSigned(it))).toBe(true);
    expect(logs).toEqual([]);
  });

  test('never takes it is given up after three, and the log says so without address or key', async () => {
    const { taken, notify, logs, url } = await receiver(status(500));
    notify.asked(PLAN, LINK);
    await notify.close(5_000);
    expect(taken).toHaveLength(3);
    expect(logs.join('')).toContain(PLAN.id);
    expect(logs.join('')).not.toContain(SECRET);
    expect(logs.join('')).not.toContain(url);
  });

  test.each([400, 401, 404])('refuses it with %i is not tried again', async (code) => {
    const { taken, notify, logs } = await receiver(status(code));
    notify.asked(PLAN, LINK);
    await notify.close(5_000);
    expect([taken.length, logs.length]).toEqual([1, 1]);
  });

  test('sends it elsewhere is not followed', async () => {
    const other = await receiver(status(200));
    const { taken, notify, logs } = await receiver(status(307, { location: other.url }));
    notify.asked(PLAN, LINK);
    await notify.close(5_000);
    expect([taken.length, other.taken.length, logs.length]).toEqual([1, 0, 1]);
  });

  test('hangs holds nothing up, and the end of the server no longer than it is given', async () => {
    const { notify, logs } = await receiver(() => {});
    const begun = performance.now();
    notify.asked(PLAN, LINK);
    expect(performance.now() - begun).toBeLessThan(100);
    await notify.close(100);
    expect(performance.now() - begun).toBeLessThan(1_500);
    expect(logs).toHaveLength(1);
  });

  test('hangs is given three seconds', async () => {
    const { taken, notify } = await receiver((nth, response) => void (nth > 1 && response.writeHead(200).end()));
    const begun = performance.now();
    notify.asked(PLAN, LINK);
    await notify.close(10_000);
    expect(taken).toHaveLength(2);
    expect(performance.now() - begun).toBeGreaterThan(2_900);
    expect(performance.now() - begun).toBeLessThan(6_000);
  });

  test('hangs is given up although garbage is collected meanwhile', async () => {
    const { taken, logs, url } = await receiver((nth, response) => void (nth > 1 && response.writeHead(200).end()));
    const log = createLog({ level: 'debug', write: (line) => logs.push(line), now: () => new Date() });
    const notify = createNotify({ url, secret: new Secret(SECRET) }, { log, now: () => NOW, pausesMs: [10], deadlineMs: 300 });
    notify.asked(PLAN, LINK);
    for (let i = 0; taken.length === 0 && i < 100; i += 1) await sleep(5);
    collectGarbage();
    await notify.close(3_000);
    expect([taken.length, logs]).toEqual([2, []]);
  });

  test('is not there is given up, and more than a hundred at once are left out', async () => {
    const { notify, logs } = await receiver(() => {});
    for (let i = 0; i < 103; i += 1) notify.asked(PLAN, LINK);
    expect(logs.filter((it) => it.includes('too many'))).toHaveLength(3);
    await notify.close(50);
  });
});
