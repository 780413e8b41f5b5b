/** An agent with a shell: the built program as its server and as its commands, and bytes of its own to the approvals page. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import type { LedgerRecord } from '../../src/audit/format.ts';
import { readRecords } from '../../src/audit/read.ts';
import { createApprovers } from '../../src/store/approvers.ts';
import { openFolder } from '../../src/store/folder.ts';
import { openFileStore } from '../../src/store/store.ts';
import type { Approver, Approvers, Store } from '../../src/store/types.ts';
import { PROGRAM } from '../e2e/program.ts';
import { called, type Called } from './peer.ts';

type Json = Record<string, unknown>;
export type Env = Readonly<Record<string, string>>;

const { uid, username } = userInfo();
/** As the server names whoever runs it. */
export const PRINCIPAL = `os:${uid}:${username}`;
const LIMIT_MS = 60_000;

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
/** Longer than the page wants a person to read. */
export const READ_MS = 1_700;

export interface Server {
  readonly pid: number;
  readonly call: (name: string, args: Json, beside?: Json) => Promise<Called>;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly stderr: () => string;
  /** Its exit code, when it ended by itself or its input did. */
  readonly ended: Promise<number | null>;
  readonly end: () => Promise<number | null>;
}

/** As a client without forms and addresses has it: whatever needs a person goes to the page. */
export function startServer(args: readonly string[], env: Env = {}): Server {
  const child = spawn(process.execPath, [PROGRAM, ...args, '--log-level', 'info'], { env, timeout: LIMIT_MS });
  const pending = new Map<number, (message: Json) => void>();
  const text = { out: '', err: '' };
  child.stderr.setEncoding('utf8').on('data', (more: string) => (text.err += more));
  child.stdout.setEncoding('utf8').on('data', (more: string) => {
    const lines = (text.out + more).split('\n');
    text.out = lines.pop() ?? '';
    for (const line of lines) {
      const message = JSON.parse(line) as Json; // a JSON-RPC message is an object
      pending.get(Number(message['id']))?.(message);
    }
  });
  child.stdin.on('error', () => {}); // it may have ended
  const ended = once(child, 'close').then(([code]) => code as number | null);
  let ids = 0;
  const request = (method: string, params: Json): Promise<Json> => {
    const id = (ids += 1);
    const answered = new Promise<Json>((resolve) => pending.set(id, resolve));
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    return Promise.race([answered, ended.then((code) => Promise.reject(new Error(`it ended with ${code}: ${text.err}`)))]);
  };
  const opened = request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'agent', version: '1' } });
  opened.catch(() => {}); // who calls hears of it
  return {
    pid: child.pid ?? 0,
    call: async (name, given, beside = {}) => {
      await opened;
      return called(await request('tools/call', { name, arguments: given, ...beside }));
    },
    signal: (signal) => void child.kill(signal),
    stderr: () => text.err,
    ended,
    end: () => {
      child.stdin.end();
      return ended;
    },
  };
}

export interface Command {
  readonly text: () => string;
  /** When it has printed this, or has ended. */
  readonly says: (pattern: RegExp) => Promise<RegExpExecArray | undefined>;
  readonly type: (text: string) => void;
  readonly code: Promise<number | null>;
  readonly stop: () => Promise<void>;
}

export const SCRIPT = '/usr/bin/script';
export const hasPty = existsSync(SCRIPT);
const quoted = (word: string): string => `'${word.replaceAll("'", `'\\''`)}'`;

/** `pty`: it sees a terminal, as util-linux' script makes one. */
export function startCommand(
  args: readonly string[],
  { pty = false, env = {} }: { readonly pty?: boolean; readonly env?: Env } = {},
): Command {
  const words = [process.execPath, PROGRAM, ...args];
  const [file, given] = pty ? [SCRIPT, ['-qefc', words.map(quoted).join(' '), '/dev/null']] : [process.execPath, words.slice(1)];
  const child: ChildProcess = spawn(file, given, { env: { TERM: 'dumb', ...env }, timeout: LIMIT_MS });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (more: string) => (text += more));
  child.stdin?.on('error', () => {}); // it may have ended
  const code = once(child, 'close').then(([its]) => its as number | null);
  let ended = false;
  void code.then(() => (ended = true));
  return {
    text: () => text,
    async says(pattern) {
      for (let round = 0; round < 400; round += 1) {
        const found = pattern.exec(text);
        if (found !== null) return found;
        if (ended) return undefined;
        await sleep(25);
      }
      throw new Error(`${String(pattern)} was not printed: ${text}`);
    },
    type: (more) => void child.stdin?.write(more),
    code,
    async stop() {
      child.stdin?.end();
      child.kill('SIGTERM');
      await code;
    },
  };
}

/** Sends these bytes over a socket and comes back with all that is answered. */
export function raw(port: number, bytes: string, host = '127.0.0.1'): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host);
    let text = '';
    socket.setEncoding('latin1');
    socket.setTimeout(5_000, () => socket.destroy());
    socket.on('data', (more: Buffer | string) => (text += String(more)));
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    socket.write(bytes);
  });
}

/** Holds a port on one address, as a process of its own. */
export async function squat(port: number, host: string): Promise<() => Promise<void>> {
  const program = `require('node:net').createServer().listen({ port: ${port}, host: '${host}' }, () => console.log('held'))`;
  const child = spawn(process.execPath, ['-e', program], { timeout: LIMIT_MS });
  const ended = once(child, 'close');
  const held = await Promise.race([once(child.stdout, 'data').then(() => true), ended.then(() => false)]);
  if (!held) throw new Error(`port ${port} of ${host} cannot be held`);
  return async () => {
    child.kill();
    await ended;
  };
}

/** What lies in a state folder, for whoever looks into it from outside. */
export interface Inside {
  readonly path: string;
  readonly file: (name: string) => string;
  readonly approvers: Approvers;
  readonly store: () => Promise<Store>;
  readonly records: () => Promise<readonly LedgerRecord[]>;
}

export function inside(path: string): Inside {
  const folder = openFolder(path);
  return {
    path,
    file: folder.file,
    approvers: createApprovers(folder, { now: Date.now }),
    store: () => openFileStore(folder, { now: Date.now, randomId: () => 'A'.repeat(22), instance: 'looking on' }),
    async records() {
      const found: LedgerRecord[] = [];
      for await (const record of readRecords(path)) found.push(record);
      return found;
    },
  };
}

const DAY_MS = 24 * 3_600_000;
/** Somebody with such a factor, enrolled two days ago. */
export const enrolledLongAgo = (it: Pick<Approver, 'id' | 'name' | 'passkey' | 'totp' | 'enrolledBy'>): Approver => ({
  method: it.totp === undefined ? 'passkey' : 'totp',
  enrolledAt: Date.now() - 2 * DAY_MS,
  ...it,
});
