/**
 * Every way that Kratos or the way to it can fail, at every endpoint that a tool uses, over a real connection: the outcome is right, no
 * write is sent twice, and nothing is left unhandled.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { endpoints, type EndpointName } from '../src/client/endpoints.ts';
import { createTransport } from '../src/client/transport.ts';
import type { ChangeOperation } from '../src/operation.ts';
import { createSandbox, type Sandbox } from '../src/sandbox/sandbox.ts';
import { operations } from '../src/tools/index.ts';
import { gateCases, here } from './support/gate-cases.ts';
import { harness } from './support/harness.ts';
import type { Called } from './support/peer.ts';
import { faults, startStub, type Seen, type Visit } from './support/stub.ts';

type Json = Record<string, unknown>;
type Fault = (typeof faults)[number][1];
const unhandled: unknown[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));
afterAll(() => expect(unhandled).toEqual([]));

/** Milliseconds for a call with all that is tried again: no more than needed where only that ends it, some more for a slow machine elsewhere. */
const callMs = ({ endless }: Fault): number => (endless ? 1_500 : 3_000);

/** Until the answer, with what is tried again within the call's own time. */
const mostMs = ({ endless }: Fault): number => (endless ? 3_200 : 12_000);

/** Which requests go wrong. `applied`: the sandbox carries a write out before its answer goes wrong. */
interface Plan {
  readonly hits: (seen: Seen, index: number) => boolean;
  readonly fault: Fault;
  readonly applied?: boolean;
}

async function behindFaults(sandbox: Sandbox, { hits, fault, applied = false }: Plan) {
  let index = 0;
  const stub = await startStub(async (visit) => {
    const hit = hits(visit.seen, index++);
    if (hit && !applied) return fault.handle(visit);
    const body = await visit.body();
    const reply = await forward(sandbox, visit, body);
    if (hit) return fault.handle({ ...visit, body: async () => body });
    visit.response.writeHead(reply.status, reply.headers).end(reply.text);
  });
  const callTimeoutMs = callMs(fault);
  const transport = createTransport({
    adminUrl: stub.url,
    publicUrl: stub.url,
    headersTimeoutMs: callTimeoutMs - 200, // before the call's own end: the time-outs are told apart
    bodyTimeoutMs: callTimeoutMs - 200,
    callTimeoutMs,
  });
  const it = harness({ sandbox, through: () => transport.send, recoveryDelivery: 'reply', callTimeoutMs });
  const peer = await it.open({ era: 'modern', elicitation: { form: {} } });
  return {
    peer,
    writes: () => stub.requests.filter(({ method }) => method !== 'GET'),
    async close() {
      await peer.close();
      await stub.close();
    },
  };
}

function forward(sandbox: Sandbox, { seen: { method, path } }: Visit, body: string) {
  const port = path.startsWith('/schemas') ? 'public' : 'admin';
  return sandbox.send({ endpoint: 'getIdentity', port, method, path, ...(body !== '' && { body }) });
}

