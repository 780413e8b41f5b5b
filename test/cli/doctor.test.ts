import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { isContainer } from '../../src/page/page.ts';
import { createApprovers } from '../../src/store/approvers.ts';
import { openFolder } from '../../src/store/folder.ts';
import { run, type Env } from './program.ts';

const Report = z.object({
  ok: z.boolean(),
  level: z.string(),
  preset: z.string(),
  policy: z.string().nullable(),
  recovery_delivery: z.string(),
  notices: z.array(z.string()),
  settings: z.array(z.object({ name: z.string(), value: z.string().nullable(), source: z.string() }).loose()),
  checks: z.array(z.object({ name: z.string(), status: z.string(), says: z.string() })),
});

async function doctor(args: readonly string[], env: Env = {}) {
  const { code, stdout, stderr } = await run(['doctor', '--json', ...args], env);
  const report = Report.parse(JSON.parse(stdout));
  const byName = Object.fromEntries(report.checks.map((it) => [it.name, it]));
  return { code, stdout, stderr, report, byName };
}

const TOKEN = 'canary-c0ffee';
const folder = mkdtempSync(join(tmpdir(), 'doctor-'));
const tokenFile = join(folder, 'token');
writeFileSync(tokenFile, TOKEN);
chmodSync(tokenFile, 0o600);
afterAll(() => rmSync(folder, { recursive: true }));

