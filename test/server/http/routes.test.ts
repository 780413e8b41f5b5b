/** Every route by every method, without a token and with one that does not count: what answers is listed here, and nothing else does. */
import type { RequestListener } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { closeAll, raw, small } from './raw.ts';

afterEach(closeAll);

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY'] as const;
const METADATA = '/.well-known/oauth-protected-resource/mcp';
/** By method; `else` for all others. */
const TABLE: Readonly<Record<string, Readonly<Partial<Record<(typeof METHODS)[number] | 'else', number>>>>> = {
  '/mcp': { POST: 401, GET: 401, DELETE: 401, else: 405 },
  '/livez': { GET: 200, HEAD: 200, else: 405 },
  '/readyz': { GET: 401, HEAD: 401, else: 405 },
  '/metrics': { GET: 401, HEAD: 401, else: 405 },
  [METADATA]: { GET: 200, HEAD: 200, OPTIONS: 204, else: 405 },
  '/approvals': { else: 418 },
  '/approvals/x': { else: 418 },
  '/approvals?x=1': { else: 418 },
  '/mcp?access_token=token-of-the-tester': { POST: 401, GET: 401, DELETE: 401, else: 405 },
};
const NOT_THERE = [
  '/',
  '/mcp/',
  '/MCP',
  '/mcp;x',
  '/mcp%2f',
  '/%6dcp',
  '/./mcp',
  '/x/../mcp',
  '//mcp',
  '/mcp/x',
  '/mcp\\',
  '/livez/',
  '/metrics/x',
  '/approvalsx',
  '/Approvals',
  '/.well-known/oauth-protected-resource',
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
  '/__proto__',
  '/constructor',
  '/sse',
  '/messages',
  '/health',
  '/favicon.ico',
  '/robots.txt',
];

/** Answers without a token, as the page and the operator's port do. */
const says =
  (status: number): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, { 'Content-Length': 0 }).end();

const withAll = () =>
  small({ approvals: says(418), operations: says(401), metadata: { [METADATA]: { resource: 'http://localhost/mcp' } } });

function bytes(port: number, { method, path, token }: { method: string; path: string; token?: string | undefined }): string {
  const authorization = token === undefined ? '' : `Authorization: ${token}\r\n`;
  return `${method} ${path} HTTP/1.1\r\nHost: localhost:${port}\r\n${authorization}Content-Length: 0\r\nConnection: close\r\n\r\n`;
}

describe.each([
  ['no token', undefined],
  ['a token that does not count', 'Bearer wrong'],
  ['no bearer token', 'Basic dG9rZW4tb2YtdGhlLXRlc3Rlcg=='],
])('with %s', (_name, token) => {
  test.each(Object.entries(TABLE))('%s', async (path, expected) => {
    const it = await withAll();
    for (const method of METHODS) {
      const got = await raw(it.port, bytes(it.port, { method, path, token }));
      // Node knows no QUERY before 22.
      const known = got.status === 400 && method === 'QUERY';
      if (!known) expect([method, got.status]).toEqual([method, expected[method] ?? expected.else]);
      if (got.status === 405) expect(got.headers['allow']).toBeTruthy();
    }
    expect(it.entered.built).toBe(0);
  });

  test.each(NOT_THERE)('%s is not there', async (path) => {
    const it = await withAll();
    for (const method of METHODS.filter((it) => it !== 'QUERY')) {
      expect([method, (await raw(it.port, bytes(it.port, { method, path, token }))).status]).toEqual([method, 404]);
    }
    expect(it.entered).toEqual({ authenticated: 0, built: 0 });
  });
});

test('what was not given is not there', async () => {
  const it = await small();
  for (const path of ['/approvals', '/approvals/x', '/readyz', '/metrics', METADATA]) {
    expect((await raw(it.port, bytes(it.port, { method: 'GET', path }))).status).toBe(404);
  }
});

test('405 lists the methods that are there', async () => {
  const it = await withAll();
  const allow = async (path: string) => (await raw(it.port, bytes(it.port, { method: 'PUT', path }))).headers['allow'];
  expect(await allow('/mcp')).toBe('POST, GET, DELETE');
  expect(await allow('/livez')).toBe('GET, HEAD');
  expect(await allow(METADATA)).toBe('GET, HEAD, OPTIONS');
});

test('/livez says nothing but that it is there', async () => {
  const it = await small();
  const got = await raw(it.port, bytes(it.port, { method: 'GET', path: '/livez' }));
  expect([got.status, got.body, got.headers['content-length'], got.headers['server']]).toEqual([200, '', '0', undefined]);
});

test('metadata is for the pages of everybody', async () => {
  const it = await withAll();
  const request = (method: string) =>
    `${method} ${METADATA} HTTP/1.1\r\nHost: localhost:${it.port}\r\nOrigin: https://anywhere.example\r\nX-Forwarded-Host: evil.com\r\n\r\n`;
  const got = await raw(it.port, request('GET'));
  expect([got.status, got.headers['access-control-allow-origin'], got.headers['content-type']]).toEqual([200, '*', 'application/json']);
  expect(JSON.parse(got.body)).toEqual({ resource: 'http://localhost/mcp' });
  expect((await raw(it.port, request('OPTIONS'))).headers['access-control-allow-methods']).toBe('GET, HEAD, OPTIONS');
});

test('what answers for approvals gets the request as it came, whatever its Host and Origin', async () => {
  const seen: string[] = [];
  const it = await small({
    approvals: (request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers.host} ${request.headers.origin}`);
      response.writeHead(204).end();
    },
  });
  await raw(it.port, 'POST /approvals/x?y=1 HTTP/1.1\r\nHost: other.example\r\nOrigin: https://other.example\r\nContent-Length: 0\r\n\r\n');
  expect(seen).toEqual(['POST /approvals/x?y=1 other.example https://other.example']);
});

test('each request is counted by a name of ours and its status', async () => {
  const it = await withAll();
  for (const path of ['/mcp', '/livez', '/who/knows', '/approvals/secret-id']) await raw(it.port, bytes(it.port, { method: 'GET', path }));
  await expect.poll(() => it.metered).toHaveLength(5);
  expect(it.metered.toSorted()).toEqual(['approvals 418', 'livez 200', 'mcp 401', 'none 404', 'refused route']);
});
