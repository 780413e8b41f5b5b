/**
 * The ledger and the calls: what cannot be recorded is not done, whatever it is that keeps the ledger from being written; and what is
 * recorded of a call says who asked for what, who agreed and how, by which rule, and how it ended.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { LedgerRecord } from '../src/audit/format.ts';
import { PUBLIC_KEY } from '../src/audit/keys.ts';
import { verify } from '../src/audit/verify.ts';
import { seed } from '../src/seed.ts';
import type { Budget, Store } from '../src/store/types.ts';
import type { Browser } from './page/scene.ts';
import { gateCases, here } from './support/gate-cases.ts';
import { changes, FORM, rows, scene } from './support/gate-scene.ts';
import type { Called, Peer } from './support/peer.ts';
import { stateDir } from './support/state-dir.ts';
import { whole, type Whole, type WholeOptions } from './support/whole.ts';
import { may } from './support/may.ts';

const PRINCIPAL = 'os:1000:tester';
const BUDGETS: readonly Budget[] = ['destructive', 'takeover', 'recovery', 'allowed', 'mass'];
const DAY_MS = 24 * 3_600_000;

/** What is counted for the principal and for everybody a call may concern; questions that were put are not given back. */
async function used({ counters }: Store): Promise<number> {
  const whose = [PRINCIPAL, seed.ada, seed.grace, seed.inactive];
  const counts = await Promise.all(whose.flatMap((of) => BUDGETS.map((budget) => counters.used(budget, of, DAY_MS))));
  return counts.reduce((sum, it) => sum + it, 0);
}

async function expectNotDone(
  answer: Called,
  { it, peer }: { readonly it: Pick<Whole, 'writes' | 'store'>; readonly peer: Peer },
): Promise<void> {
  expect(answer.outcome).toBe('failed');
  expect(answer.text).toMatch(
    /^Not done \(failed\): The audit ledger cannot be written, and no change is made without a record of it; nothing was sent\./,
  );
  expect(it.writes()).toEqual([]);
  expect(await used(it.store)).toBe(0);
  expect((await peer.once('get_identity', { id: seed.grace })).isError).toBe(false);
}

describe('while the ledger cannot be written', () => {
  test.each(rows)('$name ($effect) is not sent, gives back what it used up, and is asked about afresh', async (row) => {
    const its = await scene(row, 'legacy', { elicitation: FORM });
    const { it, peer } = its;
    it.ledger.fail(new Error('full'));
    await expectNotDone(await peer.call(its.name, its.args), its);
    it.ledger.fail(undefined);
    expect((await peer.call(its.name, its.args)).outcome).toBe('executed');
    expect(it.writes().map(({ method, path }) => ({ method, path }))).toEqual(
      [its.gate.sends(its.args)].map(({ method, path }) => ({ method, path })),
    );
    expect(peer.asked).toHaveLength(2);
    await peer.close();
  });

  test('a call that nobody is asked about is not sent either', async () => {
    const it = await whole({
      preset: 'standard',
      around: (ledger) => ({
        ...ledger,
        note: () => {},
        flush: async () => {},
        close: () => ledger.close(),
        durable: () => Promise.reject(new Error('full')),
      }),
    });
    const peer = await it.open({ era: 'legacy' });
    const rename = { op: 'replace', path: '/traits/name/first', value: 'Somebody' };
    await expectNotDone(await peer.once('patch_identity', { id: seed.ada, json_patch: [rename] }), { it, peer });
    expect(await it.store.plans.orphans()).toEqual([]);
    await peer.close();
    await it.close();
  });
});

interface Scene {
  readonly it: Whole;
  readonly peer: Peer;
  readonly at: Browser;
  readonly call: () => Promise<Called>;
}
const args = { id: seed.ada };
async function opened(options: WholeOptions = {}): Promise<Scene> {
  const it = await whole(options);
  const peer = await it.open({ era: 'legacy' });
  onTestFinished(async () => {
    await peer.close();
    await it.close();
  });
  return { it, peer, at: await it.visitor('approver'), call: () => peer.once('delete_identity_sessions', args) };
}
/** Somebody has agreed to it on the page. */
async function approved(options?: WholeOptions): Promise<Scene> {
  const its = await opened(options);
  expect((await its.call()).outcome).toBe('pending');
  await its.it.approve(await its.it.waiting(), its.at);
  return its;
}
const ledgerOf = ({ it: { folder } }: Scene, name = 'ledger.jsonl') => folder.file(join('ledger', name));
/** Takes what room there is, to the last byte. */
function fill(folder: string): void {
  for (const size of [65_536, 4_096, 512, 1])
    for (let nth = 0; ; nth += 1) {
      try {
        writeFileSync(join(folder, `filler-${size}-${nth}`), Buffer.alloc(size));
      } catch {
        break;
      }
      if (nth > 4_000) throw new Error('it does not become full');
    }
}
function mounted(path: string, ...options: string[]): boolean {
  mkdirSync(path, { recursive: true, mode: 0o700 });
  if (!may('mount', ...options, path)) return false;
  onTestFinished(() => void execFileSync('umount', ['-l', path]));
  return true;
}

