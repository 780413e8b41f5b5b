/** The one address of several replicas: each connection to the next one, or to the one that its first request names (`X-To`). */
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Front {
  readonly port: number;
  readonly close: () => Promise<void>;
}

export interface Behind {
  readonly name: string;
  readonly port: number;
}

/** `behind` is asked at each connection. */
export async function startFront(behind: () => readonly Behind[]): Promise<Front> {
  const open = new Set<Socket>();
  let count = 0;
  const chosen = (head: string): Behind | undefined => {
    const all = behind();
    const name = /^x-to: (\S+)\r$/im.exec(head)?.[1];
    return name === undefined ? all[(count += 1) % all.length] : all.find((it) => it.name === name);
  };
  const server = createServer((near) => {
    track(near, open);
    near.once('data', (first: Buffer) => {
      const to = chosen(first.toString('latin1'));
      if (to === undefined) return near.destroy();
      const far = connect(to.port, '127.0.0.1');
      track(far, open);
      far.write(first);
      near.pipe(far).pipe(near);
      near.once('close', () => far.destroy());
      far.once('close', () => near.destroy());
    });
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo; // it listens on a port
  return {
    port,
    async close() {
      for (const it of open) it.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function track(socket: Socket, open: Set<Socket>): void {
  open.add(socket);
  socket.on('error', () => {}); // who was behind it may be dead
  socket.once('close', () => open.delete(socket));
}
