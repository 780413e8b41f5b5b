/** The built program asked about serving over HTTP, and serving it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../src/cli/free-port.ts';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import { seed } from '../../src/seed.ts';
import { startProvider, type TestProvider } from '../support/provider.ts';
import { run, start } from './program.ts';

const folder = mkdtempSync(join(tmpdir(), 'http-'));
const tokensFile = join(folder, 'tokens.json');
let provider: TestProvider;
beforeAll(async () => {
  provider = await startProvider();
});
afterAll(async () => {
  await provider.close();
  rmSync(folder, { recursive: true });
});

const SANDBOX = { KRATOS_MCP_SANDBOX: 'true', KRATOS_MCP_HTTP: '18123' };
async function doctor(env: Readonly<Record<string, string>>) {
  const { code, stdout } = await run(['doctor', '--json'], { ...SANDBOX, ...env });
  const report = JSON.parse(stdout) as { level: string; checks: { name: string; status: string; says: string }[] };
  return { code, level: report.level, ...Object.fromEntries(report.checks.map((it) => [it.name, it])) } as Record<string, unknown>;
}

describe('doctor', () => {
  test('says who may call', async () => {
    expect(await doctor({})).toMatchObject({ code: 0, level: 'L0', http: { status: 'warning' } });
    const oauth = await doctor({ KRATOS_MCP_OAUTH_ISSUER: provider.issuer });
    expect(oauth).toMatchObject({ code: 0, level: 'L0', http: { status: 'ok' }, oauth: { status: 'ok' } });
    expect(JSON.stringify(oauth)).toContain('http://localhost:18123/mcp');
  });

  test('says that an issuer cannot be asked, and that approvers could not sign in', async () => {
    const env = { KRATOS_MCP_OAUTH_ISSUER: 'http://127.0.0.1:9', KRATOS_MCP_APPROVALS_CLIENT_ID: 'page' };
    expect(await doctor(env)).toMatchObject({ code: 1, level: 'L2', oauth: { status: 'failed' }, 'sign-in': { status: 'failed' } });
  });

  test('says that nobody is named as an approver, and where the provider sends them', async () => {
    const env = { KRATOS_MCP_OAUTH_ISSUER: provider.issuer, KRATOS_MCP_APPROVALS_CLIENT_ID: 'page' };
    const report = await doctor(env);
    expect(report).toMatchObject({ code: 0, level: 'L2', 'sign-in': { status: 'warning' } });
    expect(JSON.stringify(report['sign-in'])).toMatch(/localhost:18123\/approvals\/callback.*names nobody/);
    expect(report).not.toHaveProperty('approvers');
  });

  test('says that replicas share nothing, and that a store is not there', async () => {
    expect(await doctor({ KRATOS_MCP_REPLICAS: '2' })).toMatchObject({ replicas: { status: 'warning' } });
    const keys = { KRATOS_MCP_STORE: 'redis://127.0.0.1:9', KRATOS_MCP_STATE_KEYS: Buffer.alloc(32, 1).toString('base64') };
    expect(await doctor(keys)).toMatchObject({ code: 1, store: { status: 'failed' } });
  });

  test('says that settings contradict each other, as a start would', async () => {
    expect(await doctor({ KRATOS_MCP_HTTP: '0.0.0.0:18123' })).toMatchObject({ code: 1, http: { status: 'failed' } });
  });

  test('explains a token that comes on standard input, and takes none as an argument', async () => {
    const env = { ...SANDBOX, KRATOS_MCP_OAUTH_ISSUER: provider.issuer };
    const good = await provider.sign('http://localhost:18123/mcp');
    const counts = await run(['doctor', '--token', '-'], env, good);
    expect([counts.code, counts.stdout]).toEqual([0, expect.stringContaining('The token counts.')]);
    const other = await provider.sign('http://localhost:18124/mcp');
    const not = await run(['doctor', '--token', '-'], env, `Bearer ${other}\n`);
    expect([not.code, not.stdout]).toEqual([1, expect.stringMatching(/FAILED +aud +expected http:\/\/localhost:18123\/mcp/)]);
    expect(not.stdout + not.stderr).not.toContain(other.split('.')[1]);
    expect(await run(['doctor', '--token', good], env)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Secrets are not accepted'),
    });
    expect(await run(['doctor', '--token', '-'], SANDBOX, good)).toMatchObject({ code: 2, stderr: expect.stringContaining('ask nobody') });
    expect(await run(['doctor', '--token', '-'], env, '')).toMatchObject({ code: 2, stderr: expect.stringContaining('No token came') });
  });
});

/** Serving, with what it logged so far. */
async function serving(args: readonly string[], env: Readonly<Record<string, string>> = {}, on: readonly string[] = ['--sandbox']) {
  const port = await freePort();
  const child = start([...on, '--http', String(port), ...args], env);
  let stderr = '';
  child.stderr?.setEncoding('utf8');
  await new Promise<void>((resolve, reject) => {
    child.stderr?.on('data', (text: string) => {
      stderr += text;
      if (stderr.includes('"event":"started"')) resolve();
    });
    child.once('close', (code) => reject(new Error(`ended with ${String(code)}: ${stderr}`)));
  });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  return {
    url: new URL(`http://localhost:${port}/mcp`),
    stderr: () => stderr,
    end: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

test('both clients of the protocol do the main job with a static token, and the program ends cleanly', async () => {
  const added = await run(['token', 'add', '--id', 'desk', '--scopes', 'kratos:sessions', '--days', '1', '--tokens-file', tokensFile]);
  const token = added.stdout.trim();
  expect(token).toMatch(/^kmcp_/);
  const server = await serving(['--tokens-file', tokensFile]);
  const requestInit = { headers: { Authorization: `Bearer ${token}` } };
  const find = { name: 'list_identities', arguments: { credentials_identifier: 'ada.byron@example.com' } };
  const revoke = { name: 'delete_identity_sessions', arguments: { id: seed.ada } };

  const old = new ClientV1({ name: 'old', version: '1' });
  await old.connect(new TransportV1(server.url, { requestInit }));
  expect((await old.callTool(find)).structuredContent).toMatchObject({ identities: [{ id: seed.ada }] });
  expect((await old.callTool(revoke)).content).toMatchObject([{ text: expect.stringMatching(/^Not done \(denied\): An approver/) }]);
  expect((await old.listTools()).tools.map(({ name }) => name)).not.toContain('delete_identity');
  await old.close();

  for (const mode of ['legacy', { pin: '2026-07-28' }] as const) {
    const client = new Client({ name: 'new', version: '1' }, { capabilities: { elicitation: { form: {} } }, versionNegotiation: { mode } });
    client.setRequestHandler('elicitation/create', ({ params }) => {
      const title = /"title":"Type ([^"]*) to agree"/.exec(JSON.stringify(params))?.[1] ?? '';
      return { action: 'accept', content: { typed: title } };
    });
    await client.connect(new StreamableHTTPClientTransport(server.url, { requestInit }));
    const { structuredContent, isError } = await client.callTool(revoke);
    // The second client finds them ended.
    expect([isError ?? false, structuredContent]).toMatchObject([false, { id: seed.ada, changed: mode === 'legacy' }]);
    await client.close();
  }

  const stranger = new ClientV1({ name: 'stranger', version: '1' });
  await expect(stranger.connect(new TransportV1(server.url))).rejects.toThrow();
  expect(await server.end()).toBe(0);
  expect(server.stderr()).toContain('"principal":"static|desk"');
  expect(server.stderr()).not.toContain(token.slice(5));
});