/** Whether a request is for one of these endpoints. */
const isFor =
  (names: readonly EndpointName[]) =>
  ({ method, path }: Seen) => {
    const [bare = ''] = path.split('?');
    return names.some((name) => {
      const [verb, template = ''] = endpoints[name].route.split(' ');
      return verb === method && new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}$`).test(bare);
    });
  };

const reads = operations.filter((it) => it.kind === 'read');
const changes = operations.filter((it): it is ChangeOperation => it.kind === 'change');

/** Its strongest case, which is asked about in the standard preset. */
async function argsOf(op: ChangeOperation, sandbox: Sandbox): Promise<Json> {
  const gate = gateCases[op.name]?.[op.effects.at(-1) ?? ''];
  if (!gate) throw new Error('no case');
  return gate.args(here(sandbox.send));
}

/** A status that the endpoint counts as an answer is no fault to it. */
const isAnswer = (op: ChangeOperation, fault: string) =>
  (fault === 'not found' && ['delete_identity_sessions', 'lock_identity'].includes(op.name)) ||
  (fault === 'conflict' && op.name === 'batch_patch_identities');

const NOT_SENT_AGAIN = 'It may or may not have been carried out, and it was not sent again.';
/** Where there is an account, by reading it; a recovery code can't be found by anybody. */
function howToFindOut({ name, toolset }: ChangeOperation): string {
  if (toolset === 'recovery') return 'What was made, if anything, signs its holder in for up to';
  if (name === 'create_identity') return 'Look for it with list_identities';
  if (name === 'lock_identity') return 'Each step may have been done or not: get_identity shows the state';
  return name === 'batch_patch_identities'
    ? 'Some may have been created: look for each with list_identities'
    : 'Read the account to find out';
}

function expectPlainError(answer: Called): void {
  expect(answer.isError).toBe(true);
  expect(answer.outcome).toBeUndefined();
  expect(answer.text).toMatch(/Trying again/);
  expect(answer.text).not.toMatch(/ at .*\.ts:|node:internal|\[object/);
}

describe.each(faults)('%s', (name, fault) => {
  // Any JSON object may be an identity schema, so that there is no wrong type to tell.
  const telling = reads.filter((op) => !(name === 'wrong-typed JSON' && op.name === 'get_identity_schema'));
  test.concurrent.each(telling.map((op) => ({ op, tool: op.name })))('at a read of $tool is one clear error', async ({ op }) => {
    const its = await behindFaults(createSandbox(), { hits: () => true, fault });
    const began = performance.now();
    expectPlainError(await its.peer.call(op.name, op.example as Json));
    expect(performance.now() - began).toBeLessThan(mostMs(fault));
    expect(its.writes()).toEqual([]);
    await its.close();
  });

  test.concurrent.each(changes.map((op) => ({ op, tool: op.name })))('while $tool is planned sends nothing', async ({ op }) => {
    const sandbox = createSandbox();
    const args = await argsOf(op, sandbox);
    const needed = op.reads.filter((it) => it !== 'getIdentitySchema' && it !== 'listIdentitySessions');
    const its = await behindFaults(sandbox, { hits: isFor(needed), fault });
    const answer = await its.peer.call(op.name, args);
    // A create reads nothing that it needs: it is asked and carried out, and says that reading back failed.
    if (op.name === 'create_identity' || op.name === 'batch_patch_identities') expect(answer.outcome).toBe('executed');
    else {
      expectPlainError(answer);
      expect(its.writes()).toEqual([]);
    }
    await its.close();
  });

  test.concurrent.each(changes.map((op) => ({ op, tool: op.name })))(
    'at the write of $tool has the right outcome, and it is sent once',
    async ({ op }) => {
      if (isAnswer(op, name)) return;
      const sandbox = createSandbox();
      const args = await argsOf(op, sandbox);
      const its = await behindFaults(sandbox, { hits: isFor(op.writes), fault });
      const answer = await its.peer.call(op.name, args);
      expect(its.writes()).toHaveLength(1);
      expect(answer.isError).toBe(true);
      expect(answer.outcome).toBe(fault.write === 'rejected' ? 'failed' : 'unknown');
      if (fault.write === 'rejected') expect(answer.text).toMatch(/^Not done \(failed\): /);
      else expect(answer.text.startsWith(`Unknown: ${NOT_SENT_AGAIN} ${howToFindOut(op)}`), answer.text).toBe(true);
      await its.close();
    },
  );

  test.concurrent.each(changes.filter(() => fault.write === 'ambiguous').map((op) => ({ op, tool: op.name })))(
    'after Kratos carried $tool out is unknown, unless a read settles it',
    async ({ op }) => {
      const sandbox = createSandbox();
      const args = await argsOf(op, sandbox);
      const its = await behindFaults(sandbox, { hits: isFor(op.writes), fault, applied: true });
      const answer = await its.peer.call(op.name, args);
      expect(its.writes()).toHaveLength(1);
      expect(answer.outcome).toBe(op.landed ? 'executed' : 'unknown');
      await its.close();
    },
  );

  test.concurrent.each(changes.map((op) => ({ op, tool: op.name })))(
    'at every read after the write of $tool leaves it executed',
    async ({ op }) => {
      const sandbox = createSandbox();
      const args = await argsOf(op, sandbox);
      let written = false;
      const hits = ({ method }: Seen) => {
        if (method !== 'GET') written = true;
        return method === 'GET' && written;
      };
      const its = await behindFaults(sandbox, { hits, fault });
      const answer = await its.peer.call(op.name, args);
      expect(its.writes()).toHaveLength(1);
      expect(answer.isError, answer.text).toBe(false);
      expect(answer.outcome).toBe('executed');
      if (op.readBack) expect(answer.text).toContain('reading it back failed');
      await its.close();
    },
  );
});

test('a Kratos that is not there: reads say so, changes are not carried out', async () => {
  const stub = await startStub();
  await stub.close(); // the port is free again, and nobody listens
  const transport = createTransport({ adminUrl: stub.url, publicUrl: stub.url, callTimeoutMs: 700 });
  const it = harness({ through: () => transport.send, callTimeoutMs: 700 });
  const peer = await it.open({ era: 'modern', elicitation: { form: {} } });
  for (const op of operations.filter((each) => each.kind === 'read')) expectPlainError(await peer.call(op.name, op.example as Json));
  await peer.close();
});
