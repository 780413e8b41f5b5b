/** Made-up ids and pointers, through the whole server: what is not what it claims to be never reaches the wire. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seed } from '../src/seed.ts';
import { operations } from '../src/tools/index.ts';
import { harness } from './support/harness.ts';
import { isOnTheList, pointers } from './support/pointers.ts';

type Json = Record<string, unknown>;
const FORM = { form: {} };

const nasty = [
  '',
  ' ',
  '.',
  '..',
  '...',
  '/',
  '\\',
  '//',
  '../sessions',
  '..\\sessions',
  '%2e%2e',
  '%2E%2E%2Fsessions',
  '%252e%252e',
  './',
  '..;/',
  'a/b',
  'a?x=1',
  'a#b',
  'a%00b',
  'a\u0000b',
  'a\nb',
  'a\rb',
  'a\tb',
  '\u007f',
  '\u0085',
  '\u2028',
  '\u2029',
  '\u200b',
  '\ufeff',
  '\u202e',
  '*',
  '%',
  '%zz',
  '&',
  ';',
  '=',
  '+',
  ',',
  '"',
  "'",
  '`',
  '<b>',
  '{id}',
  '${id}',
  '\ud800',
  '\udfff',
  'é',
  '１１１１',
  'null',
  'undefined',
  'whoami',
  'NaN',
  '0',
  '-1',
  '00000000-0000-0000-0000-00000000000',
  '0a0a0a0a-0000-4000-8000-0000000000011',
  '{0a0a0a0a-0000-4000-8000-000000000001}',
  'urn:uuid:0a0a0a0a-0000-4000-8000-000000000001',
  '0a0a0a0a00004000800000000000000001',
  '0a0a0a0a-0000-4000-8000-000000000001/sessions',
  '0a0a0a0a-0000-4000-8000-000000000001?x=1',
  '0a0a0a0a-0000-4000-8000-000000000001%2Fsessions',
  ' 0a0a0a0a-0000-4000-8000-000000000001',
  '0a0a0a0a-0000-4000-8000-000000000001\n',
  'x'.repeat(100_000),
] as const;

/** Every argument that ends up in a path as a UUID. */
const idArguments = operations.flatMap((op) =>
  ['id', 'identity_id']
    .filter((it) => Object.hasOwn(op.input.shape, it) && op.toolset !== 'schemas')
    .map((argument) => ({ op, name: op.name, argument })),
);

describe.each(idArguments)('$name: $argument', ({ op, argument }) => {
  test('takes UUIDs and sends nothing for anything else', async () => {
    expect(nasty.length).toBeGreaterThanOrEqual(60);
    const it = harness({ recoveryDelivery: 'reply' });
    const peer = await it.open({ era: 'modern', elicitation: FORM });
    for (const id of nasty) {
      const answer = await peer.call(op.name, { ...(op.example as Json), [argument]: id });
      expect(answer.isError, id).toBe(true);
    }
    expect(it.wire).toEqual([]);
    expect(peer.asked).toEqual([]);
    await peer.close();
  });
});

test.each([
  ['get_identity_by_external_id', 'external_id', '/admin/identities/by/external/'],
  ['get_identity_schema', 'id', '/schemas/'],
])('%s: a free id is refused, or arrives as exactly one segment', async (tool, argument, before) => {
  const it = harness();
  const peer = await it.open({ era: 'modern', elicitation: FORM });
  for (const id of nasty) {
    it.wire.length = 0;
    await peer.call(tool, { [argument]: id });
    for (const { path } of it.wire) {
      expect(path.startsWith(before)).toBe(true);
      expect(decodeURIComponent(path.slice(before.length))).toBe(id);
      expect(path.slice(before.length)).not.toMatch(/[/?#]|^\.{1,2}$/);
    }
  }
  await peer.close();
});

test('ten thousand invented accounts are not found, and nobody is asked', async () => {
  const it = harness();
  const peer = await it.open({ era: 'modern', elicitation: FORM });
  const tools = ['delete_identity', 'delete_identity_sessions'];
  for (let round = 0; round < 10_000; round += 1) {
    const answer = await peer.call(tools[round % 2] ?? '', { id: crypto.randomUUID() });
    expect(answer.isError).toBe(true);
  }
  expect(peer.asked).toEqual([]);
  expect(it.writes()).toEqual([]);
  await peer.close();
}, 60_000);

test('no JSON pointer off the allow-list reaches the wire', async () => {
  const it = harness();
  const peer = await it.open({ era: 'modern', elicitation: FORM });
  let reached = 0;
  await fc.assert(
    fc.asyncProperty(pointers, fc.constantFrom('add', 'replace', 'remove'), async (path, op) => {
      it.wire.length = 0;
      await peer.call('patch_identity', { id: seed.grace, json_patch: [{ op, path, ...(op !== 'remove' && { value: 'x' }) }] });
      for (const { method, body } of it.wire) {
        if (method === 'GET') continue;
        reached += 1;
        expect(JSON.parse(body ?? '')).toEqual([{ op, path, ...(op !== 'remove' && { value: 'x' }) }]);
        expect(isOnTheList(path), path).toBe(true);
      }
      // What is off the list is refused before anything is even read.
      if (!isOnTheList(path)) expect(it.wire, path).toEqual([]);
    }),
    { numRuns: 10_000 },
  );
  expect(reached).toBeGreaterThan(20);
  await peer.close();
}, 120_000);
