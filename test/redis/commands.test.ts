/** `freeze`, `thaw`, `unlock` with a store that replicas share: they act on all of them, from wherever they are typed. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { closeOffice, openOffice, type Office } from '../../src/cli/approver-state.ts';
import { enroll } from '../../src/cli/approver-enroll.ts';
import { frozen, thawed, unlocked } from '../../src/cli/thaw.ts';
import { UsageError } from '../../src/errors.ts';
import { softPasskey } from '../page/authenticator.ts';
import { browser, challengeIn, fieldOf, HOUR } from '../page/scene.ts';
import { asked, newPlan } from '../store/support.ts';
import { redisIsThere, sharedRedis } from './server.ts';
import { KEY, openStore, until } from './support.ts';

const there = redisIsThere();
const server = sharedRedis();
const passkey = softPasskey();

interface Desk {
  readonly office: Office;
  readonly text: () => string;
}

/** A terminal of some machine: its state folder is its own, what it shares is the store. */
async function desk(more: Readonly<Record<string, string>> = {}, database = 0): Promise<Desk> {
  const folder = mkdtempSync(join(tmpdir(), 'commands-'));
  const keys = join(folder, 'keys');
  writeFileSync(keys, Buffer.from(KEY).toString('base64'), { mode: 0o600 });
  const printed: string[] = [];
  const terminal = {
    print: (line: string) => void printed.push(line),
    ask: () => Promise.resolve(undefined),
    signal: new AbortController().signal,
    lingerMs: 0,
  };
  const flags = { 'state-dir': join(folder, 'state'), store: `${server().url}/${database}`, 'state-keys-file': keys, ...more };
  const office = { ...(await openOffice(flags, terminal)), inContainer: () => false };
  onTestFinished(() => closeOffice(office));
  return { office, text: () => printed.join('\n') };
}

const enrolAnna = ({ office }: Desk) =>
  office.approvers.add({
    id: 'anna',
    name: 'Anna',
    method: 'passkey',
    enrolledAt: Date.now() - 48 * HOUR,
    enrolledBy: undefined,
    passkey: { id: passkey.id, publicKey: passkey.publicKey, counter: 0 },
  });

const OPEN = /Open (http:\/\/localhost:(\d+))(\/approvals\/\S+) and type the code (\w+)/;
async function agree({ text }: Desk, also: (at: Awaited<ReturnType<typeof browser>>) => Promise<void> = async () => {}): Promise<number> {
  await until(() => OPEN.test(text()));
  const [, , port, path = '', code = ''] = OPEN.exec(text()) ?? [];
  const at = await browser({ port: () => Promise.resolve(Number(port)) });
  await also(at);
  const { body } = await at.get(path);
  await new Promise((resolve) => setTimeout(resolve, 1_600));
  const given = passkey.answer(challengeIn(body), at.origin);
  return (await at.post(path, { token: fieldOf(body, 'token'), action: 'approve', code, passkey: given })).status;
}

test.runIf(there)('freeze stops all replicas, and says which; thaw frees them with the yes of an approver', async () => {
  const { store } = await openStore({ url: server().url, tuning: { prefix: 'ory-identity-mcp:{v1}:' } });
  const it = await desk();
  expect(await frozen(it.office, 'odd calls')).toBe(0);
  expect(it.text()).toContain(`every server on the store ${server().url}`);
  expect(await store.isFrozen()).toBe(true);
  expect((await store.whyFrozen())?.why).toMatch(/^\d{4}-\S+Z os:\d+:\S+: odd calls$/);

  const other = await desk();
  await enrolAnna(other);
  const waiting = await asked(store.plans, newPlan({ channel: 'page', principal: 'https://id|sam|desk|jwt' }));
  const thawing = thawed(other.office);
  const status = await agree(other, async (at) => {
    expect((await at.get(`/approvals/${waiting.id}`)).status).toBe(404); // who may answer that is for the servers to say
  });
  expect([status, await thawing]).toEqual([303, 0]);
  expect(await store.isFrozen()).toBe(false);
  expect(await thawed(other.office)).toBe(0);
  expect(other.text()).toContain(`Nothing is frozen in the store ${server().url}`);
});

test.runIf(there)('where approvers sign in with a provider, thaw and unlock name the page, and nobody is enrolled', async () => {
  const it = await desk({ 'approvals-client-id': 'approvals', 'external-url': 'https://identity-mcp.example.com' }, 1);
  await it.office.store.freeze('an incident');
  await it.office.store.counters.lock('https://id|sam|desk|jwt');
  expect(await thawed(it.office)).toBe(1);
  expect(await unlocked(it.office, 'https://id|sam|desk|jwt')).toBe(1);
  expect(await enroll(it.office, { name: 'Mallory', totp: true })).toBe(1);
  expect(it.text().match(/https:\/\/identity-mcp\.example\.com\/approvals/g)).toHaveLength(2);
  expect(it.text()).toContain('Enrolled ones would not count');
  expect([await it.office.store.isFrozen(), await it.office.approvers.list()]).toEqual([true, []]);
  const unaware = await desk({}, 1);
  expect(await thawed(unaware.office)).toBe(1);
  expect(unaware.text()).toContain('on the page of the server, at /approvals');
});

test.runIf(there)('without the key of the servers no command opens what they share', async () => {
  const flags = { 'state-dir': join(mkdtempSync(join(tmpdir(), 'commands-')), 'state'), store: `${server().url}/2` };
  const terminal = { print: () => {}, ask: () => Promise.resolve(undefined), signal: new AbortController().signal, lingerMs: 0 };
  const opening = openOffice(flags, terminal);
  await expect(opening).rejects.toThrow(UsageError);
  await expect(opening).rejects.toThrow('KRATOS_MCP_STATE_KEYS');
  expect(String(await server().say('INFO', 'keyspace'))).not.toContain('db2:');
});
