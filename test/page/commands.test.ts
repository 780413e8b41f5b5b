/** `approver`, `freeze`, `thaw`, `unlock`: the first approver is the owner's; everything after needs one. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TOTP } from 'otpauth';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { enroll } from '../../src/cli/approver-enroll.ts';
import { closeOffice, INTERRUPTED, openOffice, type Office, type Terminal } from '../../src/cli/approver-state.ts';
import { removal, run } from '../../src/cli/approver.ts';
import { freeze, thaw, unlock } from '../../src/cli/thaw.ts';
import { withApproval } from '../../src/cli/approver-ask.ts';
import { UsageError } from '../../src/errors.ts';
import { say } from '../../src/lib/text.ts';
import type { Approver, PlanRecord } from '../../src/store/types.ts';
import { softPasskey } from './authenticator.ts';
import { authenticatorFor, hasChromium, launch, newPage, picture } from './chromium.ts';
import { browser, challengeIn, fieldOf, HOUR, newPlan } from './scene.ts';

interface Desk {
  readonly office: Office;
  readonly printed: string[];
  readonly text: () => string;
  /** Resolves with what matches, when it is printed. */
  readonly sees: (pattern: RegExp) => Promise<RegExpExecArray>;
  readonly interrupt: () => void;
  readonly pass: (ms: number) => void;
}

let stateDir: string;
let desks: Desk[];
beforeEach(() => {
  stateDir = join(mkdtempSync(join(tmpdir(), 'approver-')), 'state');
  desks = [];
});
afterEach(async () => {
  for (const { office } of desks) await closeOffice(office);
  rmSync(stateDir, { recursive: true, force: true });
});

