/**
 * `npm run load`: 200 clients at once for a minute (`LOAD_SECONDS`), reading and changing, with a Kratos that fails now and then; then
 * attacks, with others looking on (`LOAD_ATTACK_SECONDS` each; 0: none). Kratos, server, and clients are processes of their own. Exits
 * with 1 where an answer was wrong, something was written that should not have been, or something is left over.
 */
import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { GAUGE, PROGRAM } from '../../bench/built.ts';
import { startHttp, type HttpServer } from '../../bench/http-server.ts';
import { startIssuer } from '../../bench/issuer.ts';
import { underAttack, type Suffered } from './attacks.ts';
import { Client } from './client.ts';
import { startKratos, type KratosProcess } from './kratos-process.ts';
import { changeInSession, changeModern, read, type Ledger, type Life } from './people.ts';
import { Tally } from './tally.ts';

const SECONDS = Number(process.env['LOAD_SECONDS'] ?? 60);
const ATTACK_SECONDS = Number(process.env['LOAD_ATTACK_SECONDS'] ?? 15);
const CLIENTS = 200;
const FAULTS = 0.01;
const AUDIENCE = 'https://identity-mcp.test/mcp';
/** Longer than connections, ours and Kratos', are kept open idle. */
const SETTLE_MS = 12_000;
/** What a server that works holds more of than one that is warm: remembered values, plans of the last hour. Per principal and bounded. */
const MOST_GROWTH_MB = 64;

