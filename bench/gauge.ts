/**
 * Loaded into a server before its own code (`--import`): answers SIGUSR2 with a line on stderr that tells what it holds after a full
 * garbage collection. The server itself stays what is shipped.
 */
import { writeSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

export interface Gauge {
  /** Bytes. */
  readonly heap: number;
  readonly rss: number;
  readonly external: number;
  /** How many of each kind keep the process alive: sockets, timers, … */
  readonly resources: Readonly<Record<string, number>>;
  /** Seconds of the processor, since the start. */
  readonly cpu: number;
}

const { gc } = globalThis; // by --expose-gc

async function look(): Promise<void> {
  // What is finalized by one collection is freed by a later one.
  for (let round = 0; round < 4; round += 1) {
    gc?.();
    await pause(20);
  }
  const { heapUsed: heap, rss, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const resources: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) resources[kind] = (resources[kind] ?? 0) + 1;
  const gauge: Gauge = { heap, rss, external, resources, cpu: (user + system) / 1_000_000 };
  writeSync(2, `${JSON.stringify({ gauge })}\n`);
}

if (gc !== undefined) process.on('SIGUSR2', () => void look());
