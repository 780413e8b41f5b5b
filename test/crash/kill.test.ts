/**
 * `kill -9` of the built program at eleven points of a gated call, and what the next start makes of it: at most one write, an intent on disk
 * for each, and one honest word to whoever makes the same call again. `CRASH_ROUNDS` is how often each point is tried.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LedgerRecord } from '../../src/audit/format.ts';
import { readRecords } from '../../src/audit/read.ts';
import { verify } from '../../src/audit/verify.ts';
import { seed } from '../../src/seed.ts';
import { stateDir } from '../support/state-dir.ts';
import { startKratos, startProgram, type Kratos } from './program.ts';

const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 2);

/** Whether reading can show later that it was carried out. */
const CALLS = [
  { name: 'delete_identity_sessions', args: { id: seed.ada }, write: `DELETE /admin/identities/${seed.ada}/sessions`, shows: true },
  {
    name: 'create_recovery_code_for_identity',
    args: { identity_id: seed.ada, expires_in: '10m' },
    write: 'POST /admin/recovery/code',
    shows: false,
  },
] as const;
type Call = (typeof CALLS)[number];

/** How far the call has come. */
type Reached = 'not claimed' | 'not sent' | 'sent' | 'carried out' | 'answered';
const POINTS: readonly (readonly [point: string, reached: Reached])[] = [
  ['after the question is posed', 'not claimed'],
  ['after the approval is stored', 'not claimed'],
  ['before the claim is stored', 'not claimed'],
  ['after the claim is stored', 'not sent'],
  ['in the middle of the intent', 'not sent'],
  ['before the intent is synced', 'not sent'],
  ['before the write goes out', 'not sent'],
  ['when Kratos has received it', 'sent'],
  ['when Kratos has carried it out', 'carried out'],
  ['before the plan is finished', 'carried out'],
  ['before the outcome is recorded', 'carried out'],
  ['before the result is out', 'carried out'],
];

interface Round {
  readonly kratos: Kratos;
  readonly state: string;
  readonly call: Call;
}

/** Makes the call, and has the program die at the point. */
async function die(point: string, { kratos, state, call }: Round): Promise<void> {
  const program = startProgram({
    kratos,
    state,
    dieAt: point,
    ...(point === 'after the question is posed' && { onQuestion: () => program.kill() }),
  });
  if (point.startsWith('when Kratos')) {
    kratos.onWrite = async () => {
      program.kill();
      await program.ended;
      return point === 'when Kratos has carried it out';
    };
  }
  expect(await program.call(call.name, call.args), program.stderr()).toBe(undefined);
  expect(await program.ended).toEqual({ code: null, signal: 'SIGKILL' });
  kratos.onWrite = undefined;
}

async function recordsIn(state: string): Promise<readonly LedgerRecord[]> {
  const all: LedgerRecord[] = [];
  for await (const it of readRecords(state)) all.push(it);
  return all;
}

async function isWhole(state: string): Promise<unknown> {
  const folder = join(state, 'ledger');
  const { ok, problems } = await verify({
    ledger: { folder },
    checkpoints: join(folder, 'checkpoints.jsonl'),
    publicKey: join(state, 'ledger-public.pem'),
  });
  return { ok, problems };
}

/** What the files of a state folder hold. */
const textOf = (state: string): string =>
  readdirSync(state, { recursive: true, withFileTypes: true })
    .filter((it) => it.isFile())
    .map((it) => readFileSync(join(it.parentPath, it.name), 'latin1'))
    .join('\n');

async function survives(point: string, reached: Reached, round: Round): Promise<void> {
  const { kratos, state, call } = round;
  await die(point, round);
  const isSent = reached !== 'not claimed' && reached !== 'not sent';
  expect(kratos.writes).toEqual(isSent ? [call.write] : []);
  const before = await recordsIn(state);
  if (isSent) expect(before.filter((it) => it.event === 'intent')).toHaveLength(1);

  const program = startProgram({ kratos, state });
  const again = await program.call(call.name, call.args);
  if (reached === 'not claimed') {
    expect([again?.outcome, again?.text]).toEqual(['executed', expect.anything()]);
    expect(kratos.writes).toEqual([call.write]);
  } else {
    const outcome = reached === 'carried out' && call.shows ? 'executed' : 'unknown';
    expect([again?.outcome, again?.meta['ory-identity-mcp/replayed']], again?.text).toEqual([outcome, true]);
    expect(kratos.writes).toEqual(isSent ? [call.write] : []);
    const { plan_id } = before.find((it) => it.event === 'intent') ?? {};
    const reconciled = (await recordsIn(state)).filter((it) => it.event === 'reconciled');
    expect(reconciled).toEqual([expect.objectContaining({ outcome, tool: call.name, ...(plan_id !== undefined && { plan_id }) })]);
    await once(program, round);
  }
  await program.end();
  expect(await isWhole(state)).toEqual({ ok: true, problems: [] });
  expect(textOf(state)).not.toMatch(/ada\.byron|recovery_code/);
}

/** Told once: whoever asks a third time is asked. */
async function once(program: ReturnType<typeof startProgram>, { kratos, call }: Round): Promise<void> {
  const before = kratos.writes.length;
  const third = await program.call(call.name, call.args);
  expect(third?.meta['ory-identity-mcp/replayed']).toBe(undefined);
  expect(kratos.writes.length - before).toBe(third?.structured?.['changed'] === true ? 1 : 0);
}

describe.each(POINTS)('%s', (point, reached) => {
  test.concurrent.each(Array.from({ length: ROUNDS }, (_, round) => round + 1))('round %i', async (round) => {
    const kratos = await startKratos();
    try {
      await survives(point, reached, { kratos, state: join(stateDir(), 'state'), call: CALLS[round % CALLS.length] ?? CALLS[0] });
    } finally {
      await kratos.close();
    }
  });
});
