import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EndpointName } from '../../src/client/endpoints.ts';
import { createKratos } from '../../src/client/kratos.ts';
import { createTransport, type Transport } from '../../src/client/transport.ts';
import { KratosError } from '../../src/errors.ts';
import { type FaultName, faults, redirectTowards, startStub, type Stub } from '../support/stub.ts';
import { callByName, endpointNames, failureOf, isWrite } from './calls.ts';

const unhandled: unknown[] = [];
const note = (reason: unknown) => void unhandled.push(reason);
let stub: Stub;
let sink: Stub;
let transport: Transport;
beforeAll(async () => {
  process.on('unhandledRejection', note);
  [stub, sink] = await Promise.all([startStub(), startStub()]);
  transport = createTransport({
    adminUrl: stub.url,
    bearer: 'ory_pat_canary',
    headersTimeoutMs: 3_000, // an endless fault is ended by its call's deadline
    bodyTimeoutMs: 3_000,
    maxBodyBytes: 256 * 1024,
    connections: 64,
  });
});
afterAll(async () => {
  await Promise.all([stub.close(), sink.close()]);
  await transport.close();
  process.off('unhandledRejection', note);
});

const answersNothing = new Set(['deleteIdentity', 'deleteIdentityCredentials', 'deleteIdentitySessions', 'disableSession']);
/** Where a fault is what the endpoint counts as success, or its answer is right to everybody but the shape check. */
function passes(fault: FaultName, name: EndpointName): boolean {
  if (fault === 'not found') return name === 'deleteIdentitySessions';
  if (fault === 'conflict') return name === 'batchPatchIdentities';
  return fault === 'wrong-typed JSON' && !answersNothing.has(name);
}

describe.each(faults)('on every endpoint: %s', (fault, { handle, write, endless }) => {
  test('one typed error, in our words, and no write sent twice', async () => {
    stub.handle(handle);
    const from = stub.requests.length;
    const wait = async () => {};
    const kratos = createKratos({
      send: transport.send,
      network: false,
      publicConfigured: true,
      callTimeoutMs: endless ? 400 : 10_000,
      wait,
    });
    const names = endpointNames.filter((name) => !passes(fault, name));
    const errors = await Promise.all(names.map((name) => failureOf(callByName(kratos, name))));
    for (const [index, error] of errors.entries()) {
      const name = names[index] ?? 'getVersion';
      expect(error, name).toBeInstanceOf(KratosError);
      expect(error, name).toMatchObject({ effect: isWrite(name) ? write : 'rejected' });
      expect(error.message, name).toMatch(/^[A-Z][^<>{}]{10,200}\.$/);
      const { hint, retryable } = error as KratosError; // checked above
      expect(hint, name).toMatch(/^[A-Z][^<>{}]{10,400}\.$/);
      if (isWrite(name) && write === 'ambiguous')
        expect({ hint, retryable }).toEqual({ hint: expect.stringContaining('not known'), retryable: false });
      expect(`${error.message} ${hint}`, name).not.toMatch(/because|pq:|deadlock|slow down|conflicts with another|xxx|canary/);
    }
    const writes = stub.requests.slice(from).filter((it) => it.method !== 'GET');
    expect(writes.map((it) => `${it.method} ${it.path}`).sort()).toEqual(
      [...new Set(writes.map((it) => `${it.method} ${it.path}`))].sort(),
    );
    expect(writes).toHaveLength(names.filter(isWrite).length);
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });
});

test('a redirect to another origin tells it nothing', async () => {
  stub.handle(redirectTowards(sink.url));
  const kratos = createKratos({ send: transport.send, network: false, publicConfigured: true });
  for (const name of endpointNames) {
    expect(await failureOf(callByName(kratos, name))).toMatchObject({ status: 307, effect: isWrite(name) ? 'ambiguous' : 'rejected' });
  }
  expect(sink.connections()).toBe(0);
});
