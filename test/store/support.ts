/** What the tests of the store share: a clock, a folder that goes away, a plan, and all kinds of store. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';
import { openFolder, type Folder } from '../../src/store/folder.ts';
import { createMemoryStore, openFileStore, type StorePorts } from '../../src/store/store.ts';
import type { Decided, NewPlan, PlanRecord, Plans, Store } from '../../src/store/types.ts';
import { redisIsThere, startRedis, type RedisServer } from '../redis/server.ts';
import { openStore, prefix } from '../redis/support.ts';

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const LIMITS = { waiting: 5, waitingInAll: 50 };

export interface Clock {
  readonly now: () => number;
  readonly pass: (ms: number) => void;
}
export function clock(start = Date.UTC(2026, 0, 5)): Clock {
  let time = start;
  return {
    now: () => time,
    pass(ms) {
      time += ms;
    },
  };
}

/** An empty folder that is removed when the test ends. */
export function temporary(): string {
  const path = mkdtempSync(join(tmpdir(), 'store-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}
export const stateFolder = (): Folder => openFolder(join(temporary(), 'state'));

let ids = 0;
export const ports = (now: () => number, more: Partial<StorePorts> = {}): StorePorts => ({
  now,
  randomId: () => `id-${(ids += 1)}`,
  instance: 'this one',
  ...more,
});

/** One for all tests of a file; what they keep there is apart. */
let server: Promise<RedisServer> | undefined;
afterAll(async () => (await server)?.stop());
export const redisServer = (): Promise<RedisServer> => (server ??= startRedis());

type Kind = readonly [name: string, open: (now: () => number) => Promise<Store>];
const onRedis: Kind = [
  'on redis',
  async (now) => {
    const { url } = await redisServer();
    return (await openStore({ url, tuning: { prefix: prefix(), time: now } })).store;
  },
];
export const KINDS: readonly Kind[] = [
  ['in memory', async (now) => createMemoryStore(ports(now))],
  ['in files', async (now) => openFileStore(stateFolder(), ports(now))],
  ...(redisIsThere() ? [onRedis] : []),
];

export const newPlan = (more: Partial<NewPlan> = {}): NewPlan => ({
  digest: 'd',
  request: 'r',
  principal: 'os:1000:anna',
  client: 'test 1',
  tool: 'delete_identity',
  effects: ['destructive'],
  targets: ['9f1c'],
  ids: { id: '9f1c' },
  channel: 'page',
  kind: 'approve',
  approvals: 1,
  others: false,
  phrase: 'alice@example.com',
  requires: { reason: false, ticket: undefined },
  shown: {
    environment: 'https://kratos.example',
    tool: 'delete_identity',
    title: 'Delete an identity',
    requester: 'anna',
    client: 'test 1',
    effects: ['destructive'],
    concerns: ['alice@example.com'],
    says: ['Deletes it.'],
    why: 'the rule says so',
    rule: 'strict/destructive',
    differences: [],
    requests: [{ method: 'DELETE', path: '/admin/identities/9f1c' }],
  },
  lifetimeMs: 30 * MINUTE,
  ...more,
});
export const form = (more: Partial<NewPlan> = {}): NewPlan =>
  newPlan({ channel: 'form', kind: 'confirm', approvals: 0, lifetimeMs: 5 * MINUTE, ...more });

export const yes = (now: number, more: Partial<Decided> = {}): Decided => ({ by: 'a', name: 'Ann', method: 'passkey', at: now, ...more });

export async function asked(plans: Plans, plan: NewPlan = newPlan(), limits = LIMITS): Promise<PlanRecord> {
  const result = await plans.ask(plan, limits);
  if (result.kind !== 'plan') throw new Error(`not asked: ${result.kind}`);
  return result.plan;
}
export const matchOf = ({ digest, principal }: NewPlan): { digest: string; principal: string } => ({ digest, principal });

export interface Opened extends Store {
  readonly time: Clock;
}
export async function openedWith(open: (now: () => number) => Promise<Store>): Promise<Opened> {
  const time = clock();
  return { ...(await open(time.now)), time };
}

/** A plan that one approver has agreed to. */
export async function approved({ plans, time }: Opened, plan: NewPlan = newPlan()): Promise<string> {
  const { id } = await asked(plans, plan);
  const taken = await plans.answer(id, yes(time.now(), { method: plan.channel === 'form' ? 'form' : 'passkey' }));
  if (taken !== 'approved') throw new Error(`not approved: ${taken}`);
  return id;
}
