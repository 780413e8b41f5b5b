/**
 * The built-in Kratos as a process of its own, which fails now and then and counts what was written. Told what to do, and asked what came
 * in, over the channel to its parent. Ends with it.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import { answer } from '../../src/sandbox/router.ts';
import type { FromKratos, Person, ToKratos } from './wire.ts';

const { world } = createSandbox();
let faultShare = 0;
let requests = 0;
const faults: Record<string, number> = {};
/** By mark: how many writes that hold it were carried out. */
const writes = new Map<string, number>();

type Fault = 'refused' | 'reset before' | 'reset after' | 'slow';
const FAULTS: readonly Fault[] = ['refused', 'reset before', 'reset after', 'slow'];
const SLOW_MS = 1_500;

function fault(): Fault | undefined {
  if (Math.random() >= faultShare) return undefined;
  const chosen = FAULTS[Math.floor(Math.random() * FAULTS.length)];
  if (chosen !== undefined) faults[chosen] = (faults[chosen] ?? 0) + 1;
  return chosen;
}

const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  requests += 1;
  const body = await read(request);
  const its = fault();
  if (its === 'reset before') return void request.socket.resetAndDestroy();
  if (its === 'refused') return void response.writeHead(503, { 'content-type': 'text/plain' }).end('no healthy upstream');
  if (its === 'slow') await new Promise((resolve) => setTimeout(resolve, SLOW_MS));
  const { method = 'GET', url = '/' } = request;
  const reply = await ask(method, url, body);
  if (method !== 'GET' && reply.status < 300) count(body);
  if (its === 'reset after') return void request.socket.resetAndDestroy();
  response.writeHead(reply.status, reply.headers).end(reply.text);
}

const ask = (method: string, target: string, body = '') =>
  answer(world, {
    port: 'admin',
    method,
    target,
    body,
    contentType: 'application/json',
    requestId: undefined,
    userAgent: '',
    remote: '127.0.0.1:1',
    sessionToken: undefined,
  });

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  return text;
}

function count(body: string): void {
  for (const [mark] of body.matchAll(/mark-[\w-]+/g)) writes.set(mark, (writes.get(mark) ?? 0) + 1);
}

async function populate(count_: number): Promise<readonly Person[]> {
  const people: Person[] = [];
  for (let index = 0; index < count_; index += 1) {
    const email = `person-${index}@load.example`;
    const body = {
      schema_id: 'default',
      traits: { email, name: { first: 'Person', last: `Number${index}` } },
      metadata_admin: { load: 'none' },
    };
    const { status, text } = await ask('POST', '/admin/identities', JSON.stringify(body));
    if (status !== 201) throw new Error(`${status} ${text}`);
    people.push({ id: (JSON.parse(text) as { id: string }).id, email });
  }
  return people;
}

const tell = (message: FromKratos): void => void process.send?.(message);
process.on('message', (message: ToKratos) => {
  if (message.do === 'fail') faultShare = message.share;
  else tell({ kind: 'report', requests, faults, writes: Object.fromEntries(writes) });
});
process.on('disconnect', () => process.exit(0));

const people = await populate(Number(process.argv[2]));
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address() as AddressInfo; // listening on TCP
  tell({ kind: 'ready', url: `http://127.0.0.1:${port}`, people });
});
