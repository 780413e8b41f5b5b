// Transports to a stub, fresh for each test and closed after it.
import { afterEach, beforeEach } from 'vitest';
import { createTransport, type Transport, type TransportOptions } from '../../src/client/transport.ts';
import type { WireRequest } from '../../src/client/types.ts';
import { startStub, type Stub } from '../support/stub.ts';

export const KEY = 'ory_pat_canary';
export const version: WireRequest = { endpoint: 'getVersion', port: 'admin', method: 'GET', path: '/version' };
export const schemas: WireRequest = { endpoint: 'listIdentitySchemas', port: 'public', method: 'GET', path: '/schemas' };
export const create: WireRequest = {
  endpoint: 'createIdentity',
  port: 'admin',
  method: 'POST',
  path: '/admin/identities',
  body: '{"a":"ü"}',
};

/** In Kratos' place. */
export let stub: Stub;
/** Where nothing should go. */
export let sink: Stub;
const open: Transport[] = [];
beforeEach(async () => {
  [stub, sink] = await Promise.all([startStub(), startStub()]);
});
afterEach(async () => {
  await Promise.all([stub.close(), sink.close()]);
  await Promise.all(open.splice(0).map((it) => it.close()));
});

export function transport(options: Partial<TransportOptions> = {}): Transport {
  const made = createTransport({ adminUrl: stub.url, callTimeoutMs: 3000, ...options });
  open.push(made);
  return made;
}
