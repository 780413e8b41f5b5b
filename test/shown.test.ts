/**
 * What is rendered is what is sent: random calls with hostile contents are put on the page, the requests and the difference are read back
 * out of its HTML, an approver says yes, and what Kratos received, and what became of the account, is compared with what was read there.
 * SHOWN_RUNS sets how many calls are tried.
 */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createMemoryLedger } from '../src/audit/memory.ts';
import { planOf } from '../src/call/run.ts';
import { createKratos } from '../src/client/kratos.ts';
import type { WireRequest } from '../src/client/types.ts';
import { createSandbox } from '../src/sandbox/sandbox.ts';
import { seed } from '../src/seed.ts';
import { createMemoryStore } from '../src/store/store.ts';
import type { NewPlan, PlanRecord, Shown } from '../src/store/types.ts';
import { newPlan, type Browser } from './page/scene.ts';
import { gateCases, here, type GateCase, type Here } from './support/gate-cases.ts';
import { changes, rows, type Row as Change } from './support/gate-scene.ts';
import type { Peer } from './support/peer.ts';
import { calls, filled, type Case } from './support/shown-cases.ts';
import { readPage, skeletonOf, type PageRead, type Row } from './support/shown-page.ts';
import { settings } from './tools/run.ts';
import { whole, type Whole } from './support/whole.ts';

type Json = Record<string, unknown>;
const RUNS = Number(process.env['SHOWN_RUNS'] ?? 300);
/** So many that no limit is what ends a call. */
const MANY = 1_000_000;
const limits = { asked: MANY, waiting: 50, waitingInAll: 50, destructive: MANY, takeover: MANY, massAtLeast: MANY, allowedIn10Min: MANY };

/** A call for each change and effect, and one that sends two requests. */
const asRows: readonly (Change & { readonly args: GateCase['args'] })[] = [
  ...rows.map((row) => ({ ...row, args: gateCases[row.name]?.[row.effect]?.args ?? (() => ({})) })),
  ...changes
    .filter(({ name }) => name === 'lock_identity')
    .map((op) => ({ op, name: op.name, effect: 'destructive' as const, args: () => ({ id: seed.ada }) })),
];
let it: Whole;
let peer: Peer;
let person: Browser;
let world: Here;
beforeAll(async () => {
  const store = createMemoryStore({
    now: () => it?.now() ?? Date.now(),
    randomId: () => randomBytes(16).toString('base64url'),
    instance: 'test',
  });
  const ledger = createMemoryLedger(); // nothing is asked of a disk here
  it = await whole({ limits, store, around: () => ledger });
  peer = await it.open({ era: 'legacy' });
  person = await it.visitor('approver');
  world = here(it.sandbox.send);
});
afterAll(async () => {
  await peer.close();
  await it.close();
});

let made = 0;
const email = (index: number) => `p${made}.${index}@example.com`;

/** What came of a call. `asked`: the page was read, and Kratos took what was sent. */
interface Tried {
  readonly kind: 'refused' | 'unchanged' | 'sent' | 'asked';
}

async function tried(its: Case): Promise<Tried> {
  made += 1;
  const { name, metadata_public, metadata_admin } = its.before;
  const account = { traits: { email: email(0), name }, metadata_public, metadata_admin };
  const { id } = JSON.parse(String(await world.write('POST', '/admin/identities', account))) as { id: string };
  const before = await world.get(`/admin/identities/${id}`);
  const args = filled(its.args, { id, email });
  const from = it.writes().length;

  const first = await peer.once(its.tool, args);
  expect(it.writes()).toHaveLength(from);
  if (first.outcome !== 'pending') {
    expect(first.isError || first.outcome === undefined, first.text).toBe(true);
    return { kind: first.isError ? 'refused' : 'unchanged' };
  }
  const plan = await it.waiting();
  const { body } = await person.get(`/approvals/${plan.id}`);
  expect(skeletonOf(body)).toEqual(await harmlessSkeleton(plan));
  const read = readPage(body);
  await it.approve(plan, person);
  const done = await peer.once(its.tool, args);

  const sent = it.writes().slice(from);
  expect(sent.map(asShown)).toEqual(read.requests.map(({ method, path, body: json }) => ({ method, path, body: compact(json) })));
  expect(sent).toHaveLength(1);
  if (done.outcome !== 'executed') return { kind: 'sent' }; // Kratos refused it
  await expectDifference(read, { its, id, before });
  return { kind: 'asked' };
}