test('the token of a caller never reaches Kratos, and the credential for Kratos never a caller', async () => {
  const sandbox = createSandbox();
  const seen: string[] = [];
  const kratos = createHttpServer((request, response) => {
    seen.push(JSON.stringify([request.url, request.rawHeaders]));
    const { method = 'GET', url: path = '' } = request;
    void sandbox.send({ endpoint: 'getIdentity', port: 'admin', method, path }).then(({ status, text }) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(text);
    });
  });
  await new Promise<void>((resolve) => kratos.listen(0, '127.0.0.1', resolve));
  const { port } = kratos.address() as { port: number };
  const credential = join(folder, 'credential');
  writeFileSync(credential, 'canary-credential', { mode: 0o600 });
  const tokens = join(folder, 'others.json');
  const added = await run(['token', 'add', '--id', 'eye', '--scopes', 'kratos:read', '--days', '1', '--tokens-file', tokens]);
  const token = added.stdout.trim();
  const server = await serving(
    ['--tokens-file', tokens, '--admin-url', `http://127.0.0.1:${port}`, '--admin-token-file', credential],
    {},
    [],
  );
  const call = async (name: string, args: object) => {
    const response = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', authorization: `Bearer ${token}` },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }),
    });
    return `${JSON.stringify([...response.headers])}${await response.text()}`;
  };
  const answers = [
    await call('get_identity', { id: seed.ada }),
    await call('get_identity', { id: seed.ada.replace(/1$/, '9') }),
    await call('x', {}),
  ];
  await server.end();
  await new Promise((resolve) => kratos.close(resolve));
  expect(answers[0]).toContain('ada.byron@example.com');
  expect(seen.join()).toContain('Bearer canary-credential');
  expect(seen.join()).not.toContain(token.slice(5));
  expect(answers.join() + server.stderr()).not.toContain('canary-credential');
});

test('a start that fails half-way says why and ends', async () => {
  const blocked = createServer();
  await new Promise<void>((resolve) => blocked.listen(0, '127.0.0.1', resolve));
  const { port } = blocked.address() as { port: number };
  const { code, stderr } = await run(['--sandbox', '--http', String(port)]);
  await new Promise((resolve) => blocked.close(resolve));
  expect([code, stderr]).toEqual([2, expect.stringContaining(`Another program holds port ${port}`)]);
});
