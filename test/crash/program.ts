/** The built program as a process of its own, spoken to as a 2025 client with a form does; and the Kratos that it changes. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { PROGRAM } from '../e2e/program.ts';
import { called, type Called } from '../support/peer.ts';
import { startStub, type Stub } from '../support/stub.ts';

type Json = Record<string, unknown>;
const PRELOAD = fileURLToPath(new URL('die-at.mjs', import.meta.url));
const LIMIT_MS = 50_000;

export interface Kratos {
  readonly url: string;
  readonly sandbox: Sandbox;
  /** Paths of the writes that were received. */
  readonly writes: readonly string[];
  /** What happens when a write has come, before it is carried out; false: it is not carried out. Undefined: nothing. */
  onWrite: (() => Promise<boolean>) | undefined;
  readonly close: Stub['close'];
}

export async function startKratos(): Promise<Kratos> {
  const sandbox = createSandbox();
  const writes: string[] = [];
  const stub = await startStub(async ({ seen: { method, path }, response, body }) => {
    const text = await body();
    if (method !== 'GET') writes.push(`${method} ${path}`);
    if (method !== 'GET' && (await kratos.onWrite?.()) === false) return void response.destroy();
    const request = { endpoint: 'getIdentity', port: 'admin', method, path, ...(text !== '' && { body: text }) } as const;
    const reply = await sandbox.send(request);
    response.writeHead(reply.status, reply.headers).end(reply.text);
  });
  const kratos: Kratos = { url: stub.url.href, sandbox, writes, onWrite: undefined, close: stub.close };
  return kratos;
}

export interface Program {
  /** Undefined: it ended before it answered. */
  readonly call: (name: string, args: Json) => Promise<Called | undefined>;
  readonly kill: () => void;
  /** At the end of its input, as when a client goes. */
  readonly end: () => Promise<void>;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  readonly stderr: () => string;
}

interface Starting {
  readonly kratos: Kratos;
  readonly state: string;
  readonly dieAt?: string;
  /** The person at the form; they type what they are asked to, unless this does something else first. */
  readonly onQuestion?: () => void;
}

export function startProgram({ kratos, state, dieAt, onQuestion }: Starting): Program {
  const settings = ['--admin-url', kratos.url, '--state-dir', state, '--recovery-delivery', 'reply', '--log-level', 'warn'];
  const preload = dieAt === undefined ? [] : ['--import', PRELOAD];
  const child = spawn(process.execPath, [...preload, PROGRAM, ...settings], {
    env: dieAt === undefined ? {} : { DIE_AT: dieAt },
    stdio: 'pipe',
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  const waiting = new Map<number, (message: Json) => void>();
  const say = (message: Json) => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  child.stdin.on('error', () => {}); // it may be dead already
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));

  const receive = (message: Json) => {
    const { id, method } = message as { id?: number; method?: string };
    if (method === 'elicitation/create') {
      onQuestion?.();
      say({ id, result: { action: 'accept', content: { typed: phraseIn(message) } } });
    } else if (id !== undefined) waiting.get(id)?.(message);
  };
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) receive(JSON.parse(line) as Json);
  });

  const ended = new Promise<Awaited<Program['ended']>>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  let ids = 0;
  const request = (method: string, params: Json): Promise<Json | undefined> => {
    const id = (ids += 1);
    const answered = new Promise<Json>((resolve) => waiting.set(id, resolve));
    say({ id, method, params });
    return Promise.race([answered, ended.then(() => undefined)]);
  };
  const initialized = request('initialize', {
    protocolVersion: '2025-11-25',
    capabilities: { elicitation: { form: {} } },
    clientInfo: { name: 'crash', version: '1' },
  }).then(() => say({ method: 'notifications/initialized' }));
  return {
    async call(name, args) {
      await initialized;
      const raw = await request('tools/call', { name, arguments: args });
      return raw && called(raw);
    },
    kill: () => void child.kill('SIGKILL'),
    async end() {
      child.stdin.end();
      await ended;
    },
    ended,
    stderr: () => errors,
  };
}

function phraseIn({ params }: Json): string {
  const { requestedSchema } = params as { requestedSchema: { properties: { typed: { title: string } } } };
  return requestedSchema.properties.typed.title.replace(/^Type /, '').replace(/ to agree$/, '');
}
