/** Serves MCP on stdio: reads what the settings name, connects, and ends cleanly at the end of input or on a signal. */
import { userInfo } from 'node:os';
import type { Settings } from '../config/load.ts';
import { createLog } from '../lib/log.ts';
import { VERSION } from '../lib/version.ts';
import { connectStdio } from '../server/stdio.ts';
import { assemble } from './assemble.ts';
import { openWire } from './wire.ts';

/** Resolves with the exit code when the client has gone. */
export async function serve(settings: Settings, notices: readonly string[]): Promise<number> {
  const signalled = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  const write = (line: string) => void process.stderr.write(line);
  process.stderr.on('error', () => {}); // a client that closes our log must not end a write half-way
  const log = createLog({ level: settings.logLevel, write, now: () => new Date() });
  process.on('unhandledRejection', () => log.error('unhandled rejection')); // its text may hold what no log may
  const wire = await openWire(settings);
  const { uid, username } = userInfo();
  const principal = `os:${uid}:${username}`;
  const build = assemble(settings, { ...wire, principal, log, now: () => performance.now() });
  for (const text of notices) log.warn('notice', { text });
  const facts = { version: VERSION, kratos: wire.kratosUrl, preset: settings.preset, recovery: settings.recoveryDelivery, assurance: 'L0' };
  log.info('started', facts);
  if (process.stdin.isTTY)
    log.warn('notice', { text: 'A terminal is on stdin where an MCP client should be. Ctrl-C ends this; see --help, or try demo.' });

  const connection = connectStdio(build, {
    input: process.stdin,
    output: process.stdout,
    onerror: () => log.warn('protocol error'), // the SDK's text can quote what was received
  });
  await Promise.race([connection.closed, signalled]);
  await connection.close();
  process.stdin.destroy(); // a client that keeps its end open would hold the process
  await wire.close();
  log.info('ended');
  return 0;
}
