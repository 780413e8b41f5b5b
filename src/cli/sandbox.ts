/** `sandbox`: the built-in Kratos over HTTP on loopback, until it is told to end. */
import type { Flags } from '../config/load.ts';
import { UsageError } from '../errors.ts';
import { serveSandbox } from '../sandbox/serve.ts';
import { seed } from '../seed.ts';
import { print } from './print.ts';

/** People of the seed who are worth a look. */
const PEOPLE = [
  `ada.byron@example.com     verified, signs in with ${seed.password}, three sessions on different devices`,
  'grace.murray@example.com  password and Google, a second factor, external id crm-1002',
];

/** Answers the exit code. Throws `UsageError` for a port that is none, or is taken. */
export async function sandbox(options: Flags): Promise<number> {
  const adminPort = port('--port', options['port'], 4434);
  const publicPort = port('--public-port', options['public-port'], 4433);
  const served = await serveSandbox({ adminPort, publicPort });
  const told = new Promise<void>((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  print(`Admin API   ${served.adminUrl}`);
  print(`Public API  ${served.publicUrl}`);
  print(`To serve MCP on it  --admin-url ${served.adminUrl} --public-url ${served.publicUrl}`);
  print(['People to try', ...PEOPLE.map((it) => `  ${it}`), 'Everything is in memory and gone when this ends (Ctrl-C).'].join('\n'));
  await told;
  await served.close();
  return 0;
}

function port(flag: string, text: string | boolean | undefined, fallback: number): number {
  if (text === undefined) return fallback;
  const value = typeof text === 'string' && /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= 65_535) return value;
  throw new UsageError(`${flag} must be a port, from 0 to 65535.`);
}
