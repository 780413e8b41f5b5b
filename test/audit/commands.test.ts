/** `audit verify|query|timeline|export`, as a person calls them. */
import { appendFileSync, copyFileSync, readFileSync, renameSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { run } from '../../src/cli/audit.ts';
import { UsageError } from '../../src/errors.ts';
import type { Folder } from '../../src/store/folder.ts';
import { ledgerFile, openIn, stateFolder } from './support.ts';

const ALICE = '9f425a8d-7efc-4768-8f23-7647a74fdf13';
const BOB = '1b4e28ba-2fa1-41d2-883f-0016d3cca427';
const DAY = 86_400_000;

/** A read, an approved deletion of Alice, a declined change of Bob; the read is 40 days old. */
async function ledgerIn(folder: Folder): Promise<void> {
  let now = Date.now() - 40 * DAY;
  const { ledger } = await openIn(folder, { now: () => now });
  await ledger.durable({
    event: 'read',
    tool: 'get_identity',
    requester: 'os:1000:ann',
    client: '=cmd|"evil"',
    target_ids: [ALICE, BOB],
    personal: ['alice@example.com'],
    count: 2,
  });
  now = Date.now() - DAY;
  const call = {
    plan_id: 'plan-1',
    tool: 'delete_identity',
    effects: ['destructive'],
    requester: 'os:1000:ann',
    client: 'claude-code/1.0',
    rule: 'standard/destructive',
  } as const;
  await ledger.durable({ event: 'asked', ...call, target_ids: [ALICE], personal: ['alice@example.com'] });
  await ledger.durable({
    event: 'approved',
    plan_id: 'plan-1',
    approvers: ['bob'],
    method: 'passkey',
    ticket: 'OPS-7',
    reason_given: true,
  });
  await ledger.durable({ event: 'intent', ...call, target_ids: [ALICE] });
  await ledger.durable({ event: 'outcome', ...call, target_ids: [ALICE], outcome: 'failed', error_code: '409' });
  await ledger.durable({ event: 'declined', tool: 'patch_identity', requester: 'os:1000:eve', target_ids: [BOB], outcome: 'declined' });
  await ledger.close();
}

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}
async function audit(folder: Folder, words: readonly string[], options: Readonly<Record<string, string | boolean>> = {}): Promise<Said> {
  let [out, err] = ['', ''];
  const spies = [
    vi.spyOn(process.stdout, 'write').mockImplementation((text) => ((out += String(text)), true)),
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => ((err += String(text)), true)),
  ];
  try {
    return { code: await run({ words, options, flags: { 'state-dir': folder.path } }), out, err };
  } finally {
    for (const it of spies) it.mockRestore();
  }
}
const printed = async (...args: Parameters<typeof audit>) => {
  const { code, out, err } = await audit(...args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out;
};

async function scene(): Promise<Folder> {
  const folder = stateFolder();
  await ledgerIn(folder);
  return folder;
}

describe('verify', () => {
  test('says that a whole ledger is whole, and what it looked at', async () => {
    const folder = await scene();
    const out = await printed(folder, ['verify']);
    expect(out).toMatch(/^6 records \(1 to 6\) in ledger\.jsonl\.\n1 good checkpoints \(key [0-9a-f]{16}\), the last one at record 6, /);
    expect(out).toMatch(/The ledger is whole\.\n$/);
    expect(JSON.parse(await printed(folder, ['verify'], { json: true }))).toMatchObject({ ok: true, records: 6, unsigned: 0 });
  });

  test('says in words where it begins to be wrong, and answers 1', async () => {
    const folder = await scene();
    const path = ledgerFile(folder);
    writeFileSync(path, readFileSync(path, 'utf8').replace('"method":"passkey"', '"method":"totp"'));
    const { code, out } = await audit(folder, ['verify']);
    expect(code).toBe(1);
    expect(out).toContain('it begins here:\n  ledger.jsonl:3: record 3 was changed after it was written\n');
    expect(out).toMatch(/The ledger is NOT whole\.\n$/);
  });

  test('needs nothing but the files and the public key: no private key, no sealing key, no state folder', async () => {
    const folder = await scene();
    const elsewhere = stateFolder();
    for (const name of ['ledger.jsonl', 'checkpoints.jsonl']) copyFileSync(ledgerFile(folder, name), elsewhere.file(name));
    copyFileSync(folder.file('audit-signing-key.pub.pem'), elsewhere.file('audit-signing-key.pub.pem'));
    rmSync(folder.path, { recursive: true });
    rmSync(elsewhere.file('key'));
    expect(await printed(folder, ['verify', elsewhere.path])).toContain('The ledger is whole.');
    expect(await printed(folder, ['verify', elsewhere.file('ledger.jsonl')])).toContain('The ledger is whole.');
  });

  test('finds a cut end by a copy of the checkpoints, though those beside the ledger were cut too', async () => {
    const folder = await scene();
    const copy = folder.file('copy.jsonl');
    copyFileSync(ledgerFile(folder, 'checkpoints.jsonl'), copy);
    const { ledger } = await openIn(folder);
    await ledger.durable({ event: 'started' });
    await ledger.close();
    const [first = ''] = readFileSync(ledgerFile(folder, 'checkpoints.jsonl'), 'utf8').split('\n');
    const whole = readFileSync(ledgerFile(folder), 'utf8');
    renameSync(ledgerFile(folder, 'checkpoints.jsonl'), copy);
    writeFileSync(ledgerFile(folder, 'checkpoints.jsonl'), `${first}\n`);
    truncateSync(ledgerFile(folder), whole.slice(0, -1).lastIndexOf('\n') + 1);
    expect((await audit(folder, ['verify'])).code).toBe(0);
    const { code, out } = await audit(folder, ['verify'], { checkpoints: copy });
    expect(code).toBe(1);
    expect(out).toMatch(/the end is cut off: there were 7 records at .*, and the last one here is 6/);
  });

  test('takes the ledgers of several replicas, each by itself and then all of them together', async () => {
    const folder = await scene();
    const other = stateFolder();
    const { ledger } = await openIn(other);
    await ledger.durable({ event: 'intent', plan_id: 'plan-2' });
    await ledger.close();
    const out = await printed(folder, ['verify', folder.path, other.path]);
    expect(out).toMatch(
      /6 records [^]*The ledger is whole\.[^]*1 records [^]*The ledger is whole\.[^]*No plan was carried out by two of the 2\.\n$/,
    );

    const again = await openIn(other);
    await again.ledger.durable({ event: 'intent', plan_id: 'plan-1' });
    await again.ledger.close();
    const twice = await audit(folder, ['verify', folder.path, other.path]);
    expect([twice.code, twice.out]).toEqual([1, expect.stringMatching(/carried out by two replicas: plan-1\n$/)]);
    const report = JSON.parse((await audit(folder, ['verify', folder.path, other.path], { json: true })).out);
    expect(report).toMatchObject({ ok: false, carried_out_twice: ['plan-1'], ledgers: [{ ok: true }, { ok: true }] });
    await expect(audit(folder, ['verify', folder.path, other.path], { checkpoints: 'x' })).rejects.toThrow(/one at a time/);
    writeFileSync(ledgerFile(other), readFileSync(ledgerFile(other), 'utf8').replace('plan-1', 'plan-3'));
    expect((await audit(folder, ['verify', folder.path, other.path])).code).toBe(1);
  });

  test('takes no checkpoint of another key, and none that was changed', async () => {
    const folder = await scene();
    const other = await scene();
    const theirs = { 'public-key': other.file('audit-signing-key.pub.pem') };
    expect(await audit(folder, ['verify'], theirs)).toMatchObject({ code: 1, out: expect.stringContaining('signed by another key') });
    const path = ledgerFile(folder, 'checkpoints.jsonl');
    const text = readFileSync(path, 'utf8');
    for (const [changed, says] of [
      [text.replace(/"size":\d+/, '"size":1'), 'its signature is wrong'],
      [text.replace('"v":1', '"v":2'), 'marked as version 2'],
      [text.replace('"seq"', '"sex"'), 'this line is no checkpoint'],
      [`\u001b[31m\n${text}`, 'this line is no checkpoint'],
    ] as const) {
      writeFileSync(path, changed);
      const { code, out } = await audit(folder, ['verify']);
      expect(code).toBe(1);
      expect(out).toContain(says);
      expect(out).not.toContain('\u001b');
    }
  });

  test('misses what should be there: the public key, the checkpoints of a long ledger, the first file', async () => {
    const folder = stateFolder();
    const { ledger } = await openIn(folder, { maxBytes: 12_000 });
    for (let i = 0; i < 150; i += 1) await ledger.durable({ event: 'intent', count: i });
    await ledger.close();
    const full = JSON.parse(await printed(folder, ['verify'], { json: true })).files as string[]; // as printed
    const paths = full.map((it) => ledgerFile(folder, it));
    expect(full.length).toBeGreaterThan(3);
    const part = await audit(folder, ['verify', ...paths.slice(1, 3).toReversed()]);
    expect(part.code).toBe(0);
    expect(part.out).toMatch(/what came before was not looked at[^]*what came after was not looked at/);
    expect(await audit(folder, ['verify', paths[0] ?? '', paths[2] ?? ''])).toMatchObject({ code: 1 });

    renameSync(folder.file('audit-signing-key.pub.pem'), folder.file('away.pem'));
    expect(await audit(folder, ['verify'])).toMatchObject({ code: 1, out: expect.stringContaining('name it with --public-key') });
    expect(await printed(folder, ['verify'], { 'public-key': folder.file('away.pem') })).toContain('is whole');
    renameSync(folder.file('away.pem'), folder.file('audit-signing-key.pub.pem'));
    renameSync(paths[0] ?? '', folder.file('first.jsonl'));
    expect(await audit(folder, ['verify'])).toMatchObject({ code: 1, out: expect.stringMatching(/records 1 to \d+ are missing/) });
    renameSync(folder.file('first.jsonl'), paths[0] ?? '');
    unlinkSync(ledgerFile(folder, 'checkpoints.jsonl'));
    expect(await audit(folder, ['verify'])).toMatchObject({ code: 1, out: expect.stringContaining('there is none to compare with') });
  });
});

describe('query', () => {
  test('finds people by an address that is not in the ledger, and every record of a plan about them', async () => {
    const folder = await scene();
    const out = await printed(folder, ['query'], { email: ' Alice@Example.com' });
    expect(out.split('\n').map((it) => it.slice(0, 2))).toEqual(['#1', '#2', '#3', '#4', '#5', '5 ', '']);
    expect(readFileSync(ledgerFile(folder), 'utf8')).not.toContain('alice@');
    expect(await printed(folder, ['query'], { email: 'nobody@example.com' })).toBe('0 records.\n');
  });

  test('finds what somebody asked for and decided by the address they are known by, and a principal that holds one', async () => {
    const folder = stateFolder();
    const { ledger } = await openIn(folder);
    const sam = 'https://id.example.com|sam@example.com|desk|jwt';
    await ledger.durable({ event: 'asked', requester: sam, plan_id: 'p' });
    await ledger.durable({ event: 'approved', requester: sam, approvers: ['anna@example.com'], method: 'oidc', plan_id: 'p' });
    await ledger.durable({ event: 'asked', requester: 'https://id.example.com|kim@example.com|desk|jwt' });
    await ledger.close();
    const found = async (options: Readonly<Record<string, string>>) =>
      (await printed(folder, ['query'], options)).split('\n').flatMap((it) => /^#(\d)/.exec(it)?.[1] ?? []);
    expect(await found({ email: 'Anna@example.com' })).toEqual(['1', '2']);
    expect(await found({ email: 'kim@example.com' })).toEqual(['3']);
    expect(await found({ principal: sam })).toEqual(['1', '2']);
    const [written] = readFileSync(ledgerFile(folder), 'utf8').match(/https:\/\/id\.example\.com\|[^"]*/) ?? [];
    expect(await found({ principal: written ?? '' })).toEqual(['1', '2']);
    expect(readFileSync(ledgerFile(folder), 'utf8')).not.toMatch(/(?:sam|anna|kim)@/);
  });

  test('by tool, outcome, principal and time, each and together; as JSON', async () => {
    const folder = await scene();
    const seqs = async (options: Readonly<Record<string, string>>) => {
      const out = await printed(folder, ['query'], { ...options, json: true });
      return out
        .split('\n')
        .filter(Boolean)
        .map((it): unknown => JSON.parse(it).seq);
    };
    expect(await seqs({ tool: 'delete_identity' })).toEqual([2, 4, 5]);
    expect(await seqs({ outcome: 'failed' })).toEqual([5]);
    expect(await seqs({ principal: 'os:1000:eve' })).toEqual([6]);
    expect(await seqs({ since: '30d' })).toEqual([2, 3, 4, 5, 6]);
    expect(await seqs({ since: new Date(Date.now() - 2 * DAY).toISOString().slice(0, 10), principal: 'os:1000:ann' })).toEqual([2, 4, 5]);
    expect(await seqs({})).toEqual([1, 2, 3, 4, 5, 6]);
  });

  test('answers who did what to whom, who agreed and by which rule, on one line; approvers by the names they were enrolled with', async () => {
    const folder = stateFolder();
    const { ledger } = await openIn(folder);
    const facts = { approver: '4cd6a02915e75e02', name: 'Anna', method: 'passkey' };
    await ledger.durable({ event: 'enrolled', requester: 'os:1000:ann', approvers: ['77aa'], facts });
    const call = { tool: 'delete_identity_sessions', requester: 'os:1000:ann', client: 'c/1', target_ids: [ALICE], count: 1 } as const;
    const agreed = { verdict: 'approve', rule: 'desk.yaml:4 (sign out)', outcome: 'executed', decision_source: 'person' } as const;
    const two = { approvers: ['4cd6a02915e75e02', '77aa'], method: 'passkey totp' };
    await ledger.durable({ event: 'outcome', ...call, ...agreed, ...two });
    await ledger.durable({ event: 'outcome', ...call, ...agreed, approvers: ['form'], method: 'form', decision_source: 'client' });
    await ledger.durable({ event: 'removed', approvers: ['77aa'], facts });
    await ledger.close();
    const [enrolled, first, second, removed] = (await printed(folder, ['query'])).split('\n').map((it) => it.split(/ {2,}/).slice(2));
    expect(enrolled).toEqual(['enrolled', 'Anna (passkey)', 'for os:1000:ann', 'by 77aa']);
    const said = ['delete_identity_sessions', 'for os:1000:ann through c/1', `on ${ALICE}`, 'count 1', 'verdict approve'];
    const rule = 'under desk.yaml:4 (sign out)';
    expect(first?.slice(1)).toEqual([...said, rule, 'by Anna and 77aa (passkey, totp)', '→ executed']);
    expect(second?.slice(1)).toEqual([...said, rule, "by the client's form", '→ executed']);
    expect(removed).toEqual(['removed', 'Anna (passkey)', 'for -', 'by 77aa']);
    expect(await printed(folder, ['query'], { since: '2099-01-01' })).toBe('0 records.\n');
    expect(await printed(folder, ['timeline', ALICE])).toContain('  outcome, by Anna and 77aa (passkey, totp), count 1 → executed\n');
  });

  test('leaves out what is not as it was written, and says so', async () => {
    const folder = await scene();
    writeFileSync(ledgerFile(folder), readFileSync(ledgerFile(folder), 'utf8').replace('"outcome":"failed"', '"outcome":"fine"'));
    appendFileSync(ledgerFile(folder), '{"half of a rec');
    const { code, out, err } = await audit(folder, ['query']);
    expect(code).toBe(0);
    expect(out).toContain('5 records.');
    expect(err).toMatch(/^1 line\(s\) are not as they were written/);
  });
});

test('timeline tells who did what, who agreed and how it ended', async () => {
  const folder = await scene();
  const out = await printed(folder, ['timeline', ALICE.toUpperCase()]);
  expect(out.replace(/^\d{4}-\S+/gm, 'DAY').replace(/\d\d:\d\d:\d\d/g, 'TIME')).toBe(
    [
      'DAY get_identity for os:1000:ann through =cmd|"evil"',
      '  TIME  read, count 2',
      'DAY delete_identity (destructive) for os:1000:ann through claude-code/1.0 under standard/destructive',
      '  TIME  a person was asked',
      '  TIME  approved, by bob (passkey), with a reason, ticket OPS-7',
      '  TIME  about to be sent',
      '  TIME  outcome → failed (409)',
      '',
    ].join('\n'),
  );
  expect(await printed(folder, ['timeline', '00000000-0000-4000-8000-000000000000'])).toMatch(/^Nothing about /);
  expect(JSON.parse(await printed(folder, ['timeline', BOB], { json: true }))).toHaveLength(2);
});

describe('export', () => {
  test('gives the lines as they are', async () => {
    const folder = await scene();
    const whole = readFileSync(ledgerFile(folder), 'utf8');
    expect(await printed(folder, ['export'])).toBe(whole);
    expect(await printed(folder, ['export'], { since: '30d' })).toBe(whole.slice(whole.indexOf('\n') + 1));
  });

  test('or a table that no spreadsheet runs', async () => {
    const folder = await scene();
    const lines = (await printed(folder, ['export'], { format: 'csv' })).split('\n');
    expect(lines[0]).toMatch(/^seq,ts,instance,level,kratos_url,event,/);
    expect(lines).toHaveLength(8);
    expect(lines[1]).toContain(`,os:1000:ann,"'=cmd|""evil""",`);
    expect(lines[1]).toContain(`,${ALICE} ${BOB},`);
  });
});

test('where there is no ledger, one sentence says so, and the folder is left as it was', async () => {
  const folder = stateFolder();
  for (const words of [['verify'], ['query'], ['timeline', ALICE], ['export']]) {
    const { code, out, err } = await audit(folder, words, words[0] === 'query' ? { email: 'a@example.com' } : {});
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toBe(`There is no audit ledger in ${join(folder.path, 'ledger')}.\n`);
  }
  expect(await audit(folder, ['verify', folder.file('nothing.jsonl')])).toMatchObject({
    code: 1,
    err: expect.stringContaining('is not there'),
  });
});

test.each<[string, readonly string[], Readonly<Record<string, string>>]>([
  ['nothing', [], {}],
  ['something else', ['erase'], {}],
  ['words after query', ['query', 'x'], {}],
  ['no identity', ['timeline'], {}],
  ['a name for an identity', ['timeline', 'alice'], {}],
  ['a span that is none', ['query'], { since: 'yesterday' }],
  ['an unknown format', ['export'], { format: 'xml' }],
  ["another command's option", ['export'], { email: 'a@example.com' }],
  ['an empty address', ['query'], { email: ' ' }],
])('%s is refused with a sentence', async (_what, words, options) => {
  const folder = stateFolder();
  await expect(audit(folder, words, options)).rejects.toBeInstanceOf(UsageError);
});
