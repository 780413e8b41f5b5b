/** An approvals page with everything real but Kratos: store, approvers in a folder of their own, ledger, a clock that can be moved. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryLedger, type MemoryLedger } from '../../src/audit/memory.ts';
import { createPage } from '../../src/page/page.ts';
import type { Level } from '../../src/assurance.ts';
import type { Page, PagePorts } from '../../src/page/types.ts';
import type { ApproverPolicy, Limits } from '../../src/policy/policy.ts';
import { createApprovers } from '../../src/store/approvers.ts';
import { openFolder } from '../../src/store/folder.ts';
import { PASSKEY_SCRIPT_HASH } from '../../src/page/script.ts';
import { createKept } from '../../src/store/kept.ts';
import { createReveals } from '../../src/store/reveals.ts';
import { createMemoryStore } from '../../src/store/store.ts';
import type { Approver, NewPlan, PlanRecord, Shown, Store } from '../../src/store/types.ts';
import { softPasskey, type SoftPasskey } from './authenticator.ts';

export const HOUR = 3_600_000;
export const limits: Limits = {
  asked: 60,
  waiting: 20,
  waitingInAll: 50,
  destructive: 30,
  takeover: 20,
  recoveryPerTarget: 3,
  allowedIn10Min: 20,
  batchItems: 1000,
  massShare: 0.01,
  massAtLeast: 10,
  declines: 3,
  coolDownMinutes: 10,
  identitiesRead: 1000,
  chainHours: 72,
};
const rules: ApproverPolicy = { waitHours: 24, phrase: false, pageMinutes: 30, who: [] };

export const shown: Shown = {
  environment: 'https://kratos.example.com',
  tool: 'patch_identity',
  title: 'Change parts of an identity',
  requester: 'os:1000:sam',
  client: 'claude-code 2.1',
  effects: ['could hand an account to someone else'],
  concerns: ['“ada.byron@example.com” (id 01890000-0000-7000-8000-000000000001), active, 3 sessions, signs in with password'],
  says: ['Changes 1 value of the account “ada.byron@example.com”.', 'Sign-in methods left: password. Sessions left: 3.'],
  irreversible: 'Who controls the new address can recover the account.',
  why: 'This call could hand an account to someone else; preset "strict" says "approve" to "takeover".',
  rule: 'strict/takeover',
  pattern:
    'The second factor of this account was removed 3 hours ago, and now its address is to change: that is how accounts are taken over.',
  differences: [
    { path: 'traits.email', before: '"ada.byron@example.com"', after: '"ada@example.org"' },
    { path: 'traits.phone', after: '"+15550100"' },
  ],
  requests: [
    {
      method: 'PATCH',
      path: '/admin/identities/01890000-0000-7000-8000-000000000001',
      body: '[{"op":"replace","path":"/traits/email","value":"ada@example.org"},{"op":"add","path":"/traits/phone","value":"+15550100"}]',
    },
  ],
};

let count = 0;
export function newPlan(overrides: Partial<NewPlan> = {}): NewPlan {
  count += 1;
  return {
    digest: randomBytes(32).toString('base64url'),
    request: `request-${count}`,
    principal: 'os:1000:sam',
    client: 'claude-code 2.1',
    tool: 'patch_identity',
    effects: ['takeover'],
    targets: ['01890000-0000-7000-8000-000000000001'],
    ids: { id: '01890000-0000-7000-8000-000000000001' },
    channel: 'page',
    kind: 'approve',
    approvals: 1,
    others: false,
    phrase: 'ada.byron@example.com',
    requires: { reason: false, ticket: undefined },
    shown,
    lifetimeMs: 30 * 60_000,
    ...overrides,
  };
}

export interface Scene {
  readonly ports: PagePorts;
  readonly ledger: MemoryLedger;
  readonly page: Page;
  readonly passkey: SoftPasskey;
  readonly folder: string;
  readonly ask: (overrides?: Partial<NewPlan>) => Promise<PlanRecord>;
  readonly find: (plan: PlanRecord) => Promise<PlanRecord>;
  readonly enrol: (approver: Partial<Approver> & Pick<Approver, 'id'>) => Promise<void>;
  readonly rules: { approvers: ApproverPolicy; limits: Limits };
  readonly pass: (ms: number) => void;
  readonly events: () => readonly string[];
  readonly port: () => Promise<number>;
  readonly close: () => Promise<void>;
}

export interface SceneOptions {
  /** Left out: one with a passkey, enrolled two days ago. */
  readonly enrolled?: boolean;
  readonly level?: Level;
}

