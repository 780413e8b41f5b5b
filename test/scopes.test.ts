/** Every tool × every effect of it × every scope: a call is carried out by a token that has the scopes of all its effects, and by no other. */
import { describe, expect, test } from 'vitest';
import { createKratos } from '../src/client/kratos.ts';
import { scopesToAskFor } from '../src/call/scopes.ts';
import { SCOPES, type Caller, type Scope } from '../src/caller.ts';
import type { ChangeEffect } from '../src/operation.ts';
import { seed } from '../src/seed.ts';
import { operations } from '../src/tools/index.ts';
import { rows, scene, type Row } from './support/gate-scene.ts';
import { harness } from './support/harness.ts';
import { recovering } from './tools/run.ts';

const caller = (scopes: readonly string[], canStepUp = true): Caller => ({
  principal: 'https://issuer|alice|agent|jwt',
  name: 'alice',
  person: 'https://issuer|alice',
  scopes: new Set(scopes),
  canStepUp,
  claims: {},
  expiresAt: undefined,
});
const as = (scopes: readonly string[], canStepUp = true) => ({ outside: { callerOf: () => caller(scopes, canStepUp) } });
const reads = operations.filter((it) => it.kind === 'read');

/** What the call does, by the plan that a person is asked about. */
async function effectsOf(row: Row): Promise<readonly ChangeEffect[]> {
  const its = await scene(row, 'modern');
  await its.peer.once(its.name, its.args);
  const [plan] = await its.it.store.plans.list();
  await its.peer.close();
  if (plan === undefined) throw new Error('nobody was asked');
  return plan.effects;
}
const scopeOf = (effect: ChangeEffect): Scope => `kratos:${effect}`;
const isSessions = (name: string) => ['delete_identity_sessions', 'disable_session'].includes(name);

describe.each(rows)('$name ($effect)', (row) => {
  test('needs the scopes of all its effects, and no other does instead', async () => {
    const needed = (await effectsOf(row)).map(scopeOf);
    expect(needed).toContain(`kratos:${row.effect}`);
    const sets = [
      [],
      ...SCOPES.map((it) => [it]),
      ...needed.map((it) => SCOPES.filter((other) => other !== it && other !== 'kratos:sessions')),
      needed,
    ];
    for (const scopes of sets) {
      const its = await scene(row, 'legacy', as(scopes));
      const answer = await its.peer.call(its.name, its.args);
      const covers = needed.every((it) => scopes.includes(it)) || (isSessions(row.name) && scopes.includes('kratos:sessions'));
      expect([scopes, answer.outcome]).toEqual([scopes, covers ? 'executed' : 'denied']);
      expect(its.it.writes()).toHaveLength(covers ? 1 : 0);
      if (!covers) expect(answer.text).toMatch(/lacks kratos:/);
      await its.peer.close();
    }
  });

  test('all that is missing is named at once', async () => {
    const its = await scene(row, 'modern');
    const needed = (await effectsOf(row)).map(scopeOf);
    const { signal } = new AbortController();
    const kratos = createKratos({ send: its.it.sandbox.send, network: false, publicConfigured: true });
    const ask = (scopes: readonly string[]) =>
      scopesToAskFor(
        { op: row.op, input: its.args, caller: caller(scopes), signal },
        { kratos, settings: () => recovering({ deliver: 'reply' }) },
      );
    expect([...((await ask(['kratos:read'])) ?? [])].sort()).toEqual([...needed].sort());
    const sent = its.it.wire.length;
    expect(await ask([])).toEqual(row.op.effects.length === 1 ? needed : ['kratos:read']);
    expect(its.it.wire).toHaveLength(sent);
    expect(await ask(needed)).toBeUndefined();
    if (isSessions(row.name)) expect(await ask(['kratos:sessions'])).toBeUndefined();
    await its.peer.close();
  });
});

describe('a token that covers neither reads nor anything that the tool can do', () => {
  const state = (id: string, value: string) => ({ id, json_patch: [{ op: 'replace', path: '/state', value }] });

  test.each([false, true])('hears the same of every account, whether it could have more scopes: %s', async (canStepUp) => {
    const it = harness(as(['kratos:mass'], canStepUp));
    const peer = await it.open({ era: 'legacy' });
    const all = [state(seed.ada, 'active'), state(seed.ada, 'inactive'), state(seed.nobody, 'active')];
    const answers = await Promise.all(all.map((args) => peer.once('patch_identity', args)));
    if (canStepUp) expect(answers.map((its) => its.outcome)).toEqual(['denied', 'denied', 'denied']);
    expect(new Set(answers.map((its) => its.text)).size).toBe(1);
    expect(it.wire).toEqual([]);
    await peer.close();
  });

  test.each([
    [['kratos:read'], undefined],
    [['kratos:sessions'], undefined],
    [['kratos:write'], undefined],
    [['kratos:privilege'], 'denied'],
  ] as const)('with %j, a change that would change nothing: %s', async (scopes, outcome) => {
    const peer = await harness(as(scopes)).open({ era: 'legacy' });
    const answer = await peer.once('patch_identity', state(seed.ada, 'active'));
    expect([answer.outcome, answer.text.includes('ada.byron')]).toEqual([outcome, outcome === undefined]);
    await peer.close();
  });
});

