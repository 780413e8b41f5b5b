/** Other servers on the same Redis, as processes. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'rolldown';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';

export interface Replica {
  readonly process: ChildProcess;
  /** The next line that it says. */
  readonly hear: () => Promise<unknown>;
  readonly tell: (command: string) => void;
  readonly kill: () => Promise<void>;
}
export interface ReplicaOptions {
  readonly url: string;
  readonly instance: string;
  readonly aliveMs?: number;
  readonly skewMs?: number;
}

/** To be called at the top of a test file; what comes back starts one. */
export function replicas(): (options: ReplicaOptions) => Promise<Replica> {
  const built = mkdtempSync(join(tmpdir(), 'replica-'));
  const program = join(built, 'replica.mjs');
  beforeAll(async () => {
    const output = { format: 'esm' as const, file: program, codeSplitting: false };
    await build({ input: join(import.meta.dirname, 'replica.ts'), platform: 'node', output, logLevel: 'silent' });
  });
  afterAll(() => rmSync(built, { recursive: true }));

  return async ({ url, instance, aliveMs, skewMs = 0 }) => {
    const words = [program, url, instance, aliveMs === undefined ? '' : String(aliveMs), String(skewMs)];
    const child = spawn(process.execPath, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const it: Replica = {
      process: child,
      async hear() {
        const { value, done } = await lines.next();
        return done === true ? undefined : JSON.parse(value);
      },
      tell: (command) => void child.stdin.write(`${command}\n`),
      async kill() {
        child.kill('SIGKILL');
        await ended;
      },
    };
    onTestFinished(it.kill);
    expect(await it.hear()).toBe('ready');
    return it;
  };
}