export async function scene({ enrolled = true, level = 'L0' }: SceneOptions = {}): Promise<Scene> {
  const folder = join(mkdtempSync(join(tmpdir(), 'page-')), 'state');
  let offset = 0;
  const now = () => Date.now() + offset;
  const approvers = createApprovers(openFolder(folder), { now });
  const store = createMemoryStore({ now, randomId: () => randomBytes(16).toString('base64url'), instance: 'test' });
  const ledger = createMemoryLedger({ now });
  const kept = createKept(now);
  const inForce = { approvers: rules, limits };
  const ports: PagePorts = {
    port: 0,
    store,
    approvers,
    kept,
    reveals: createReveals(kept, now),
    ledger,
    environment: shown.environment,
    level,
    policy: () => inForce,
    now,
    inContainer: () => false,
  };
  const page = createPage(ports);
  const passkey = softPasskey();
  const enrol: Scene['enrol'] = async (it) =>
    approvers.add({
      name: `Approver ${it.id}`,
      method: it.totp === undefined ? 'passkey' : 'totp',
      enrolledAt: now() - 48 * HOUR,
      enrolledBy: (await approvers.list())[0]?.id, // the first is let in by nobody
      ...it,
    });
  if (enrolled) await enrol({ id: 'anna', name: 'Anna', passkey: { id: passkey.id, publicKey: passkey.publicKey, counter: 0 } });
  return {
    ports,
    ledger,
    page,
    passkey,
    folder,
    enrol,
    rules: inForce,
    async ask(overrides) {
      const asked = await store.plans.ask(newPlan(overrides), limits);
      if (asked.kind !== 'plan') throw new Error(asked.kind);
      return asked.plan;
    },
    find: ({ id }) => planIn(store, id),
    pass(ms) {
      offset += ms;
    },
    events: () => ledger.records.map((it) => it.event),
    port: async () => Number(new URL(await page.addressOf('x')).port),
    async close() {
      await page.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}
export interface Sending {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body?: string;
  /** The address to connect to. */
  readonly host?: string;
}

/** Any request, as a program on this machine can send it; an undefined header is left out. */
export function send(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body, host = '127.0.0.1' }: Sending = {},
): Promise<Answer> {
  const given = Object.entries({ host: `localhost:${port}`, ...headers }).filter(([, value]) => value !== undefined);
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, path, method, headers: Object.fromEntries(given), setHost: false, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** A browser in miniature: it keeps its cookie, and says where a form comes from. */
export interface Browser {
  readonly get: (path: string) => Promise<Answer>;
  readonly post: (path: string, fields: Readonly<Record<string, string>>, headers?: Sending['headers']) => Promise<Answer>;
  readonly cookie: () => string | undefined;
  readonly origin: string;
}

export async function browser({ port: portOf }: Pick<Scene, 'port'>, userAgent = 'Mozilla/5.0 Chrome/150.0'): Promise<Browser> {
  const port = await portOf();
  const origin = `http://localhost:${port}`;
  let cookie: string | undefined;
  const keep = (answer: Answer): Answer => {
    const [set] = [answer.headers['set-cookie']].flat();
    if (typeof set === 'string') cookie = set.split(';')[0];
    return answer;
  };
  const common = () => ({ 'user-agent': userAgent, cookie });
  return {
    origin,
    cookie: () => cookie,
    get: async (path) => keep(await send(port, path, { headers: common() })),
    post: async (path, fields, headers = {}) =>
      keep(
        await send(port, path, {
          method: 'POST',
          headers: {
            ...common(),
            origin,
            'sec-fetch-site': 'same-origin',
            'content-type': 'application/x-www-form-urlencoded',
            ...headers,
          },
          body: new URLSearchParams(fields).toString(),
        }),
      ),
  };
}

/** The first field of that name in a page. */
export const fieldOf = (body: string, name: string): string => new RegExp(`name="${name}"\\s+value="([^"]*)"`).exec(body)?.[1] ?? '';
export const challengeIn = (body: string): string => /data-challenge="([^"]*)"/.exec(body)?.[1] ?? '';

/** The form of a page that goes to such a path. */
export const formIn = (body: string, path: string): string =>
  new RegExp(`<form[^>]*action="[^"]*${path}".*?</form>`, 's').exec(body)?.[0] ?? '';

/** Signs in on the front page. */
export async function signIn(at: Browser, passkey: SoftPasskey): Promise<Answer> {
  const { body } = await at.get('/approvals');
  return at.post('/approvals/sign-in', { token: fieldOf(body, 'token'), passkey: passkey.answer(challengeIn(body), at.origin) });
}

/** Opens the plan, waits, and answers with the scene's passkey. */
export async function approve(it: Scene, at: Browser, plan: PlanRecord, fields: Readonly<Record<string, string>> = {}): Promise<Answer> {
  const { body } = await at.get(`/approvals/${plan.id}`);
  it.pass(2_000);
  return at.post(`/approvals/${plan.id}`, {
    token: fieldOf(body, 'token'),
    action: 'approve',
    code: plan.code,
    passkey: it.passkey.answer(challengeIn(body), at.origin),
    ...fields,
  });
}

/** On every answer of the page, whatever it is. */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': `default-src 'none'; style-src 'self'; script-src '${PASSKEY_SCRIPT_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
};

/** Reading a plan as any test of the page does. */
export async function planIn({ plans }: Store, id: string): Promise<PlanRecord> {
  const plan = await plans.find(id);
  if (plan === undefined) throw new Error('no such plan');
  return plan;
}
