/** One change, called for one of its effects on a fresh sandbox, and what a refusal of it looks like. */
import { expect } from 'vitest';
import type { WireRequest } from '../../src/client/types.ts';
import type { ChangeOperation } from '../../src/operation.ts';
import { operations } from '../../src/tools/index.ts';
import { gateCases, here, type GateCase, type Here } from './gate-cases.ts';
import { harness, type Harness, type HarnessOptions } from './harness.ts';
import type { Called, Era, Peer } from './peer.ts';

type Json = Record<string, unknown>;
export const changes = operations.filter((it): it is ChangeOperation => it.kind === 'change');
/** With GATE_EVERY=n every n-th of them alone, for suites that run a second time. */
const every = Number(process.env['GATE_EVERY'] ?? 1);
export const rows = changes
  .flatMap((op) => op.effects.map((effect) => ({ op, name: op.name, effect })))
  .filter((_, index) => index % every === 0);
export const FORM = { form: {} };

export type Row = (typeof rows)[number];
export interface Scene {
  readonly it: Harness;
  readonly peer: Peer;
  readonly name: string;
  readonly args: Json;
  readonly world: Here;
  readonly gate: GateCase;
  readonly era: Era;
}

/** A plain write is asked about in `strict` only, which refuses everything stronger; a batch is always `mass` too. */
export const presetOf = ({ name, effect }: Row) => (effect === 'write' && name !== 'batch_patch_identities' ? 'strict' : 'standard');

export async function scene(row: Row, era: Era, options: HarnessOptions & { elicitation?: Json | undefined } = {}): Promise<Scene> {
  const gate = gateCases[row.name]?.[row.effect];
  if (!gate) throw new Error('no case');
  const it = harness({ preset: presetOf(row), recoveryDelivery: 'reply', ...options });
  const world = here(it.sandbox.send);
  const args = await gate.args(world);
  const peer = await it.open({ era, elicitation: 'elicitation' in options ? options.elicitation : FORM });
  return { it, peer, name: row.name, args, world, gate, era };
}

export const bytes = ({ method, path, body }: WireRequest) => ({
  method,
  path,
  ...(body !== undefined && { body: JSON.parse(body) as unknown }),
});

export function expectRefused(answer: Called, outcome: string | RegExp, { it }: Scene): void {
  expect(it.writes()).toEqual([]);
  expect(answer.isError).toBe(true);
  expect(answer.outcome).toMatch(outcome);
  expect(answer.text).toMatch(/^Not done \((declined|expired|stale|denied)\): /);
}

export async function phraseOf(row: Row, era: Era): Promise<string> {
  const its = await scene(row, era);
  let seen = '';
  its.peer.person = ({ phrase }) => {
    seen = phrase;
    return { action: 'cancel' };
  };
  await its.peer.call(its.name, its.args);
  await its.peer.close();
  return seen;
}

export async function twoLegsAtOnce({ peer, name, args }: Scene): Promise<Called[]> {
  const first = await peer.once(name, args);
  const typed = first.phrase;
  const second = { requestState: first.state, inputResponses: { consent: { action: 'accept', content: { typed } } } };
  return Promise.all([peer.once(name, args, second), peer.once(name, args, second)]);
}
