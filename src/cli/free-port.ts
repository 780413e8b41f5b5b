/** A port that is free at present, where the operator leaves the choice to us: what others are told of this server needs its number first. */
import { createServer } from 'node:net';

export async function freePort(hosts: readonly string[] = []): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, hosts[0] ?? '127.0.0.1', () => resolve());
  });
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
