/** What a yes is bound to: any difference is another digest, and a state is good for one plan of one principal. */
import { describe, expect, test } from 'vitest';
import { createSealer, type SealedContent } from '../../src/approval/seal.ts';
import { send, type Plan } from '../../src/operation.ts';

const KEY = new Uint8Array(32).fill(7);
const sealer = createSealer(KEY, 'http://kratos');
const plan: Plan = {
  effects: ['destructive', 'takeover'],
  targets: [{ id: 'a', label: 'ada' }],
  phrase: 'ada',
  says: [],
  watch: { state: 'active' },
  subjects: [],
  count: 1,
  calls: [send('deleteIdentity', { id: 'a' })],
  result: {},
};
const content: SealedContent = {
  tool: 'delete_identity',
  input: { id: 'a' },
  plan,
  principal: 'alice',
  rule: 'standard/destructive',
  policyHash: 'abc',
};

describe('a digest', () => {
  test('is the same for the same content, in whatever order it was written down', () => {
    const again = { ...plan, effects: ['takeover', 'destructive'] as const, watch: { ...plan.watch } };
    expect(sealer.digest({ ...content, plan: again })).toBe(sealer.digest(content));
  });

  test.each<[string, SealedContent]>([
    ['tool', { ...content, tool: 'delete_identity_sessions' }],
    ['argument', { ...content, input: { id: 'a', more: 1 } }],
    ['principal', { ...content, principal: 'mallory' }],
    ['rule', { ...content, rule: 'strict/destructive' }],
    ['pattern', { ...content, pattern: 'It was recovered an hour ago.' }],
    ['policy', { ...content, policyHash: 'abd' }],
    ['effect', { ...content, plan: { ...plan, effects: ['destructive'] } }],
    ['target', { ...content, plan: { ...plan, targets: [{ id: 'b', label: 'ada' }] } }],
    ['name of the target', { ...content, plan: { ...plan, targets: [{ id: 'a', label: 'bob' }] } }],
    ['watched value', { ...content, plan: { ...plan, watch: { state: 'inactive' } } }],
    ['call', { ...content, plan: { ...plan, calls: [send('deleteIdentity', { id: 'b' })] } }],
    ['body of a call', { ...content, plan: { ...plan, calls: [send('deleteIdentity', { id: 'a' }, { body: {} })] } }],
    ['number of calls', { ...content, plan: { ...plan, calls: [...plan.calls, ...plan.calls] } }],
  ])('is another one for another %s', (_name, other) => expect(sealer.digest(other)).not.toBe(sealer.digest(content)));

  test('is another one for another Kratos and under another key, since a plain hash of a short password can be guessed', () => {
    expect(createSealer(KEY, 'http://other').digest(content)).not.toBe(sealer.digest(content));
    const other = createSealer(new Uint8Array(32).fill(8), 'http://kratos');
    expect(other.digest(content)).not.toBe(sealer.digest(content));
    expect(other.request(content)).not.toBe(sealer.request(content));
  });

  test('of a request is over tool, arguments, principal and Kratos', () => {
    expect(createSealer(KEY, 'http://other').request(content)).not.toBe(sealer.request(content));
    const others = [
      { ...content, tool: 'x' },
      { ...content, input: { id: 'b' } },
      { ...content, principal: 'mallory' },
    ];
    expect(new Set([content, ...others].map((it) => sealer.request(it))).size).toBe(4);
    expect(sealer.request({ ...content, input: { b: 1, a: 2 } })).toBe(sealer.request({ ...content, input: { a: 2, b: 1 } }));
  });
});

describe('a state', () => {
  const state = sealer.mint('plan-1', 'alice');

  test('opens under a key that was in use before, and never under one that was not', () => {
    const after = new Uint8Array(32).fill(9);
    const rotated = createSealer(after, 'http://kratos', [new Uint8Array(32).fill(8), KEY]);
    expect(rotated.open(state, 'alice')).toBe('plan-1');
    expect(rotated.open(state, 'mallory')).toBeUndefined();
    expect(createSealer(after, 'http://kratos').open(state, 'alice')).toBeUndefined();
    expect(sealer.open(rotated.mint('plan-1', 'alice'), 'alice')).toBeUndefined();
  });

  test('names a plan to the principal that it was made for, and says nothing else', () => {
    expect(sealer.open(state, 'alice')).toBe('plan-1');
    expect(state).toMatch(/^plan-1\.[\w-]{43}$/);
  });

  test('of another principal, plan, key or server is none', () => {
    const [, mac = ''] = state.split('.');
    expect(sealer.open(state, 'mallory')).toBeUndefined();
    expect(sealer.open(`plan-2.${mac}`, 'alice')).toBeUndefined();
    expect(createSealer(new Uint8Array(32).fill(8), 'http://kratos').open(state, 'alice')).toBeUndefined();
  });

  test('has one spelling', () => {
    const odd = [
      `${state}=`,
      `${state}.`,
      ` ${state}`,
      `${state}\n`,
      state.replace('.', '..'),
      `.${state}`,
      state.slice(0, -1),
      '',
      '.',
      'plan-1.',
      'x'.repeat(5_000),
    ];
    const last = state.at(-1) ?? '';
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    odd.push(
      ...alphabet
        .split('')
        .filter((it) => it !== last)
        .map((it) => state.slice(0, -1) + it),
    ); // the last one carries stray bits
    for (const it of [...odd, undefined, null, 1, {}, [state]]) expect(sealer.open(it, 'alice'), JSON.stringify(it)).toBeUndefined();
  });
});
