/**
 * `kill -9` of the built program at twelve points of a gated call, and what the next start makes of it: at most one write, an intent on disk
 * for each, and one honest word to whoever makes the same call again. `CRASH_ROUNDS` is how often each point is tried.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { LedgerRecord } from '../../src/audit/format.ts';
import { PUBLIC_KEY } from '../../src/audit/keys.ts';
import { readRecords } from '../../src/audit/read.ts';
import { verify } from '../../src/audit/verify.ts';
import { seed } from '../../src/seed.ts';
import { stateDir } from '../support/state-dir.ts';
import { startKratos, startProgram, type Kratos, type Program } from './program.ts';

const ROUNDS = Number(process.env['CRASH_ROUNDS'] ?? 2);
/** Many at the same time. */
const LIMIT_MS = 60_000;

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
type Reached = 'not claimed' | 'not sent' | 'sent' | 'carried out' | 'told';
type Point = readonly [point: string, reached: Reached];
const POINTS: readonly Point[] = [
  ['after the question is posed', 'not claimed'],
  ['after the approval is stored', 'not claimed'],
  ['before the claim is stored', 'not claimed'],
  ['after the claim is stored', 'not sent'],
  ['in the middle of the intent', 'not sent'],
  ['before the intent is synced', 'not sent'],
  ['before the write goes out', 'not sent'],
  ['when Kratos has received it', 'sent'],
  ['when Kratos has carried it out', 'carried out'],
  ['before the outcome is recorded', 'carried out'],
  ['after the outcome is recorded', 'carried out'],
  ['before the result is out', 'told'],
];
const SENT: ReadonlySet<Reached> = new Set(['sent', 'carried out', 'told']);

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
  const checkpoints = join(folder, 'checkpoints.jsonl');
  const { ok, problems } = await verify({ ledger: { folder }, checkpoints, publicKey: join(state, PUBLIC_KEY) });
  return { ok, problems };
}

/** What the files of a state folder hold. */
const textOf = (state: string): string =>
  readdirSync(state, { recursive: true, withFileTypes: true })
    .filter((it) => it.isFile())
    .map((it) => readFileSync(join(it.parentPath, it.name), 'latin1'))
    .join('\n');

async function survives([point, reached]: Point, round: Round): Promise<void> {
  const { kratos, state, call } = round;
  await die(point, round);
  expect(kratos.writes).toEqual(SENT.has(reached) ? [call.write] : []);
  const before = await recordsIn(state);
  if (SENT.has(reached)) expect(before.filter((it) => it.event === 'intent')).toHaveLength(1);

  const program = startProgram({ kratos, state });
  if (reached === 'not claimed') await isAskedAgain(program, round);
  else if (reached === 'told') await isRecorded(program, { ...round, reached, before });
  else await isToldOnce(program, { ...round, reached, before });
  await program.end();
  expect(program.stderr()).not.toMatch(/"level":"error"/);
  expect(await isWhole(state)).toEqual({ ok: true, problems: [] });
  expect(/recovery\?flow=|"recovery_code"/.exec(textOf(state))).toBe(null);
}

/** Nothing was begun: the same call puts the same question, and is carried out. */
async function isAskedAgain(program: Program, { kratos, call }: Round): Promise<void> {
  const again = await program.call(call.name, call.args);
  expect(again?.outcome, again?.text).toBe('executed');
  expect(kratos.writes).toEqual([call.write]);
}

/** Everything is on record but that its client has heard of it, which nobody can know: whoever makes the call again is asked. */
async function isRecorded(program: Program, { state, call, before }: Left): Promise<void> {
  expect(before.filter((it) => it.event === 'outcome')).toEqual([expect.objectContaining({ outcome: 'executed' })]);
  const again = await program.call(call.name, call.args);
  expect([again?.isError, again?.meta[REPLAYED]], again?.text).toEqual([false, undefined]);
  expect((await recordsIn(state)).filter((it) => it.event === 'reconciled')).toEqual([]);
}

interface Left extends Round {
  readonly reached: Reached;
  readonly before: readonly LedgerRecord[];
}

/** What became of it is settled by reading, recorded, and told to the first who makes the same call. */
async function isToldOnce(program: Program, { kratos, state, call, reached, before }: Left): Promise<void> {
  const { writes } = kratos;
  const sent = [...writes];
  const outcome = reached === 'carried out' && call.shows ? 'executed' : 'unknown';
  const again = await program.call(call.name, call.args);
  expect([again?.outcome, again?.meta[REPLAYED]], again?.text).toEqual([outcome, true]);
  expect(writes).toEqual(sent);
  const { plan_id = expect.any(String) as string } = before.find((it) => it.event === 'intent') ?? {};
  const reconciled = (await recordsIn(state)).filter((it) => it.event === 'reconciled');
  expect(reconciled).toEqual([expect.objectContaining({ plan_id, outcome, tool: call.name, decision_source: 'server' })]);

  const third = await program.call(call.name, call.args);
  expect(third?.meta[REPLAYED]).toBe(undefined);
  expect(writes.length - sent.length).toBe(third?.structured?.['changed'] === true ? 1 : 0);
}
const REPLAYED = 'ory-identity-mcp/replayed';

describe.each(POINTS)('%s', (...point) => {
  test.concurrent.each(Array.from({ length: ROUNDS }, (_, round) => round + 1))(
    'round %i',
    async (round) => {
      const kratos = await startKratos();
      try {
        const call = CALLS[round % CALLS.length] ?? CALLS[0];
        await survives(point, { kratos, state: join(stateDir(), 'state'), call });
      } finally {
        await kratos.close();
      }
    },
    LIMIT_MS,
  );
});