/** What is tested is not to meet a limit. */
const POLICY = `version: 1
preset: standard
limits: { asked: 100000, waiting: 1000, waiting_in_all: 100000, identities_read: 1000000 }
`;

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const loadLine = (): string => `load of the machine ${loadavg().map((it) => it.toFixed(1)).join(' ')} on ${cpus().length} processors`; // prettier-ignore

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ory-identity-mcp-load-'));
  const policy = join(folder, 'policy.yaml');
  writeFileSync(policy, POLICY);
  const kratos = await startKratos(CLIENTS);
  const issuer = await startIssuer();
  const args = ['--admin-url', kratos.url, '--public-url', kratos.url, '--policy', policy, '--state-dir', join(folder, 'state')];
  const http = [
    '--http',
    '127.0.0.1:0',
    '--oauth-issuer',
    issuer.url,
    '--oauth-audience',
    AUDIENCE,
    '--auth-failures-per-minute',
    '100000',
  ];
  const server = await startHttp([PROGRAM, ...args, ...http, '--log-level', 'info'], { gauge: GAUGE, passOn: false });
  const tokenFor = (subject: string, kid?: string) =>
    issuer.token(subject, { audience: AUDIENCE, scope: 'kratos:read kratos:write kratos:privilege', ...(kid !== undefined && { kid }) });
  try {
    print(loadLine());
    const tally = new Tally();
    await everybody({ kratos, server, tokenFor, tally });
    if (ATTACK_SECONDS > 0) {
      const scene = { url: server.url, issuer, people: kratos.people, tokenFor, folder, seconds: ATTACK_SECONDS };
      judgeAttacks(await underAttack(scene), tally);
      await settle();
      print(`after the attacks: ${holding(await held(server))}`);
    }
    print(loadLine());
    for (const it of tally.wrong) print(`WRONG  ${it}`);
    print(tally.wrong.length === 0 ? 'ok' : `${tally.wrong.length} wrong`);
    process.exitCode = tally.wrong.length === 0 ? 0 : 1;
  } finally {
    await server.close();
    await issuer.close();
    await kratos.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Stage {
  readonly kratos: KratosProcess;
  readonly server: HttpServer;
  readonly tokenFor: (subject: string, kid?: string) => Promise<string>;
  readonly tally: Tally;
}

async function everybody(stage: Stage): Promise<void> {
  const { kratos, server, tally } = stage;
  const written: Ledger = new Map();
  await crowd({ ...stage, tally: new Tally() }, { seconds: Math.min(10, SECONDS), ledger: new Map(), round: 0 }); // warm-up
  await settle();
  const before = await held(server);
  kratos.fail(FAULTS);
  await crowd(stage, { seconds: SECONDS, ledger: written, round: 1 });
  kratos.fail(0);
  const { requests, faults, writes } = await kratos.report();
  print(`${CLIENTS} clients, ${SECONDS} s; ${requests} requests to Kratos, of which failed: ${JSON.stringify(faults)}`);
  for (const it of tally.lines) print(`  ${it}`);
  judgeWrites(written, writes, tally);
  await settle();
  const after = await held(server);
  print(`held when warm:  ${holding(before)}\nheld afterwards: ${holding(after)}`);
  judgeLeft(before, after, tally);
}

interface Crowd {
  readonly seconds: number;
  readonly ledger: Ledger;
  readonly round: number;
}

/** Four in ten read in the 2026 era, two in the 2025 era; two make changes in each. */
async function crowd({ kratos, server, tokenFor, tally }: Stage, { seconds, ledger, round }: Crowd): Promise<void> {
  const until = performance.now() + seconds * 1_000;
  const isOver = () => performance.now() > until;
  const one = async (_: unknown, index: number) => {
    const client = new Client(server.url, await tokenFor(`client-${index}`));
    const life: Life = { client, tally, people: kratos.people, number: index + round * 1_000, isOver, ledger };
    const kind = index % 10;
    await pause((index * 1_000) / CLIENTS); // they don't come all in the same moment
    if (kind < 4) await read(life, 'modern');
    else if (kind < 6) await read(life, 'legacy');
    else if (kind < 8) await changeModern(life);
    else await changeInSession(life);
    await client.close();
  };
  await Promise.all(Array.from({ length: CLIENTS }, one));
}

const settle = () => pause(SETTLE_MS);

interface Held {
  readonly heap: number;
  readonly rss: number;
  readonly resources: Readonly<Record<string, number>>;
  readonly descriptors: number;
  readonly sockets: number;
}

async function held({ gauge, pid }: HttpServer): Promise<Held> {
  const { heap, rss, resources } = await gauge();
  const folder = `/proc/${pid}/fd`;
  const all = readdirSync(folder).map((it) => {
    try {
      return readlinkSync(join(folder, it));
    } catch {
      return ''; // closed meanwhile
    }
  });
  return { heap, rss, resources, descriptors: all.length, sockets: all.filter((it) => it.startsWith('socket:')).length };
}

const mb = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
const holding = ({ heap, rss, resources, descriptors, sockets }: Held): string =>
  `heap ${mb(heap)} MB, resident ${mb(rss)} MB, ${descriptors} descriptors, ${sockets} of them sockets, ${JSON.stringify(resources)}`;

function judgeWrites(expected: Ledger, writes: Readonly<Record<string, number>>, tally: Tally): void {
  let carriedOut = 0;
  for (const [mark, allowed] of expected) {
    const found = writes[mark] ?? 0;
    carriedOut += found;
    if (!allowed.includes(found)) tally.accuse(`${mark}: written ${found} times, where ${allowed.join(' or ')} is right`);
  }
  print(`  ${expected.size} changes were asked for; ${carriedOut} writes of them reached Kratos`);
  if (carriedOut === 0) tally.accuse('nothing was carried out');
  if (tally.count('read: answered') === 0) tally.accuse('nothing was read');
}

function judgeLeft(before: Held, after: Held, tally: Tally): void {
  const sockets = (it: Held) => it.resources['TCPSocketWrap'] ?? 0;
  if (sockets(after) > sockets(before)) tally.accuse(`${sockets(after)} sockets are open, where there were ${sockets(before)}`);
  if (after.descriptors > before.descriptors) tally.accuse(`${after.descriptors} descriptors, where there were ${before.descriptors}`);
  if (after.heap - before.heap > MOST_GROWTH_MB * 2 ** 20) tally.accuse(`the heap grew by ${mb(after.heap - before.heap)} MB`);
}

function judgeAttacks(all: readonly Suffered[], tally: Tally): void {
  for (const [index, { attack, p99, calls, failed, told }] of all.entries()) {
    if (failed > 0) tally.accuse(`under ${attack} ${failed} calls of others failed`);
    const [before, after] = [all[index - 1]?.p99 ?? Number.NaN, all[index + 1]?.p99 ?? Number.NaN];
    const line = `attack ${attack.padEnd(10)} others' p99 ${p99.toFixed(1).padStart(6)} ms, ${calls} calls, ${failed} failed`;
    if (attack === 'none') {
      print(line);
      continue;
    }
    const ratio = p99 / Math.max(before, after);
    print(`${line}; ${ratio.toFixed(2)} of the baseline; ${told}`);
    if (!(ratio < 2)) tally.accuse(`under ${attack} others' p99 is ${ratio.toFixed(2)} times its baseline`);
  }
}

await main();
