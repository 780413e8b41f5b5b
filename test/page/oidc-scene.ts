/** Three mounted pages over one store, behind one address, and a real provider; people with browsers of their own. */
import { randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createMemoryLedger, type MemoryLedger } from '../../src/audit/memory.ts';
import { createLog } from '../../src/lib/log.ts';
import { Secret } from '../../src/lib/secret.ts';
import { createLogin, type LoginOptions } from '../../src/page/login.ts';
import type { Login } from '../../src/page/login-types.ts';
import { callbackOf, createMountedPage, type MountedPage } from '../../src/page/mounted.ts';
import type { ApproverPolicy } from '../../src/policy/policy.ts';
import { createApprovers } from '../../src/store/approvers.ts';
import { openFolder } from '../../src/store/folder.ts';
import { createKept } from '../../src/store/kept.ts';
import { createReveals } from '../../src/store/reveals.ts';
import { createMemoryStore } from '../../src/store/store.ts';
import type { Kept, NewPlan, PlanRecord, Reveals, Store } from '../../src/store/types.ts';
import { CLIENTS, startProvider, type TestProvider } from '../support/provider.ts';
import { stateDir } from '../support/state-dir.ts';
import { fieldOf, formIn, limits, newPlan, planIn, send, shown, type Answer } from './scene.ts';

export const PEOPLE = {
  dora: { email: 'dora@example.com', email_verified: true, name: 'Dora', groups: ['iam'] },
  /** Her name is her own choice. */
  eve: { email: 'eve@example.com', email_verified: false, name: '<b>Anna Admin</b>\u202e', groups: ['iam'] },
};
const WHO: ApproverPolicy['who'] = [[{ path: ['groups'], globs: ['iam'] }]];

export interface OidcScene {
  readonly provider: TestProvider;
  readonly store: Store;
  readonly kept: Kept;
  readonly reveals: Reveals;
  readonly ledger: MemoryLedger;
  readonly pages: readonly MountedPage[];
  readonly login: Login;
  readonly origin: string;
  readonly port: number;
  readonly rules: { who: ApproverPolicy['who'] };
  readonly logs: readonly string[];
  readonly person: (sub: string) => string;
  /** Which of them answers from now on; left out: each request another one. */
  readonly answerBy: (index?: number) => void;
  readonly ask: (overrides?: Partial<NewPlan>) => Promise<PlanRecord>;
  readonly find: (plan: PlanRecord) => Promise<PlanRecord>;
  readonly pass: (ms: number) => void;
  readonly now: () => number;
  readonly events: () => readonly string[];
  readonly browser: () => OidcBrowser;
  readonly close: () => Promise<void>;
}

export interface OidcSceneOptions {
  readonly login?: Partial<LoginOptions> | false;
  readonly provider?: TestProvider;
}

export async function oidcScene(options: OidcSceneOptions = {}): Promise<OidcScene> {
  const provider = options.provider ?? (await startProvider({ people: PEOPLE }));
  let offset = 0;
  const now = () => Date.now() + offset;
  let pages: readonly MountedPage[] = [];
  let fixed: number | undefined;
  let count = 0;
  const server = createServer((request, response) => pages[fixed ?? (count += 1) % pages.length]?.listener(request, response));
  const port = await listen(server);
  const origin = `http://localhost:${port}`;
  provider.allowRedirect(callbackOf(origin));

  const store = createMemoryStore({ now, randomId: () => randomBytes(16).toString('base64url'), instance: 'test' });
  const kept = createKept(now);
  const reveals = createReveals(kept, now);
  const ledger = createMemoryLedger({ now });
  const approvers = createApprovers(openFolder(stateDir()), { now });
  const rules = { who: WHO };
  const policy = () => ({ approvers: { waitHours: 24, phrase: false, pageMinutes: 30, who: rules.who }, limits });
  const logs: string[] = [];
  const log = createLog({ level: 'debug', write: (line) => logs.push(line), now: () => new Date() });
  const loginOptions: LoginOptions = {
    issuer: provider.issuer,
    clientId: CLIENTS.page.client_id,
    clientSecret: new Secret(CLIENTS.page.client_secret),
    redirectUri: callbackOf(origin),
    scopes: ['profile', 'email'],
    personClaim: 'sub',
    ...options.login,
  };
  const logins = [0, 1, 2].map(() => createLogin(loginOptions, { log, now }));
  const key = randomBytes(32);
  const ports = { store, approvers, kept, reveals, ledger, environment: shown.environment, level: 'L2', policy, now } as const;
  pages = logins.map((login) => createMountedPage(ports, { origin, key, login: options.login === false ? undefined : login }));

  return {
    provider,
    store,
    kept,
    reveals,
    ledger,
    pages,
    login: logins[0] as Login, // there are three
    origin,
    port,
    rules,
    logs,
    person: (sub) => `${provider.issuer}|${sub}`,
    answerBy(index) {
      fixed = index;
    },
    async ask(overrides) {
      const asked = await store.plans.ask(newPlan({ principal: 'sam-principal', person: `${provider.issuer}|sam`, ...overrides }), limits);
      if (asked.kind !== 'plan') throw new Error(asked.kind);
      return asked.plan;
    },
    find: ({ id }) => planIn(store, id),
    pass(ms) {
      offset += ms;
    },
    now,
    events: () => ledger.records.map(({ event }) => event),
    browser: () => oidcBrowser({ port, origin, provider, pass: (ms) => void (offset += ms) }),
    async close() {
      await closed(server);
      if (options.provider === undefined) await provider.close();
    },
  };
}

