/** A wire to a server that can be slow, lead elsewhere, or be cut. */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Proxy {
  readonly url: string;
  /** Each piece that comes back is held up for so long. */
  delayMs: number;
  /** An answer that holds this is lost, and all that come after it. */
  loses: string | undefined;
  /** Where new connections lead. */
  port: number;
  /** Ends all that are open. */
  readonly cut: () => void;
  readonly close: () => Promise<void>;
}

export async function startProxy(port: number): Promise<Proxy> {
  const open = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(proxy.port, '127.0.0.1');
    for (const it of [near, far]) {
      open.add(it);
      it.on('close', () => {
        open.delete(it);
        near.destroy();
        far.destroy();
      });
      it.on('error', () => {});
    }
    let lost = false;
    near.on('data', (bytes) => far.write(bytes));
    far.on('data', (bytes: Buffer) => {
      lost ||= proxy.loses !== undefined && bytes.includes(proxy.loses);
      if (lost) return;
      const pass = () => void (near.destroyed || near.write(bytes));
      if (proxy.delayMs === 0) pass();
      else setTimeout(pass, proxy.delayMs);
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port: mine } = server.address() as AddressInfo; // it listens on a port
  const cut = () => {
    for (const it of open) it.destroy();
  };
  const proxy: Proxy = {
    url: `redis://127.0.0.1:${mine}`,
    delayMs: 0,
    loses: undefined,
    port,
    cut,
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}