describe.each(reads.map((op) => ({ op, name: op.name })))('$name', ({ op }) => {
  test('needs kratos:read or kratos:sessions', async () => {
    for (const scopes of [[], ...SCOPES.map((it) => [it])]) {
      const it = harness(as(scopes));
      const peer = await it.open({ era: 'legacy' });
      const answer = await peer.once(op.name, op.example);
      const covers = scopes.includes('kratos:read') || scopes.includes('kratos:sessions');
      expect([scopes, answer.outcome === 'denied']).toEqual([scopes, !covers]);
      expect(it.wire.length > 0).toBe(covers);
      await peer.close();
    }
  });
});

describe('what is listed', () => {
  const listed = async (scopes: readonly string[], canStepUp: boolean): Promise<string[]> => {
    const peer = await harness(as(scopes, canStepUp)).open({ era: 'legacy' });
    const raw = await peer.request('tools/list', {});
    await peer.close();
    return (raw['result'] as { tools: { name: string }[] }).tools.map((it) => it.name);
  };
  const names = operations.map((it) => it.name);

  test('a token that can be replaced by a better one sees all', async () => {
    expect(await listed([], true)).toEqual(names);
  });
  test('a static one sees what it could ever call', async () => {
    expect(await listed([], false)).toEqual([]);
    expect(await listed(['kratos:read'], false)).toEqual(reads.map((it) => it.name));
    const desk = await listed(['kratos:sessions'], false);
    expect(desk).toEqual(names.filter((it) => reads.some((op) => op.name === it) || isSessions(it)));
    expect(await listed(['kratos:takeover'], false)).not.toContain('delete_identity');
  });
});

test('a token that ends while a person thinks carries nothing out', async () => {
  let ends = Number.POSITIVE_INFINITY;
  const [row] = rows.filter(({ name }) => name === 'delete_identity_sessions');
  if (row === undefined) throw new Error('no row');
  const its = await scene(row, 'modern', { outside: { callerOf: () => ({ ...caller([...SCOPES]), expiresAt: ends }) } });
  its.peer.person = ({ phrase }) => {
    ends = its.it.now();
    return { action: 'accept', content: { typed: phrase } };
  };
  const answer = await its.peer.call(its.name, its.args);
  expect(answer.outcome).toBe('denied');
  expect(answer.text).toMatch(/access token ended/);
  expect(its.it.writes()).toEqual([]);
  await its.peer.close();
});

test.each(['kratos://policy', 'kratos://schemas', 'kratos://schemas/default'])('the resource %s needs what a read needs', async (uri) => {
  for (const scopes of [[], ...SCOPES.map((it) => [it])]) {
    const peer = await harness(as(scopes)).open({ era: 'legacy' });
    const raw = await peer.request('resources/read', { uri });
    const covers = scopes.includes('kratos:read') || scopes.includes('kratos:sessions');
    expect([scopes, 'error' in raw]).toEqual([scopes, !covers]);
    await peer.close();
  }
});

test('which schemas there are is neither listed nor completed for a token that covers no reads', async () => {
  for (const [scopes, count] of [
    [['kratos:mass', 'kratos:takeover'], 0],
    [['kratos:sessions'], 2],
    [['kratos:read'], 2],
  ] as const) {
    const it = harness(as(scopes));
    const peer = await it.open({ era: 'legacy' });
    const listed = await peer.request('resources/list', {});
    const ref = { type: 'ref/resource', uri: 'kratos://schemas/{id}' };
    const offered = await peer.request('completion/complete', { ref, argument: { name: 'id', value: '' } });
    expect(JSON.stringify(listed).match(/kratos:\/\/schemas\//g) ?? []).toHaveLength(count);
    expect((offered['result'] as { completion: { values: string[] } }).completion.values).toHaveLength(count);
    expect(it.wire.length > 0).toBe(count > 0);
    await peer.close();
  }
});
