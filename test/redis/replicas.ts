/** Other servers on the same Redis, as processes. */
import { join } from 'node:path';
import { spoken, type Spoken } from '../support/spoken.ts';

export interface ReplicaOptions {
  readonly url: string;
  readonly instance: string;
  readonly aliveMs?: number;
  readonly skewMs?: number;
}

/** To be called at the top of a test file; what comes back starts one. */
export function replicas(): (options: ReplicaOptions) => Promise<Spoken> {
  const start = spoken(join(import.meta.dirname, 'replica.ts'));
  return ({ url, instance, aliveMs, skewMs = 0 }) => start([url, instance, aliveMs === undefined ? '' : String(aliveMs), String(skewMs)]);
}