const harms: readonly (readonly [string, (its: Scene) => void])[] = [
  ['its folder is removed', (its) => rmSync(ledgerOf(its, ''), { recursive: true })],
  ['its file is removed', (its) => rmSync(ledgerOf(its))],
  [
    'its file is replaced by a copy',
    (its) => {
      copyFileSync(ledgerOf(its), ledgerOf(its, 'copy'));
      renameSync(ledgerOf(its, 'copy'), ledgerOf(its));
    },
  ],
  ['something else is written to it', (its) => writeFileSync(ledgerOf(its), 'mine\n', { flag: 'a' })],
];

describe('on disk', () => {
  test.each(harms)('%s between the yes and the call: nothing is sent, and reads go on', async (_what, harm) => {
    const its = await approved();
    harm(its);
    await expectNotDone(await its.call(), its);
    const { it, at } = its;
    expect((await its.call()).outcome).toBe('pending'); // the yes is used up
    const plan = await it.waiting();
    const { status, body } = await it.approve(plan, at);
    expect({ status, state: (await it.store.plans.find(plan.id))?.state }).toEqual({ status: 503, state: 'waiting' });
    expect(body).toContain('The audit ledger could not be written, so this does not count.');
    expect(it.writes()).toEqual([]);
    expect(it.logs.join('')).toContain('audit ledger cannot be written');
  });

  test('no room is left on its disk: nothing is sent, and with room again it goes on as one chain', async ({ skip }) => {
    const path = stateDir();
    if (!mounted(join(path, 'ledger'), '-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs')) return skip('mounting a tmpfs needs root');
    const its = await approved({ path });
    fill(join(path, 'ledger'));
    await expectNotDone(await its.call(), its);
    expect(its.it.logs.join('')).toContain('ENOSPC');
    execFileSync('mount', ['-o', 'remount,size=256k', join(path, 'ledger')]);
    await doneAfterwards(its);
  });

  test('no room is left on the disk of the whole state folder: nothing is sent', async ({ skip }) => {
    const path = join(stateDir(), 'small');
    if (!mounted(path, '-t', 'tmpfs', '-o', 'size=128k,mode=700', 'tmpfs')) return skip('mounting a tmpfs needs root');
    const its = await approved({ path });
    fill(path);
    const answer = await its.call();
    expect(answer.outcome).toBe('failed');
    expect(answer.text).toContain('nothing was sent');
    expect(its.it.writes()).toEqual([]);
    expect((await its.peer.once('get_identity', args)).isError).toBe(false);
    execFileSync('mount', ['-o', 'remount,size=512k', path]);
    expect(await used(its.it.store)).toBe(0);
  });

  test('it is mounted read-only: nothing is sent, and afterwards it goes on', async ({ skip }) => {
    const its = await approved();
    const inner = ledgerOf(its, '');
    if (!mounted(inner, '--bind', inner)) return skip('a read-only mount needs root, and root ignores modes');
    execFileSync('mount', ['-o', 'remount,ro,bind', inner]);
    await expectNotDone(await its.call(), its);
    expect(its.it.logs.join('')).toContain('EROFS');
    execFileSync('mount', ['-o', 'remount,rw,bind', inner]);
    await doneAfterwards(its);
  });
});

async function doneAfterwards({ it, at, call }: Scene): Promise<void> {
  expect((await call()).outcome).toBe('pending');
  await it.approve(await it.waiting(), at);
  expect((await call()).outcome).toBe('executed');
  expect(it.writes()).toHaveLength(1);
  expect(it.logs.join('')).toContain('audit ledger is written again');
  await expectChain(it);
}

/** All of it, from the first record on, as `audit verify` sees it. */
async function expectChain(it: Whole): Promise<readonly LedgerRecord[]> {
  const records = await it.records();
  const checkpoints = it.folder.file('ledger/checkpoints.jsonl');
  const report = await verify({
    ledger: { folder: it.folder.file('ledger') },
    checkpoints: existsSync(checkpoints) ? checkpoints : undefined,
    publicKey: it.folder.file(PUBLIC_KEY),
  });
  expect(report).toMatchObject({ ok: true, problems: [], records: records.length });
  return records;
}

