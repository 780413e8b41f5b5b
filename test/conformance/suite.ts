/**
 * The official conformance suite, fetched by npm on first use and kept outside of the tree. It is no dependency of this project: it brings
 * a hundred packages (a web framework and a GitHub client among them) into a lock file that holds a quarter more without them, and it needs Node 22
 * where this project is developed on Node 20.
 */
import { execFile, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';

const SUITE = '@modelcontextprotocol/conformance';
const VERSION = '0.2.0-alpha.12';
const NODE = '22.23.3';
/** Node itself as a package, by platform, without an install script. */
const NODE_PACKAGE = `node-${process.platform}-${process.arch}`;

export const REVISIONS = ['2025-11-25', '2026-07-28'] as const;
export type Revision = (typeof REVISIONS)[number];

export type Status = 'SUCCESS' | 'FAILURE' | 'WARNING' | 'SKIPPED' | 'INFO';
export interface Check {
  readonly id: string;
  readonly status: Status;
  readonly errorMessage?: string;
}
/** What a revision asks of a server; `unscored` with the suite's own reason. */
export interface Required {
  readonly scored: readonly string[];
  readonly unscored: ReadonlyMap<string, string>;
}
export interface Suite {
  readonly required: (revision: Revision) => Required;
  /** Runs everything that a revision asks of a server, or one scenario of it; checks by scenario. One that left none behind is not in it. */
  readonly run: (revision: Revision, url: string, scenario?: string) => Promise<ReadonlyMap<string, readonly Check[]>>;
}

/** It is no fault of this project: nothing was run. */
export class NotFetched extends Error {
  override readonly name = 'NotFetched';
}

const INSTALL_MS = 300_000;
/** All scenarios of one revision take about two seconds here. */
const RUN_MS = 180_000;

export async function openSuite(): Promise<Suite> {
  const folder = await installed();
  const modules = join(folder, 'node_modules');
  const suite = join(modules, SUITE);
  const needsNode = Number(process.versions.node.split('.')[0]) < 22;
  const node = needsNode ? join(modules, NODE_PACKAGE, 'bin', 'node') : process.execPath;
  return {
    required: (revision) => requiredOf(readFileSync(join(suite, 'requirements', `${revision}.yaml`), 'utf8')),
    async run(revision, url, scenario) {
      const what = scenario === undefined ? ['--requirements', revision] : ['--scenario', scenario, '--spec-version', revision];
      const out = mkdtempSync(join(tmpdir(), 'conformance-'));
      try {
        await ended(node, [join(suite, 'dist', 'index.js'), 'server', '--url', url, ...what, '-o', out]);
        return checksIn(out);
      } finally {
        rmSync(out, { recursive: true, force: true });
      }
    },
  };
}

async function installed(): Promise<string> {
  const cache = process.env['CONFORMANCE_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'ory-identity-mcp');
  const folder = join(cache, `conformance-${VERSION}-node-${NODE}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  const fresh = mkdtempSync(join(cache, 'installing-'));
  try {
    const npm = process.env['npm_execpath'];
    const [file, first] = npm === undefined ? ['npm', []] : [process.execPath, [npm]];
    const flags = ['install', '--prefix', fresh, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    await promisify(execFile)(file, [...first, ...flags, `${SUITE}@${VERSION}`, `${NODE_PACKAGE}@${NODE}`], { timeout: INSTALL_MS });
    renameSync(fresh, folder); // whole or not at all, also with two at once
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    if (!existsSync(folder)) throw new NotFetched('npm could not fetch the conformance suite', { cause: error });
  }
  return folder;
}

/** Its exit code says less than the checks that it leaves behind. */
function ended(file: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { stdio: ['ignore', 'ignore', 'inherit'], timeout: RUN_MS });
    child.once('error', reject);
    child.once('close', (_, signal) => (signal === null ? resolve() : reject(new Error(`the suite was ended by ${signal}`))));
  });
}

/** One folder a scenario: `server-<scenario>-<time>`. */
function checksIn(out: string): ReadonlyMap<string, readonly Check[]> {
  const found = readdirSync(out).flatMap((folder) => {
    const scenario = /^server-(.+)-\d{4}-\d{2}-\d{2}T[\d-]+Z$/.exec(folder)?.[1];
    const file = join(out, folder, 'checks.json');
    if (scenario === undefined || !existsSync(file)) return [];
    return [[scenario, JSON.parse(readFileSync(file, 'utf8')) as readonly Check[]] as const]; // the suite's own format
  });
  return new Map(found);
}

interface RequirementFile {
  readonly server: readonly string[];
  readonly not_scored: readonly { readonly scenario: string; readonly leg: string; readonly reason: string }[];
}

function requiredOf(yaml: string): Required {
  const { server, not_scored } = parse(yaml) as RequirementFile; // the suite's own format
  return {
    scored: server,
    unscored: new Map(not_scored.filter((it) => it.leg === 'server').map((it) => [it.scenario, it.reason])),
  };
}
