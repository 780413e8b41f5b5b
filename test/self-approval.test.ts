/**
 * The agent approving itself, with all that a program on this machine can do short of using the state folder's key: real processes, real
 * sockets, and a Kratos that counts what it is sent. Zero approvals, zero writes. What lies in the folder: self-approval-files.test.ts.
 */
import { freePort } from '../src/cli/free-port.ts';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret, TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commands } from '../src/cli/commands.ts';
import { seed } from '../src/seed.ts';
import type { PlanRecord } from '../src/store/types.ts';
import { startKratos, type Kratos } from './crash/program.ts';
import { softPasskey } from './page/authenticator.ts';
import { browser, challengeIn, fieldOf, send, signIn, type Answer, type Browser } from './page/scene.ts';
import {
  enrolledLongAgo,
  hasPty,
  inside,
  PRINCIPAL,
  raw,
  READ_MS,
  sleep,
  squat,
  startCommand,
  startServer,
  type Command,
  type Inside,
  type Server,
} from './support/agent.ts';
import { stateDir } from './support/state-dir.ts';

const TOOL = 'delete_identity_sessions';
const ARGS = { id: seed.ada };
const passkey = softPasskey();
const secret = new Secret({ size: 20 });
const totp = new TOTP({ secret });
const anna = { id: 'anna', name: 'Anna', enrolledBy: undefined, passkey: { id: passkey.id, publicKey: passkey.publicKey, counter: 0 } };
const ben = { id: 'ben', name: 'Ben', enrolledBy: 'anna', totp: { secret: secret.base32 } };

interface World {
  readonly kratos: Kratos;
  readonly state: Inside;
  readonly port: number;
  readonly settings: readonly string[];
}
async function world(): Promise<World> {
  const [kratos, state, port] = [await startKratos(), inside(stateDir()), await freePort()];
  await state.approvers.add(enrolledLongAgo(anna));
  await state.approvers.add(enrolledLongAgo(ben));
  return { kratos, state, port, settings: ['--admin-url', kratos.url, '--state-dir', state.path, '--page-port', String(port)] };
}

const CHANGING = ['approved', 'intent', 'enrolled', 'removed', 'thawed', 'unlocked', 'revealed'];
/** Nothing was agreed to, by the ledger, by the approver file and by Kratos. */
async function expectNoApproval({ kratos, state }: World): Promise<void> {
  expect((await state.records()).filter(({ event }) => CHANGING.includes(event))).toEqual([]);
  expect((await state.approvers.list()).map(({ name }) => name)).toEqual(['Anna', 'Ben']);
  expect(kratos.writes).toEqual([]);
}

