/** What belongs to the request under way, for log lines, records and the calls to Kratos, without handing it through every function. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes, randomUUID } from 'node:crypto';

export interface Trace {
  /** Of this request alone; ours, so that it can be trusted in a log. */
  readonly requestId: string;
  /** W3C Trace Context of the request, parsed and written again; undefined: none came, or none that is valid. */
  readonly traceparent: string | undefined;
  /** The span that `traceparent` names is the one call to Kratos that is made under it, which needs no other. */
  readonly isOfCall?: true;
}

const storage = new AsyncLocalStorage<Trace>();

export const withTrace = <T>(trace: Trace, work: () => T): T => storage.run(trace, work);
export const currentTrace = (): Trace | undefined => storage.getStore();

/** Of what begins here: a request, or a message in one. What it says of itself goes before what is around it. */
export function traceOf(traceparent: unknown): Trace {
  const around = storage.getStore();
  return { requestId: around?.requestId ?? randomUUID(), traceparent: parseTraceparent(traceparent) ?? around?.traceparent };
}

// Lower case only; `ff` is no version (W3C Trace Context §3.2.2.1). What a later version appends begins with a dash.
const TRACEPARENT = /^(?!ff)([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-.*)?$/;
const ZEROS = /^0+$/;

/** Written again as version 00 with nothing but the sampled flag; undefined where it is not valid or came twice. */
export function parseTraceparent(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > 512) return undefined;
  const [, version, trace = '', span = '', flags = '', more] = TRACEPARENT.exec(value) ?? [];
  if (version === undefined || ZEROS.test(trace) || ZEROS.test(span) || (version === '00' && more !== undefined)) return undefined;
  return `00-${trace}-${span}-0${Number.parseInt(flags, 16) & 1}`;
}

/** The id in a `traceparent` that was parsed. */
const traceIdOf = (traceparent: string): string => traceparent.slice(3, 35);

/** `trace_id` of the request under way, for records. */
export function currentTraceId(): string | undefined {
  const traceparent = storage.getStore()?.traceparent;
  return traceparent === undefined ? undefined : traceIdOf(traceparent);
}

/** What every log line of the request under way says beside its own fields; empty outside of one. */
export function logContext(): { readonly request_id?: string; readonly trace_id?: string } {
  const trace = storage.getStore();
  if (trace === undefined) return {};
  const { requestId, traceparent } = trace;
  return { request_id: requestId, ...(traceparent !== undefined && { trace_id: traceIdOf(traceparent) }) };
}

/**
 * Headers of one call to Kratos: built from ids of ours and from what was parsed, never from what came. Each call is a span of its own.
 * A trace that nobody began is not begun here, since its flag would decide for Kratos whether it samples. `tracestate` and `baggage` are
 * the caller's text and end here.
 */
export function outgoingHeaders(): Record<string, string> {
  const trace = storage.getStore();
  if (trace === undefined) return {};
  const { requestId, traceparent, isOfCall } = trace;
  if (traceparent === undefined) return { 'x-request-id': requestId };
  return { 'x-request-id': requestId, traceparent: isOfCall ? traceparent : withNewSpan(traceparent) };
}

function withNewSpan(traceparent: string): string {
  const id = randomBytes(8).toString('hex');
  return `${traceparent.slice(0, 36)}${ZEROS.test(id) ? '0000000000000001' : id}${traceparent.slice(52)}`;
}
