/** A server over HTTP as a process of its own: started, its address read from its log, looked into, ended by its id. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Gauge } from './gauge.ts';

export interface HttpServer {
  readonly pid: number;
  readonly url: string;
  /** After a full garbage collection. */
  readonly gauge: () => Promise<Gauge>;
  /** Resolves with its exit code. */
  readonly close: () => Promise<number | null>;
}

const START_MS = 20_000;
/** Longer than a server waits for what is under way. */
const STOP_MS = 35_000;

interface Options {
  /** Where `gauge.js` is; without it there is nothing to look into. */
  readonly gauge?: string;
  /** What it logs besides is passed on. */
  readonly passOn?: boolean;
}

/** Its address is a line on stdout, or stands in the line of its log that says it has started. */
export async function startHttp(args: readonly string[], { gauge, passOn = true }: Options = {}): Promise<HttpServer> {
  const look = gauge === undefined ? [] : ['--expose-gc', '--import', gauge];
  // For whoever wants a profile of it: BENCH_NODE_ARGS='--cpu-prof --cpu-prof-dir=/tmp/profiles'.
  const extra = (process.env['BENCH_NODE_ARGS'] ?? '').split(' ').filter((it) => it !== '');
  const child = spawn(process.execPath, [...extra, ...look, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close').then(([code]) => code as number | null); // as Node documents it
  const asked: ((gauge: Gauge) => void)[] = [];
  const timers: NodeJS.Timeout[] = [];
  const address = new Promise<string>((resolve, reject) => {
    const read = (line: string) => {
      const found = /^(http:\S+)$|"event":"started".*"address":"([^"]+)"/.exec(line);
      if (found) resolve(found[1] ?? found[2] ?? '');
      else if (line.startsWith('{"gauge"')) asked.shift()?.((JSON.parse(line) as { gauge: Gauge }).gauge);
      else if (passOn && !/"level":"info"|"event":"notice"/.test(line)) process.stderr.write(`${line}\n`);
    };
    for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', read);
    void ended.then(() => reject(new Error('the server ended before it said where it is')));
    timers.push(setTimeout(() => reject(new Error('the server did not say where it is')), START_MS));
  });
  const close = async (): Promise<number | null> => {
    child.kill('SIGTERM');
    timers.push(setTimeout(() => child.kill('SIGKILL'), STOP_MS));
    const code = await ended;
    for (const it of timers) clearTimeout(it);
    return code;
  };
  try {
    const url = (await address).replace('//localhost:', '//127.0.0.1:');
    return {
      pid: child.pid ?? 0,
      url,
      close,
      gauge: () =>
        new Promise((resolve, reject) => {
          asked.push(resolve);
          void ended.then(() => reject(new Error('the server ended before it was looked into')));
          child.kill('SIGUSR2');
        }),
    };
  } catch (error) {
    await close();
    throw error;
  }
}
