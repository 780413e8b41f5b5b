/** Secrets of Kratos never leave, and secrets in arguments go to Kratos and nowhere else. */
import { describe, expect, test } from 'vitest';
import type { Send } from '../src/client/types.ts';
import { createSandbox } from '../src/sandbox/sandbox.ts';
import { seed } from '../src/seed.ts';
import { operations } from '../src/tools/index.ts';
import { Canaries } from './support/canaries.ts';
import { gateCases, here } from './support/gate-cases.ts';
import { harness, type HarnessOptions } from './support/harness.ts';
import { ERAS, types } from './support/peer.ts';

type Json = Record<string, unknown>;
const FORM = { form: {} };
const ALL_TYPES = ['password', 'oidc', 'saml', 'totp', 'lookup_secret', 'webauthn', 'code', 'passkey'];

/** Variants of a read's arguments that ask for as much as there is. */
function variants(name: string, example: Json): Json[] {
  const op = operations.find((it) => it.name === name);
  const has = (key: string) => op !== undefined && key in op.input.shape;
  return [
    example,
    { ...example, ...(has('view') && { view: 'full' }) },
    { ...example, ...(has('include_credential') && { include_credential: ALL_TYPES }), ...(has('view') && { view: 'full' }) },
    { ...example, ...(has('fields') && { view: 'full', fields: ['credentials', 'metadata_admin', 'traits'] }) },
  ];
}

async function everyCall(canaries: Canaries, options: HarnessOptions, fail?: (send: Send) => Send): Promise<string> {
  let seen = '';
  for (const op of operations) {
    const calls = op.kind === 'read' ? variants(op.name, op.example as Json) : [undefined];
    for (const args of calls) {
      const it = harness({ ...options, through: (send) => (fail ?? ((same) => same))(canaries.through(send)) });
      const peer = await it.open({ era: 'modern', elicitation: FORM });
      const gates = Object.values(gateCases[op.name] ?? {});
      const all = args ? [args] : await Promise.all(gates.map(async (gate) => gate.args(here(it.sandbox.send))));
      for (const each of all) await peer.call(op.name, each);
      seen += peer.lines.join('\n') + peer.asked.join('\n') + it.logs.join('\n');
      await peer.close();
    }
  }
  return seen;
}

test('no result, question or log line of any tool holds a secret, and every canary was in what Kratos sent', async () => {
  const canaries = new Canaries();
  const seen = await everyCall(canaries, { maxResultTokens: 100_000 });
  expect(canaries.unseen()).toEqual([]);
  expect(canaries.names().length).toBeGreaterThan(18);
  expect(canaries.foundIn(seen)).toEqual([]);
});

test.each([
  [
    'after every write',
    (send: Send): Send =>
      async (request) => {
        const reply = await send(request);
        return request.method === 'GET' ? reply : { ...reply, status: 500 };
      },
  ],
  [
    'at every read',
    (send: Send): Send =>
      async (request) => {
        const reply = await send(request);
        return request.method === 'GET' ? { ...reply, status: 500 } : reply;
      },
  ],
  [
    'with a truncated body',
    (send: Send): Send =>
      async (request) => {
        const reply = await send(request);
        return { ...reply, text: reply.text.slice(0, -2) };
      },
  ],
])('nor does any failure %s', async (_name, fail) => {
  const canaries = new Canaries();
  const seen = await everyCall(canaries, {}, fail);
  expect(canaries.names().length).toBeGreaterThan(0);
  expect(canaries.foundIn(seen)).toEqual([]);
});

test('no resource holds a secret', async () => {
  const canaries = new Canaries();
  const it = harness({ through: (send) => canaries.through(send) });
  const peer = await it.open({ era: 'modern', elicitation: FORM });
  for (const uri of ['kratos://schemas', 'kratos://schemas/default', 'kratos://policy']) await peer.request('resources/read', { uri });
  await peer.request('resources/list', {});
  expect(canaries.foundIn(peer.lines.join('\n'))).toEqual([]);
  await peer.close();
});

/** All of them stay: a login name that goes together with a new password is a takeover's pattern. */
const seededTraits = (await here(createSandbox().send).get(`/admin/identities/${seed.ada}`))['traits'];

describe.each(ERAS)('secrets in arguments (%s)', (era) => {
  const secret = 'CANARY-argument-7f3a';
  const create = { traits: { email: 'new@example.com' }, credentials: { password: { config: { password: secret } } } };
  const calls: [string, Json][] = [
    ['create_identity', create],
    ['update_identity', { id: seed.ada, traits: seededTraits, credentials: create.credentials }],
    ['batch_patch_identities', { identities: [{ create }] }],
  ];

  test.each(calls)('%s sends them to Kratos and shows, logs and echoes them nowhere', async (name, args) => {
    for (const [typed, times] of [
      [undefined, 1],
      ['yes', 0],
    ] as const) {
      const it = harness();
      const peer = await it.open({ era, elicitation: FORM, person: types(typed) });
      await peer.call(name, args);
      const sent = it.writes().filter(({ body }) => body?.includes(secret));
      expect(sent).toHaveLength(times);
      expect(peer.lines.join('\n')).not.toContain(secret);
      expect(peer.asked.join('\n')).not.toContain(secret);
      expect(it.logs.join('\n')).not.toContain(secret);
      await peer.close();
    }
  });

  test.each(calls)('%s does not echo them when they are refused', async (name, args) => {
    const it = harness({
      through: () => async () => ({
        status: 400,
        headers: { 'content-type': 'application/json' },
        text: '{"error":{"code":400,"message":"no"}}',
      }),
    });
    const peer = await it.open({ era, elicitation: FORM });
    await peer.call(name, args);
    await peer.call(name, { ...args, surprise: secret });
    expect(peer.lines.join('\n')).not.toContain(secret);
    await peer.close();
  });
});

test('personal data never reaches the log or the ledger', async () => {
  const it = harness();
  const peer = await it.open({ era: 'modern', elicitation: FORM });
  await peer.call('list_identities', { credentials_identifier: 'ada.byron@example.com' });
  await peer.call('delete_identity_sessions', { id: seed.ada });
  const logs = it.logs.join('\n');
  expect(logs).toContain('delete_identity_sessions');
  expect(JSON.stringify(it.ledger.records)).toContain(seed.ada);
  expect(logs + JSON.stringify(it.ledger.records)).not.toMatch(/ada\.byron|Byron|example\.com/i);
  await peer.close();
});
