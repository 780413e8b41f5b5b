/** Where it listens, under TLS or not, and how it ends. */
import { once } from 'node:events';
import { Agent, get, type RequestListener } from 'node:http';
import { connect, createServer } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import { UsageError } from '../../../src/errors.ts';
import { currentTrace } from '../../../src/trace.ts';
import { seed } from '../../../src/seed.ts';
import { certificate } from '../../e2e/certificates.ts';
import { openHttpHarness, type HttpHarness } from '../../support/http.ts';
import { answerFrom, call, closeAll, echoCall, FAMILIES, post, raw, small } from './raw.ts';

const harnesses: HttpHarness[] = [];
afterEach(async () => {
  await closeAll();
  await Promise.all(harnesses.splice(0).map((it) => it.close()));
});

describe('addresses', () => {
  test.each(FAMILIES)('one port is held on both loopback addresses, or nothing is opened (taken on %s)', async (host) => {
    const squatter = createServer().listen({ host, port: 0, ipv6Only: host === '::1' });
    await once(squatter, 'listening');
    const { port } = squatter.address() as { port: number }; // listening on TCP
    const opening = small({ bind: { hosts: [], port } });
    await expect(opening).rejects.toThrow(UsageError);
    await expect(opening).rejects.toThrow(`Another program holds port ${port}`);
    const other = createServer().listen({ host: host === '::1' ? '127.0.0.1' : '::1', port });
    await once(other, 'listening'); // nothing was left there
    other.close();
    squatter.close();
  });

  test('a given address is the only one', async () => {
    const it = await small({ bind: { hosts: ['127.0.0.1'], port: 0 } });
    expect((await raw(it.port, echoCall(it.port))).status).toBe(200);
    expect((await raw(it.port, echoCall(it.port), { host: '::1' })).status).toBe(0);
  });

  test.each([['0.0.0.0'], ['::']])('%s is all of them, for which Host still counts', async (host) => {
    const it = await small({ bind: { hosts: [host], port: 0 } });
    expect((await raw(it.port, echoCall(it.port))).status).toBe(200);
    expect((await raw(it.port, echoCall(it.port, { Host: `0.0.0.0:${it.port}` }))).status).toBe(403);
  });

  test.each([
    ['an address that this machine does not have', { bind: { hosts: ['192.0.2.1'], port: 0 } }],
    ['what is no CIDR', { trustedProxies: ['10.0.0.0/33'] }],
    ['a name for a CIDR', { trustedProxies: ['proxy.example.com'] }],
    ['a certificate that is none', { bind: { hosts: [], port: 0, tls: { cert: 'x', key: 'canary' } } }],
  ])('%s stops the start, in words that say what to do', async (_name, ports) => {
    const opening = small(ports);
    await expect(opening).rejects.toThrow(UsageError);
    await expect(opening).rejects.toThrow(/--(?:http|trusted-proxies|tls-cert-file)/);
    await expect(opening).rejects.not.toThrow('canary');
  });
});

