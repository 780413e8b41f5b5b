/**
 * The agent with a shell and the state folder: what enrolling itself and what editing files gets it. Where something succeeds, it is a
 * residual that docs/threat-model.md names; the rest gets nothing.
 */
import { freePort } from '../src/cli/free-port.ts';
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TOTP } from 'otpauth';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seed } from '../src/seed.ts';
import { decodeState, encodeState } from '../src/store/encode.ts';
import { openFolder } from '../src/store/folder.ts';
import type { PlanRecord } from '../src/store/types.ts';
import { startKratos, type Kratos } from './crash/program.ts';
import { softPasskey } from './page/authenticator.ts';
import { browser, challengeIn, fieldOf, formIn, signIn, type Answer } from './page/scene.ts';
import {
  enrolledLongAgo,
  inside,
  PRINCIPAL,
  READ_MS,
  sleep,
  startCommand,
  startServer,
  type Command,
  type Inside,
  type Server,
} from './support/agent.ts';
import { stateDir } from './support/state-dir.ts';

const TOOL = 'delete_identity_sessions';
const ARGS = { id: seed.ada };
const MODEL = readFileSync(new URL('../docs/threat-model.md', import.meta.url), 'utf8').replace(/\s+/g, ' ');
/** What succeeds is said to. */
const expectDocumented = (sentence: string) => expect(MODEL.includes(sentence), sentence).toBe(true);

const passkey = softPasskey();
const anna = enrolledLongAgo({
  id: 'anna',
  name: 'Anna',
  enrolledBy: undefined,
  passkey: { id: passkey.id, publicKey: passkey.publicKey, counter: 0 },
});

let kratos: Kratos;
let state: Inside;
let port: number;
let servers: Server[];
beforeEach(async () => {
  [kratos, state, port, servers] = [await startKratos(), inside(stateDir()), await freePort(), []];
});
afterEach(async () => {
  for (const it of servers) await it.end();
  await kratos.close();
});

const settings = (at = port) => ['--admin-url', kratos.url, '--state-dir', state.path, '--page-port', String(at)];
function serve(...args: readonly string[]): Server {
  const server = startServer([...(args.includes('--page-port') ? settings().slice(0, 4) : settings()), ...args]);
  servers.push(server);
  return server;
}
function policyFile(name: string, text: string): string {
  const path = join(state.path, name);
  writeFileSync(path, `version: 1\n${text}`);
  return path;
}
async function onlyPlan(): Promise<PlanRecord> {
  const [plan] = (await (await state.store()).plans.list()).filter((it) => it.state === 'waiting' || it.state === 'approved');
  if (plan === undefined) throw new Error('no plan is open');
  return plan;
}
const events = async () => (await state.records()).map(({ event }) => event);

/** As a program without a browser does it; `factor` by the challenge of the page. */
async function approve(
  plan: PlanRecord,
  factor: (challenge: string, origin: string) => Readonly<Record<string, string>>,
  at = port,
): Promise<Answer> {
  const by = await browser({ port: () => Promise.resolve(at) });
  const { body } = await by.get(`/approvals/${plan.id}`);
  await sleep(READ_MS);
  const fields = { token: fieldOf(body, 'token'), action: 'approve', code: plan.code, ...factor(challengeIn(body), by.origin) };
  return by.post(`/approvals/${plan.id}`, fields);
}
const asAnna = (challenge: string, origin: string) => ({ passkey: passkey.answer(challenge, origin) });

/** Runs `approver enroll --totp` and types the code that an app would show; answers the key. */
async function enrolItself(...args: readonly string[]): Promise<{ readonly command: Command; readonly key: string }> {
  const command = startCommand(['approver', 'enroll', '--name', 'Mallory', '--totp', '--state-dir', state.path, ...args]);
  const [, key = ''] = (await command.says(/enter the key by hand: (\w+)/)) ?? [];
  await command.says(/shows now/);
  command.type(`${new TOTP({ secret: key }).generate()}\n`);
  return { command, key };
}
/** The next one: the code that enrolled is used up. */
const nextCode = (secret: string) => new TOTP({ secret }).generate({ timestamp: Date.now() + 30_000 });