describe('on the page of a call that waits', () => {
  let it: World;
  let server: Server;
  let plan: PlanRecord;
  let path: string;
  const at = (): Promise<Browser> => browser({ port: () => Promise.resolve(it.port) });
  beforeAll(async () => {
    it = await world();
    server = startServer([...it.settings, '--preset', 'strict']);
    const answer = await server.call(TOOL, ARGS);
    expect(answer.outcome).toBe('pending');
    const [found] = await (await it.state.store()).plans.list();
    if (found === undefined) throw new Error('no plan waits');
    plan = found;
    path = `/approvals/${plan.id}`;
    expect(answer.text).toContain(`http://localhost:${it.port}${path}`);
  });
  afterAll(async () => {
    expect(await server.end()).toBe(0);
    await it.kratos.close();
  });
  async function expectWaiting(): Promise<void> {
    expect(await (await it.state.store()).plans.find(plan.id)).toMatchObject({ state: 'waiting', decided: [] });
    await expectNoApproval(it);
  }
  const expectRefused = (answers: readonly Answer[]) => expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 403));

  /** Of as many pages, each served to this browser. */
  async function tokensOf(by: Browser, count: number): Promise<readonly string[]> {
    const tokens: string[] = [];
    for (let i = 0; i < count; i += 1) tokens.push(fieldOf((await by.get(path)).body, 'token'));
    expect(new Set(tokens).size).toBe(count);
    return tokens;
  }

  test('the address alone, opened in whichever way, approves nothing', async () => {
    const ways = ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'PATCH', 'TRACE'];
    const addresses = [
      path,
      `${path}?action=approve`,
      `${path}/approve`,
      `${path}/reveal`,
      `/approvals/${'A'.repeat(22)}`,
      '/approvals/unlock',
      '/approvals/thaw',
      '/approvals/enroll/x',
    ];
    for (const method of ways) await Promise.all(addresses.map((where) => send(it.port, where, { method })));
    await expectWaiting();
  });

  test('a form that is right in everything but its factor approves nothing', async () => {
    const mine = await at();
    const { body } = await mine.get(path);
    const factors = [
      {},
      { passkey: '{}' },
      { passkey: softPasskey().answer(challengeIn(body), mine.origin) },
      { approver: 'ben', otp: '' },
      { phrase: plan.phrase },
    ];
    const tokens = [fieldOf(body, 'token'), ...(await tokensOf(mine, factors.length - 1))];
    await sleep(READ_MS);
    const answers: Answer[] = [];
    for (const [i, factor] of factors.entries())
      answers.push(await mine.post(path, { token: tokens[i] ?? '', action: 'approve', code: plan.code, ...factor }));
    expectRefused(answers);
    await expectWaiting();
  });

  test('no cookie, a made-up cookie, the cookie of another browser, a token of another one or of nobody', async () => {
    const [mine, other] = [await at(), await at()];
    const [own, foreign] = [fieldOf((await mine.get(path)).body, 'token'), fieldOf((await other.get(path)).body, 'token')];
    await sleep(READ_MS);
    const name = mine.cookie()?.split('=')[0] ?? '';
    const fields = { action: 'approve', code: plan.code, approver: 'ben', otp: '123456' };
    expectRefused([
      await mine.post(path, { ...fields, token: own }, { cookie: undefined }),
      await mine.post(path, { ...fields, token: own }, { cookie: `${name}=${'A'.repeat(22)}` }),
      await mine.post(path, { ...fields, token: own }, { cookie: other.cookie() }),
      await mine.post(path, { ...fields, token: own }, { cookie: `${mine.cookie()}; ${other.cookie()}` }),
      await mine.post(path, { ...fields, token: foreign }),
      await mine.post(path, { ...fields, token: 'x.y.z' }),
      await mine.post(path, fields),
    ]);
    await expectWaiting();
  });

  test('forged heads over a socket: Host, Origin, Sec-Fetch-Site, twice, left out, as a proxy, in another frame', async () => {
    const mine = await at();
    const token = fieldOf((await mine.get(path)).body, 'token');
    const body = new URLSearchParams({ token, action: 'approve', code: plan.code, approver: 'ben', otp: '123456' }).toString();
    const host = `localhost:${it.port}`;
    const right = [
      `Host: ${host}`,
      `Origin: http://${host}`,
      'Sec-Fetch-Site: same-origin',
      `Cookie: ${mine.cookie()}`,
      'User-Agent: Mozilla/5.0 Chrome/150.0',
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${body.length}`,
      'Connection: close',
    ];
    const but = (name: string, ...lines: readonly string[]) => [...right.filter((line) => !line.startsWith(`${name}:`)), ...lines];
    const hosts = [
      '127.0.0.1',
      `127.0.0.1:${it.port}`,
      `[::1]:${it.port}`,
      'localhost',
      `localhost.:${it.port}`,
      `localhost:${it.port}.evil.com`,
      `evil.com@${host}`,
      `LOCALHOST:${it.port}`,
      'evil.com',
      '',
    ];
    const origins = [
      'null',
      'http://evil.com',
      `http://127.0.0.1:${it.port}`,
      `https://${host}`,
      'http://localhost:1',
      'http://localhost',
      `http://${host}.evil.com`,
      `http://${host}/`,
      'file://',
      '',
    ];
    const heads = [
      ...hosts.map((value) => but('Host', `Host: ${value}`)),
      ...origins.map((value) => but('Origin', `Origin: ${value}`)),
      ...['same-site', 'cross-site', 'none', ''].map((value) => but('Sec-Fetch-Site', `Sec-Fetch-Site: ${value}`)),
      ...['Host', 'Origin', 'Sec-Fetch-Site', 'Cookie'].map((name) => but(name)),
      [...right, 'Host: evil.com'],
      [...right, 'Origin: http://evil.com'],
      but('Content-Type', 'Content-Type: text/plain'),
      but('Content-Type', 'Content-Type: application/json'),
    ];
    const lines = (start: string, head: readonly string[]) => [start, ...head, '', body].join('\r\n');
    await sleep(READ_MS);
    const requests = [
      ...heads.map((head) => lines(`POST ${path} HTTP/1.1`, head)),
      lines(`POST http://${host}${path} HTTP/1.1`, right),
      lines(`POST ${path} HTTP/1.0`, but('Host')),
      lines(`POST /approvals/../approvals/${plan.id} HTTP/1.1`, right),
      lines(`POST ${path}%00 HTTP/1.1`, right),
    ];
    for (const [index, request] of requests.entries()) {
      const answer = await raw(it.port, request, index % 2 === 0 ? '127.0.0.1' : '::1').catch(() => 'HTTP/1.1 400 gone');
      expect(answer, request).toMatch(/^HTTP\/1\.1 (?:400|403|404|405|415) /);
      expect(answer).not.toContain('ada.byron');
    }
    // None of them has used the token up: what they are kept out by comes before it.
    expect((await mine.post(path, { token, action: 'approve', code: 'ZZZZ' })).status).toBe(422);
    await expectWaiting();
  });

  test('one-time codes that are guessed: five tries, all on record; one that was used before', async () => {
    const used = totp.generate();
    const [mine, bens] = [await at(), await at()];
    const front = await bens.get('/approvals');
    expect((await bens.post('/approvals/sign-in', { token: fieldOf(front.body, 'token'), approver: 'ben', otp: used })).status).toBe(303);
    const right = [-1, 0, 1, 2].map((shift) => totp.generate({ timestamp: Date.now() + shift * 30_000 }));
    const guesses = [
      used,
      ...Array.from({ length: 40 }, (_, i) => String(i * 24_989).padStart(6, '0')).filter((code) => !right.includes(code)),
    ];
    const tokens = await tokensOf(mine, guesses.length);
    await sleep(READ_MS);
    const answers: Answer[] = [];
    for (const [i, otp] of guesses.entries())
      answers.push(await mine.post(path, { token: tokens[i] ?? '', action: 'approve', code: plan.code, approver: 'ben', otp }));
    expectRefused(answers);
    expect(answers.filter(({ body }) => body.includes('Too many codes'))).toHaveLength(guesses.length - 5);
    await sleep(300);
    const failed = (await it.state.records()).filter(({ event, approvers }) => event === 'failed_sign_in' && approvers?.[0] === 'ben');
    expect(failed).toHaveLength(guesses.length);
    await expectWaiting();
  });

  test('the assertion of a sign-in, or made on a page of its own, is none for the plan', async () => {
    const [mine, annas] = [await at(), await at()];
    expect((await signIn(annas, passkey)).status).toBe(303);
    const [front, page] = [await (await at()).get('/approvals'), await annas.get(path)];
    const made = [
      passkey.answer(challengeIn(front.body), mine.origin),
      passkey.answer(challengeIn(page.body), 'http://localhost:9'),
      passkey.answer(challengeIn(page.body), mine.origin), // hers, for another view than the one it is sent with
    ];
    const views = [
      { by: mine, tokens: await tokensOf(mine, made.length) },
      { by: annas, tokens: await tokensOf(annas, made.length) },
    ];
    await sleep(READ_MS);
    const answers: Answer[] = [];
    for (const { by, tokens } of views)
      for (const [i, signed] of made.entries())
        answers.push(await by.post(path, { token: tokens[i] ?? '', action: 'approve', code: plan.code, passkey: signed }));
    expectRefused(answers);
    await expectWaiting();
  });

  test('arguments, _meta and headers of a call that claim a yes', async () => {
    const claims = {
      confirm: true,
      confirmed: true,
      force: true,
      yes: true,
      approved: true,
      approved_by: 'anna',
      code: plan.code,
      passkey: '{}',
    };
    for (const [name, value] of Object.entries(claims)) {
      const answer = await server.call(TOOL, { ...ARGS, [name]: value });
      expect([answer.isError, answer.outcome]).toEqual([true, undefined]);
      expect(answer.text).toContain(name);
    }
    const other = { id: seed.grace };
    const meta = {
      ...claims,
      'ory-identity-mcp/outcome': 'executed',
      'ory-identity-mcp/approved': plan.id,
      principal: 'root',
      policy: 'allow',
    };
    const beside = [
      { _meta: meta },
      { requestState: `${plan.id}.${'A'.repeat(43)}`, inputResponses: { consent: { action: 'accept', content: { typed: plan.phrase } } } },
      { inputResponses: { consent: { action: 'accept' } }, approved: true },
    ];
    const [first, ...more] = beside;
    expect((await server.call(TOOL, other, first)).outcome).toBe('pending');
    for (const given of more) expect((await server.call(TOOL, { id: seed.unverified }, given)).outcome).not.toBe('executed');
    await expectWaiting();
  });
});

