/** The built program and a Kratos behind https: an authority of one's own, a client certificate, a base path. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../cli/program.ts';
import { certificate } from './certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'tls-'));
const file = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
};
const authority = certificate('authority');
const [server, client, other] = [certificate('server', authority), certificate('client', authority), certificate('other', authority)];
const ca = ['--ca-file', file('ca.pem', authority.cert)];
const pair = ['--client-cert-file', file('client.pem', client.cert), '--client-key-file', file('client.key', client.key)];

const seen: string[] = [];
let https: Server;
let admin: readonly string[] = [];
beforeAll(async () => {
  https = createServer({ key: server.key, cert: server.cert, ca: authority.cert, requestCert: true }, (request, response) => {
    const path = request.url?.split('?')[0] ?? '';
    const { subject } = (request.socket as TLSSocket).getPeerCertificate(); // an https server's sockets
    seen.push(`${String(subject.CN)} ${path}`);
    const body = path.endsWith('/version') ? { version: 'v26.2.0' } : [];
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve));
  admin = ['--admin-url', `https://127.0.0.1:${(https.address() as AddressInfo).port}/base/path`]; // listening on TCP
});
afterAll(() => {
  https.close();
  rmSync(folder, { recursive: true });
});

test('with both, every call shows the certificate and keeps the base path', async () => {
  const { code, stdout } = await run(['doctor', ...admin, ...ca, ...pair]);
  expect([code, stdout]).toEqual([0, expect.stringContaining('Kratos v26.2.0 answers.')]);
  const paths = ['/base/path/admin/identities', '/base/path/schemas', '/base/path/version'];
  expect(seen.toSorted()).toEqual(paths.map((it) => `client ${it}`));
});

test('without the authority, or without the certificate, nothing is sent', async () => {
  seen.length = 0;
  const unknown = await run(['doctor', ...admin, ...pair]);
  expect([unknown.code, unknown.stdout.replace(/\s+/g, ' ')]).toEqual([
    1,
    expect.stringContaining('a private CA goes into KRATOS_CA_FILE'),
  ]);
  const nobody = await run(['doctor', ...admin, ...ca]);
  expect(nobody.code).toBe(1);
  expect(seen).toEqual([]);
});

test.each([
  [
    'the key of another certificate',
    () => [...pair.slice(0, 3), file('other.key', other.key)],
    'KRATOS_CLIENT_KEY_FILE (--client-key-file) is not the key',
  ],
  [
    'a key for a certificate',
    () => ['--client-cert-file', file('no.pem', client.key), ...pair.slice(2)],
    '(--client-cert-file) names a file that holds no readable',
  ],
  [
    'an authority that is none',
    () => ['--ca-file', file('bad.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n')],
    'KRATOS_CA_FILE (--ca-file) names a file that holds no',
  ],
])('%s ends it before it starts, in one line', async (_, args, message) => {
  const { code, stdout, stderr } = await run([...admin, ...args()]);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(/^ory-identity-mcp: [^\n]+\n$/);
  expect(stderr).toContain(message);
});