/** The text itself, so that a changed order of members or another spelling of a number would show, too. */
const asShown = ({ method, path, body }: WireRequest) => ({ method, path, body: body === undefined ? undefined : hiding(body) });
const compact = (json: string | undefined) => (json === undefined ? undefined : JSON.stringify(JSON.parse(json)));

/** Credentials go out and stay unseen: a word stands for each value. */
function hiding(body: string): string {
  const hidden = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(hidden);
    if (typeof value === 'object' && value !== null) return Object.fromEntries(Object.entries(value).map(([key, at]) => [key, hidden(at)]));
    return typeof value === 'boolean' ? value : '(hidden)';
  };
  const without = (identity: Json): Json =>
    'credentials' in identity ? { ...identity, credentials: hidden(identity['credentials']) } : identity;
  const read = JSON.parse(body) as Json | unknown[];
  if (Array.isArray(read)) return JSON.stringify(read);
  const items = read['identities'] as { create: Json }[] | undefined;
  return JSON.stringify(items ? { ...read, identities: items.map((item) => ({ ...item, create: without(item.create) })) } : without(read));
}

const FACETS = ['schema_id', 'state', 'traits', 'metadata_public', 'metadata_admin', 'external_id'] as const;
/** What Kratos keeps of an account and a person is shown; null is not there, at the top. */
const facetsOf = (identity: Json): Json =>
  Object.fromEntries(FACETS.map((key) => [key, identity[key]]).filter(([, value]) => value !== null && value !== undefined));

/** The table leads from what was there to what is there, and back. */
async function expectDifference(
  { differences }: PageRead,
  { its, id, before }: { readonly its: Case; readonly id: string; readonly before: Json },
): Promise<void> {
  if (its.tool === 'batch_patch_identities') {
    expect(differences).toEqual([]);
    return;
  }
  const isNew = its.tool === 'create_identity';
  const after = isNew ? await created(1) : await world.get(`/admin/identities/${id}`);
  const start = isNew ? {} : facetsOf(before);
  const about = differences.filter((row) => row.path[0] !== 'credentials');
  const defaults = isNew ? { schema_id: after['schema_id'], state: 'active' } : {}; // what Kratos does where nothing is said
  const [from, to] = [{ ...defaults, ...start }, facetsOf(after)];
  expect(bare(applied(from, about))).toEqual(bare(to));
  const backwards = about.map(({ path, before: old, after: next }): Row => ({
    path,
    ...(next !== undefined && { before: next }),
    ...(old !== undefined && { after: old }),
  }));
  if (!isNew) expect(bare(applied(to, backwards))).toEqual(bare(from));
}

