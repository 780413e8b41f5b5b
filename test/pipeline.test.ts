/** What no operation of the table does yet: several writes in one plan, and faults of our own after one was sent. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { createFatigueWatch } from '../src/approval/fatigue.ts';
import { createSealer } from '../src/approval/seal.ts';
import type { EndpointName } from '../src/client/endpoints.ts';
import type { Kratos, Reply } from '../src/client/types.ts';
import { InputError, KratosError } from '../src/errors.ts';
import { change, send, type Operation, type Plan } from '../src/operation.ts';
import { openEntry } from '../src/audit/entry.ts';
import { createMemoryLedger } from '../src/audit/memory.ts';
import type { Ports, ToolCall } from '../src/call/run.ts';
import { createShownTo } from '../src/call/shown-to.ts';
import { createLog } from '../src/lib/log.ts';
import { handle } from '../src/pipeline.ts';
import { presetPolicy } from '../src/policy/preset-policy.ts';
import { createAnswers } from '../src/shape/answer.ts';
import { createFlow } from '../src/shape/flow.ts';
import { createKept } from '../src/store/kept.ts';
import { noMeter } from '../src/lib/meter.ts';
import { localCaller } from '../src/caller.ts';
import { createReveals } from '../src/store/reveals.ts';
import { createMemoryStore } from '../src/store/store.ts';
import { createUncollected } from '../src/store/uncollected.ts';

const id = '0a0a0a0a-0000-4000-8000-000000000001';
const common = { title: 'Lock', toolset: 'identities', effects: ['write'], idempotent: true, example: {} } as const;
const plan: Plan<'write', 'patchIdentity' | 'deleteIdentitySessions'> = {
  effects: ['write'],
  targets: [{ id, label: 'ada' }],
  phrase: 'ada',
  says: [],
  watch: {},
  subjects: [{ id }],
  count: 1,
  calls: [send('patchIdentity', { id }, { body: [] }), send('deleteIdentitySessions', { id })],
  result: { locked: true },
};

interface Made {
  readonly report?: (replies: readonly Reply[]) => Record<string, unknown>;
  readonly landed?: () => Promise<boolean>;
}
const lock = (more: Made = {}): Operation =>
  change({
    ...common,
    name: 'lock_identity',
    summary: 'Makes an identity inactive and signs it out.',
    reads: ['getIdentity'],
    writes: ['patchIdentity', 'deleteIdentitySessions'],
    input: z.strictObject({}),
    output: z.looseObject({}),
    plan: async () => structuredClone(plan),
    ...more,
  });

/** Runs one call; `answers` says what Kratos does with each write. */
async function run(op: Operation, answers: Readonly<Partial<Record<EndpointName, Error>>> = {}, { broken }: { broken?: Error } = {}) {
  const sent: string[] = [];
  const log: string[] = [];
  const kratos: Kratos<EndpointName> = async (name) => {
    log.push(`sent ${name}`);
    sent.push(name);
    const error = answers[name];
    if (error) throw error;
    return { status: 200, body: {} };
  };
  const now = () => 0;
  const ledger = createMemoryLedger({ now });
  ledger.fail(broken);
  const recorded = {
    ...ledger,
    durable: async (fields: Parameters<typeof ledger.durable>[0]) => {
      await ledger.durable(fields);
      log.push(fields.event === 'outcome' ? String(fields.outcome) : fields.event);
    },
    note: (fields: Parameters<typeof ledger.note>[0]) => log.push(String(fields.outcome)),
  };
  const kept = createKept(now);
  const policy = presetPolicy('standard');
  const none = () => Promise.reject(new Error('nobody is asked about a plain write'));
  const ports: Ports = {
    kratos,
    kratosName: 'http://kratos',
    policy: () => policy,
    settings: () => ({ defaultSchemaId: 'default', recovery: { deliver: 'withhold', maxLifetimeS: 3_600, returnTo: undefined } }),
    withheld: () => undefined,
    store: createMemoryStore({ now, randomId: () => 'id', instance: 'test' }),
    reveals: createReveals(kept, now),
    sealer: createSealer(new Uint8Array(32), 'http://kratos'),
    page: { addressOf: none, approvers: none, level: 'L0', enrol: '', waitMs: 1 },
    formMs: 1,
    uncollected: createUncollected<CallToolResult>(kept),
    answers: createAnswers({ budget: 10_000, nonce: () => '0'.repeat(32) }),
    flow: createFlow({ now }),
    fatigue: createFatigueWatch(now),
    shownTo: createShownTo(now),
    now,
    audit: (it) =>
      openEntry(
        { ...it, principal: it.caller.principal },
        { ledger: recorded, log: createLog({ level: 'error', write: () => {}, now: () => new Date(0) }), meter: noMeter, now },
      ),
    ready: () => Promise.resolve(),
    settle: () => Promise.resolve(),
  };
  const never = () => {
    throw new Error('nobody is asked about a plain write');
  };
  const asker = {
    canForm: false,
    canUrl: false,
    state: undefined,
    answer: { kind: 'none' },
    ask: undefined,
    show: undefined,
    pose: never,
    poseLink: never,
    keepAlive: never,
  } as const;
  const call: ToolCall = { op, input: {}, caller: localCaller('alice'), client: 'test', asker, signal: new AbortController().signal };
  const answer = await handle(call, ports);
  const [content] = answer.content as { text: string }[];
  return {
    sent,
    log,
    records: ledger.records,
    outcome: answer._meta?.['ory-identity-mcp/outcome'],
    isError: answer.isError === true,
    text: content?.text ?? '',
  };
}

