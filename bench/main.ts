/** The figures, measured in one run against a stub Kratos on loopback: `npm run bench`, or one of HTTP alone: `npm run bench -- throughput`. Ratios, since machines differ. Exit code 0 always: a missed figure is reported, not hidden. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { request } from 'undici';
import { PROGRAM } from './built.ts';
import { print, type Figure } from './figure.ts';
import { measureGated } from './gated.ts';
import { httpFigures } from './http.ts';
import { startServer, type Server } from './server.ts';
import { startStub, type Stub } from './stub.ts';

const START_RUNS = 15;
const CALLS = 1_500;

/** What is measured is not to meet a limit. */
const POLICY = `version: 1
preset: standard
limits: { asked: 100000, destructive: 100000, identities_read: 1000000 }
`;

async function main(): Promise<void> {
  const stub = await startStub();
  const folder = mkdtempSync(join(tmpdir(), 'ory-identity-mcp-bench-'));
  const policy = join(folder, 'policy.yaml');
  writeFileSync(policy, POLICY);
  const common = ['--admin-url', stub.url, '--public-url', stub.url, '--max-result-tokens', '1000000'];
  const names = process.argv.slice(2);
  const figures: Figure[] = [];
  try {
    if (names.length === 0) figures.push(...(await overStdio([...common, '--log-level', 'error'], { folder, policy, stub })));
    const ports = { args: [...common, '--policy', policy], stub };
    for (const [name, measure] of Object.entries(httpFigures)) {
      if (names.length === 0 || names.includes(name)) figures.push(await measure(ports));
    }
  } finally {
    await stub.close();
    rmSync(folder, { recursive: true, force: true });
  }
  for (const it of figures) print(it);
}

interface Place {
  readonly folder: string;
  readonly policy: string;
  readonly stub: Stub;
}

async function overStdio(common: readonly string[], { folder, policy, stub }: Place): Promise<readonly Figure[]> {
  const args = [...common, '--state-dir', join(folder, 'state')];
  const figures: Figure[] = [];
  figures.push({ name: 'cold start to the first tools/list answer ÷ bare node', measured: await coldStart(args), limit: { atMost: 3 } });
  const server = startServer(PROGRAM, [...args, '--policy', policy]);
  try {
    const tools = await server.listTools();
    figures.push({ name: 'tools/list, o200k tokens', measured: tokens(JSON.stringify(tools)), limit: { atMost: 7_500 } });
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    figures.push({ name: 'resident memory, idle, MB', measured: residentMb(server.pid), limit: { atMost: 95 } });
    const call = await callRatio(server, stub.url, stub.ids);
    figures.push({ name: 'get_identity over stdio, p50 ÷ raw GET p50', measured: call, limit: { atMost: 7.5 } });
    const list = await listRatio(server, stub.url);
    figures.push({ name: 'list_identities of 250, tokens ÷ the API’s own JSON', measured: list, limit: { atMost: 0.35 } });
  } finally {
    await server.close();
  }
  const gated = await measureGated(PROGRAM, [...common, '--policy', policy], stub);
  figures.push({ name: 'gated call beside its calls of Kratos, p95, ms (syncing apart)', measured: gated.p95, limit: { atMost: 10 } });
  console.log(
    `       gated call: p50 ${gated.p50.toFixed(2)} ms; on disk p95 ${gated.onDiskP95.toFixed(2)} ms; one fsync ${gated.fsyncP50.toFixed(2)} ms`,
  );
  return figures;
}

const tokens = (text: string): number => encode(text).length;

async function coldStart(args: readonly string[]): Promise<number> {
  const ours: number[] = [];
  const bare: number[] = [];
  for (let run = 0; run < START_RUNS + 2; run += 1) {
    const began = performance.now();
    const server = startServer(PROGRAM, args);
    await server.listTools();
    const took = performance.now() - began;
    await server.close();
    const bareTook = await bareNode();
    if (run < 2) continue; // warm-up: the files come from disk
    ours.push(took);
    bare.push(bareTook);
  }
  console.log(`       cold start: ${median(ours).toFixed(0)} ms, bare node: ${median(bare).toFixed(0)} ms (medians of ${START_RUNS})`);
  return median(ours) / median(bare);
}

function bareNode(): Promise<number> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
    child.once('error', reject);
    child.once('exit', () => resolve(performance.now() - began));
  });
}

async function callRatio(server: Server, url: string, ids: readonly string[]): Promise<number> {
  const ours: number[] = [];
  const raw: number[] = [];
  for (let run = 0; run < CALLS; run += 1) {
    const id = ids[run % ids.length] ?? '';
    let began = performance.now();
    const answer = await server.call('get_identity', { id });
    ours.push(performance.now() - began);
    if (answer.isError === true) throw new Error(JSON.stringify(answer.content));
    began = performance.now();
    const { body } = await request(`${url}/admin/identities/${id}`);
    await body.json();
    raw.push(performance.now() - began);
  }
  console.log(`       get_identity p50: ${median(ours).toFixed(2)} ms over stdio, ${median(raw).toFixed(2)} ms raw (${CALLS} calls each)`);
  return median(ours) / median(raw);
}

async function listRatio(server: Server, url: string): Promise<number> {
  const answer = await server.call('list_identities', { page_size: 250 });
  const { structuredContent, content } = answer;
  const shown = (structuredContent?.['identities'] as unknown[] | undefined)?.length;
  if (shown !== 250) throw new Error(`${shown} of 250 identities in the result`);
  const text = tokens(content.map((it) => it.text).join('\n'));
  const structured = tokens(JSON.stringify(structuredContent));
  const { body } = await request(`${url}/admin/identities?page_size=250`);
  const own = tokens(await body.text());
  console.log(`       250 identities: text ${text}, structuredContent ${structured}, the API's own JSON ${own} tokens`);
  return Math.max(text, structured) / own;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function residentMb(pid: number): number {
  if (process.platform !== 'linux') return Number.NaN;
  const kib = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kib) / 1024;
}

await main();