async function created(index: number): Promise<Json> {
  const [found] = (await world.get(`/admin/identities?credentials_identifier=${email(index)}`)) as unknown as Json[];
  return found ?? {};
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;

/** The table, taken at its word: row by row, what holds a value before its members. */
function applied(start: Json, rows: readonly Row[]): Json {
  const result = (bare(start) ?? {}) as Json; // a list by its index, so that it has no member "length"
  for (const { path, after } of rows) put(result, path, after);
  return result;
}

function put(holder: Json, [name = '', ...rest]: readonly string[], json: string | undefined): void {
  if (rest.length === 0) {
    if (json === undefined) delete holder[name];
    else holder[name] = JSON.parse(json) as unknown;
    return;
  }
  const held = Object.hasOwn(holder, name) ? holder[name] : undefined;
  if (isObject(held)) return put(held, rest, json);
  if (json === undefined) return; // gone with what held it
  const made: Json = {};
  holder[name] = made;
  put(made, rest, json);
}

/**
 * What the request beside the table says alone: whether members are those of a list, and what is left of something that lost its last one.
 * Here a list is its members by their index, and what holds nothing is not there.
 */
function bare(value: unknown): unknown {
  if (!isObject(value)) return value;
  const kept = Object.entries(value)
    .map(([key, at]): [string, unknown] => [key, bare(at)])
    .filter(([, at]) => at !== undefined);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

/** The tags of a page about a plan of the same shape in which every word of others is a plain one. */
async function harmlessSkeleton(plan: PlanRecord): Promise<readonly string[]> {
  const plain = <T>(value: T): T =>
    (typeof value === 'string' ? 'a' : Array.isArray(value) ? value.map(plain) : isObject(value) ? members(value, plain) : value) as T;
  const shown = plain(plan.shown) as Shown;
  const twin: NewPlan = {
    ...plan,
    shown,
    phrase: 'a',
    client: 'a',
    digest: randomBytes(32).toString('base64url'),
    request: randomBytes(16).toString('hex'),
  };
  const asked = await it.store.plans.ask(twin, limits);
  if (asked.kind !== 'plan') throw new Error(asked.kind);
  const { body } = await person.get(`/approvals/${asked.plan.id}`);
  await it.store.plans.end(asked.plan.id, 'void', 'over');
  return skeletonOf(body);
}
const members = (value: Json, change: (value: unknown) => unknown): Json =>
  Object.fromEntries(Object.entries(value).map(([key, at]) => [key, change(at)]));

describe('what a person reads on the page', () => {
  test('is what is sent and what becomes of the account, and nothing of it is markup', { timeout: 20_000 + 200 * RUNS }, async () => {
    const kinds = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(calls, async (its) => {
        const { kind } = await tried(its);
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      }),
      { numRuns: RUNS },
    );
    expect(kinds.get('asked') ?? 0).toBeGreaterThan(RUNS / 2);
  });

  test('of a list that becomes an object is what was there and what will be', async () => {
    const named = (named: Json) => ({ name: named, metadata_public: null, metadata_admin: null }) as Case['before'];
    const put = (value: unknown) => ({ id: 'ID', json_patch: [{ op: 'replace', path: '/traits/name/a', value }] }) as Case['args'];
    for (const [one, other] of [
      [['x', 'y'], { 0: 'z' }],
      [{ 0: 'z', b: 1 }, ['x']],
    ]) {
      expect(await tried({ tool: 'patch_identity', before: named({ a: one }), args: put(other) })).toEqual({ kind: 'asked' });
    }
  });

  test.each(asRows)('of $name ($effect) is every request that a yes sends, in order', async (row) => {
    const its = await whole({ recoveryDelivery: 'page' });
    const at = await its.visitor('approver');
    const args = await row.args(here(its.sandbox.send));
    const asking = await its.open({ era: 'modern' });
    expect((await asking.once(row.name, args)).outcome).toBe('pending');
    const plan = await its.waiting();
    const { requests } = readPage((await at.get(`/approvals/${plan.id}`)).body);
    await its.approve(plan, at);
    expect((await asking.once(row.name, args)).outcome).toBe('executed');
    expect(its.writes().map(asShown)).toEqual(requests.map(({ method, path, body }) => ({ method, path, body: compact(body) })));
    await asking.close();
    await its.close();
  });
});

describe('a plan', () => {
  test.each(asRows)('of $name ($effect) is frozen to its last leaf', async ({ op, args }) => {
    const sandbox = createSandbox();
    const kratos = createKratos({ send: sandbox.send, network: false, publicConfigured: true });
    const input = op.input.parse(await args(here(sandbox.send)));
    // The cast: it takes no more than this of a run.
    const run = { op, call: { input }, ports: { kratos, settings: () => settings } } as unknown as Parameters<typeof planOf>[0];
    const plan = await planOf(run);
    expect(everyObjectIn(plan).length).toBeGreaterThan(5);
    for (const object of everyObjectIn(plan)) expectFrozen(object);
    expect(plan.calls).not.toEqual([]);
  });

  test('is frozen in the store, with what is shown of it', async () => {
    const asked = await it.store.plans.ask(newPlan(), limits);
    if (asked.kind !== 'plan') throw new Error(asked.kind);
    const found = await it.store.plans.find(asked.plan.id);
    for (const object of [...everyObjectIn(asked.plan), ...everyObjectIn(found)]) expectFrozen(object);
    expect(everyObjectIn(found?.shown).length).toBeGreaterThan(5);
    await it.store.plans.end(asked.plan.id, 'void', 'over');
  });
});

function everyObjectIn(value: unknown): readonly object[] {
  return isObject(value) ? [value, ...Object.values(value).flatMap(everyObjectIn)] : [];
}

/** What a module does that changes it, strictly: it throws. */
function expectFrozen(object: object): void {
  for (const key of Reflect.ownKeys(object).filter((its) => !(Array.isArray(object) && its === 'length'))) {
    expect(() => Object.assign(object, { [key]: 'changed' })).toThrow(TypeError);
    expect(() => {
      delete (object as Record<PropertyKey, unknown>)[key];
    }).toThrow(TypeError);
  }
  expect(() => Object.assign(object, { added: 1 })).toThrow(TypeError);
}
