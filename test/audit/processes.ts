/** Starts `writer.ts` as its own process. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'rolldown';
import { afterAll, beforeAll, onTestFinished } from 'vitest';

export interface Writer {
  readonly child: ChildProcess;
  /** What it has said so far. */
  readonly said: () => readonly string[];
  /** When it has opened the ledger; it begins to write when it is told to. */
  readonly ready: Promise<void>;
  readonly go: () => void;
  readonly ended: Promise<void>;
  /** Resolves when it has said a line that fits; rejects when it ends before. */
  readonly hears: (line: RegExp) => Promise<void>;
}

/** To be called once at the top of a test file. `limits`: shell words before the program, for example a limit on the size of files. */
export function writers(): (args: readonly string[], limits?: string) => Writer {
  const built = mkdtempSync(join(tmpdir(), 'writer-'));
  const program = join(built, 'writer.mjs');
  beforeAll(async () => {
    const output = { format: 'esm' as const, file: program, codeSplitting: false };
    await build({ input: join(import.meta.dirname, 'writer.ts'), platform: 'node', output, logLevel: 'silent' });
  });
  afterAll(() => rmSync(built, { recursive: true }));
  return (args, limits) => {
    const command = [process.execPath, program, ...args];
    const words = limits === undefined ? command : ['/bin/sh', '-c', `${limits} exec "$@"`, 'sh', ...command];
    const child = spawn(words[0] ?? '', words.slice(1), { stdio: ['pipe', 'pipe', 'inherit'], timeout: 15_000 });
    return watched(child);
  };
}

function watched(child: ChildProcess): Writer {
  let text = '';
  const lines = () => text.split('\n').slice(0, -1);
  child.stdout?.setEncoding('utf8').on('data', (it: string) => (text += it));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const hears = (line: RegExp) =>
    new Promise<void>((resolve, reject) => {
      const look = () => {
        if (lines().some((it) => line.test(it))) resolve();
      };
      child.stdout?.on('data', look);
      void ended.then(() => reject(new Error(`It ended without saying ${line}: ${text}`)));
      look();
    });
  return { child, said: lines, ready: hears(/^ready$/), go: () => void child.stdin?.write('go\n'), ended, hears };
}
