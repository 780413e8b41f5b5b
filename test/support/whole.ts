/** The whole server as `serve` runs it: store, ledger and approvers in a state folder on disk, and the approvals page over HTTP. */
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openLedger } from '../../src/audit/ledger.ts';
import type { LedgerRecord } from '../../src/audit/format.ts';
import { readRecords } from '../../src/audit/read.ts';
import type { Ledger } from '../../src/audit/record.ts';
import { createLog } from '../../src/lib/log.ts';
import { createPage } from '../../src/page/page.ts';
import type { Limits, Policy } from '../../src/policy/policy.ts';
import { presetPolicy } from '../../src/policy/preset-policy.ts';
import { createApprovers } from '../../src/store/approvers.ts';
import { openFolder, type Folder } from '../../src/store/folder.ts';
import { createKept } from '../../src/store/kept.ts';
import { createReveals } from '../../src/store/reveals.ts';
import { openFileStore } from '../../src/store/store.ts';
import type { PlanRecord, Store } from '../../src/store/types.ts';
import { softPasskey } from '../page/authenticator.ts';
import { browser, challengeIn, fieldOf, formIn, type Answer, type Browser } from '../page/scene.ts';
import { APPROVER, harness, type Harness, type HarnessOptions } from './harness.ts';
import { stateDir } from './state-dir.ts';

export interface WholeOptions extends HarnessOptions {
  /** Left out: another one. */
  readonly path?: string;
  /** In place of the files. */
  readonly store?: Store;
  /** Around the ledger on disk; or another one. */
  readonly around?: (ledger: Ledger) => Ledger;
}

/** A page as it was answered, and to whom. */
export interface Served {
  readonly to: string;
  readonly what: string;
  readonly answer: Answer;
}

export interface Whole extends Harness {
  readonly folder: Folder;
  readonly policy: Policy;
  /** Everything that the page answered, in order. */
  readonly served: readonly Served[];
  /** A browser of somebody's. */
  readonly visitor: (name: string) => Promise<Browser>;
  readonly waiting: () => Promise<PlanRecord>;
  /** Opens the page of a plan, reads it for two seconds, and says yes with the approver's passkey. */
  readonly approve: (plan: PlanRecord, at: Browser, fields?: Readonly<Record<string, string>>) => Promise<Answer>;
  readonly answer: (plan: PlanRecord, at: Browser, action: 'deny' | 'disown') => Promise<Answer>;
  readonly signIn: (at: Browser) => Promise<Answer>;
  /** Asks for the secret of a plan, with the approver's passkey. */
  readonly reveal: (plan: PlanRecord, at: Browser) => Promise<Answer>;
  /** What the ledger has on disk. */
  readonly records: () => Promise<readonly LedgerRecord[]>;
  readonly close: () => Promise<void>;
}

const HOUR_MS = 3_600_000;