const listen = (server: Server): Promise<number> =>
  new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))); // it listens on a port
const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });

/** A person's browser: it keeps cookies, leaves the strict one out on the way from another site, and follows where the page sends it. */
export interface OidcBrowser {
  readonly get: (path: string, headers?: Readonly<Record<string, string | undefined>>) => Promise<Answer>;
  readonly post: (path: string, fields: Readonly<Record<string, string>>) => Promise<Answer>;
  /** Opens a page, reads it for two seconds, and sends its form to `action`. */
  readonly submit: (path: string, action: string, fields?: Readonly<Record<string, string>>) => Promise<Answer>;
  /** From a page that sends it to the provider, through the sign-in there, to the address that it is sent back to: path and query. */
  readonly toProvider: (answer: Answer, as?: string) => Promise<string>;
  /** Arrives from the provider. */
  readonly back: (path: string) => Promise<Answer>;
  readonly signIn: (as: string, plan?: PlanRecord) => Promise<Answer>;
  /** With a sign-in that stands: the yes, and the fresh login that it takes. */
  readonly approve: (plan: PlanRecord, as: string, fields?: Readonly<Record<string, string>>) => Promise<Answer>;
  readonly cookie: () => string | undefined;
}

/** Where an answer sends a browser on to by itself. */
export const onwards = ({ headers }: Answer): string => /^0; url=(.*)$/.exec(String(headers['refresh'] ?? ''))?.[1] ?? '';

export interface BrowserOptions {
  readonly port: number;
  readonly origin: string;
  readonly provider: Pick<TestProvider, 'issuer' | 'signInAs' | 'browse'>;
  readonly pass: (ms: number) => void | Promise<void>;
  /** What each request has beside the rest. */
  readonly also?: () => Readonly<Record<string, string>>;
}

export function oidcBrowser({ port, origin, provider, pass, also = () => ({}) }: BrowserOptions): OidcBrowser {
  let cookie: string | undefined;
  let atProvider = new Map<string, string>();
  const userAgent = 'Mozilla/5.0 Chrome/150.0';
  const keep = (answer: Answer): Answer => {
    const [set] = [answer.headers['set-cookie']].flat();
    if (typeof set === 'string') cookie = set.split(';')[0];
    return answer;
  };
  const get: OidcBrowser['get'] = async (path, headers = {}) =>
    keep(await send(port, path, { headers: { 'user-agent': userAgent, cookie, 'sec-fetch-dest': 'document', ...also(), ...headers } }));
  const post: OidcBrowser['post'] = async (path, fields) => {
    const headers = {
      'user-agent': userAgent,
      cookie,
      origin,
      'sec-fetch-site': 'same-origin',
      'content-type': 'application/x-www-form-urlencoded',
      ...also(),
    };
    return keep(await send(port, path, { method: 'POST', headers, body: new URLSearchParams(fields).toString() }));
  };
  const submit: OidcBrowser['submit'] = async (path, action, fields = {}) => {
    await pass(-2_000); // so that it was read for two seconds, and this clock goes by the provider's again
    const form = formIn((await get(path)).body, action);
    await pass(2_000);
    return post(action, { token: fieldOf(form, 'token'), ...fields });
  };
  const toProvider: OidcBrowser['toProvider'] = async (answer, as) => {
    if (as !== undefined) provider.signInAs(as);
    const address = onwards(answer);
    if (!address.startsWith(`${provider.issuer}/auth?`)) throw new Error(`not sent to the provider: ${answer.status} ${answer.body}`);
    const back = new URL(await provider.browse(address, atProvider));
    if (back.origin !== origin) throw new Error(`sent elsewhere: ${back.href}`);
    return `${back.pathname}${back.search}`;
  };
  const back: OidcBrowser['back'] = async (path) => {
    const first = await get(path, { cookie: undefined, 'sec-fetch-site': 'cross-site' });
    return onwards(first) === path ? get(path, { 'sec-fetch-site': 'same-origin' }) : first;
  };
  return {
    get,
    post,
    submit,
    toProvider,
    back,
    cookie: () => cookie,
    async signIn(as, plan) {
      atProvider = new Map(); // whoever signed in there before is out, and here, too
      if ((await get('/approvals')).body.includes('Signed in as')) await submit('/approvals', '/approvals/sign-out');
      const fields: Record<string, string> = plan === undefined ? {} : { plan: plan.id };
      const answer = await submit(plan === undefined ? '/approvals' : `/approvals/${plan.id}`, '/approvals/sign-in', fields);
      return back(await toProvider(answer, as));
    },
    async approve(plan, as, fields = {}) {
      const path = `/approvals/${plan.id}`;
      const { body } = await get(path);
      if (!body.includes('aria-label="Approve"')) throw new Error('it offers no yes');
      const answer = await submit(path, path, { action: 'approve', code: plan.code, ...fields });
      return onwards(answer) === '' ? answer : back(await toProvider(answer, as));
    },
  };
}
