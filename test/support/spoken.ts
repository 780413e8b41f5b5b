/** A test's own program as a process, spoken to line by line: a command in, JSON out. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build } from 'rolldown';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';

export interface Spoken {
  readonly process: ChildProcess;
  /** The next line that it says. */
  readonly hear: () => Promise<unknown>;
  readonly tell: (command: string) => void;
  readonly kill: () => Promise<void>;
}

/** Built once for a file of tests. What comes back starts one, which ends with its test, and waits until it says that it is ready. */
export function spoken(source: string): (words: readonly string[]) => Promise<Spoken> {
  const built = mkdtempSync(join(tmpdir(), 'spoken-'));
  const program = join(built, 'program.mjs');
  beforeAll(async () => {
    const output = { format: 'esm' as const, file: program, codeSplitting: false };
    await build({ input: source, platform: 'node', output, logLevel: 'silent' });
  });
  afterAll(() => rmSync(built, { recursive: true }));

  return async (words) => {
    const child = spawn(process.execPath, [program, ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const it: Spoken = {
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