/** One approver with a passkey, enrolled long ago. */
export async function whole({ path = stateDir(), around = (it) => it, ...options }: WholeOptions = {}): Promise<Whole> {
  const clock: { of?: Harness } = {};
  const now = () => clock.of?.now() ?? Date.now();
  const folder = openFolder(path);
  const instance = randomBytes(8).toString('hex');
  const store = options.store ?? (await openFileStore(folder, { now, randomId: () => randomBytes(16).toString('base64url'), instance }));
  const logs: string[] = [];
  const log = createLog({ level: 'debug', write: (line) => logs.push(line), now: () => new Date() });
  const onDisk = await openLedger({ folder, kratosUrl: 'the built-in sandbox', level: 'L0', instance, now, log });
  const ledger = around(onDisk);
  const kept = createKept(now);
  const reveals = createReveals(kept, now);
  const approvers = createApprovers(folder, { now });
  const passkey = softPasskey();
  const { id, name, enrolledBy } = APPROVER;
  if ((await approvers.list()).length === 0) {
    const key = { id: passkey.id, publicKey: passkey.publicKey, counter: 0 };
    await approvers.add({ id, name, enrolledBy, method: 'passkey', enrolledAt: Date.now() - 48 * HOUR_MS, passkey: key });
  }
  const policy = policyOf(options);
  const common = { store, kept, reveals, ledger, now };
  const environment = 'the built-in sandbox';
  const page = createPage({ ...common, port: 0, approvers, environment, level: 'L0', policy: () => policy, inContainer: () => false });
  const channel = {
    addressOf: page.addressOf,
    approvers: () => approvers.list(),
    level: 'L0',
    enrol: 'ory-identity-mcp approver enroll',
    waitMs: options.pageMs ?? 5,
  } as const;
  const { now: _now, ...outside } = { ...common, sealKey: folder.key('seal'), log, page: channel, ...options.outside };
  const it = harness({ ...options, store, policy, outside });
  clock.of = it;

  const served: Served[] = [];
  const port = async () => Number(new URL(await page.addressOf('x')).port);
  const told = (to: string, at: Browser): Browser => {
    const keep = (what: string) => (answer: Answer) => {
      served.push({ to, what, answer });
      return answer;
    };
    return {
      ...at,
      get: async (where) => keep(`GET ${where}`)(await at.get(where)),
      post: async (where, fields, headers) => keep(`POST ${where}`)(await at.post(where, fields, headers)),
    };
  };
  const answering = async (
    where: { readonly page: string; readonly action: string },
    at: Browser,
    fields: (form: string) => Readonly<Record<string, string>>,
  ): Promise<Answer> => {
    const form = formIn((await at.get(where.page)).body, where.action);
    it.advance(2_000); // faster than that nobody has read it
    return at.post(where.action, { token: fieldOf(form, 'token'), ...fields(form) });
  };
  const pageOf = ({ id: plan }: PlanRecord) => `/approvals/${plan}`;
  const signed = (at: Browser) => (body: string) => ({
    passkey: passkey.answer(challengeIn(body), at.origin, { counter: 0 }), // as those that are synced between devices: nothing to remember
  });

  return {
    ...it,
    logs,
    reveals,
    folder,
    policy,
    served,
    visitor: async (to) => told(to, await browser({ port })),
    async waiting() {
      const [plan] = (await store.plans.list()).filter(({ state }) => state === 'waiting');
      if (!plan) throw new Error('no plan waits');
      return plan;
    },
    async approve(plan, at, fields = {}) {
      const { body } = await at.get(pageOf(plan));
      it.advance(2_000);
      return at.post(pageOf(plan), { token: fieldOf(body, 'token'), action: 'approve', code: plan.code, ...signed(at)(body), ...fields });
    },
    answer: (plan, at, action) => answering({ page: pageOf(plan), action: pageOf(plan) }, at, () => ({ action })),
    signIn: (at) => answering({ page: '/approvals', action: '/approvals/sign-in' }, at, signed(at)),
    reveal: (plan, at) => answering({ page: pageOf(plan), action: `${pageOf(plan)}/reveal` }, at, signed(at)),
    async records() {
      await ledger.flush();
      const found: LedgerRecord[] = [];
      for await (const record of readRecords(folder.path)) found.push(record);
      return found;
    },
    async close() {
      await page.close();
      await ledger.close();
      await store.close();
    },
  };
}

function policyOf({ policy, preset = 'strict', limits }: WholeOptions): Policy {
  const given = policy ?? presetPolicy(preset);
  return { ...given, limits: { ...given.limits, ...limits } satisfies Limits };
}

export interface Found {
  readonly name: string;
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
}

/** Every file of a folder, however deep. */
export function filesIn(path: string): readonly Found[] {
  const entries = readdirSync(path, { recursive: true, withFileTypes: true }).filter((it) => it.isFile());
  return entries.map((it) => {
    const file = join(it.parentPath, it.name);
    return { name: file.slice(path.length + 1), text: readFileSync(file, 'utf8'), mode: statSync(file).mode & 0o777 };
  });
}
