/** One replica: the built program over HTTP, as a process of its own. */
import { freePort } from '../../src/cli/free-port.ts';
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { HttpPeer, type HttpPeerOptions } from '../support/http.ts';
import { PROGRAM } from './program.ts';

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}
export interface Line {
  readonly event: string;
  readonly level: string;
  readonly [name: string]: unknown;
}
export interface Ready {
  readonly ok: boolean;
  readonly degraded?: string;
}

export interface Replica {
  readonly name: string;
  readonly port: number;
  /** Its state folder. */
  readonly state: string;
  readonly pid: number;
  /** What it logged. */
  readonly lines: readonly Line[];
  readonly peer: (options: HttpPeerOptions) => Promise<HttpPeer>;
  readonly ready: () => Promise<Ready>;
  readonly ended: Promise<Ended>;
  readonly kill: () => Promise<Ended>;
  /** As an orchestrator does it. */
  readonly stop: () => Promise<Ended>;
}

export interface ReplicaOptions {
  readonly name: string;
  readonly state: string;
  /** All but its own ports and folder. */
  readonly settings: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Modules to load before the program. */
  readonly preload?: readonly string[];
}

const ENDS_WITH_TEST = new URL('ends-with-test.mjs', import.meta.url).href;

/** Resolves when it serves. */
export async function startReplica({ name, state, settings, env, preload = [] }: ReplicaOptions): Promise<Replica> {
  const port = await freePort();
  const own = ['--http', String(port), '--ops-port', '0', '--state-dir', state];
  const before = [ENDS_WITH_TEST, ...preload].flatMap((it) => ['--import', it]);
  const child = spawn(process.execPath, [...before, PROGRAM, ...own, ...settings], { env, stdio: ['pipe', 'ignore', 'pipe'] });
  child.stdin.on('error', () => {}); // it may be dead already
  const ended = new Promise<Ended>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
  const lines: Line[] = [];
  let rest = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const whole = (rest + text).split('\n');
    rest = whole.pop() ?? '';
    lines.push(...whole.map(lineOf));
  });
  const end = async (signal: NodeJS.Signals) => {
    child.kill(signal);
    return ended;
  };
  const event = (its: string) => heard(() => lines.find((it) => it.event === its), ended, lines);
  await event('started');
  const ops = Number((await event('operations'))['port']);
  return {
    name,
    port,
    state,
    pid: child.pid ?? 0,
    lines,
    peer: (options) => HttpPeer.open(port, options),
    ready: async () => (await (await fetch(`http://127.0.0.1:${ops}/readyz`)).json()) as Ready, // as src/ops/operations.ts has it
    ended,
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
  };
}

/** A reason not to start is no JSON. */
function lineOf(text: string): Line {
  try {
    return JSON.parse(text) as Line; // every line of the log is one object
  } catch {
    return { event: text, level: 'text' };
  }
}

async function heard(look: () => Line | undefined, ended: Promise<Ended>, lines: readonly Line[]): Promise<Line> {
  let isOver = false;
  void ended.then(() => (isOver = true));
  for (let tries = 0; tries < 1_500; tries += 1) {
    const found = look();
    if (found !== undefined) return found;
    if (isOver) break;
    await sleep(20);
  }
  throw new Error(`the replica did not start: ${lines.map((it) => JSON.stringify(it)).join('\n')}`);
}
