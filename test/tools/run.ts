/** An operation against the built-in Kratos, step by step as the pipeline takes it, without anybody being asked. */
import { createKratos, narrow } from '../../src/client/kratos.ts';
import type { Kratos, Send, WireRequest } from '../../src/client/types.ts';
import { KratosIdentity, parseBody } from '../../src/client/bodies.ts';
import type { EndpointName, ReadName } from '../../src/client/endpoints.ts';
import { deepFreeze } from '../../src/lib/freeze.ts';
import type { Context, Operation, Plan, Settings } from '../../src/operation.ts';
import { createSandbox } from '../../src/sandbox/sandbox.ts';

type Json = Record<string, unknown>;

export const settings: Settings = {
  defaultSchemaId: 'default',
  recovery: { deliver: 'withhold', maxLifetimeS: 3600, returnTo: undefined },
};
/** With another delivery, limit or list of origins. */
export const recovering = (recovery: Partial<Settings['recovery']>): Settings => ({
  ...settings,
  recovery: { ...settings.recovery, ...recovery },
});

export interface Stage {
  readonly kratos: Kratos<EndpointName>;
  readonly wire: WireRequest[];
  /** Somebody else's write, as they spell it. */
  readonly raw: (method: string, path: string, body: string) => Promise<void>;
  /** What Kratos answers to a GET, digit for digit. */
  readonly text: (path: string) => Promise<string>;
  readonly identity: (id: string) => Promise<KratosIdentity>;
  readonly plan: (op: Operation, input: Json) => Promise<Plan>;
  /** Plans, sends, reports, reads back. */
  readonly run: (op: Operation, input: Json) => Promise<Json>;
  readonly landed: (op: Operation, plan: Plan) => Promise<boolean>;
  readonly reconcile: (op: Operation, ids: Readonly<Record<string, string>>) => Promise<boolean | undefined>;
  readonly send: (plan: Plan) => Promise<void>;
}

/** `through` may answer in the sandbox's place. */
export function stage(through: (send: Send) => Send = (it) => it, its: Settings = settings): Stage {
  const wire: WireRequest[] = [];
  const sandbox = createSandbox();
  const inner: Send = (request) => {
    wire.push(request);
    return sandbox.send(request);
  };
  const kratos = createKratos({ send: through(inner), network: false, publicConfigured: true, retry: { reads: 1, unsentWrites: 1 } });
  const signal = AbortSignal.timeout(20_000);
  const context = (op: Operation): Context<ReadName> => ({ kratos: narrow(kratos, op.reads, signal), settings: its });
  const changing = (op: Operation) => {
    if (op.kind !== 'change') throw new Error(`${op.name} changes nothing`);
    return op;
  };
  const plan: Stage['plan'] = async (op, input) => deepFreeze(await changing(op).plan(op.input.parse(input), context(op)));
  const sendAll = async ({ calls }: Plan) => {
    const replies = [];
    for (const { endpoint, params, init } of calls) replies.push(await kratos(endpoint, params, init));
    return replies;
  };
  return {
    kratos,
    wire,
    plan,
    raw: async (method, path, body) => {
      const { status, text } = await sandbox.send({ endpoint: 'getIdentity', port: 'admin', method, path, body });
      if (status >= 400) throw new Error(text);
    },
    text: async (path) => (await sandbox.send({ endpoint: 'getIdentity', port: 'admin', method: 'GET', path })).text,
    identity: async (id) => parseBody(KratosIdentity, await kratos('getIdentity', { id })),
    async run(op, input) {
      const change = changing(op);
      const planned = await plan(op, input);
      if (planned.calls.length === 0) return { ...planned.result };
      const replies = await sendAll(planned);
      const result = change.report ? change.report(replies, planned, its) : { ...planned.result };
      return op.output.parse(change.readBack ? await change.readBack(result, context(op)) : result);
    },
    landed: async (op, planned) => (await changing(op).landed?.(planned, context(op))) ?? false,
    reconcile: async (op, ids) => changing(op).reconcile?.(ids, context(op)),
    send: async (planned) => void (await sendAll(planned)),
  };
}

export const patch = (id: string, ...json_patch: Json[]) => ({ id, json_patch });
export const replace = (path: string, value: unknown): Json => ({ op: 'replace', path, value });

/** The public port is not configured, or down. */
export const withoutSchemas =
  (send: Send): Send =>
  (request) =>
    request.endpoint === 'getIdentitySchema' ? Promise.resolve({ status: 404, headers: {}, text: '404 page not found' }) : send(request);
