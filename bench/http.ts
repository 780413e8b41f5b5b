/** What serving over HTTP costs: against a plain request to Kratos, and against the SDK's own server doing the same. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { built, GAUGE, PROGRAM } from './built.ts';
import type { Figure } from './figure.ts';
import { httpClient, type HttpClient } from './http-client.ts';
import { startHttp, type HttpServer } from './http-server.ts';
import { startIssuer } from './issuer.ts';
import type { Stub } from './stub.ts';

const BARE = built('build/bench/bare.js');
const WARM_UP = 1_000;
const CALLS = 3_000;
const CLIENTS = 64;
const ROUNDS = 3;
const ROUND_CALLS = 6_000;
/** Between these two, memory is compared. */
const GROWTH = { from: 20_000, to: 100_000 };
/** What the heap of an idle server differs by from look to look, and code that was compiled meanwhile: 80,000 calls of 13 bytes each. */
const NOISE_MB = 1;

export interface HttpPorts {
  /** Everything but where it listens, keeps its state, and who may call. */
  readonly args: readonly string[];
  readonly stub: Stub;
}

/** Each by a word that runs it alone. */
export const httpFigures: Readonly<Record<string, (ports: HttpPorts) => Promise<Figure>>> = {
  http: async (ports) => ({ name: 'get_identity over HTTP, p50 ÷ raw GET p50', measured: await latency(ports), limit: { atMost: 12 } }),
  token: async (ports) => ({ name: 'the same with a JWT checked', measured: await latencyWithToken(ports), limit: { atMost: 14 } }),
  throughput: async (ports) => ({
    name: `calls a second of ${CLIENTS} clients ÷ the bare SDK server’s`,
    measured: await throughput(ports),
    limit: { atLeast: 0.8 },
  }),
  memory: async (ports) => ({
    name: `growth of the heap from ${GROWTH.from} to ${GROWTH.to} calls, MB (beyond noise)`,
    measured: await growth(ports),
    limit: { atMost: NOISE_MB },
  }),
};

/** Runs the work against a server of its own. */
async function withServer<T>({ args }: HttpPorts, more: readonly string[], work: (server: HttpServer) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'ory-identity-mcp-bench-'));
  const where = ['--http', '127.0.0.1:0', '--state-dir', join(folder, 'state'), '--log-level', 'info'];
  const server = await startHttp([PROGRAM, ...args, ...where, ...more], { gauge: GAUGE });
  try {
    return await work(server);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** p50 of `get_identity` ÷ p50 of a plain GET, one after the other. */
const latency = (ports: HttpPorts): Promise<number> => withServer(ports, [], (server) => ratio('HTTP', httpClient(server.url), ports.stub));

/** The same with a token checked. */
async function latencyWithToken(ports: HttpPorts): Promise<number> {
  const issuer = await startIssuer();
  const audience = 'https://identity-mcp.test/mcp';
  const token = await issuer.token('somebody', { audience, scope: 'kratos:read' });
  try {
    const more = ['--oauth-issuer', issuer.url, '--oauth-audience', audience];
    return await withServer(ports, more, (server) => ratio('HTTP with a token', httpClient(server.url, { token }), ports.stub));
  } finally {
    await issuer.close();
  }
}

async function ratio(name: string, client: HttpClient, { url, ids }: Stub): Promise<number> {
  const ours: number[] = [];
  const raw: number[] = [];
  for (let run = 0; run < WARM_UP + CALLS; run += 1) {
    const id = ids[run % ids.length] ?? '';
    let began = performance.now();
    await ask(client, id);
    ours.push(performance.now() - began);
    began = performance.now();
    await (await request(`${url}/admin/identities/${id}`)).body.json();
    raw.push(performance.now() - began);
  }
  await client.close();
  const [own, plain] = [median(ours.slice(WARM_UP)), median(raw.slice(WARM_UP))];
  console.log(`       get_identity p50: ${own.toFixed(2)} ms over ${name}, ${plain.toFixed(2)} ms raw (${CALLS} calls each)`);
  return own / plain;
}

/** Calls a second of 64 clients, ours ÷ the bare SDK server's, in turns. */
const throughput = (ports: HttpPorts): Promise<number> =>
  withServer(ports, [], async (ours) => {
    const bare = await startHttp([BARE, ports.stub.url], { gauge: GAUGE });
    try {
      const rates = { ours: [] as number[], bare: [] as number[] };
      const cpu = { ours: 0, bare: 0 };
      for (let round = 0; round <= ROUNDS; round += 1) {
        for (const [name, server] of [['ours', ours] as const, ['bare', bare] as const]) {
          const before = await server.gauge();
          const rate = await rateOf(server, ROUND_CALLS, ports.stub);
          if (round === 0) continue; // warm-up
          rates[name].push(rate);
          cpu[name] += (await server.gauge()).cpu - before.cpu;
        }
      }
      const each = (seconds: number) => ((seconds * 1_000) / (ROUNDS * ROUND_CALLS)).toFixed(3);
      console.log(
        `       ${CLIENTS} clients: ${median(rates.ours).toFixed(0)} calls a second (${each(cpu.ours)} ms of the processor each), ` +
          `the bare SDK server ${median(rates.bare).toFixed(0)} (${each(cpu.bare)} ms)`,
      );
      return median(rates.ours) / median(rates.bare);
    } finally {
      await bare.close();
    }
  });

/** Megabytes that the heap grew by over 80,000 calls. */
const growth = (ports: HttpPorts): Promise<number> =>
  withServer(ports, [], async (server) => {
    await rateOf(server, GROWTH.from, ports.stub);
    const before = await server.gauge();
    await rateOf(server, GROWTH.to - GROWTH.from, ports.stub);
    const after = await server.gauge();
    const mb = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
    console.log(
      `       after ${GROWTH.from} and ${GROWTH.to} calls, collected: heap ${mb(before.heap)} and ${mb(after.heap)} MB, ` +
        `resident ${mb(before.rss)} and ${mb(after.rss)} MB, ${JSON.stringify(after.resources)}`,
    );
    return (after.heap - before.heap) / 2 ** 20;
  });

async function rateOf({ url }: HttpServer, calls: number, { ids }: Stub): Promise<number> {
  const client = httpClient(url, { connections: CLIENTS });
  let made = 0;
  const began = performance.now();
  const one = async () => {
    while (made < calls) {
      made += 1;
      await ask(client, ids[made % ids.length] ?? '');
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, one));
  const seconds = (performance.now() - began) / 1_000;
  await client.close();
  return calls / seconds;
}

async function ask(client: HttpClient, id: string): Promise<void> {
  const answer = await client.call('get_identity', { id });
  if (!JSON.stringify(answer.structuredContent).includes(id)) throw new Error(JSON.stringify(answer));
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
