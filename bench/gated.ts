/** What a gated call costs beside its calls of Kratos: asked by form, answered at once, carried out. Syncing to disk apart. */
import { closeSync, existsSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { startServer } from './server.ts';
import type { Stub } from './stub.ts';

/** On a state that is not larger than a busy day makes it, and a process that has run for a while. */
const ROUNDS = 3;
const CALLS = 100;
const WARM_UP = { reads: 200, gated: 100 };
/** `delete_identity_sessions` reads the account and its sessions twice over (for the question, and right before it is carried out), and deletes. */
const KRATOS_CALLS = 2 * 3 + 1;

export interface Gated {
  /** Milliseconds, beside the calls of Kratos. */
  readonly p95: number;
  readonly p50: number;
  /** The same with the state folder on a disk, where what must outlive a power cut is synced. */
  readonly onDiskP95: number;
  readonly fsyncP50: number;
}

export async function measureGated(program: string, args: readonly string[], stub: Stub): Promise<Gated> {
  const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();
  const inMemory = await added(program, { args, stub, parent: memory });
  const onDisk = await added(program, { args, stub, parent: tmpdir() });
  return { p50: at(inMemory, 0.5), p95: at(inMemory, 0.95), onDiskP95: at(onDisk, 0.95), fsyncP50: fsyncCost() };
}

interface Setting {
  readonly args: readonly string[];
  readonly stub: Stub;
  readonly parent: string;
}

async function added(program: string, setting: Setting): Promise<readonly number[]> {
  const all: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) all.push(...(await oneRound(program, setting)));
  return all;
}

async function oneRound(program: string, { args, stub, parent }: Setting): Promise<readonly number[]> {
  const folder = mkdtempSync(join(parent, 'ory-identity-mcp-bench-'));
  const server = startServer(program, [...args, '--state-dir', join(folder, 'state')]);
  const revoke = async (run: number) => {
    const began = performance.now();
    const answer = await server.call('delete_identity_sessions', { id: stub.ids[run] });
    if (answer.isError === true) throw new Error(JSON.stringify(answer.content));
    return performance.now() - began;
  };
  try {
    for (let run = 0; run < WARM_UP.reads; run += 1) await server.call('get_identity', { id: stub.ids[run] });
    for (let run = 0; run < WARM_UP.gated; run += 1) await revoke(run);
    const taken: number[] = [];
    const raw: number[] = [];
    for (let run = 0; run < CALLS; run += 1) {
      taken.push(await revoke(WARM_UP.gated + run));
      const began = performance.now();
      await (await request(`${stub.url}/admin/identities/${stub.ids[run]}`)).body.json();
      raw.push(performance.now() - began);
    }
    const kratos = KRATOS_CALLS * at(raw, 0.5);
    return taken.map((it) => it - kratos);
  } finally {
    await server.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function fsyncCost(): number {
  const folder = mkdtempSync(join(tmpdir(), 'ory-identity-mcp-bench-'));
  const file = openSync(join(folder, 'file'), 'a');
  const taken = Array.from({ length: 100 }, () => {
    const began = performance.now();
    writeSync(file, 'x'.repeat(800));
    fsyncSync(file);
    return performance.now() - began;
  });
  closeSync(file);
  rmSync(folder, { recursive: true });
  return at(taken, 0.5);
}

const at = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
