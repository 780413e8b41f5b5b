/** Starts the Kratos of the load test, and speaks with it. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { built } from '../../bench/built.ts';
import type { FromKratos, Person, Report, ToKratos } from './wire.ts';

export interface KratosProcess {
  readonly url: string;
  readonly people: readonly Person[];
  /** This share of all requests from now on. */
  fail(share: number): void;
  report(): Promise<Report>;
  close(): Promise<void>;
}

export async function startKratos(people: number): Promise<KratosProcess> {
  const child = fork(built('build/test/load/kratos.js'), [String(people)], { stdio: 'inherit' });
  const ended = once(child, 'exit');
  const next = async (): Promise<FromKratos> => {
    const [message] = (await Promise.race([
      once(child, 'message'),
      ended.then(() => Promise.reject(new Error('the Kratos of the test ended'))),
    ])) as [FromKratos]; // it sends nothing else
    return message;
  };
  const send = (message: ToKratos) => void child.send(message);
  const ready = await next();
  if (ready.kind !== 'ready') throw new Error('not ready');
  return {
    url: ready.url,
    people: ready.people,
    fail: (share) => send({ do: 'fail', share }),
    async report() {
      send({ do: 'report' });
      const report = await next();
      if (report.kind !== 'report') throw new Error('no report');
      return report;
    },
    async close() {
      child.disconnect();
      await ended;
    },
  };
}
