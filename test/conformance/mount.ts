/** Puts a factory on this program's HTTP code, open on loopback as the conformance suite needs it: it sends no credentials. */
import { once } from 'node:events';
import type { McpServerFactory } from '@modelcontextprotocol/server';
import { freePort } from '../../src/cli/free-port.ts';
import { createLog } from '../../src/lib/log.ts';
import { noMeter } from '../../src/lib/meter.ts';
import { openHttp } from '../../src/server/http/server.ts';

/** Prints the address once it listens; resolves after SIGTERM, when it is closed. */
export async function mount(build: McpServerFactory): Promise<void> {
  const port = await freePort(['127.0.0.1']); // origins are named before it listens
  const write = (line: string) => void process.stderr.write(line);
  const server = await openHttp({
    build,
    bind: { hosts: ['127.0.0.1'], port },
    hosts: (its) => [`127.0.0.1:${its}`, `localhost:${its}`],
    // The suite checks that a page of this very origin is answered.
    origins: [`http://127.0.0.1:${port}`],
    authenticate: undefined,
    resourceMetadataUrl: undefined,
    metadata: {},
    approvals: undefined,
    operations: undefined,
    trustedProxies: [],
    failuresPerMinute: 20,
    log: createLog({ level: 'warn', write, now: () => new Date() }),
    meter: noMeter,
    now: Date.now,
  });
  process.stdout.write(`http://127.0.0.1:${server.port}/mcp\n`);
  await once(process, 'SIGTERM');
  await server.close(1_000);
}