async function desk(
  answers: (question: string, text: string) => Promise<string | undefined> = () => Promise.resolve(undefined),
): Promise<Desk> {
  const printed: string[] = [];
  const ended = new AbortController();
  let offset = 0;
  const text = () => printed.join('\n');
  const terminal: Terminal = {
    print: (line) => void printed.push(line),
    ask: (question) => answers(question, text()),
    signal: ended.signal,
    lingerMs: 0,
  };
  const now = () => Date.now() + offset;
  const office = { ...(await openOffice({ 'state-dir': stateDir }, terminal, { now })), inContainer: () => false };
  const made: Desk = {
    office,
    printed,
    text,
    async sees(pattern) {
      for (let i = 0; i < 200; i += 1) {
        const found = pattern.exec(text());
        if (found) return found;
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      throw new Error(`${String(pattern)} was not printed: ${text()}`);
    },
    interrupt: () => ended.abort(),
    pass: (ms) => (offset += ms),
  };
  desks.push(made);
  return made;
}

const passkey = softPasskey();
const anna = ({ now }: Office, enrolledAt = now() - 48 * HOUR) => ({
  id: 'anna',
  name: 'Anna',
  method: 'passkey' as const,
  enrolledAt,
  enrolledBy: undefined,
  passkey: { id: passkey.id, publicKey: passkey.publicKey, counter: 0 },
});

/** Answers what the terminal says an approver has to answer, as Anna. */
async function agree({ sees, pass }: Desk, action = 'approve'): Promise<number> {
  const [, origin = '', path = '', code = ''] = await sees(/Open (http:\/\/localhost:\d+)(\/approvals\/\S+) and type the code (\w+)/);
  const at = await browser({ port: () => Promise.resolve(Number(new URL(origin).port)) });
  const { body } = await at.get(path);
  pass(2_000);
  const given = passkey.answer(challengeIn(body), at.origin);
  return (await at.post(path, { token: fieldOf(body, 'token'), action, code, passkey: given })).status;
}

const codeIn = (text: string): string => {
  const secret = [...text.matchAll(/enter the key by hand: (\w+)/g)].at(-1)?.[1] ?? '';
  return new TOTP({ secret }).generate();
};
const ledgerOf = (): string => readFileSync(join(stateDir, 'ledger', 'ledger.jsonl'), 'utf8');

describe('approver enroll', () => {
  test('--totp enrols the first one when the code that the app shows is typed, and that code is used up', async () => {
    const it = await desk((_, text) => Promise.resolve(codeIn(text)));
    expect(await enroll(it.office, { name: 'Ben', totp: true })).toBe(0);
    const [ben] = await it.office.approvers.list();
    expect(ben).toMatchObject({ name: 'Ben', method: 'totp' });
    expect(ben?.enrolledBy).toBeUndefined();
    expect(it.text()).toContain('count in 24 hours');
    expect(it.text()).toMatch(/[█▀▄]{10}/);
    const step = Math.floor(Date.now() / 30_000);
    const left = await Promise.all([step - 1, step, step + 1].map((one) => it.office.approvers.useCode(ben?.id ?? '', one)));
    expect(left.filter((free) => !free)).toHaveLength(1);
  });

  test.each([
    ['wrong codes', () => Promise.resolve('000000')],
    ['no terminal', () => Promise.resolve(undefined)],
  ])('--totp with %s enrols nobody', async (_, answers) => {
    const it = await desk(answers);
    expect(await enroll(it.office, { name: 'Ben', totp: true })).toBe(1);
    expect(await it.office.approvers.list()).toEqual([]);
  });

  test('refuses names that can’t be told apart', async () => {
    const it = await desk();
    await it.office.approvers.add(anna(it.office));
    for (const name of ['', '  ', 'a\u202Eb', 'x'.repeat(61), 'ANNA'])
      await expect(enroll(it.office, { name, totp: true })).rejects.toThrow(UsageError);
  });

  test('of a later one needs an approver: without a yes nobody is let in', async () => {
    const it = await desk((_, text) => Promise.resolve(codeIn(text)));
    await it.office.approvers.add(anna(it.office));
    const enrolling = enroll(it.office, { name: 'Mallory', totp: true });
    expect(await agree(it, 'deny')).toBe(303);
    expect(await enrolling).toBe(1);
    expect((await it.office.approvers.list()).map(({ name }) => name)).toEqual(['Anna']);
    expect(await enroll(it.office, { name: 'Mallory', totp: true })).toBe(1); // and nobody is asked again for a while
    expect(it.text()).toContain('denied this lately');
  });

  test('of a later one with a yes lets them in, and says who let them in', async () => {
    const it = await desk((_, text) => Promise.resolve(codeIn(text)));
    await it.office.approvers.add(anna(it.office));
    const enrolling = enroll(it.office, { name: 'Ben', totp: true });
    expect(await agree(it)).toBe(303);
    expect(await enrolling).toBe(0);
    expect((await it.office.approvers.list())[1]).toMatchObject({ name: 'Ben', enrolledBy: 'anna' });
    expect(ledgerOf()).toMatch(/"approvers":\["anna"\],.*"event":"enrolled","facts":\{[^}]*"name":"Ben"/);
    const [plan] = await it.office.store.plans.list();
    expect(plan).toMatchObject({ tool: 'approver enroll', state: 'done', outcome: 'executed' });
  });

  test('an approver who was enrolled a moment ago lets nobody in: it is said from when on, before a factor is made', async () => {
    const it = await desk((_, text) => Promise.resolve(codeIn(text)));
    const ann = anna(it.office, it.office.now());
    await it.office.approvers.add(ann);
    for (const totp of [true, false]) expect(await enroll(it.office, { name: 'Mallory', totp })).toBe(1);
    expect(await it.office.approvers.list()).toHaveLength(1);
    const from = new Date(ann.enrolledAt + 24 * HOUR).toISOString().slice(0, 19);
    expect(it.printed).toEqual(Array(2).fill(expect.stringContaining(`nobody counts yet: the first does from ${from}Z on`)));
  });

  test('ends cleanly on Ctrl-C, and leaves nothing that could be answered', async () => {
    const it = await desk();
    const enrolling = enroll(it.office, { name: 'Ben', totp: false });
    const [, address = ''] = await it.sees(/Open (http:\S+)/);
    it.interrupt();
    expect(await enrolling).toBe(INTERRUPTED);
    await expect(fetch(address)).rejects.toThrow();
    expect(await it.office.approvers.list()).toEqual([]);
  });

  test('has its place on the page for nobody but who has the address', async () => {
    const it = await desk();
    const enrolling = enroll(it.office, { name: 'Ben', totp: false });
    const [, origin = '', secret = ''] = await it.sees(/Open (http:\/\/localhost:\d+)\/approvals\/enroll\/(\S+)/);
    const at = await browser({ port: () => Promise.resolve(Number(new URL(origin).port)) });
    expect((await at.get(`/approvals/enroll/${secret}`)).status).toBe(200);
    expect((await at.get(`/approvals/enroll/${'A'.repeat(22)}`)).status).toBe(404);
    it.interrupt();
    await enrolling;
  });
});

describe.skipIf(!hasChromium)('approver enroll in Chromium', () => {
  let chromium: Browser | undefined;
  afterAll(() => chromium?.close());

  test('makes a passkey that verifies its person; the address is good for one; a later one is let in by the first', async () => {
    chromium = await launch();
    const page = await newPage(chromium, { viewport: { width: 700, height: 800 } });
    const authenticator = await authenticatorFor(page);
    const it = await desk();

    await authenticator.verifies(false);
    const first = enroll(it.office, { name: 'Anna', totp: false });
    const [, address = ''] = await it.sees(/Open (http:\S+)/);
    await page.goto(address);
    await picture(page, 'enroll');
    const make = page.getByRole('button', { name: 'Make the passkey' });
    await make.click();
    await page.getByText('The passkey did not answer').waitFor();
    expect(await it.office.approvers.list()).toEqual([]);

    await authenticator.verifies(true);
    await make.click();
    expect(await first).toBe(0);
    const [stored] = await it.office.approvers.list();
    expect(stored).toMatchObject({ name: 'Anna', method: 'passkey' });
    expect(stored?.enrolledBy).toBeUndefined();
    expect(await authenticator.credentials()).toBe(1);

    // Two days later she lets Ben in. Another passkey, since she holds hers already.
    it.pass(48 * HOUR);
    const other = await newPage(chromium);
    await authenticatorFor(other);
    it.printed.length = 0;
    const second = enroll(it.office, { name: 'Ben', totp: false });
    const [, place = ''] = await it.sees(/Open (http:\S+\/enroll\/\S+)/);
    await other.goto(place);
    await other.getByRole('button', { name: 'Make the passkey' }).click();
    await other.getByText('Now an approver has to agree').waitFor();
    await other.goto(place);
    await other.getByRole('heading', { name: 'Not here' }).waitFor();
    const [, question = '', code = ''] = await it.sees(/Open (http:\S+\/approvals\/\S+) and type the code (\w+)/);
    await page.goto(question);
    it.pass(2_000);
    await picture(page, 'enroll-question');
    await page.getByLabel('Code').fill(code);
    await page.getByRole('button', { name: 'Approve', exact: true }).click();
    expect(await second).toBe(0);
    expect((await it.office.approvers.list())[1]).toMatchObject({ name: 'Ben', enrolledBy: stored?.id });
  });
});

describe('freeze, thaw, unlock, remove', () => {
  const call = (words: readonly string[] = [], options = {}) => ({ words, options, flags: { 'state-dir': stateDir } });
  const errand = {
    command: 'thaw',
    title: 'Allow changes again',
    says: [say`Ends the freeze.`],
    subject: {},
    event: 'thawed',
    work: () => Promise.resolve(),
    done: 'Done.',
  } as const;

  test('freezing needs nobody; thawing without an approver changes nothing', async () => {
    expect(await freeze(call([], { reason: 'odd calls' }))).toBe(0);
    const it = await desk();
    expect(await it.office.store.isFrozen()).toBe(true);
    expect(await thaw(call())).toBe(1);
    expect(await it.office.store.isFrozen()).toBe(true);
    expect(ledgerOf()).toContain('"event":"frozen"');
    expect(ledgerOf()).not.toContain('odd calls');
  });

  test('freezing works while the policy file cannot be used', async () => {
    const policy = `${stateDir}-policy.yaml`;
    writeFileSync(policy, 'version: 1\nrulez: []\n');
    const flags = { 'state-dir': stateDir, policy };
    expect(await freeze({ words: [], options: {}, flags })).toBe(0);
    expect(await (await desk()).office.store.isFrozen()).toBe(true);
    await expect(thaw({ words: [], options: {}, flags })).rejects.toThrow('rulez');
  });

  test('what an approver agrees to is done once, and with a record of it', async () => {
    const it = await desk();
    await it.office.approvers.add(anna(it.office));
    let done = 0;
    const waiting = withApproval(it.office, { ...errand, work: () => Promise.resolve(void (done += 1)) });
    expect(await agree(it)).toBe(303);
    expect(await waiting).toBe(0);
    expect(done).toBe(1);
  });

  test('a policy without a waiting time, which whoever runs a command can name, makes nobody count for commands', async () => {
    const it = await desk();
    const { office } = it;
    const none = () => ({ ...office.policy(), approvers: { ...office.policy().approvers, waitHours: 0 } });
    await office.approvers.add(anna(office, office.now() - HOUR));
    expect(await withApproval({ ...office, policy: none }, errand)).toBe(1);
    expect(it.text()).toMatch(/nobody counts yet: the first does from \S+ on, 24 hours after enrolment/);
    it.pass(23 * HOUR);
    const waiting = withApproval({ ...office, policy: none }, errand);
    expect(await agree(it)).toBe(303);
    expect(await waiting).toBe(0);
  });

  test('nor does an approver of today on the page of a command with such a policy', async () => {
    const it = await desk();
    const { office } = it;
    const none = () => ({ ...office.policy(), approvers: { ...office.policy().approvers, waitHours: 0 } });
    await office.approvers.add({ ...anna(office), id: 'old', name: 'Old', passkey: { ...anna(office).passkey, id: softPasskey().id } });
    await office.approvers.add({ ...anna(office, office.now() - HOUR), enrolledBy: 'old' });
    const waiting = withApproval({ ...office, policy: none }, errand);
    expect(await agree(it)).toBe(403);
    it.interrupt();
    expect(await waiting).toBe(INTERRUPTED);
  });

  test('what is hindered by the time somebody agrees is not done', async () => {
    const it = await desk();
    await it.office.approvers.add(anna(it.office));
    let done = 0;
    const hindered = { ...errand, hinders: async () => 'it is done already.', work: async () => void (done += 1) };
    const waiting = withApproval(it.office, hindered);
    expect(await agree(it)).toBe(303);
    expect(await waiting).toBe(1);
    expect(it.text()).toContain('Not done: it is done already.');
    expect(done).toBe(0);
  });

  test('questions of an agent that wait keep no command from being asked', async () => {
    const it = await desk();
    const { store, principal, policy } = it.office;
    await it.office.approvers.add(anna(it.office));
    const { limits } = policy();
    for (let i = 0; i < limits.waitingInAll; i += 1) {
      const asked = await store.plans.ask(newPlan({ principal: i < limits.waiting ? principal : `os:${i}:x` }), limits);
      expect(asked.kind).toBe('plan');
    }
    expect((await store.plans.ask(newPlan({ principal }), limits)).kind).toBe('crowded');
    const waiting = withApproval(it.office, errand);
    expect(await agree(it)).toBe(303);
    expect(await waiting).toBe(0);
  });

  test('a removal ends what the removed one has agreed to and nobody has carried out, half of two, too', async () => {
    const it = await desk();
    const { store, approvers, policy } = it.office;
    const { limits } = policy();
    await approvers.add(anna(it.office));
    const ben: Approver = {
      id: 'ben',
      name: 'Ben',
      method: 'totp',
      enrolledAt: 1,
      enrolledBy: 'anna',
      totp: { secret: 'JBSWY3DPEHPK3PXP' },
    };
    await approvers.add(ben);
    const answered: PlanRecord[] = [];
    for (const [by, approvals] of [
      ['ben', 1],
      ['ben', 2],
      ['anna', 1],
    ] as const) {
      const asked = await store.plans.ask(newPlan({ approvals }), limits);
      if (asked.kind !== 'plan') throw new Error(asked.kind);
      await store.plans.answer(asked.plan.id, { by, name: by, method: 'passkey', at: it.office.now() });
      answered.push(asked.plan);
    }
    const waiting = withApproval(it.office, removal(it.office, ben, false));
    expect(await agree(it)).toBe(303);
    expect(await waiting).toBe(0);
    const states = await Promise.all(answered.map(async ({ id }) => (await store.plans.find(id))?.state));
    expect(states).toEqual(['void', 'void', 'approved']);
  });

  test('words that are missing, unknown or too many are refused with what to do', async () => {
    for (const words of [[], ['add'], ['list', 'x'], ['remove', 'a', 'b'], ['remove']])
      await expect(run(call(words))).rejects.toThrow(UsageError);
    await expect(run(call(['list'], { totp: true }))).rejects.toThrow('--totp');
    await expect(run(call(['remove', 'nobody']))).rejects.toThrow('no such approver');
    expect(() => unlock(call([]))).toThrow(UsageError);
  });

  test('a principal that is not locked needs no unlocking', async () => {
    expect(await unlock(call(['os:1:x']))).toBe(0);
  });

  test('an approver file that was edited by hand stops them all', async () => {
    const it = await desk();
    await it.office.approvers.add(anna(it.office));
    const file = join(stateDir, 'approvers.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"Anna"', '"Mallory"'));
    await freeze(call());
    await expect(run(call(['list']))).rejects.toThrow('seal does not fit');
    await expect(thaw(call())).rejects.toThrow('seal does not fit');
    expect(await it.office.store.isFrozen()).toBe(true);
  });
});
