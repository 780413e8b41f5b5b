/** A real redis-server for a test: on a free port, with a folder of its own, ended by its process id. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from '@redis/client';
import { afterAll, beforeAll } from 'vitest';
import { freePort } from '../../src/cli/free-port.ts';

const PROGRAM = '/usr/bin/redis-server';

/** Where there is none, tests are skipped, and say so; never where nobody would read it. */
export function redisIsThere(): boolean {
  if (existsSync(PROGRAM)) return true;
  if (process.env['CI'] === 'true') throw new Error(`${PROGRAM} is missing (apt-get install redis-server)`);
  process.stderr.write(`skipped: no ${PROGRAM}, so that nothing is tested on a real Redis (apt-get install redis-server)\n`);
  return false;
}

export interface RedisServer {
  readonly port: number;
  readonly url: string;
  readonly folder: string;
  readonly pid: () => number;
  /** A command of the test's own, beside all that is tested. */
  readonly say: (...args: string[]) => Promise<unknown>;
  /** SIGKILL, and starts nothing. */
  readonly kill: () => Promise<void>;
  /** With what is on its disk, and other options if they are named. */
  readonly start: (options?: readonly string[]) => Promise<void>;
  readonly signal: (name: NodeJS.Signals) => void;
  readonly stop: () => Promise<void>;
}

export interface ServerOptions {
  /** `--name value …`, as redis-server takes them. */
  readonly options?: readonly string[];
  readonly password?: string;
}

/** One for all tests of a file; to be called at its top. */
export function sharedRedis(options: ServerOptions = {}): () => RedisServer {
  let server: RedisServer | undefined;
  beforeAll(async () => {
    if (redisIsThere()) server = await startRedis(options);
  });
  afterAll(() => server?.stop());
  return () => {
    if (server === undefined) throw new Error('there is no redis-server');
    return server;
  };
}

/** Without persistence, unless the options say so. */
export async function startRedis({ options = [], password }: ServerOptions = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-'));
  const port = await freePort();
  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();
  const start = async (its: readonly string[] = options) => {
    const common = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--repl-diskless-sync-delay', '0'];
    const secret = password === undefined ? [] : ['--requirepass', password];
    child = spawn(PROGRAM, [...common, ...secret, ...its], { stdio: 'ignore' });
    const mine = child;
    ended = new Promise((resolve) => mine.once('exit', () => resolve()));
    await answers(port, password);
  };
  const end = async (name: NodeJS.Signals) => {
    child?.kill(name);
    await ended;
  };
  const atExit = () => void child?.kill('SIGKILL');
  process.once('exit', atExit);
  await start();
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    folder,
    pid: () => child?.pid ?? 0,
    say: (...args) => said(port, password, args),
    kill: () => end('SIGKILL'),
    start,
    signal: (name) => void child?.kill(name),
    async stop() {
      await end('SIGKILL');
      process.off('exit', atExit);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function said(port: number, password: string | undefined, args: readonly string[]): Promise<unknown> {
  const socket = { host: '127.0.0.1', port, reconnectStrategy: false } as const;
  const client = createClient({ RESP: 2, socket, disableClientInfo: true, ...(password !== undefined && { password }) });
  client.on('error', () => {});
  await client.connect();
  try {
    return await client.sendCommand(args);
  } finally {
    client.destroy();
  }
}

async function answers(port: number, password: string | undefined): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    const pong = await said(port, password, ['PING']).catch(() => undefined);
    if (pong === 'PONG') return;
    await sleep(10);
  }
  throw new Error('redis-server does not answer');
}