describe('an agent that enrols itself', () => {
  test('where nobody is enrolled: nothing for approve, nothing for what was asked before, seen on the page, on record', async () => {
    const strict = serve('--preset', 'strict');
    const before = await strict.call(TOOL, ARGS);
    expect(before.outcome).toBe('denied'); // refused before Kratos, with the command
    expect(before.text).toContain('approver enroll');
    expect(kratos.writes).toEqual([]);

    const { command, key } = await enrolItself();
    expect(await command.code).toBe(0);
    const [mallory] = await state.approvers.list();
    expect(mallory).toMatchObject({ name: 'Mallory', method: 'totp' });
    const record = (await state.records()).find(({ event }) => event === 'enrolled');
    expect(record).toMatchObject({ requester: PRINCIPAL, approvers: [], facts: { approver: mallory?.id, first: true } });

    const after = await strict.call(TOOL, ARGS);
    expect(after.outcome).toBe('denied');
    expect(after.text).toMatch(/counting for this only from \d{4}-/);
    // Nor for commands, whatever policy they are given.
    const weak = policyFile('weak.yaml', 'preset: standard\napprovers:\n  wait: 0h\n');
    await (await state.store()).freeze('an incident');
    for (const words of [['thaw'], ['approver', 'remove', 'Mallory'], ['approver', 'enroll', '--name', 'Second', '--totp']]) {
      const refused = startCommand([...words, '--state-dir', state.path, '--policy', weak]);
      expect([words, await refused.code]).toEqual([words, 1]);
      expect(refused.text()).toContain('nobody counts yet');
    }
    expect(await state.approvers.list()).toHaveLength(1);
    expect(await (await state.store()).isFrozen()).toBe(true);
    expect(await events()).not.toContain('approved');
    expect(kratos.writes).toEqual([]);
    expect(key).not.toBe('');
  });

  test('after a question was asked can’t answer it, though it is a confirm', async () => {
    const policy = policyFile('policy.yaml', 'preset: standard\napprovers:\n  phrase: true\n');
    const server = serve('--policy', policy);
    expect((await server.call(TOOL, ARGS)).outcome).toBe('pending');
    const { command, key } = await enrolItself();
    expect(await command.code).toBe(0);
    const [mallory] = await state.approvers.list();
    const plan = await onlyPlan();
    const answers = [
      await approve(plan, () => ({ approver: mallory?.id ?? '', otp: nextCode(key) })),
      await approve(plan, () => ({ phrase: plan.phrase })), // nor by phrase any more
    ];
    for (const { status, body } of answers) {
      expect(status).toBe(403);
      expect(body).toContain('Mallory (one-time code)'); // nobody is let in unseen
    }
    expect((await onlyPlan()).state).toBe('waiting');
    expect(kratos.writes).toEqual([]);
  });

  test('and lets a confirm of afterwards pass: the residual at L0', async () => {
    const server = serve('--preset', 'standard');
    const { command, key } = await enrolItself();
    expect(await command.code).toBe(0);
    expect((await server.call(TOOL, ARGS)).outcome).toBe('pending');
    const [mallory] = await state.approvers.list();
    expect((await approve(await onlyPlan(), () => ({ approver: mallory?.id ?? '', otp: nextCode(key) }))).status).toBe(303);
    expect((await server.call(TOOL, ARGS)).outcome).toBe('executed');
    expectDocumented('Then it can answer `confirm` calls on the page at once');
  });

  test('a day too late, beside a real approver, gets nothing from a server of its own on the same folder with a policy of its own', async () => {
    await state.approvers.add(anna);
    const mallory = softPasskey();
    const credential = { id: mallory.id, publicKey: mallory.publicKey, counter: 0 };
    await state.approvers.add({
      ...anna,
      id: 'm',
      name: 'Mallory',
      enrolledBy: 'anna',
      enrolledAt: Date.now() - 3_600_000,
      passkey: credential,
    });
    const server = serve('--preset', 'strict');
    expect((await server.call(TOOL, ARGS)).outcome).toBe('pending');
    const plan = await onlyPlan();
    const weak = policyFile('weak.yaml', 'preset: standard\napprovers:\n  wait: 0h\n  phrase: true\n');
    const other = await freePort();
    const own = serve('--policy', weak, '--page-port', String(other));
    expect((await own.call(TOOL, { id: seed.grace })).outcome).toBe('pending'); // now its page is open
    const answers = [
      await approve(plan, (challenge, origin) => ({ passkey: mallory.answer(challenge, origin) }), other),
      await approve(plan, () => ({ phrase: plan.phrase }), other),
    ];
    expect(answers.map(({ status }) => status)).toEqual([403, 403]);
    expect(answers[0]?.body).toContain('counts for requests of this kind in 23 hours');
    expect((await (await state.store()).plans.find(plan.id))?.state).toBe('waiting');
    expect(kratos.writes).toEqual([]);
  });
});

