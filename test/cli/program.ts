/** The built program as its own process, in an environment with nothing in it but what a test gives. */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { stateDir } from '../support/state-dir.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/index.js', import.meta.url));
const LIMIT_MS = 15_000;

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
export type Env = Readonly<Record<string, string>>;

export function start(args: readonly string[], env: Env = {}): ChildProcess {
  if (!existsSync(PROGRAM)) throw new Error('The program is not built: npm run build');
  return spawn(process.execPath, [PROGRAM, ...args], {
    env: { KRATOS_MCP_STATE_DIR: stateDir(), ...env },
    stdio: 'pipe',
    timeout: LIMIT_MS,
  });
}

/** Runs it to its end; `input` is all that it gets on stdin. */
export function run(args: readonly string[], env: Env = {}, input = ''): Promise<Ran> {
  const child = start(args, env);
  const out = { stdout: '', stderr: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (out.stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (out.stderr += text));
  child.stdin?.on('error', () => undefined); // a program that ends at once need not read it
  child.stdin?.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...out }));
  });
}
