#!/usr/bin/env node
/** The door. */
import { main } from './cli/main.ts';

/** A bug of ours. The message may hold anything, so only the kind of error and the places in our code are told. */
function fail(error: unknown): void {
  const kind = error instanceof Error ? error.name : typeof error;
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const stack = error instanceof Error ? error.stack : undefined;
  const at = (stack ?? '')
    .split('\n')
    .flatMap((line) => /^\s+at (.{1,200})$/.exec(line)?.[1] ?? [])
    .slice(0, 8);
  process.stderr.write(`${JSON.stringify({ level: 'error', event: 'unexpected failure', kind, code, at })}\n`);
}

// Also gets rejections that nobody handles, unless the server listens for those itself.
process.on('uncaughtException', (error) => {
  fail(error);
  process.exit(1);
});

process.exitCode = await main(process.argv.slice(2));
