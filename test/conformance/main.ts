/**
 * `npm run conformance`: the official suite, both revisions, against a fixture with all that it asks for on this program's HTTP code, and
 * against the program itself on its built-in Kratos. Exits with 1 where anything is not as
 * expected, and with 75 where npm could not fetch the suite.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { built, PROGRAM } from '../../bench/built.ts';
import { startHttp, type HttpServer } from '../../bench/http-server.ts';
import { freePort } from '../../src/cli/free-port.ts';
import { exceptions, FIXTURE } from './exceptions.ts';
import { isCrowded, judge, type Expected } from './judge.ts';
import { NotFetched, openSuite, REVISIONS, type Check, type Revision, type Suite } from './suite.ts';

const fixture = built('build/test/conformance/fixture.js');

type Started = Pick<HttpServer, 'url'> & { readonly close: () => Promise<unknown> };

interface Subject {
  readonly name: string;
  readonly start: () => Promise<Started>;
  readonly expected: Readonly<Record<Revision, Expected>>;
}
const subjects: readonly Subject[] = [
  { name: 'fixture', start: () => startHttp([fixture]), expected: FIXTURE },
  { name: 'program', start: () => startProgram(), expected: exceptions },
];

/** Open on loopback: the suite sends no credentials, and calls from its own origin. */
async function startProgram(): Promise<Started> {
  const port = await freePort(['127.0.0.1']);
  const state = mkdtempSync(join(tmpdir(), 'conformance-state-'));
  const args = ['--sandbox', '--http', `127.0.0.1:${port}`, '--allowed-origins', `http://127.0.0.1:${port}`, '--state-dir', state];
  const started = await startHttp([PROGRAM, ...args, '--log-level', 'info']);
  return {
    ...started,
    async close() {
      await started.close();
      rmSync(state, { recursive: true, force: true });
    },
  };
}

/** EX_TEMPFAIL: a run without the registry is no failure of this project. */
const NOTHING_RUN = 75;

async function main(): Promise<void> {
  const suite = await openSuite();
  let unexpected = 0;
  for (const subject of subjects) {
    for (const revision of REVISIONS) unexpected += await report(subject, revision, suite);
  }
  print(unexpected === 0 ? '\nall as expected' : `\n${unexpected} not as expected`);
  process.exitCode = unexpected === 0 ? 0 : 1;
}

/** Resolves with how many rows are not as expected. */
async function report(subject: Subject, revision: Revision, suite: Suite): Promise<number> {
  const rows = judge(await findings(subject, revision, suite), suite.required(revision), subject.expected[revision]);
  print(`\n${subject.name}, ${revision}`);
  print(line(['scenario', 'passed', 'failed', 'other', 'result', '']));
  for (const it of rows) print(line([it.scenario, `${it.passed}`, `${it.failed}`, `${it.other}`, it.result, it.note.slice(0, 140)]));
  const scored = rows.filter((it) => it.unscored === undefined);
  const passed = scored.filter((it) => it.result === 'passed');
  const checks = passed.reduce((sum, it) => sum + it.passed, 0);
  print(`${passed.length} of ${scored.length} scored scenarios passed, with ${checks} checks`);
  return rows.filter((it) => it.result === 'UNEXPECTED').length;
}

type Findings = ReadonlyMap<string, readonly Check[]>;

/**
 * A scenario that fails leaves its session behind, and a client without credentials may have so many: what was refused for that alone is
 * asked again, of a server that has none.
 */
async function findings(subject: Subject, revision: Revision, suite: Suite): Promise<Findings> {
  const all = await withServer(subject, ({ url }) => suite.run(revision, url));
  const crowded = [...all].filter(([, checks]) => checks.some(isCrowded)).map(([scenario]) => scenario);
  if (crowded.length === 0) return all;
  return withServer(subject, async ({ url }) => {
    const again: [string, readonly Check[]][] = [];
    for (const scenario of crowded) again.push(...(await suite.run(revision, url, scenario)));
    return new Map([...all, ...again]);
  });
}

async function withServer<T>({ start }: Subject, work: (server: Started) => Promise<T>): Promise<T> {
  const server = await start();
  try {
    return await work(server);
  } finally {
    await server.close();
  }
}

const WIDTHS = [46, 7, 7, 6, 11];
const line = (cells: readonly string[]): string =>
  cells
    .map((it, index) => it.padEnd(WIDTHS[index] ?? 0))
    .join(' ')
    .trimEnd();
const print = (text: string): void => void process.stdout.write(`${text}\n`);

try {
  await main();
} catch (error) {
  if (!(error instanceof NotFetched)) throw error;
  print(`${error.message}: nothing was run.`);
  process.exitCode = NOTHING_RUN;
}
