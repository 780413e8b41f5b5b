/** The typed call: an endpoint and its values in, a `Reply` or one `KratosError` out. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Ambiguous, InputError, KratosError } from '../errors.ts';
import { ExactNumber, parseJson } from '../lib/json.ts';
import { TimedOut, within } from './deadline.ts';
import { type Endpoint, type EndpointName, endpoints } from './endpoints.ts';
import type { Called } from './explain.ts';
import { answered, type Ended, garbled, unanswered } from './failure.ts';
import { nextToken, totalCount } from './pages.ts';
import { buildPath, buildQuery } from './path.ts';
import { defaultPolicy, nextWait, type RetryPolicy } from './retry.ts';
import { readEnvelope } from './said.ts';
import type { CallInit, Kratos, Reply, Send, WireReply, WireRequest } from './types.ts';

export interface KratosOptions {
  readonly send: Send;
  /** Ory Network, where a gateway wants a key. */
  readonly network: boolean;
  /** Whether the address of the public port is known. */
  readonly publicConfigured: boolean;
  readonly retry?: Partial<RetryPolicy>;
  /** Milliseconds for the whole call, with everything that is tried again. */
  readonly callTimeoutMs?: number;
  /** Rejects when the signal ends. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds since 1970, to read dates in headers. */
  readonly now?: () => number;
}

/**
 * Throws `InputError` before anything is sent, `KratosError` afterwards. A GET is tried again within the call's deadline; a write only
 * while no byte of it got out.
 */
export function createKratos(options: KratosOptions): Kratos<EndpointName> {
  const { network, publicConfigured, callTimeoutMs = 30_000 } = options;
  return async (name, params, init = {}) => {
    const { route, port }: Endpoint = endpoints[name];
    const [method = ''] = route.split(' ');
    const body = bodyText(init.body);
    const path = buildPath(name, params) + buildQuery(init.query);
    const request = { endpoint: name, port, method, path, ...(body !== undefined && { body }) };
    const called = { endpoint: name, write: method !== 'GET', network, publicConfigured };
    return within(callTimeoutMs, init.signal, (signal) =>
      attempt({ request, called, init, signal, deadline: performance.now() + callTimeoutMs }, options),
    );
  };
}

interface Attempt {
  readonly request: WireRequest;
  readonly called: Called;
  readonly init: CallInit;
  /** The caller's signal and the deadline together. */
  readonly signal: AbortSignal;
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
}

async function attempt(it: Attempt, options: KratosOptions): Promise<Reply> {
  const { retry, wait = (ms, signal) => sleep(ms, undefined, { signal }), now = Date.now } = options;
  const policy = { ...defaultPolicy, ...retry };
  const { write } = it.called;
  for (let times = 1; ; times += 1) {
    const outcome = await once(it, options.send, now);
    if (!(outcome instanceof KratosError)) return outcome;
    const ms = it.signal.aborted ? undefined : nextWait({ error: outcome, write, times, leftMs: it.deadline - performance.now() }, policy);
    if (ms === undefined) throw outcome;
    try {
      await wait(ms, it.signal);
    } catch {
      throw unanswered(outcome.cause, it.called, endedBy(it)); // given up while waiting: what the last try left behind still counts
    }
  }
}

async function once({ request, called, init, signal }: Attempt, send: Send, now: () => number): Promise<Reply | KratosError> {
  let reply: WireReply;
  try {
    reply = await send({ ...request, signal });
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    return unanswered(cause, called, endedBy({ signal, init }));
  }
  return read(reply, called, now);
}

function read(reply: WireReply, called: Called, now: () => number): Reply | KratosError {
  const { status, headers, text } = reply;
  const { ok }: Endpoint = endpoints[called.endpoint];
  // A 404 or 409 that counts as success is Kratos' own word; a plain one says that there is no such route.
  if (!ok.includes(status) || (status >= 300 && !readEnvelope(text))) return answered(reply, called, now());
  if (status === 204) return { status, body: undefined };
  const type = headers['content-type'];
  if (type !== undefined && !/json/i.test(type)) return garbled(reply, called, new Ambiguous('The answer is not JSON.'));
  try {
    const next = nextToken(headers['link']);
    const total = totalCount(headers['x-total-count']);
    return { status, body: parseJson(text), ...(next !== undefined && { next }), ...(total !== undefined && { total }) };
  } catch {
    return garbled(reply, called, new Ambiguous('The answer is not JSON.')); // the parser's own error quotes what came
  }
}

/** Which of the two ended the signal. A caller's own deadline counts as a deadline. */
function endedBy({ signal, init }: Pick<Attempt, 'signal' | 'init'>): Ended | undefined {
  if (!signal.aborted) return undefined;
  const { reason } = signal as { readonly reason: unknown }; // typed as any
  if (reason instanceof TimedOut) return { by: 'deadline', ms: reason.ms };
  const isDeadline = reason instanceof Error && reason.name === 'TimeoutError';
  return init.signal?.aborted && !isDeadline ? { by: 'caller' } : { by: 'deadline', ms: undefined };
}

/** Throws `InputError` for numbers that JSON can't carry or that would come out changed. */
function bodyText(body: unknown): string | undefined {
  if (body === undefined) return undefined;
  return JSON.stringify(body, function (this: Readonly<Record<string, unknown>>, name: string, value: unknown) {
    const original = this[name]; // before `toJSON`
    const isLost = original instanceof ExactNumber || (typeof original === 'number' && !Number.isFinite(original));
    if (isLost) throw new InputError('The body holds a number that can not be sent without changing it. Leave that member as it is.', name);
    return value;
  });
}

/** The limit at run time that an operation's lists set in the types: types are erased, this is not. */
export function narrow<Allowed extends EndpointName>(
  kratos: Kratos<EndpointName>,
  allowed: readonly Allowed[],
  signal: AbortSignal,
): Kratos<Allowed> {
  return async (name, params, init) => {
    if (!allowed.includes(name)) throw new Error(`${name} is not among the endpoints this operation declared`);
    return kratos(name, params, { ...init, signal });
  };
}
