/** What of a deployment can run without a container engine, run. */
import { spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from 'node:http';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { expect, onTestFinished, test } from 'vitest';
import { freePort } from '../../src/cli/free-port.ts';
import { httpConfig } from '../../src/config/http.ts';
import { load } from '../../src/config/load.ts';
import { createOperations } from '../../src/ops/operations.ts';
import { openOpsPort } from '../../src/ops/port.ts';
import { parsePolicy } from '../../src/policy/parse.ts';
import { operations } from '../../src/tools/index.ts';
import { compose, healthcheck, instructions, manifest, ROOT } from './deploy-files.ts';

function temporary(): string {
  const path = mkdtempSync(join(tmpdir(), 'deploy-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
async function ran(command: readonly string[], env: Readonly<Record<string, string>> = {}, cwd = ROOT): Promise<Ran> {
  const [file = '', ...rest] = command;
  const child = spawn(file === 'node' ? process.execPath : file, rest, { cwd, env: { PATH: process.env['PATH'], ...env } });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('close', resolve)),
  ]);
  return { code, stdout, stderr };
}

async function listening<T extends Server>(server: T): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port; // it listens on a port
}

const secretsInto = (folder: string) => ran(['node', 'deploy/compose/secrets.mjs', folder]);

test('secrets are made once, each for its own user, and run again nothing changes', async () => {
  const folder = temporary();
  expect(await secretsInto(folder)).toEqual({ code: 0, stdout: '', stderr: '' });
  const paths = [
    'server-secrets/state-keys',
    'server-secrets/store-password',
    'valkey-secrets/valkey.conf',
    'kratos-secrets/secrets.yml',
    'hydra-secrets/secrets.yml',
    'client-secrets/agent-secret',
  ];
  const read = () => paths.map((it) => readFileSync(join(folder, it), 'utf8'));
  const before = read();
  for (const it of paths) {
    expect(statSync(join(folder, it)).mode & 0o777).toBe(0o600);
    expect(statSync(dirname(join(folder, it))).mode & 0o777).toBe(0o700);
  }
  await secretsInto(folder);
  expect(read()).toEqual(before);
  const [keys = '', password = '', valkey = '', kratos = '', hydra = ''] = before;
  expect(Buffer.from(keys, 'base64')).toHaveLength(32);
  expect(valkey).toBe(`requirepass ${password}\n`);
  expect((parse(kratos) as { secrets: { cipher: string[] } }).secrets.cipher[0]).toHaveLength(32);
  expect((parse(hydra) as { secrets: { system: string[] } }).secrets.system[0]?.length).toBeGreaterThan(16);
  expect(new Set(before).size).toBe(paths.length);
});

test('every volume that compose declares is given to somebody', async () => {
  const folder = temporary();
  await secretsInto(folder);
  for (const it of Object.keys(compose.volumes)) expect([it, existsSync(join(folder, it))]).toEqual([it, true]);
});

test('compose: the settings are accepted, with the secrets that were made', async () => {
  const folder = temporary();
  await secretsInto(folder);
  const given = compose.services['server']?.environment ?? {};
  const env = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, value.replace('/run/server-secrets', join(folder, 'server-secrets'))]),
  );
  const { settings, notices } = load({}, env);
  const config = httpConfig(settings);
  expect(notices).toEqual([]);
  expect([config.origin(8080), config.changesOff, config.oauth?.issuer]).toEqual([
    'http://localhost:8080',
    undefined,
    'http://localhost:4444',
  ]);
  expect(config.hosts(8080)).toContain('localhost:8080');
});

test('kubernetes: the settings are accepted, and so is the policy', async () => {
  const folder = temporary();
  const policy = manifest('ConfigMap', 'identity-mcp').data?.['policy.yaml'] ?? '';
  const path = join(folder, 'policy.yaml');
  writeFileSync(path, policy);
  const container = manifest('StatefulSet', 'identity-mcp').spec.template.spec.containers[0];
  const env: Record<string, string> = {};
  for (const { name, value } of container?.env ?? []) {
    if (value === undefined) continue;
    env[name] = value.replace('/run/secrets/identity-mcp', folder).replace('/etc/identity-mcp', folder);
    if (name.endsWith('_FILE')) writeFileSync(env[name] ?? '', 'x'.repeat(40), { mode: 0o600 });
  }
  const { settings, notices } = load({}, env);
  const config = httpConfig(settings);
  expect(notices).toEqual([]);
  expect([config.level, config.changesOff]).toEqual(['L2', undefined]);
  expect(config.hosts(8080)).toContain('identity-mcp.example.com');
  const tools = operations.map((it) => ({ name: it.name, toolset: it.toolset, effects: it.kind === 'change' ? it.effects : [] }));
  expect((await parsePolicy(policy, { path, tools: tools as never })).approvers.who).not.toEqual([]); // what the policy room asks of a tool
});

test('the forwarder hands both directions on, and outlives a side that is not there', async () => {
  const port = await listening(createServer((socket) => socket.pipe(socket)));
  const free = await freePort();
  const child = spawn(process.execPath, ['deploy/compose/forward.mjs', String(free), `127.0.0.1:${port}`], { cwd: ROOT });
  const ended = new Promise((resolve) => child.once('close', resolve));
  onTestFinished(() => void child.kill('SIGKILL'));
  const said = await within(async () => {
    const socket = connect(free, '127.0.0.1');
    socket.end('hello');
    return text(socket);
  });
  expect(said).toBe('hello');
  child.kill('SIGTERM');
  await ended;
});

