/** Several replicas behind one address, on one Redis and one Kratos, with one real provider for callers and approvers. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LedgerRecord } from '../../src/audit/format.ts';
import { readRecords } from '../../src/audit/read.ts';
import { callbackOf } from '../../src/page/mounted.ts';
import { oidcBrowser, onwards, type OidcBrowser } from '../page/oidc-scene.ts';
import { CLIENTS, startProvider, type TestProvider } from '../support/provider.ts';
import { startFront, type Front } from './front.ts';
import { PROGRAM } from './program.ts';
import { startReplica, type Replica } from './replica.ts';
import { startTeamKratos, type TeamKratos } from './team-kratos.ts';

export const ISSUED = 'kratos:read kratos:write kratos:privilege kratos:takeover kratos:destructive kratos:mass kratos:sessions';

/** Who approves: anna and dora, by their group. */
export const PEOPLE = { dora: { email: 'dora@example.com', email_verified: true, name: 'Dora', groups: ['iam'] } };

export interface TeamOptions {
  /** `redis://…/db`. */
  readonly store: string;
  /** YAML. */
  readonly policy: string;
  /** Left out: three. */
  readonly names?: readonly string[];
}

export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}
/** A person's browser that can say which replica gets its next requests. */
export interface SteeredBrowser extends OidcBrowser {
  /** Undefined: each request another one. */
  readonly at: (name: string | undefined) => void;
}

export interface Team {
  readonly provider: TestProvider;
  readonly kratos: TeamKratos;
  readonly front: Front;
  readonly origin: string;
  /** By name; throws where there is none of that name. */
  readonly its: (name: string) => Replica;
  readonly all: () => readonly Replica[];
  /** One more; `dies` is where (see die-at-store.mjs). One of the same name is forgotten, and its folder used again. */
  readonly start: (name: string, dies?: Dies) => Promise<Replica>;
  /** An access token of the provider, for whomever. */
  readonly token: (sub: string, claims?: Readonly<Record<string, unknown>>) => Promise<string>;
  readonly browser: () => SteeredBrowser;
  /** The program's own command, with the settings of this replica. */
  readonly run: (words: readonly string[], name?: string) => Promise<Ran>;
  /** Of all ledgers, those of the dead included. */
  readonly records: () => Promise<readonly LedgerRecord[]>;
  readonly folders: () => readonly string[];
  readonly close: () => Promise<void>;
}

export interface Dies {
  readonly at: string;
  /** The id of the account that its call is about. */
  readonly about: string;
}

const PRELOADS = ['../crash/die-at.mjs', 'die-at-store.mjs'].map((it) => new URL(it, import.meta.url).href);
/** What the page wants between being shown and being answered, and a bit. */
const READING_MS = 1_600;

