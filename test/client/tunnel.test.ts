import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Unsent } from '../../src/errors.ts';
import { failureOf } from './calls.ts';
import { create, KEY, stub, transport, version } from './opened.ts';

describe('through a proxy', () => {
  /** Tunnels every CONNECT to the stub, or hangs up. */
  async function startProxy(mode: 'tunnel' | 'hang up' | 'refuse') {
    const asked: { target: string; headers: string }[] = [];
    const proxy = createServer();
    proxy.on('connect', (request, socket) => {
      asked.push({ target: request.url ?? '', headers: request.rawHeaders.join('\n') });
      socket.on('error', () => {});
      if (mode === 'hang up') return void socket.destroy();
      if (mode === 'refuse') return void socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      const onward = connect(Number(stub.url.port), '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
        socket.pipe(onward).pipe(socket);
      });
      onward.on('error', () => {});
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as AddressInfo; // it listens on TCP
    return { asked, url: `http://me:secret@127.0.0.1:${port}`, close: () => proxy.close() };
  }
  const away = { adminUrl: new URL('http://kratos.test:4434/base') };

  test('a request reaches Kratos in a tunnel, and the proxy sees no credential of Kratos', async () => {
    const proxy = await startProxy('tunnel');
    await transport({ ...away, httpProxy: proxy.url, bearer: KEY }).send(version);
    expect(proxy.asked).toEqual([expect.objectContaining({ target: 'kratos.test:4434' })]);
    expect(JSON.stringify(proxy.asked)).not.toContain(KEY);
    expect(stub.requests).toEqual([expect.objectContaining({ path: '/base/version' })]);
    expect(stub.requests[0]?.headers).toMatchObject({ host: 'kratos.test:4434', authorization: `Bearer ${KEY}` });
    expect(JSON.stringify(stub.requests)).not.toContain('proxy-authorization');
    proxy.close();
  });

  test.each(['hang up', 'refuse'] as const)('that answers with “%s”, nothing was sent and the proxy is asked once', async (mode) => {
    const proxy = await startProxy(mode);
    const error = await failureOf(transport({ ...away, httpProxy: proxy.url }).send(create));
    expect(error).toBeInstanceOf(Unsent);
    expect(error.message).toMatch(/the proxy/);
    expect(proxy.asked).toHaveLength(1);
    proxy.close();
  });

  test('a request to loopback goes straight', async () => {
    await transport({ httpProxy: 'http://127.0.0.1:1', httpsProxy: 'http://127.0.0.1:1' }).send(version);
    expect(stub.requests).toHaveLength(1);
  });
});