describe('an approver file', () => {
  test('that was edited: no start, no command, and a running server lets nobody approve', async () => {
    await state.approvers.add(anna);
    const server = serve('--preset', 'strict');
    expect((await server.call(TOOL, ARGS)).outcome).toBe('pending');
    const plan = await onlyPlan();
    const path = state.file('approvers.json');
    const mallory = softPasskey();
    writeFileSync(path, readFileSync(path, 'utf8').replaceAll(passkey.id, mallory.id).replaceAll(passkey.publicKey, mallory.publicKey));
    const answer = await approve(plan, (challenge, origin) => ({ passkey: mallory.answer(challenge, origin) }));
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect((await server.call(TOOL, { id: seed.grace })).text).toContain('does not fit its seal');
    const again = serve('--preset', 'strict', '--page-port', String(await freePort()));
    expect(await again.ended).toBe(2);
    expect(again.stderr()).toContain('its seal does not fit. Nobody can approve');
    const list = startCommand(['approver', 'list', '--state-dir', state.path]);
    expect(await list.code).toBe(2);
    expect(await events()).not.toContain('approved');
    expect(kratos.writes).toEqual([]);
  });

  test('that was moved away leaves nobody who may approve: the agent can be the first again, and waits for a day', async () => {
    await state.approvers.add(anna);
    renameSync(state.file('approvers.json'), join(state.path, 'away'));
    const server = serve('--preset', 'strict');
    expect((await server.call(TOOL, ARGS)).outcome).toBe('denied');
    const { command } = await enrolItself();
    expect(await command.code).toBe(0);
    expect((await server.call(TOOL, ARGS)).outcome).toBe('denied');
    expect(kratos.writes).toEqual([]);
    expectDocumented('move `approvers.json` away and be the first again');
  });
});

describe('a state file', () => {
  async function waiting(): Promise<{ readonly server: Server; readonly plan: PlanRecord }> {
    await state.approvers.add(anna);
    const server = serve('--preset', 'strict');
    expect((await server.call(TOOL, ARGS)).outcome).toBe('pending');
    return { server, plan: await onlyPlan() };
  }
  const yes = () => ({ by: 'anna', name: 'Anna', method: 'passkey', at: Date.now() });
  const edited = (text: string, change: (plan: Record<string, unknown>) => Record<string, unknown>): string => {
    const read = JSON.parse(text) as { plans: Record<string, Record<string, unknown>> };
    const plans = Object.fromEntries(Object.entries(read.plans).map(([id, it]) => [id, change(it)]));
    return JSON.stringify({ ...read, plans });
  };

  test.each<[string, (plan: Record<string, unknown>) => Record<string, unknown>]>([
    ['approved', (plan) => ({ ...plan, state: 'approved', decided: [yes()] })],
    ['a confirm that a phrase answers', (plan) => ({ ...plan, kind: 'confirm', approvals: 0 })],
    ['asked long ago by somebody else', (plan) => ({ ...plan, created: 1, principal: 'os:0:nobody' })],
    ['other words', (plan) => ({ ...plan, shown: { ...(plan['shown'] as object), says: ['Greets her.'] } })],
  ])('in which a plan is made %s by hand: nothing is carried out, and no server starts', async (_, change) => {
    const { server } = await waiting();
    const path = state.file('state.json');
    writeFileSync(path, edited(readFileSync(path, 'utf8'), change));
    const answer = await server.call(TOOL, ARGS);
    expect(answer.outcome).toBe('failed');
    expect(answer.text).toContain('nothing was sent');
    expect((await server.call('get_identity', ARGS)).isError).toBe(false); // reads go on
    expect(await server.end()).toBe(0);
    const again = serve('--preset', 'strict');
    expect(await again.ended).toBe(2);
    expect(again.stderr()).toMatch(/state\.json is damaged: it was changed by something other than this program/);
    expect(await events()).not.toContain('approved');
    expect(kratos.writes).toEqual([]);
  });

  test('that is sealed with the key that lies beside it is one of ours: the residual at L0', async () => {
    const { server, plan } = await waiting();
    const key = openFolder(state.path).key('state');
    const read = decodeState(readFileSync(state.file('state.json'), 'utf8'), key);
    const decided = [{ by: 'anna', name: 'Anna', method: 'passkey' as const, at: Date.now() }];
    read.plans.set(plan.id, { ...plan, state: 'approved', decided });
    writeFileSync(state.file('state.json'), encodeState(read, key));
    expect((await server.call(TOOL, ARGS)).outcome).toBe('executed');
    expect(await events()).not.toContain('approved'); // the ledger has an intent without a yes before it
    expectDocumented('read `key` in the state folder, and with it write a yes');
  });

  test('an older one that is put back gives no second use of a yes, unless the mark of the first goes, too: the residual at L0', async () => {
    const { server, plan } = await waiting();
    const copy = join(state.path, 'copy');
    expect((await approve(plan, asAnna)).status).toBe(303);
    copyFileSync(state.file('state.json'), copy);
    expect((await server.call(TOOL, ARGS)).outcome).toBe('executed');
    copyFileSync(copy, state.file('state.json'));
    expect((await server.call(TOOL, ARGS)).outcome).not.toBe('executed');
    expect(kratos.writes).toHaveLength(1);
    expect(existsSync(state.file(`claims/${plan.id}`))).toBe(true);
    expectDocumented('put an older copy of `state.json` back');
  });
});