const servers: Server[] = [];
afterEach(() => {
  for (const it of servers.splice(0)) it.close();
});
/** The three routes that doctor asks for; `guarded` wants the token on the admin routes. */
async function stub(guarded: boolean, answers: Readonly<Record<string, readonly [status: number, body: unknown]>> = {}): Promise<string> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const isRefused = guarded && path.startsWith('/admin') && request.headers.authorization !== `Bearer ${TOKEN}`;
    const known = {
      '/version': [200, { version: 'v26.2.0' }],
      '/admin/identities': [200, []],
      '/schemas': [200, [{ id: 'default', schema: {} }]],
      ...answers,
    };
    const [status, body] = isRefused
      ? [401, { error: { message: 'no' } }]
      : (Object.entries(known).find(([it]) => it === path)?.[1] ?? [404, {}]);
    response.writeHead(Number(status), { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`; // listening on TCP
}

test('on the built-in Kratos it can work', async () => {
  const { code, report } = await doctor(['--sandbox', '--page-port', '8765']);
  expect(code).toBe(0);
  expect(report).toMatchObject({ ok: true, level: 'L0', preset: 'standard', policy: 'preset "standard"', recovery_delivery: 'page' });
  expect(report.checks.map(({ name, status }) => [name, status])).toEqual([
    ['kratos', 'ok'],
    ['admin', 'ok'],
    ['schemas', 'ok'],
    ['policy', 'ok'],
    ['state', 'ok'],
    ['approvers', 'warning'],
  ]);
});

test('an open admin API is a warning, not a failure', async () => {
  const url = await stub(false);
  const { code, byName } = await doctor([], { KRATOS_ADMIN_URL: url, KRATOS_PUBLIC_URL: url });
  expect(code).toBe(0);
  expect(byName['kratos']?.says).toBe('Kratos v26.2.0 answers.');
  expect(byName['access']).toMatchObject({ status: 'warning', says: expect.stringContaining('open to every program on this machine') });
  expect(byName['schemas']).toMatchObject({ status: 'ok', says: 'Identity schemas can be read: default.' });
});

test('an admin API behind a token is asked once without it', async () => {
  const url = await stub(true);
  const { code, byName, stdout } = await doctor(['--admin-token-file', tokenFile], { KRATOS_ADMIN_URL: url, KRATOS_PUBLIC_URL: url });
  expect(code).toBe(0);
  expect(byName['access']).toEqual({ name: 'access', status: 'ok', says: 'Without the credential the admin API refuses.' });
  expect(stdout).not.toContain(TOKEN);
});

test('a token that nothing asks for does not close the admin API', async () => {
  const { byName } = await doctor(['--admin-token-file', tokenFile], { KRATOS_ADMIN_URL: await stub(false) });
  expect(byName['access']?.status).toBe('warning');
});

test('without the public address it says what that costs', async () => {
  const KRATOS_ADMIN_URL = await stub(false, { '/schemas': [307, {}] });
  const { code, byName, stdout } = await doctor([], { KRATOS_ADMIN_URL });
  expect(code).toBe(0);
  expect(stdout).toContain(`"works_on": "a Kratos of your own, ${KRATOS_ADMIN_URL}"`);
  expect(byName['schemas']?.status).toBe('warning');
  expect(byName['public']?.says).toMatch(/KRATOS_PUBLIC_URL is not set.*every change of traits counts as takeover.*the question says so/);
  const strict = await doctor(['--preset', 'strict'], { KRATOS_ADMIN_URL });
  expect(strict.byName['public']?.says).toMatch(/counts as takeover, and has to be approved on the approvals page/);
});

test('where the admin address serves the schemas, too, nothing is missing', async () => {
  const { byName } = await doctor([], { KRATOS_ADMIN_URL: await stub(false) });
  expect(byName['schemas']?.status).toBe('ok');
  expect(byName).not.toHaveProperty('public');
});

test('what answers is not Kratos, or nothing answers: exit code 1', async () => {
  const wrong = await doctor([], { KRATOS_ADMIN_URL: await stub(false, { '/admin/identities': [404, {}] }) });
  expect([wrong.code, wrong.report.ok, wrong.byName['admin']?.status]).toEqual([1, false, 'failed']);
  const silent = await doctor([], { KRATOS_ADMIN_URL: 'http://127.0.0.1:1' });
  expect([silent.code, silent.byName['kratos']?.status]).toEqual([1, 'failed']);
  expect(silent.byName['admin']?.says).toMatch(/\(ECONNREFUSED\)\. Check that it runs, and KRATOS_ADMIN_URL\.$/);
  for (const { stdout } of [wrong, silent]) expect(stdout).not.toContain('`ory-identity-mcp doctor`'); // that is where the reader is
  expect(silent.stderr).toBe('');
});

test('a wrong credential: exit code 1, and what Kratos said', async () => {
  const { code, byName } = await doctor([], { KRATOS_ADMIN_URL: await stub(true) });
  expect(code).toBe(1);
  expect(byName['admin']?.says).toMatch(/HTTP 401.*“no”/);
});

test('plain http off loopback is a warning where no credential is sent', async () => {
  const { byName } = await doctor(['--connect-timeout-ms', '500', '--call-timeout-ms', '2000'], {
    KRATOS_ADMIN_URL: 'http://kratos.invalid:4434',
  });
  expect(byName['transport']).toMatchObject({ status: 'warning', says: expect.stringContaining('plain http') });
});

test('settings are shown with where they came from; secrets are masked', async () => {
  const env = {
    KRATOS_ADMIN_URL: await stub(false),
    ORY_PROJECT_API_KEY: TOKEN,
    HTTPS_PROXY: `http://u:${TOKEN}@proxy.invalid`,
    KRATOS_MCP_PRESET: '${P}',
  };
  const { stdout, report } = await doctor(['--max-result-tokens', '5000'], env);
  expect(stdout).not.toContain(TOKEN);
  const shown = Object.fromEntries(report.settings.map(({ name, value, source }) => [name, [value, source]]));
  expect(shown).toMatchObject({
    KRATOS_ADMIN_URL: [env.KRATOS_ADMIN_URL, 'environment'],
    ORY_PROJECT_API_KEY: ['********', 'environment'],
    HTTPS_PROXY: ['********', 'environment'],
    KRATOS_MCP_MAX_RESULT_TOKENS: ['5000', 'flag'],
    KRATOS_MCP_PRESET: ['standard', 'default'],
    KRATOS_PUBLIC_URL: [null, 'unset'],
  });
  expect(report.notices.join()).toContain('KRATOS_MCP_PRESET holds a literal');
});

test('without --json it is a page for people', async () => {
  const { code, stdout } = await run(['doctor', '--sandbox', '--preset', 'strict', '--page-port', '8765']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/KRATOS_MCP_PRESET +strict +--preset/);
  expect(stdout).toContain('Level L0');
  // Values stand as they are, and a folder of a test is long.
  const own = stdout.split('\n').filter((line) => !line.includes(tmpdir()));
  for (const line of own) expect(line.length, line).toBeLessThanOrEqual(100);
  expect(stdout).toMatch(/It can work\. Warnings: 1\.\n$/);
});