/** Tries for five seconds, until it does not throw. */
async function within<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      return await work();
    } catch {
      await sleep(50);
    }
  }
  return work();
}

test('the client is registered with Hydra once, with the audience that the server asks for', async () => {
  const made: unknown[] = [];
  const listener: RequestListener = (request, response) => void answer(request).then((status) => response.writeHead(status).end());
  async function answer(request: IncomingMessage): Promise<number> {
    if (request.method === 'GET') return made.length === 0 ? 404 : 200;
    made.push(JSON.parse(await text(request)));
    return 201;
  }
  const port = await listening(createHttpServer(listener));
  const secret = join(temporary(), 'secret');
  writeFileSync(secret, 'the-secret\n');
  const command = ['node', 'deploy/compose/hydra-client.mjs', `http://127.0.0.1:${port}`, 'http://localhost:8080/mcp', secret];
  expect((await ran(command)).code).toBe(0);
  expect((await ran(command)).code).toBe(0);
  expect(made).toEqual([
    expect.objectContaining({ client_id: 'agent', client_secret: 'the-secret', audience: ['http://localhost:8080/mcp'] }),
  ]);
});

const REDIS = '/usr/bin/redis-server';
const hasRedis = existsSync(REDIS);
if (!hasRedis && process.env['CI'] !== 'true') process.stderr.write(`${REDIS} is not there: the configuration of Valkey is not tried\n`);

test.skipIf(!hasRedis && process.env['CI'] !== 'true')(
  'the configuration of Valkey is taken, keeps what was decided and asks for the password',
  async () => {
    const folder = temporary();
    await secretsInto(folder);
    const port = (await listening(createServer())) + 1;
    const conf = readFileSync(join(ROOT, 'deploy/compose/valkey.conf'), 'utf8')
      .replace('/run/valkey-secrets', join(folder, 'valkey-secrets'))
      .replace('dir /data', `dir ${folder}/valkey-data`)
      .replace('port 6379', `port ${port}`);
    writeFileSync(join(folder, 'valkey.conf'), conf);
    const child = spawn(REDIS, [join(folder, 'valkey.conf')], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('close', resolve));
    const password = readFileSync(join(folder, 'server-secrets/store-password'), 'utf8');
    const ask = (commands: string) =>
      within(async () => {
        const socket = connect(port, '127.0.0.1');
        socket.end(`${commands}QUIT\r\n`);
        return text(socket);
      });
    try {
      expect(await ask('PING\r\n')).toContain('NOAUTH');
      const said = await ask(`AUTH ${password}\r\nCONFIG GET maxmemory-policy\r\nCONFIG GET appendonly\r\nCONFIG GET bind\r\n`);
      expect(said).toContain('noeviction');
      expect(said).toContain('yes');
      expect(said).toContain('127.0.0.1');
    } finally {
      child.kill('SIGTERM');
      await ended;
    }
  },
);

test('the health check follows the port for operations, and tells ready from not ready', async () => {
  let ok = true;
  const listener = createOperations({ metricsText: async () => '', contentType: 'text/plain', isReady: () => ({ ok }) });
  const { port, close } = await openOpsPort({ hosts: ['127.0.0.1'], port: 0, listener });
  const codeAt = async (setting: string) => (await ran(healthcheck(), { KRATOS_MCP_OPS_PORT: setting })).code;
  expect(await Promise.all([codeAt(String(port)), codeAt(`0.0.0.0:${port}`), codeAt(`[::]:${port}`)])).toEqual([0, 0, 0]);
  ok = false;
  expect(await codeAt(String(port))).toBe(1);
  await close();
  expect(await codeAt(String(port))).toBe(1);
});

test('what the image is made of runs by itself: the program, and the package for the store', async () => {
  const image = temporary();
  const built = instructions('COPY').flatMap((it) => /^--from=build (.+) (\S+)$/.exec(it)?.slice(1) ?? []);
  expect(built.length).toBeGreaterThan(4);
  for (let at = 0; at < built.length; at += 2) {
    const to = built[at + 1] ?? '';
    for (const from of (built[at] ?? '').split(' ')) {
      const path = from.replace('/build/', '');
      const target = to === './' ? join(image, path) : join(image, to);
      mkdirSync(dirname(target), { recursive: true });
      cpSync(join(ROOT, path), target, { recursive: true, filter: (it) => !/\.(?:map|d\.ts)$/.test(it) });
    }
  }
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  expect(await ran(['node', 'dist/index.js', '--version'], {}, image)).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  const loaded = await ran(['node', '-e', "import('@redis/client').then((it) => console.log(typeof it.createClient))"], {}, image);
  expect(loaded.stdout).toBe('function\n');
});

test('an installation without development packages has nothing else to install', () => {
  const folder = temporary();
  for (const it of ['package.json', 'package-lock.json', '.npmrc']) cpSync(join(ROOT, it), join(folder, it));
  const { status, stderr } = spawnSync('npm', ['ci', '--omit=dev', '--ignore-scripts', '--offline'], { cwd: folder, encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  expect(existsSync(join(folder, 'node_modules/.bin'))).toBe(false);
});
