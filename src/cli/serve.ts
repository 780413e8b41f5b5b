/** Serves MCP on stdio: reads what the settings name, connects, and ends cleanly at the end of input or on a signal. */
import { userInfo } from 'node:os';
import { localCaller } from '../caller.ts';
import type { Settings } from '../config/load.ts';
import { createLog } from '../lib/log.ts';
import { VERSION } from '../lib/version.ts';
import { connectStdio } from '../server/stdio.ts';
import { assemble } from './assemble.ts';
import { openPolicy } from './policy-source.ts';
import { reload } from './reload.ts';
import { openState } from './state.ts';
import { openWire } from './wire.ts';

/** Resolves with the exit code when the client has gone. */
export async function serve(settings: Settings, notices: readonly string[]): Promise<number> {
  const signalled = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve()); // `once` would let a second one kill what is under way
  });
  const write = (line: string) => void process.stderr.write(line);
  process.stderr.on('error', () => {}); // a client that closes our log must not end a write half-way
  const log = createLog({ level: settings.logLevel, write, now: () => new Date() });
  process.on('unhandledRejection', () => log.error('unhandled rejection')); // its text may hold what no log may
  const policy = await openPolicy(settings);
  const wire = await openWire(settings);
  const state = await openState({ settings, kratosUrl: wire.kratosUrl, policy: policy.current, log });
  const { uid, username } = userInfo();
  const principal = `os:${uid}:${username}`;
  const now = () => Date.now();
  const caller = localCaller(principal);
  const outside = { ...wire, ...state, callerOf: () => caller, log, now, policy: policy.current, policyNotice: policy.notice };
  const build = assemble(settings, outside);
  for (const text of notices) log.warn('notice', { text });
  const { name, hash } = policy.current();
  const facts = {
    version: VERSION,
    kratos: wire.kratosUrl,
    policy: name,
    recovery: policy.current().recovery?.deliver ?? settings.recoveryDelivery,
    assurance: 'L0',
  };
  log.info('started', facts);
  state.ledger.note({ event: 'started', policy_hash: hash, rule: name });
  process.on('SIGHUP', () => void reload(policy, { ledger: state.ledger, log }));
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
  state.ledger.note({ event: 'ended' });
  await state.close();
  await wire.close();
  log.info('ended');
  return 0;
}