test.each(['127.0.0.1', '::1', '0.0.0.0', '::'])(
  'another program that holds the port on %s: no page and no question; when it is gone, it is asked, and then nobody gets the port',
  async (host) => {
    const it = await world();
    const gone = await squat(it.port, host);
    const server = startServer([...it.settings, '--preset', 'strict']);
    const refused = await server.call(TOOL, ARGS);
    expect(refused.outcome).toBe('denied');
    expect(refused.text).toContain(`Another program holds port ${it.port}`);
    expect(await (await it.state.store()).plans.list()).toMatchObject([{ state: 'void' }]);
    await gone();
    expect((await server.call(TOOL, ARGS)).outcome).toBe('pending');
    for (const address of ['127.0.0.1', '::1', '0.0.0.0', '::']) await expect(squat(it.port, address)).rejects.toThrow('cannot be held');
    await server.end();
    await expectNoApproval(it);
    await it.kratos.close();
  },
);

test('with the same means an approver, who has a factor, does approve', async () => {
  const it = await world();
  const server = startServer([...it.settings, '--preset', 'strict']);
  await server.call(TOOL, ARGS);
  const [plan] = await (await it.state.store()).plans.list();
  const annas = await browser({ port: () => Promise.resolve(it.port) });
  const { body } = await annas.get(`/approvals/${plan?.id}`);
  await sleep(READ_MS);
  const fields = { token: fieldOf(body, 'token'), action: 'approve', code: plan?.code ?? '' };
  const signed = passkey.answer(challengeIn(body), annas.origin);
  expect((await annas.post(`/approvals/${plan?.id}`, { ...fields, passkey: signed })).status).toBe(303);
  expect((await server.call(TOOL, ARGS)).outcome).toBe('executed');
  expect(it.kratos.writes).toEqual([`DELETE /admin/identities/${seed.ada}/sessions`]);
  await server.end();
  await it.kratos.close();
});