const rejected = new KratosError('Kratos refused it.', { status: 409, hint: '', retryable: false, effect: 'rejected' });
const ambiguous = new KratosError('No answer.', { hint: '', retryable: false, effect: 'ambiguous' });
const both = ['patchIdentity', 'deleteIdentitySessions'];

describe('a plan of two writes', () => {
  test('is sent in order, after its intent was written down', async () => {
    const { log, outcome } = await run(lock());
    expect(log).toEqual(['intent', 'sent patchIdentity', 'sent deleteIdentitySessions', 'executed']);
    expect(outcome).toBe('executed');
  });

  test.each([rejected, new InputError('no')])('whose first is refused failed, and the second is not sent', async (error) => {
    const { sent, outcome, text } = await run(lock(), { patchIdentity: error });
    expect({ sent, outcome }).toEqual({ sent: ['patchIdentity'], outcome: 'failed' });
    expect(text).toMatch(/^Not done \(failed\): /);
  });

  test('whose second is refused is executed, and says how far', async () => {
    const { sent, outcome, isError, text } = await run(lock(), { deleteIdentitySessions: rejected });
    expect({ sent, outcome, isError }).toEqual({ sent: both, outcome: 'executed', isError: false });
    expect(text).toContain('Only 1 of 2 steps were carried out');
  });

  test.each([ambiguous, new TypeError('a fault of ours')])(
    'one of which may have happened is unknown, and nothing is sent after it',
    async (error) => {
      for (const [name, sent] of [
        ['patchIdentity', ['patchIdentity']],
        ['deleteIdentitySessions', both],
      ] as const) {
        const it = await run(lock(), { [name]: error });
        expect({ sent: it.sent, outcome: it.outcome }).toEqual({ sent, outcome: 'unknown' });
        expect(it.text).toMatch(/^Unknown: .*Read the account to find out/);
        expect(it.text).not.toContain('a fault of ours');
      }
    },
  );

  test('that a read finds carried out is executed; a read that fails proves nothing', async () => {
    expect((await run(lock({ landed: async () => true }), { patchIdentity: ambiguous })).outcome).toBe('executed');
    expect((await run(lock({ landed: async () => false }), { patchIdentity: ambiguous })).outcome).toBe('unknown');
    const failing = async () => Promise.reject(new Error('no'));
    expect((await run(lock({ landed: failing }), { patchIdentity: ambiguous })).outcome).toBe('unknown');
  });
});

describe('a fault of our own after the write', () => {
  const broken = Object.defineProperty({}, 'value', {
    enumerable: true,
    get: () => {
      throw new Error('a fault of ours');
    },
  });

  test.each<[string, Made]>([
    [
      'in reading a reply',
      {
        report: () => {
          throw new Error('a fault of ours');
        },
      },
    ],
    ['in making the answer', { report: () => broken }],
  ])('%s is never a plain error', async (_name, made) => {
    const { sent, outcome, isError, text, log } = await run(lock(made));
    expect(sent).toEqual(both);
    expect(['executed', 'unknown']).toContain(outcome);
    expect(isError).toBe(outcome === 'unknown');
    expect(text).not.toContain('a fault of ours');
    expect(log.at(-1)).toBe(outcome);
  });
});

test('what is read, judged and sent is one object that nobody can change any more', async () => {
  const seen: Plan[] = [];
  const report = (_replies: readonly Reply[], its: Plan) => {
    seen.push(its);
    return {};
  };
  await run({ ...lock(), report } as Operation); // the forgetful form of an operation
  const [frozen] = seen;
  expect(frozen).toEqual(plan);
  for (const part of [
    frozen,
    frozen?.effects,
    frozen?.targets,
    frozen?.targets[0],
    frozen?.watch,
    frozen?.calls,
    frozen?.calls[0]?.init.body,
  ]) {
    expect(() => Object.assign(part ?? {}, { 0: 'more', id: 'other', more: true })).toThrow(TypeError);
  }
});

test('without a durable record of the intent nothing is sent, and the budget is given back', async () => {
  const { sent, outcome, text } = await run(lock(), {}, { broken: new Error('ENOSPC') });
  expect({ sent, outcome }).toEqual({ sent: [], outcome: 'failed' });
  expect(text).toContain('audit ledger cannot be written');
});

test.each([
  ['nothing that is known', []],
  ['what the operation does not list', ['takeover']],
  ['that beside what it lists', ['write', 'mass']],
])('a plan that does %s is denied: nothing is sent and nobody is asked', async (_name, effects) => {
  const op = { ...lock(), plan: async () => ({ ...plan, effects }) } as Operation; // what the types refuse
  const { sent, log, outcome, text } = await run(op);
  expect({ sent, log, outcome }).toEqual({ sent: [], log: ['denied'], outcome: 'denied' });
  expect(text).toMatch(/^Not done \(denied\): .*could not be classified. Nothing was sent/);
});

test('an operation sends nothing that it does not declare', async () => {
  const calls = [send('deleteIdentity', { id })] as unknown as typeof plan.calls; // what the types refuse
  const op = { ...lock(), plan: async () => ({ ...plan, calls }) } as Operation;
  const { sent } = await run(op);
  expect(sent).toEqual([]);
});
