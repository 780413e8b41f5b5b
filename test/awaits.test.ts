/**
 * Whatever a call waits for can fail. At every such place, in turn: nothing is written to Kratos without a claim and a recorded intent, and
 * after a claim the answer says what became of the call.
 */
import { describe, expect, test } from 'vitest';
import { createMemoryLedger } from '../src/audit/memory.ts';
import { createMemoryStore } from '../src/store/store.ts';
import type { Locks } from '../src/lib/mutex.ts';
import type { PageChannel } from '../src/approval/settled.ts';
import type { Counters, Plans, Store } from '../src/store/types.ts';
import { seed } from '../src/seed.ts';
import { APPROVER, harness } from './support/harness.ts';
import { types, type Called, type Era } from './support/peer.ts';

type Json = Record<string, unknown>;
interface Case {
  readonly name: string;
  readonly preset: 'standard' | 'strict';
  readonly call: [string, Json];
  readonly channel: 'none' | 'form' | 'page';
  readonly era: Era;
}
const rename = { id: seed.ada, json_patch: [{ op: 'replace', path: '/traits/name/first', value: 'Somebody' }] };
const CASES: readonly Case[] = [
  { name: 'an allowed call', preset: 'standard', call: ['patch_identity', rename], channel: 'none', era: 'legacy' },
  {
    name: 'a call confirmed by form',
    preset: 'standard',
    call: ['delete_identity_sessions', { id: seed.ada }],
    channel: 'form',
    era: 'legacy',
  },
  {
    name: 'a call confirmed by form in a second request',
    preset: 'standard',
    call: ['delete_identity_sessions', { id: seed.ada }],
    channel: 'form',
    era: 'modern',
  },
  {
    name: 'a call approved on the page',
    preset: 'strict',
    call: ['delete_identity_sessions', { id: seed.ada }],
    channel: 'page',
    era: 'legacy',
  },
];
const PRINCIPAL = 'os:1000:tester';
const HOUR_MS = 3_600_000;
/** More than any call waits for; a run without a failure ends it before. */
const MOST = 120;

/** Fails once, at the n-th thing that is waited for. */
function failingAt(place: number) {
  let count = 0;
  let failed: string | undefined;
  const hit = (what: string) => {
    if (count++ !== place) return;
    failed = what;
    throw Object.assign(new Error('a fault of ours'), { code: 'EIO', syscall: what });
  };
  const around = <T extends object>(target: T, label: string): T =>
    new Proxy(target, {
      get(its, key) {
        const value: unknown = Reflect.get(its, key);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          // What only reports can't fail.
          if (['note', 'flush', 'close'].includes(String(key))) return Reflect.apply(value, its, args) as unknown;
          return Promise.resolve().then(() => {
            hit(`${label}.${String(key)}`);
            return Reflect.apply(value, its, args) as unknown;
          });
        };
      },
    });
  return { around, hit, failed: () => failed };
}

