/** Health and metrics: on a port of their own, on the main one for whoever shows the token, or nowhere. */
import type { RequestListener } from 'node:http';
import type { HttpConfig } from '../config/http.ts';
import type { Log } from '../lib/log.ts';
import { createOperations, type OperationsPorts } from '../ops/operations.ts';
import { openOpsPort } from '../ops/port.ts';

export interface Operations {
  /** For the main port. */
  readonly listener: RequestListener | undefined;
  readonly close: () => Promise<void>;
}

export async function operationsOf({ ops, metricsToken }: HttpConfig, ports: OperationsPorts, log: Log): Promise<Operations> {
  const own = ops && (await openOpsPort({ hosts: ops.hosts, port: ops.port, listener: createOperations(ports) }));
  if (own !== undefined) log.info('operations', { port: own.port });
  return {
    listener: metricsToken && createOperations({ ...ports, token: metricsToken }),
    close: async () => own?.close(),
  };
}