export async function startTeam({ store, policy, names = ['A', 'B', 'C'] }: TeamOptions): Promise<Team> {
  const folder = mkdtempSync(join(tmpdir(), 'team-'));
  const replicas = new Map<string, Replica>();
  const [provider, kratos, front] = await Promise.all([
    startProvider({ people: PEOPLE }),
    startTeamKratos(),
    startFront(() => [...replicas.values()]),
  ]);
  const origin = `http://localhost:${front.port}`;
  provider.allowRedirect(callbackOf(origin));
  const secretFile = join(folder, 'secret');
  writeFileSync(secretFile, CLIENTS.page.client_secret, { mode: 0o600 });
  const policyFile = join(folder, 'policy.yaml');
  writeFileSync(policyFile, policy);
  const settings = settingsOf({ origin, kratos, provider, store, secretFile, policyFile });
  const env = { KRATOS_MCP_STATE_KEYS: randomBytes(32).toString('base64') };
  const stateOf = (name: string) => join(folder, `state-${name}`);
  const folders = new Set<string>();

  let isOver = false;
  const start: Team['start'] = async (name, dies) => {
    if (isOver) throw new Error('the team is over');
    folders.add(stateOf(name));
    const port = Number(new URL(store).port);
    const dying = dies && { DIE_AT: dies.at, DIE_ABOUT: dies.about, DIE_STORE_PORT: String(port) };
    const it = await startReplica({ name, state: stateOf(name), settings, env: { ...env, ...dying }, preload: dies ? PRELOADS : [] });
    replicas.set(name, it);
    return it;
  };
  const its: Team['its'] = (name) => {
    const found = replicas.get(name);
    if (found === undefined) throw new Error(`no replica ${name}`);
    return found;
  };
  await Promise.all(names.map((it) => start(it)));

  return {
    provider,
    kratos,
    front,
    origin,
    its,
    all: () => [...replicas.values()],
    start,
    token: (sub, claims = {}) => provider.sign(`${origin}/mcp`, { claims: { sub, scope: ISSUED, ...claims } }),
    browser: () => steered({ origin, port: front.port, provider }),
    run: (words, name = 'A') => ran([...words, ...settings, '--http', '0', '--state-dir', stateOf(name)], env),
    async records() {
      const all: LedgerRecord[] = [];
      for (const it of folders) for await (const record of readRecords(it)) all.push(record);
      return all;
    },
    folders: () => [...folders],
    async close() {
      isOver = true;
      await Promise.all([...replicas.values()].map((it) => it.kill()));
      await Promise.all([front.close(), kratos.close(), provider.close()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

interface Given extends Pick<Team, 'origin' | 'kratos' | 'provider'>, Pick<TeamOptions, 'store'> {
  readonly secretFile: string;
  readonly policyFile: string;
}

function settingsOf({ origin, kratos, provider, store, secretFile, policyFile }: Given): readonly string[] {
  const settings = {
    'external-url': origin,
    'admin-url': kratos.url,
    'public-url': kratos.url,
    'oauth-issuer': provider.issuer,
    'approvals-client-id': CLIENTS.page.client_id,
    'approvals-client-secret-file': secretFile,
    policy: policyFile,
    store,
    replicas: '3',
  };
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
}

/** Browsers of several people at the same time: whom the provider lets in goes with the request. */
function steered({ origin, port, provider }: Pick<Team, 'origin' | 'provider'> & { readonly port: number }): SteeredBrowser {
  let person = '';
  let to: string | undefined;
  const own = {
    issuer: provider.issuer,
    signInAs: (as: string | undefined) => {
      person = as ?? '';
    },
    browse: (url: string, cookies?: Map<string, string>) => provider.browse(`${url}&login_hint=${person}`, cookies),
  };
  const pass = async (ms: number): Promise<void> => (ms > 0 ? sleep(READING_MS) : undefined);
  const also = (): Readonly<Record<string, string>> => (to === undefined ? {} : { 'x-to': to });
  return {
    ...oidcBrowser({ port, origin, provider: own, pass, also }),
    at(name) {
      to = name;
    },
  };
}

async function ran(words: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  const child = spawn(process.execPath, [PROGRAM, ...words], { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: 20_000 });
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}

/** A question on the page, as the agent was told of it. */
export interface OnPage {
  readonly id: string;
  readonly path: string;
  readonly code: string;
}

/** Throws where the answer names no address. */
export function onPage(answer: { readonly text: string }): OnPage {
  const [, path = '', id = ''] = /http:\/\/localhost:\d+(\/approvals\/([\w-]+))/.exec(answer.text) ?? [];
  if (id === '') throw new Error(`nothing to approve: ${answer.text}`);
  return { id, path, code: /this code: (\w+)/.exec(answer.text)?.[1] ?? '' };
}

/** Signs in and says yes, each step at the replica that is named for it. */
export async function approve(browser: SteeredBrowser, asked: OnPage, { as, shown, begun, ended }: Approving): Promise<number> {
  browser.at(shown);
  await browser.signIn(as);
  browser.at(begun);
  const sent = await browser.submit(asked.path, asked.path, { action: 'approve', code: asked.code });
  if (onwards(sent) === '') return sent.status;
  browser.at(ended);
  return (await browser.back(await browser.toProvider(sent, as))).status;
}

export interface Approving {
  readonly as: string;
  /** The sign-in to look. */
  readonly shown?: string;
  /** The yes. */
  readonly begun?: string;
  /** Where the provider's answer comes to. */
  readonly ended?: string;
}