describe('what is recorded', () => {
  /** Who asked for what, by which rule, in the words of every record of it. */
  const common = (it: Whole, name: string) => ({
    tool: name,
    requester: PRINCIPAL,
    client: 'peer/1',
    level: 'L0',
    plan_id: expect.stringMatching(/^[\w-]{22}$/) as unknown,
    digest: expect.stringMatching(/^[\w-]{43}$/) as unknown,
    request_hash: expect.stringMatching(/^[\w-]{43}$/) as unknown,
    rule: expect.stringMatching(/^strict\//) as unknown,
    kratos_url: 'the built-in sandbox',
    ...(it.policy.preset === 'strict' && { effects: expect.any(Array) as unknown }),
  });
  const byPolicy = (it: Whole) => ({
    policy_hash: it.policy.hash,
    render_hash: expect.stringMatching(/^[\w-]{43}$/) as unknown,
    args_shape: expect.any(Object) as unknown,
    count: expect.any(Number) as unknown,
  });
  const byApprover = { approvers: ['approver-1'], method: 'passkey', decision_source: 'person' };

  test.each(changes.map(({ name, effects }) => ({ name, effect: effects.at(-1) ?? '' })))(
    'of $name: asked, approved, intended, done, each by whom and of whom, in one chain',
    async ({ name, effect }) => {
      const it = await whole({ recoveryDelivery: 'page' });
      const peer = await it.open({ era: 'modern' });
      const at = await it.visitor('approver');
      const its = (await gateCases[name]?.[effect]?.args(here(it.sandbox.send))) ?? {};
      await peer.once(name, its);
      const plan = await it.waiting();
      await it.approve(plan, at);
      expect((await peer.once(name, its)).outcome).toBe('executed');
      const records = await expectChain(it);
      expect(records.map(({ event, outcome }) => [event, outcome])).toEqual([
        ['asked', 'pending'],
        ['approved', undefined],
        ['intent', undefined],
        ['outcome', 'executed'],
      ]);
      const [asked, yes, intent, outcome] = records;
      for (const record of records)
        expect(record).toMatchObject({ ...common(it, name), plan_id: plan.id, digest: plan.digest, target_ids: plan.targets });
      for (const record of [asked, intent, outcome]) expect(record).toMatchObject(byPolicy(it));
      for (const record of [yes, intent, outcome]) expect(record).toMatchObject(byApprover);
      expect(yes?.assertion).toMatchObject({ approver: 'approver-1', credential_id: expect.any(String) as unknown });
      expect(outcome?.kratos?.status).toBeGreaterThanOrEqual(200);
      expect(Number(intent?.budget_after)).toBeGreaterThan(0);
      await peer.close();
      await it.close();
    },
  );

  interface Ending {
    readonly name: string;
    /** After the question was put. */
    readonly next: (its: Scene) => Promise<unknown>;
    readonly events: readonly (readonly [string, string | undefined, string | undefined])[];
    readonly options?: WholeOptions;
  }
  const yes = async ({ it, at }: Scene) => it.approve(await it.waiting(), at);
  const moved = ({ it }: Scene) =>
    here(it.sandbox.send).write('PATCH', `/admin/identities/${seed.ada}`, [
      { op: 'replace', path: '/traits/email', value: 'moved@example.com' },
    ]);
  const failing =
    (answer: () => { status: number; headers: Record<string, string>; text: string }): NonNullable<WholeOptions['through']> =>
    (send) =>
    async (request) =>
      request.method === 'GET' ? send(request) : answer();
  const answered = (status: number) => () => ({
    status,
    headers: { 'content-type': 'application/json' },
    text: `{"error":{"code":${status},"message":"no"}}`,
  });
  const endings: readonly Ending[] = [
    {
      name: 'a no on the page',
      next: async ({ it, at }) => it.answer(await it.waiting(), at, 'deny'),
      events: [
        ['declined', 'declined', 'person'],
        ['declined', 'declined', 'server'],
      ],
    },
    {
      name: '"I did not start this"',
      next: async ({ it, at }) => it.answer(await it.waiting(), at, 'disown'),
      events: [
        ['declined', 'disowned', 'person'],
        ['locked', undefined, 'person'],
        ['denied', 'denied', 'server'],
      ],
    },
    {
      name: 'a freeze after the yes',
      next: async (its) => {
        await yes(its);
        await its.it.store.freeze('an incident');
      },
      events: [
        ['approved', undefined, 'person'],
        ['denied', 'denied', 'server'],
      ],
    },
    {
      name: 'another account after the yes',
      next: async (its) => {
        await yes(its);
        await moved(its);
      },
      events: [
        ['approved', undefined, 'person'],
        ['stale', 'stale', 'server'],
      ],
    },
    {
      name: 'no from Kratos',
      next: yes,
      options: { through: failing(answered(403)) },
      events: [
        ['approved', undefined, 'person'],
        ['intent', undefined, 'person'],
        ['outcome', 'failed', 'person'],
      ],
    },
    {
      name: 'a fault of Kratos',
      next: yes,
      options: { through: failing(answered(500)) },
      events: [
        ['approved', undefined, 'person'],
        ['intent', undefined, 'person'],
        ['outcome', 'unknown', 'person'],
      ],
    },
    {
      name: 'a wrong passkey before the right one',
      next: async (its) => {
        await its.it.approve(await its.it.waiting(), its.at, { passkey: '{}' });
        await yes(its);
      },
      events: [
        ['failed_sign_in', undefined, undefined],
        ['approved', undefined, 'person'],
        ['intent', undefined, 'person'],
        ['outcome', 'executed', 'person'],
      ],
    },
  ];
  test.each(endings)('of $name', async ({ next, events, options }) => {
    const its = await opened(options);
    expect((await its.call()).outcome).toBe('pending');
    await next(its);
    await its.call();
    const records = await expectChain(its.it);
    expect(records.map(({ event, outcome, decision_source }) => [event, outcome, decision_source])).toEqual([
      ['asked', 'pending', 'server'],
      ...events,
    ]);
    for (const record of records.filter(({ event }) => event !== 'locked' && event !== 'failed_sign_in'))
      expect(record).toMatchObject({ tool: 'delete_identity_sessions', requester: PRINCIPAL, request_hash: records[0]?.request_hash });
  });

  test('of a code or link that was seen is who saw it, and not what', async () => {
    const its = await opened({ recoveryDelivery: 'page' });
    const { it, at, peer } = its;
    const call = () => peer.once('create_recovery_code_for_identity', { identity_id: seed.ada });
    await call();
    const plan = await it.waiting();
    await it.approve(plan, at);
    await call();
    expect((await it.reveal(plan, at)).status).toBe(200);
    const records = await expectChain(it);
    expect(records.map(({ event }) => event)).toEqual(['asked', 'approved', 'intent', 'outcome', 'revealed']);
    expect(records.at(-1)).toMatchObject({ ...byApprover, plan_id: plan.id, target_ids: [seed.ada], requester: PRINCIPAL });
  });

  test('of a form is what the client answered, and that it was the client', async () => {
    const it = await whole({ preset: 'standard' });
    const peer = await it.open({ era: 'modern', elicitation: FORM });
    await peer.call('delete_identity_sessions', args);
    peer.person = () => {
      it.advance(1_000); // as long as a reader takes
      return { action: 'decline' };
    };
    await peer.call('delete_identity', args);
    const records = await expectChain(it);
    expect(records.map(({ event, method, decision_source, approvers }) => ({ event, method, decision_source, approvers }))).toEqual([
      { event: 'asked', method: undefined, decision_source: undefined, approvers: undefined },
      { event: 'intent', method: 'form', decision_source: 'client', approvers: ['form'] },
      { event: 'outcome', method: 'form', decision_source: 'client', approvers: ['form'] },
      { event: 'asked', method: undefined, decision_source: undefined, approvers: undefined },
      { event: 'declined', method: undefined, decision_source: 'client', approvers: undefined },
    ]);
    await peer.close();
    await it.close();
  });

  test('of a call that nobody was asked about is its intent and its outcome; of a read, whom it showed', async () => {
    const it = await whole({ preset: 'standard' });
    const peer = await it.open({ era: 'legacy' });
    const rename = { op: 'replace', path: '/traits/name/first', value: 'Somebody' };
    await peer.once('patch_identity', { id: seed.ada, json_patch: [rename] });
    await peer.once('list_identities', { page_size: 3 });
    const records = await expectChain(it);
    expect(records.map(({ event }) => event)).toEqual(['intent', 'outcome', 'read']);
    const [intent, outcome, read] = records;
    expect(intent).toMatchObject({ verdict: 'allow', rule: 'standard/write', target_ids: [seed.ada], requester: PRINCIPAL });
    expect(intent?.approvers).toBeUndefined();
    expect(outcome?.plan_id).toBe(intent?.plan_id);
    expect(read).toMatchObject({ tool: 'list_identities', count: 3, requester: PRINCIPAL });
    expect(read?.target_ids).toHaveLength(3);
    await peer.close();
    await it.close();
  });
});
