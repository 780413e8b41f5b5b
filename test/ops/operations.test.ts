import { createServer, request as send, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { UsageError } from '../../src/errors.ts';
import { Secret } from '../../src/lib/secret.ts';
import { createOperations, type Readiness } from '../../src/ops/operations.ts';
import { openOpsPort } from '../../src/ops/port.ts';

const METRICS = '# HELP x\nx 1\n';
const TOKEN = 'a-token-for-monitoring';

function listener({ ready = { ok: true }, token }: { ready?: Readiness; token?: string } = {}): RequestListener {
  return createOperations({
    metricsText: async () => METRICS,
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
    isReady: () => ready,
    ...(token !== undefined && { token: new Secret(token) }),
  });
}

async function served(it: RequestListener): Promise<string> {
  const { port, close } = await openOpsPort({ hosts: [], port: 0, listener: it });
  onTestFinished(close);
  return `http://127.0.0.1:${port}`;
}

test('livez is 200 and empty', async () => {
  const answer = await fetch(`${await served(listener())}/livez`);
  expect([answer.status, await answer.text()]).toEqual([200, '']);
});

test.each<readonly [string, Readiness, number]>([
  ['ready', { ok: true }, 200],
  ['not ready while it drains', { ok: false, because: 'draining' }, 503],
  ['ready for reads while the store is away, and says so', { ok: true, degraded: 'store' }, 200],
])('readyz: %s', async (_, ready, status) => {
  const answer = await fetch(`${await served(listener({ ready }))}/readyz`);
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/json');
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(await answer.json()).toEqual(ready);
});

test('metrics are served as Prometheus asks for them', async () => {
  const answer = await fetch(`${await served(listener())}/metrics?x=1`);
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(await answer.text()).toBe(METRICS);
});

test('metrics that fail are a bare 500', async () => {
  const broken = createOperations({
    metricsText: () => Promise.reject(new Error('canary')),
    contentType: 'text/plain',
    isReady: () => ({ ok: true }),
  });
  const answer = await fetch(`${await served(broken)}/metrics`);
  expect([answer.status, await answer.text()]).toEqual([500, '']);
});

test.each(['/livez', '/readyz', '/metrics'])('%s takes GET and HEAD, and nothing else', async (path) => {
  const at = `${await served(listener())}${path}`;
  const head = await fetch(at, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) {
    const answer = await fetch(at, { method });
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  }
});

test.each(['/', '/mcp', '/livez/', '/Metrics', '//metrics', '/metrics%2f', '/.well-known/x', '/livez/../metrics'])(
  '%s is 404',
  async (path) => {
    const base = new URL(await served(listener()));
    const status = await new Promise<number | undefined>((resolve, reject) => {
      send({ host: base.hostname, port: base.port, path }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(404);
  },
);

test('with a token, readyz and metrics are for who shows it; livez is for everybody', async () => {
  const at = await served(listener({ token: TOKEN }));
  const status = async (path: string, authorization?: string) =>
    (await fetch(`${at}${path}`, { headers: authorization === undefined ? {} : { authorization } })).status;
  expect(await status('/livez')).toBe(200);
  for (const path of ['/readyz', '/metrics']) {
    expect(await status(path, `Bearer ${TOKEN}`)).toBe(200);
    expect(await status(path, `bearer ${TOKEN}`)).toBe(200);
    for (const wrong of [
      undefined,
      'Bearer',
      'Bearer ',
      `Bearer ${TOKEN}x`,
      `Bearer ${TOKEN.slice(1)}`,
      TOKEN,
      `Basic ${TOKEN}`,
      `Bearer ${TOKEN} ${TOKEN}`,
    ]) {
      expect(await status(path, wrong)).toBe(401);
    }
    expect(await status(`${path}?access_token=${TOKEN}`)).toBe(401);
  }
});

test('of two Authorization headers none counts', async () => {
  const base = new URL(await served(listener({ token: TOKEN })));
  const status = await new Promise<number | undefined>((resolve, reject) => {
    const headers = ['authorization', `Bearer ${TOKEN}`, 'authorization', 'Bearer other', 'host', base.host];
    send({ host: base.hostname, port: base.port, path: '/metrics', headers }, (answer) => {
      answer.resume();
      resolve(answer.statusCode);
    })
      .on('error', reject)
      .end();
  });
  expect(status).toBe(401);
});

test('the refusal says nothing and asks for a bearer token', async () => {
  const answer = await fetch(`${await served(listener({ token: TOKEN }))}/metrics`);
  expect([answer.headers.get('www-authenticate'), await answer.text()]).toEqual(['Bearer', '']);
});

test('without a host it is there on both loopback addresses, and on no other', async () => {
  const { port, close } = await openOpsPort({ hosts: [], port: 0, listener: listener() });
  onTestFinished(close);
  for (const host of ['127.0.0.1', '[::1]']) expect((await fetch(`http://${host}:${port}/livez`)).status).toBe(200);
});

test('a port that is taken is an error that names the setting', async () => {
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void other.close());
  const { port } = other.address() as AddressInfo; // it listens on a port
  const opening = openOpsPort({ hosts: [], port, listener: listener() });
  await expect(opening).rejects.toThrow(UsageError);
  await expect(opening).rejects.toThrow('KRATOS_MCP_OPS_PORT');
});

test('closing cuts who holds a connection open', async () => {
  const { port, close } = await openOpsPort({ hosts: ['127.0.0.1'], port: 0, listener: listener() });
  await (await fetch(`http://127.0.0.1:${port}/livez`)).text(); // keeps its connection alive
  const began = performance.now();
  await close();
  expect(performance.now() - began).toBeLessThan(1_000);
  await expect(fetch(`http://127.0.0.1:${port}/livez`)).rejects.toThrow();
});