describe('the policy file', () => {
  const strict = 'preset: strict\n';
  const weak = 'preset: standard\napprovers:\n  wait: 0h\n';
  const reloaded = async (server: Server, path: string, text: string) => {
    writeFileSync(path, text);
    const count = (await events()).filter((it) => it === 'policy').length;
    server.signal('SIGHUP');
    for (let i = 0; i < 100 && (await events()).filter((it) => it === 'policy').length === count; i += 1) await sleep(50);
  };

  test('edited and loaded again: on record, and a yes under the old one is none under the new one', async () => {
    await state.approvers.add(anna);
    const path = policyFile('policy.yaml', strict);
    const server = serve('--policy', path);
    expect((await server.call(TOOL, ARGS)).outcome).toBe('pending');
    expect((await approve(await onlyPlan(), asAnna)).status).toBe(303);
    await reloaded(server, path, `version: 1\n${weak}`);
    const answer = await server.call(TOOL, ARGS);
    expect(answer.outcome).toBe('stale');
    expect(kratos.writes).toEqual([]);
    const [started, policy] = (await state.records()).filter(({ event }) => event === 'started' || event === 'policy');
    expect(policy).toMatchObject({ outcome: 'loaded' });
    expect(policy?.policy_hash).not.toBe(started?.policy_hash);
    expectDocumented('edit the policy file and have it loaded');

    await reloaded(server, path, 'version: 1\npreset: none at all\n');
    const last = (await state.records()).findLast(({ event }) => event === 'policy');
    expect(last).toMatchObject({ outcome: 'rejected', policy_hash: policy?.policy_hash });
  });

  test('no policy file lets a takeover or a destructive change pass unasked', async () => {
    const path = policyFile('open.yaml', 'preset: standard\nrules:\n  - { name: all, verdict: allow }\n');
    const server = serve('--policy', path);
    for (const [name, args] of [
      [TOOL, ARGS],
      ['delete_identity', ARGS],
      ['delete_identity_credentials', { id: seed.grace, type: 'totp' }],
    ] as const)
      expect((await server.call(name, args)).outcome).not.toBe('executed');
    expect(kratos.writes).toEqual([]);
  });
});

test('the file that freezes, removed by hand: changes are possible again, and still need their yes', async () => {
  await state.approvers.add(anna);
  const server = serve('--preset', 'strict');
  expect(await startCommand(['freeze', '--state-dir', state.path]).code).toBe(0);
  expect((await server.call(TOOL, ARGS)).text).toContain('frozen');
  rmSync(state.file('frozen'));
  expect((await server.call(TOOL, ARGS)).outcome).toBe('pending');
  expect(kratos.writes).toEqual([]);
  expect(await events()).not.toContain('thawed'); // the ledger has a freeze without a thaw
  expectDocumented('remove `frozen`');
});

test('whoever has signed in lifts no lock and no freeze without the factor', async () => {
  await state.approvers.add(anna);
  const server = serve('--preset', 'strict');
  await server.call(TOOL, ARGS);
  const store = await state.store();
  await store.counters.lock(PRINCIPAL);
  await store.freeze('an incident');
  const annas = await browser({ port: () => Promise.resolve(port) });
  expect((await signIn(annas, passkey)).status).toBe(303);
  const { body } = await annas.get('/approvals');
  const [unlock, thaw] = ['unlock', 'thaw'].map((it) => formIn(body, `/approvals/${it}`));
  await sleep(READ_MS);
  const answers = [
    await annas.post('/approvals/unlock', { token: fieldOf(unlock ?? '', 'token'), principal: PRINCIPAL }),
    await annas.post('/approvals/thaw', { token: fieldOf(thaw ?? '', 'token'), freeze: fieldOf(thaw ?? '', 'freeze') }),
  ];
  for (const answer of answers) expect([answer.status, answer.body.includes('Neither a passkey nor a one-time code')]).toEqual([403, true]);
  expect((await server.call(TOOL, { id: seed.grace })).text).toContain('frozen');
  await store.thaw();
  expect((await server.call(TOOL, { id: seed.grace })).text).toContain('locked');
  expect(kratos.writes).toEqual([]);
});