describe('the commands', () => {
  let it: World;
  beforeAll(async () => {
    it = await world();
    const store = await it.state.store();
    await store.freeze('an incident');
    await store.counters.lock(PRINCIPAL);
    const policy = join(it.state.path, 'weak.yaml');
    writeFileSync(policy, 'version: 1\npreset: standard\napprovers:\n  wait: 0h\n  phrase: true\n');
  });
  afterAll(() => it.kratos.close());

  const where = () => ['--state-dir', it.state.path];
  const asking: readonly (readonly string[])[] = [
    ['approver', 'enroll', '--name', 'Mallory', '--totp'],
    ['approver', 'enroll', '--name', 'Mallory'],
    ['approver', 'remove', 'Anna'],
    ['thaw'],
    ['unlock', PRINCIPAL],
  ];
  /** The agent reads what an authenticator app would, and types the code. */
  async function typeCode(command: Command): Promise<void> {
    const [, its = ''] = (await command.says(/enter the key by hand: (\w+)/)) ?? [];
    await command.says(/shows now/);
    command.type(`${new TOTP({ secret: its }).generate()}\n`);
  }

  test.each([['a pipe', false] as const, ['a terminal', true] as const])('that need an approver take no yes from %s', async (_, pty) => {
    if (pty && !hasPty) return;
    const env = { APPROVE: 'yes', YES: '1', CI: 'true' };
    await Promise.all(
      asking.map(async (words) => {
        const command = startCommand([...words, ...where(), '--page-port', String(await freePort())], { pty, env });
        try {
          if (words.includes('--totp')) await typeCode(command);
          command.type('y\nyes\nAnna\n'.repeat(20));
          const [, address = ''] = (await command.says(/Open (http:\/\/localhost:\d+\/\S+)/)) ?? [];
          expect(address, command.text()).not.toBe('');
          const { port, pathname } = new URL(address);
          const mine = await browser({ port: () => Promise.resolve(Number(port)) });
          const token = fieldOf((await mine.get(pathname)).body, 'token');
          const code = /type the code (\w+)/.exec(command.text())?.[1] ?? '';
          await sleep(READ_MS);
          expect((await mine.post(pathname, { token, action: 'approve', code, phrase: 'y' })).status).toBe(403);
        } finally {
          await command.stop();
        }
      }),
    );
    await expectNoApproval(it);
    const store = await it.state.store();
    expect([await store.isFrozen(), (await store.counters.lockedSince(PRINCIPAL)) !== undefined]).toEqual([true, true]);
  });

  test('that end by themselves approve nothing, whatever is typed into them', async () => {
    const harmless: readonly (readonly string[])[] = [
      ['doctor', '--sandbox'],
      ['tools', '--sandbox'],
      ['policy', 'check', join(it.state.path, 'weak.yaml')],
      ['approver', 'list'],
      ['freeze'],
      ['audit', 'verify'],
      ['token', 'list', '--tokens-file', join(it.state.path, 'none')],
    ];
    const all = new Set([...asking, ...harmless].map(([name]) => name));
    expect([...all].map(String).toSorted((one, other) => (one < other ? -1 : 1))).toEqual(
      Object.keys(commands)
        .filter((name) => name !== 'demo' && name !== 'sandbox')
        .sort(),
    ); // those have no state folder
    await Promise.all(
      harmless.map(async (words) => {
        const command = startCommand([...words, ...(words[0] === 'policy' ? [] : where())]);
        command.type('y\nyes\n'.repeat(20));
        await command.code;
        await command.stop();
      }),
    );
    await expectNoApproval(it);
  });
});

