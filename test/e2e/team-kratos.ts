/** The Kratos of a team: it remembers each write and how long it took, and a test can hold one up, or keep it from being carried out. */
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { startStub } from '../support/stub.ts';

export interface Arrived {
  readonly method: string;
  readonly path: string;
  /** Path and body: it has the id of whom it is about. */
  readonly text: string;
}
export interface Write extends Arrived {
  /** By `performance.now()`; `end` is 0 until it was answered. */
  readonly begun: number;
  end: number;
}

export interface TeamKratos {
  readonly url: string;
  readonly sandbox: Sandbox;
  readonly writes: readonly Write[];
  /** Those that are about this one. */
  readonly writesTo: (id: string) => readonly string[];
  /** What happens when a request has come, before it is carried out; false: it is not, and not answered. */
  meddle: ((arrived: Arrived) => Promise<boolean>) | undefined;
  readonly close: () => Promise<void>;
}

export async function startTeamKratos(): Promise<TeamKratos> {
  const sandbox = createSandbox();
  const writes: Write[] = [];
  const stub = await startStub(async ({ seen: { method, path }, response, body }) => {
    const text = await body();
    const write: Write = { method, path, text: `${path} ${text}`, begun: performance.now(), end: 0 };
    if (method !== 'GET') writes.push(write);
    if ((await kratos.meddle?.(write)) === false) return void response.destroy();
    const port = path.startsWith('/admin/') ? 'admin' : 'public';
    const reply = await sandbox.send({ endpoint: 'getIdentity', port, method, path, ...(text !== '' && { body: text }) });
    write.end = performance.now();
    response.writeHead(reply.status, reply.headers).end(reply.text);
  });
  const kratos: TeamKratos = {
    url: stub.url.href,
    sandbox,
    writes,
    writesTo: (id) => writes.filter((it) => it.text.includes(id)).map(({ method, path }) => `${method} ${path}`),
    meddle: undefined,
    close: stub.close,
  };
  return kratos;
}