async function run({ preset, call, channel, era }: Case, place: number) {
  const fault = failingAt(place);
  const now = Date.now;
  const real = createMemoryStore({ now, randomId: () => `id-${Math.random().toString(36).slice(2)}`, instance: 'x' });
  const plans: Plans = fault.around(real.plans, 'plans');
  const counters: Counters = fault.around(real.counters, 'counters');
  const locks: Locks = fault.around(real.locks, 'locks');
  const store: Store = {
    ...fault.around({ ...real, plans: undefined, counters: undefined, locks: undefined }, 'store'),
    plans,
    counters,
    locks,
  } as Store; // the parts, wrapped each
  const ledger = createMemoryLedger();
  const claims: string[] = [];
  const page: PageChannel = {
    addressOf: async (plan) => (fault.hit('page.addressOf'), `http://localhost:1/approvals/${plan}`),
    approvers: async () => (fault.hit('page.approvers'), [APPROVER]),
    level: 'L0',
    enrol: 'ory-identity-mcp approver enroll',
    waitMs: 5,
  };
  const it = harness({
    preset,
    approvers: [APPROVER],
    pageMs: 5,
    store: { ...store, isFrozen: () => Promise.resolve().then(() => (fault.hit('store.isFrozen'), real.isFrozen())) },
    outside: {
      page,
      ledger: {
        ...ledger,
        durable: async (fields) => {
          fault.hit(`ledger.${fields.event}`);
          if (fields.event === 'intent') claims.push(`${it.writes().length} writes`);
          return ledger.durable(fields);
        },
      },
    },
    through: (send) => async (request) => {
      if (request.method === 'GET') fault.hit(`kratos ${request.endpoint}`);
      return send(request);
    },
  });
  const peer = await it.open({ era, ...(channel === 'form' && { elicitation: { form: {} } }), person: types() });
  let answer: Called = await peer.call(...call);
  if (answer.outcome === 'pending') {
    const [plan] = (await real.plans.list()).filter(({ state }) => state === 'waiting');
    if (plan) await real.plans.answer(plan.id, { by: APPROVER.id, name: APPROVER.name, method: 'passkey', at: now() });
    answer = await peer.once(...call);
  }
  await peer.close();
  return {
    answer,
    failed: fault.failed(),
    writes: it.writes().length,
    claims,
    events: ledger.records.map((its) => its.event),
    logs: it.logs,
    claimed: (await real.plans.list()).filter(({ state }) => state === 'claimed').length,
    spent: (await real.counters.used('destructive', PRINCIPAL, HOUR_MS)) + (await real.counters.used('allowed', PRINCIPAL, HOUR_MS / 6)),
  };
}

describe.each(CASES)('$name', (row) => {
  test('whatever fails: no write without an intent before it, and a failure after it is no plain error', async () => {
    const places = new Map<string, string>();
    let clean = 0;
    for (let place = 0; place < MOST && clean === 0; place += 1) {
      const { answer, failed, writes, claims, events, claimed, spent } = await run(row, place);
      if (failed === undefined) {
        clean = place;
        expect(answer.outcome).toBe('executed');
        expect({ writes, claims }).toEqual({ writes: 1, claims: ['0 writes'] });
        break;
      }
      places.set(failed, `${answer.outcome}`);
      expect(writes, failed).toBeLessThanOrEqual(1);
      expect(answer.text, failed).not.toMatch(/a fault of ours|EIO/);
      // A write only after an intent that was recorded before anything was sent.
      if (writes > 0) expect({ claims, recorded: events.includes('intent') }, failed).toEqual({ claims: ['0 writes'], recorded: true });
      // Whoever reads the answer knows what became of it.
      if (writes > 0) expect(['executed', 'unknown'], `${failed}: ${answer.text}`).toContain(answer.outcome);
      else expect(answer.isError, `${failed}: ${answer.text}`).toBe(true);
      if (events.includes('intent')) expect(['executed', 'failed', 'stale'], `${failed}: ${answer.text}`).toContain(answer.outcome);
      // Nothing is left half done, and only what was sent is counted.
      expect({ failed, claimed, spent }).toEqual({ failed, claimed: failed === 'plans.finish' ? 1 : 0, spent: writes });
    }
    expect(clean).toBeGreaterThan(8);
    expect([...places.keys()]).toEqual(
      expect.arrayContaining(['ledger.intent', 'ledger.outcome', 'locks.run', 'plans.finish', 'store.isFrozen']),
    );
  });
});

test('where the outcome cannot be recorded, what was done is told all the same, and the log says that a record is missing', async () => {
  const [, form] = CASES;
  if (!form) throw new Error('no case');
  for (let place = 0; place < MOST; place += 1) {
    const { failed, answer, logs } = await run(form, place);
    if (failed === undefined) throw new Error('the outcome was not recorded durably');
    if (failed !== 'ledger.outcome') continue;
    expect(answer.outcome).toBe('executed');
    expect(logs.join('\n')).toContain('outcome not recorded');
    return;
  }
});
