import { createServer } from 'node:net';
import { test } from 'vitest';
import { createTransport } from '../../src/client/transport.ts';

for (const mode of ['destroy', 'reset', 'refuse', 'tls']) {
  test(mode, async () => {
    let n = 0;
    const server = createServer((s) => {
      n += 1;
      s.on('error', () => {});
      s.once('data', () => {
        if (mode === 'refuse') s.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n');
        else if (mode === 'reset') s.resetAndDestroy();
        else s.destroy();
      });
    });
    await new Promise<void>((r) => server.listen(0, '127.0.0.1', r));
    const port = (server.address() as { port: number }).port;
    const t = mode === 'tls'
      ? createTransport({ adminUrl: new URL(`https://127.0.0.1:${port}`), callTimeoutMs: 2000 })
      : createTransport({ adminUrl: new URL('https://kratos.test/'), httpsProxy: `http://127.0.0.1:${port}`, callTimeoutMs: 2000 });
    const at = Date.now();
    await t.send({ endpoint: 'getVersion', port: 'admin', method: 'GET', path: '/version' }).then(
      (r) => console.log(mode, r),
      (e: Error) => console.log(mode, n, Date.now() - at, e.name, e.message, e.cause),
    );
    await t.close().catch(() => {});
    server.close();
  });
}
