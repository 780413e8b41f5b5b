/** Hands connections from a port of loopback on to another host, so that an issuer has the same loopback address everywhere. */
import { connect, createServer } from 'node:net';

const [port = '4444', to = 'hydra:4444'] = process.argv.slice(2);
const [host, toPort] = to.split(':');

// Half-open: who has said everything may still be answered.
createServer({ allowHalfOpen: true }, (near) => {
  const far = connect({ port: Number(toPort), host, allowHalfOpen: true });
  near.pipe(far).pipe(near);
  near.on('error', () => far.destroy());
  far.on('error', () => near.destroy());
  near.on('close', () => far.destroy());
  far.on('close', () => near.destroy());
}).listen(Number(port), '127.0.0.1');

process.once('SIGTERM', () => process.exit(0));