test('no variable of the environment is a yes: those of ours that are no setting stop the start, as does one that contradicts the policy file', async () => {
  const it = await world();
  const names = ['APPROVE', 'CONFIRM', 'CONFIRM_BY', 'YES', 'FORCE', 'PHRASE', 'APPROVERS', 'LEVEL', 'PRINCIPAL'].map(
    (name) => `KRATOS_MCP_${name}`,
  );
  for (const name of names) {
    const server = startServer([...it.settings, '--preset', 'strict'], { [name]: 'true' });
    expect([name, await server.ended]).toEqual([name, 2]);
    expect(server.stderr()).toContain(`${name} is no setting`);
  }
  const policy = join(it.state.path, 'policy.yaml');
  writeFileSync(policy, 'version: 1\npreset: strict\n');
  const other = startServer([...it.settings, '--policy', policy], { KRATOS_MCP_PRESET: 'standard' });
  expect(await other.ended).toBe(2);
  expect(other.stderr()).toContain('contradict');
  const server = startServer([...it.settings, '--policy', policy], { APPROVE: 'true', YES: '1', CI: 'true', NODE_ENV: 'test' });
  expect((await server.call(TOOL, ARGS)).outcome).toBe('pending');
  await server.end();
  await expectNoApproval(it);
  await it.kratos.close();
});
