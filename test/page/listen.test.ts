/** Both loopback addresses or none. */
import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { listenOnLoopback, type Listening } from '../../src/page/listen.ts';
import { createPage } from '../../src/page/page.ts';
import { PageUnavailable } from '../../src/page/types.ts';
import { scene, send } from './scene.ts';

let open: { close(): unknown }[] = [];
afterEach(async () => {
  for (const it of open) await it.close();
  open = [];
});
const kept = <T extends { close(): unknown }>(it: T): T => {
  open.push(it);
  return it;
};

function squat(host: string, port = 0): Promise<{ readonly server: Server; readonly port: number } | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(undefined));
    server.listen({ host, port, ipv6Only: host === '::1' }, () => {
      kept(server);
      const address = server.address();
      resolve({ server, port: typeof address === 'object' && address !== null ? address.port : 0 });
    });
  });
}
const ok = (): Promise<Listening> => listenOnLoopback(0, (_, response) => response.end('ok')).then(kept);
const hasIpv6 = (await squat('::1')) !== undefined;

describe('the page', () => {
  test('answers on 127.0.0.1, and on [::1] at the same port where the machine has it', async () => {
    const { port } = await ok();
    expect((await send(port, '/')).body).toBe('ok');
    if (hasIpv6) expect((await send(port, '/', { host: '::1' })).body).toBe('ok');
  });

  test('leaves nothing on its port to anybody else', async () => {
    const { port } = await ok();
    expect(await squat('127.0.0.1', port)).toBeUndefined();
    if (hasIpv6) expect(await squat('::1', port)).toBeUndefined();
  });

  test.each(['127.0.0.1', ...(hasIpv6 ? ['::1'] : [])])('is not opened at all where another process holds its port on %s', async (host) => {
    const squatter = await squat(host);
    const port = squatter?.port ?? 0;
    const opening = listenOnLoopback(port, (_, response) => response.end());
    await expect(opening).rejects.toThrow(PageUnavailable);
    await expect(opening).rejects.toThrow('--page-port');
    const other = host === '::1' ? '127.0.0.1' : '::1';
    if (hasIpv6) expect(await squat(other, port)).toBeDefined(); // nothing was left listening there
  });

  test('is opened at the first address and not before, once for all who ask at the same time', async () => {
    const it = kept(await scene());
    const [a, b] = await Promise.all([it.page.addressOf('a'), it.page.addressOf('b')]);
    expect(a).toMatch(/^http:\/\/localhost:\d+\/approvals\/a$/);
    expect(new URL(a).port).toBe(new URL(b).port);
  });

  test('is not opened in a container without a fixed port, and says what to do', async () => {
    const it = kept(await scene());
    const page = kept(createPage({ ...it.ports, inContainer: () => true }));
    await expect(page.addressOf('x')).rejects.toThrow(/container.*--http.*--page-port/s);
    const { port } = await ok();
    await (open.pop()?.close() as Promise<void> | undefined);
    const fixed = kept(createPage({ ...it.ports, port, inContainer: () => true }));
    expect(await fixed.addressOf('x')).toContain(`:${port}/`);
  });

  test('is gone when it is closed, and is not opened again', async () => {
    const it = kept(await scene());
    const port = await it.port();
    await it.page.close();
    await expect(send(port, '/')).rejects.toThrow('ECONNREFUSED');
    await expect(it.page.addressOf('x')).rejects.toThrow(PageUnavailable);
  });
});