describe('TLS', () => {
  const ca = certificate('an authority');
  const { cert, key } = certificate('a server', ca);
  const open = () => small({ bind: { hosts: [], port: 0, tls: { cert, key } } });
  const over = async (port: number, bytes: string, more: object = {}) => {
    const socket: TLSSocket = connectTls({ host: '127.0.0.1', port, ca: ca.cert, ...more });
    await once(socket, 'secureConnect');
    socket.write(bytes);
    try {
      return await answerFrom(socket);
    } finally {
      socket.destroy();
    }
  };

  test('is spoken, with HSTS on every answer', async () => {
    const it = await open();
    for (const [bytes, status] of [
      [echoCall(it.port), 200],
      [echoCall(it.port, { Host: 'other' }), 403],
      [echoCall(it.port, { Authorization: undefined }), 401],
    ] as const) {
      const got = await over(it.port, bytes);
      expect([got.status, got.headers['strict-transport-security']]).toEqual([status, 'max-age=63072000']);
    }
    expect((await raw((await small()).port, 'GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')).headers).not.toHaveProperty(
      'strict-transport-security',
    );
  });

  test('1.1 and plain text get nowhere', async () => {
    const it = await open();
    await expect(
      over(it.port, echoCall(it.port), { maxVersion: 'TLSv1.1', minVersion: 'TLSv1', ciphers: 'ALL:@SECLEVEL=0' }),
    ).rejects.toThrow();
    expect((await raw(it.port, echoCall(it.port))).status).toBe(0);
    expect((await over(it.port, echoCall(it.port), { maxVersion: 'TLSv1.2' })).status).toBe(200);
    expect(it.entered.built).toBe(1);
  });

  test('connections are counted under it, too', async () => {
    const it = await small({ bind: { hosts: [], port: 0, tls: { cert, key } }, limits: { connections: 1 }, approvals: () => {} });
    const busy: TLSSocket = connectTls({ host: '127.0.0.1', port: it.port, ca: ca.cert });
    await once(busy, 'secureConnect');
    busy.write('GET /approvals HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect
      .poll(async () =>
        over(it.port, echoCall(it.port)).then(
          () => 'served',
          () => 'turned away',
        ),
      )
      .toBe('turned away');
    expect(busy.destroyed).toBe(false);
    busy.destroy();
  });
});

describe('the trace of a request', () => {
  const PARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const seen: (string | undefined)[] = [];
  const open = async () => {
    const { McpServer } = await import('@modelcontextprotocol/server');
    seen.length = 0;
    return small({
      build: () => {
        const server = new McpServer({ name: 'traced', version: '1' });
        server.registerTool('echo', {}, () => {
          seen.push(currentTrace()?.traceparent);
          return { content: [] };
        });
        return server;
      },
    });
  };

  test('is taken from the header where that is valid, and never sent back', async () => {
    const it = await open();
    for (const traceparent of [PARENT, 'canary', `${PARENT}-x`, PARENT.toUpperCase()]) {
      const got = await raw(it.port, echoCall(it.port, { traceparent }));
      expect(got.status).toBe(200);
      expect(JSON.stringify(got)).not.toMatch(/0af7651916cd43dd|canary/i);
    }
    expect(seen).toEqual([PARENT, undefined, undefined, undefined]);
  });

  test('is taken from a 2026-07-28 message before its header', async () => {
    const it = await open();
    const _meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
      'io.modelcontextprotocol/clientCapabilities': {},
      traceparent: PARENT,
    };
    const body = JSON.stringify({ ...call, params: { ...call.params, _meta } });
    const headers = { 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': 'tools/call', 'Mcp-Name': 'echo' };
    expect((await raw(it.port, post(it.port, body, { ...headers, traceparent: PARENT.replace('0af7', 'ffff') }))).status).toBe(200);
    expect(seen).toEqual([PARENT]);
  });
});

describe('the end', () => {
  const FORM = { form: {} };
  const open = async (): Promise<HttpHarness> => {
    const it = await openHttpHarness();
    harnesses.push(it);
    return it;
  };

  test('waits for what is under way, answers 503 on connections that were kept, and takes no new ones', async () => {
    let letGo = () => {};
    let isAsked = false;
    const approvals: RequestListener = (_request, response) => {
      isAsked = true;
      letGo = () => response.end('done');
    };
    const it = await small({ approvals });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const kept = connect({ host: '127.0.0.1', port: it.port });
    kept.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n');
    expect((await answerFrom(kept)).status).toBe(403);
    kept.write('GET /approvals HTTP/1.1\r\nHost: x\r\n\r\n');
    await expect.poll(() => isAsked).toBe(true);
    const began = performance.now();
    const closed = it.server.close(10_000);
    await expect(
      new Promise((resolve, reject) => get({ host: '127.0.0.1', port: it.port, agent }, resolve).once('error', reject)),
    ).rejects.toThrow('ECONNREFUSED');
    // Behind the request that is under way, on the same connection.
    kept.write(echoCall(it.port));
    await new Promise((resolve) => setTimeout(resolve, 50));
    let text = '';
    kept.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    letGo();
    await closed;
    await expect.poll(() => text.match(/HTTP\/1\.1 \d+|^done/gm)).toEqual(['HTTP/1.1 200', 'done', 'HTTP/1.1 503']);
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(it.entered.built).toBe(0);
  });

  test('comes at once where nothing is under way, whoever holds connections and standing streams', async () => {
    const it = await open();
    const peer = await it.open({ era: 'legacy', elicitation: FORM });
    const headers = { Accept: 'text/event-stream', Authorization: 'Bearer token-of-the-tester', 'Mcp-Session-Id': peer.session ?? '' };
    const stream = await fetch(it.url, { headers });
    expect(stream.status).toBe(200);
    connect({ host: '127.0.0.1', port: it.port }).on('error', () => {});
    const began = performance.now();
    await it.server.close(10_000);
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(await stream.text()).toBe(''); // an end, not a cut
  });

  test.each(['legacy', 'modern'] as const)('%s: calls off what does not end in time, and nothing is sent', async (era) => {
    let isReached = false;
    const it = await openHttpHarness({
      through: (send) => async (request) => {
        isReached = true;
        if (request.method === 'GET') await new Promise((resolve) => request.signal?.addEventListener('abort', resolve));
        request.signal?.throwIfAborted();
        return send(request);
      },
    });
    harnesses.push(it);
    const peer = await it.open({ era, elicitation: FORM });
    void peer.call('delete_identity_sessions', { id: seed.ada }).catch(() => {});
    await expect.poll(() => isReached).toBe(true);
    const began = performance.now();
    await it.server.close(300);
    expect(performance.now() - began).toBeGreaterThan(250);
    await expect.poll(() => it.logs.filter((line) => line.includes('"event":"call"'))).toHaveLength(1);
    expect(it.writes()).toEqual([]);
  });

  test('twice is once', async () => {
    const it = await small();
    await Promise.all([it.server.close(10), it.server.close(10)]);
    await it.server.close(10);
  });
});