describe('of what is in the state folder it says how things stand and what to do', () => {
  const enrolled = async (hoursAgo: number) => {
    const state = openFolder(mkdtempSync(join(folder, 'state-')));
    const approvers = createApprovers(state, { now: Date.now });
    const enrolledAt = Date.now() - hoursAgo * 3_600_000;
    await approvers.add({
      id: 'anna',
      name: 'Anna',
      method: 'totp',
      enrolledAt,
      enrolledBy: undefined,
      totp: { secret: 'JBSWY3DPEHPK3PXP' },
    });
    return { state, of: () => doctor(['--sandbox', '--state-dir', state.path]), from: enrolledAt + 24 * 3_600_000 };
  };

  test('nobody enrolled: the exact command of this installation', async () => {
    const state = openFolder(mkdtempSync(join(folder, 'state-')));
    const { code, byName } = await doctor(['--sandbox', '--state-dir', state.path]);
    expect([code, byName['approvers']?.status]).toEqual([0, 'warning']);
    expect(byName['approvers']?.says).toMatch(/Enrol a person with: \S+node \S+\/dist\/index\.js approver enroll --state-dir \S+$/);
  });

  test('an approver who does not count yet: from when on', async () => {
    const { of, from } = await enrolled(1);
    const { byName } = await of();
    expect(byName['approvers']).toMatchObject({
      status: 'warning',
      says: expect.stringContaining('agent with a shell could enrol itself'),
    });
    expect(byName['approvers']?.says).toContain(`by now: 0, the next from ${new Date(from).toISOString().slice(0, 19)}Z on.`);
    expect((await (await enrolled(25)).of()).byName['approvers']).toMatchObject({
      status: 'ok',
      says: expect.stringContaining('by now: 1. 1 of them by one-time code'),
    });
  });

  test('frozen: since when, by whom and why', async () => {
    const { state, of } = await enrolled(25);
    const frozen = await run(['freeze', '--reason', 'odd calls', '--state-dir', state.path]);
    expect(frozen.stdout).toContain(
      `every server on the state folder ${state.path}. An approver allows them again, with thaw, or on the approvals page.`,
    );
    const { code, byName } = await of();
    expect([code, byName['frozen']?.status]).toEqual([0, 'warning']);
    expect(byName['frozen']?.says).toMatch(
      /^All changes are frozen \(20\d\d-\S+Z os:\d+:\S+: odd calls\)\. An approver ends that, on the approvals page or with thaw/,
    );
  });

  test('an approver file that was edited by hand, and a folder that others may enter: it cannot work', async () => {
    const { state, of } = await enrolled(25);
    const file = state.file('approvers.json');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('Anna', 'Mallory'));
    expect(await of()).toMatchObject({
      code: 1,
      byName: { state: { status: 'failed', says: expect.stringContaining('its seal does not fit') } },
    });
    writeFileSync(file, text);
    const plans = state.file('state.json');
    expect((await run(['approver', 'list', '--state-dir', state.path])).code).toBe(0); // makes it
    const whole = readFileSync(plans, 'utf8');
    writeFileSync(plans, whole.replace('{', '{"locked":[],'));
    expect(await of()).toMatchObject({
      code: 1,
      byName: { state: { status: 'failed', says: expect.stringContaining(`${plans} cannot be used: `) } },
    });
    writeFileSync(plans, whole);
    chmodSync(state.path, 0o755);
    expect(await of()).toMatchObject({ code: 1, byName: { state: { status: 'failed', says: expect.stringContaining('chmod 700 it') } } });
    chmodSync(state.path, 0o700);
    expect((await of()).code).toBe(0);
  });

  test('a policy file that can’t be used: where and why, and it cannot work', async () => {
    const policy = join(folder, 'bad.yaml');
    writeFileSync(policy, 'version: 1\npreset: standard\nrulez: []\n');
    const { code, report, byName } = await doctor(['--sandbox', '--policy', policy]);
    expect([code, report.policy]).toEqual([1, null]);
    expect(byName['policy']).toMatchObject({ status: 'failed', says: expect.stringContaining(`${policy}:3:1: rulez is not known here`) });
  });

  test('a container without a named port has no approvals page', async () => {
    const { byName } = await doctor(['--sandbox']);
    expect(byName['page']?.status).toBe(isContainer() ? 'warning' : undefined);
    expect((await doctor(['--sandbox', '--page-port', '8765'])).byName).not.toHaveProperty('page');
  });
});
