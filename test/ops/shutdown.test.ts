/** The end of a replica: the built program over HTTP, with a Kratos that takes its time. */
import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { run, start } from '../cli/program.ts';
import { stateDir } from '../support/state-dir.ts';
import { respond, startStub, type Stub } from '../support/stub.ts';

const ID = '9f425a8d-7efc-4768-8f23-7647a74fdf13';
const IDENTITY = { id: ID, schema_id: 'default', schema_url: '', state: 'active', traits: { email: 'a@example.com' } };
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

interface Line {
  readonly event: string;
  readonly [name: string]: unknown;
}
interface Running {
  readonly child: ChildProcess;
  readonly mcp: string;
  readonly ops: string;
  readonly folder: string;
  readonly lines: readonly Line[];
  /** Exit code and how long it took from here. */
  readonly ended: Promise<number | null>;
}

async function running(kratos: Stub): Promise<Running> {
  const folder = stateDir();
  const child = start(['--http', '0', '--ops-port', '0'], {
    KRATOS_ADMIN_URL: kratos.url.href,
    KRATOS_PUBLIC_URL: kratos.url.href,
    KRATOS_MCP_STATE_DIR: folder,
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const lines: Line[] = [];
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const whole = (rest + text).split('\n');
    rest = whole.pop() ?? '';
    lines.push(...whole.map((it) => JSON.parse(it) as Line)); // every line is one object: what is no JSON fails here
  });
  const line = (event: string) => waitFor(() => lines.find((it) => it.event === event));
  const [{ address }, { port }] = [await line('started'), await line('operations')];
  return { child, mcp: String(address), ops: `http://127.0.0.1:${String(port)}`, folder, lines, ended };
}

async function waitFor<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 200; tries += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(50);
  }
  throw new Error('waited for ten seconds');
}

const call = (mcp: string, headers: Readonly<Record<string, string>> = {}) =>
  fetch(mcp, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'get_identity', arguments: { id: ID } } }),
  });

test('SIGTERM while nothing is under way ends it at once, with 0 and a ledger that verifies', async () => {
  const kratos = await startStub(respond(200, IDENTITY));
  onTestFinished(kratos.close);
  const { child, mcp, ended, lines, folder } = await running(kratos);
  expect((await call(mcp)).status).toBe(200);
  const began = performance.now();
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(lines.at(-1)?.event).toBe('ended');
  expect(await run(['audit', 'verify'], { KRATOS_MCP_STATE_DIR: folder })).toMatchObject({ code: 0 });
});

/** A Kratos that answers when it is told to. */
async function holding() {
  let answer = () => {};
  const asked = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const kratos = await startStub(async (visit) => {
    await asked;
    await respond(200, IDENTITY)(visit);
  });
  onTestFinished(kratos.close);
  return { kratos, answer: () => answer() };
}

test('SIGTERM while a call is under way: not ready, nothing new, the call ends whole, then 0', async () => {
  const { kratos, answer } = await holding();
  const { child, mcp, ops, ended } = await running(kratos);
  expect((await fetch(`${ops}/readyz`)).status).toBe(200);
  const underWay = call(mcp);
  await waitFor(() => (kratos.requests.length > 0 ? true : undefined));
  child.kill('SIGTERM');
  const ready = await waitFor(async () => {
    const it = await fetch(`${ops}/readyz`);
    return it.status === 503 ? it : undefined;
  });
  expect(await ready.json()).toEqual({ ok: false, because: 'draining' });
  expect((await fetch(`${ops}/livez`)).status).toBe(200);
  const refused = await call(mcp).then(
    (it) => it.status,
    () => 'no connection',
  );
  expect([503, 'no connection']).toContain(refused);
  expect(kratos.requests).toHaveLength(1);
  answer();
  const answered = await underWay;
  expect(answered.status).toBe(200);
  expect(await answered.text()).toContain('a@example.com');
  expect(await ended).toBe(0);
});

test('a second SIGTERM does not cut short what is under way', async () => {
  const { kratos, answer } = await holding();
  const { child, mcp, ended } = await running(kratos);
  const underWay = call(mcp);
  await waitFor(() => (kratos.requests.length > 0 ? true : undefined));
  child.kill('SIGTERM');
  await sleep(200);
  child.kill('SIGTERM');
  await sleep(200);
  answer();
  expect(await (await underWay).text()).toContain('a@example.com');
  expect(await ended).toBe(0);
});

test('the trace of a request is in its log line, in its record and in what goes to Kratos; it is counted', async () => {
  const kratos = await startStub(respond(200, IDENTITY));
  onTestFinished(kratos.close);
  const { child, mcp, ops, lines, ended, folder } = await running(kratos);
  await (await call(mcp, { traceparent: `00-${TRACE}-00f067aa0ba902b7-01`, tracestate: 'canary=1', baggage: 'canary=1' })).text();
  const line = await waitFor(() => lines.find((it) => it.event === 'call'));
  expect(line).toMatchObject({ tool: 'get_identity', trace_id: TRACE, request_id: expect.stringMatching(/^[\da-f-]{36}$/) as string });
  const headers = kratos.requests[0]?.headers ?? {};
  expect(headers['traceparent']).toMatch(new RegExp(`^00-${TRACE}-(?!00f067aa0ba902b7)[\\da-f]{16}-01$`));
  expect(headers['x-request-id']).toBe(line['request_id']);
  expect(JSON.stringify(headers)).not.toContain('canary');
  const metrics = await (await fetch(`${ops}/metrics`)).text();
  expect(metrics).toContain('ory_identity_mcp_calls_total{tool="get_identity",outcome="read"} 1');
  expect(metrics).toMatch(/kratos_request_duration_seconds_count\{endpoint="getIdentity",status="2xx"\} 1/);
  expect(metrics).not.toContain('a@example.com');
  child.kill('SIGTERM');
  await ended;
  const exported = await run(['audit', 'export'], { KRATOS_MCP_STATE_DIR: folder });
  expect(exported.stdout).toContain(`"trace_id":"${TRACE}"`);
});
