/**
 * Spans for an operator who registers an OpenTelemetry SDK before this program begins (`node --import ./tracing.mjs …`). Without one the
 * API is not even loaded, and everything here is the identity. No span holds arguments, ids or anything that a user wrote.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type * as otel from '@opentelemetry/api';
import type { Context, ContextManager, Span, SpanOptions, Tracer, TracerProvider } from '@opentelemetry/api';
import { endpoints } from '../client/endpoints.ts';
import type { Send, WireRequest } from '../client/types.ts';
import { InputError } from '../errors.ts';
import type { Meter } from '../lib/meter.ts';
import { traceOf, withTrace } from '../trace.ts';

export interface Telemetry {
  /** Runs one tool call in a span of its own, below the trace that the request names. */
  toolCall<T>(tool: string, work: () => Promise<T>): Promise<T>;
  /** Each request to Kratos, each try by itself, in a span of its own. */
  send(send: Send): Send;
  /** How a call ended is told to the meter, inside the call: there its span hears of it. */
  meter(meter: Meter): Meter;
}

export const noTelemetry: Telemetry = { toolCall: (_, work) => work(), send: (send) => send, meter: (meter) => meter };

/** Where every copy of the API keeps what is registered (internal/global-utils of @opentelemetry/api 1.x). */
const REGISTERED = Symbol.for('opentelemetry.js.api.1');
interface Registered {
  readonly trace?: TracerProvider;
  readonly context?: ContextManager;
}

/**
 * To be asked once, at the start. What is registered is used as it is: the API would hand it out only to a copy of itself that is no newer,
 * and the one in this build may be. Nothing is called that 1.0 did not have.
 */
export async function createTelemetry(version: string): Promise<Telemetry> {
  const registered = (globalThis as { readonly [REGISTERED]?: Registered })[REGISTERED]; // put there by the API, whose shape this is
  if (registered?.trace === undefined) return noTelemetry;
  const api = await import('@opentelemetry/api');
  return telemetryOf({ api, tracer: registered.trace.getTracer('ory-identity-mcp', version), contexts: registered.context });
}

interface Sdk {
  readonly api: typeof otel;
  readonly tracer: Tracer;
  /** Undefined: none is registered, and nobody else makes spans in this process. */
  readonly contexts: ContextManager | undefined;
}

/** How a call ended that went wrong; a no, or a question that waits, is none of these. */
const WRONG: ReadonlySet<string> = new Set(['failed', 'unknown', 'error']);

function telemetryOf(sdk: Sdk): Telemetry {
  const { SpanKind, SpanStatusCode } = sdk.api;
  /** The span of the tool call under way. */
  const calls = new AsyncLocalStorage<Span>();
  const fail = (span: Span, type: string) => {
    span.setAttribute('error.type', type);
    span.setStatus({ code: SpanStatusCode.ERROR }); // no message: a thrown text may hold what no trace may
  };
  return {
    async toolCall(tool, work) {
      const attributes = { 'mcp.method.name': 'tools/call', 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': tool };
      const { traceparent } = traceOf(undefined);
      const { parent, links } = above(traceparent, sdk);
      const span = sdk.tracer.startSpan(`tools/call ${tool}`, { kind: SpanKind.SERVER, attributes, links }, parent);
      try {
        return await within(span, sdk, { work: () => calls.run(span, work) });
      } catch (error) {
        fail(span, '_OTHER');
        throw error;
      } finally {
        span.end();
      }
    },
    send: (send) => async (request) => {
      const call = calls.getStore();
      const { ROOT_CONTEXT, trace } = sdk.api;
      const parent = call === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, call);
      const span = sdk.tracer.startSpan(...requestSpan(request, SpanKind.CLIENT), parent);
      try {
        const reply = await within(span, sdk, { work: () => send(request), isOfCall: true });
        span.setAttribute('http.response.status_code', reply.status);
        if (reply.status >= 400) fail(span, String(reply.status));
        return reply;
      } catch (error) {
        fail(span, error instanceof InputError ? 'not_sent' : 'no_answer');
        throw error;
      } finally {
        span.end();
      }
    },
    meter: (meter) => ({
      ...meter,
      call(tool, outcome, ms) {
        const span = calls.getStore();
        span?.setAttribute('ory_identity_mcp.outcome', outcome);
        if (span && WRONG.has(outcome)) fail(span, 'tool_error');
        meter.call(tool, outcome, ms);
      },
    }),
  };
}

function requestSpan({ endpoint }: WireRequest, kind: otel.SpanKind): [name: string, options: SpanOptions] {
  const { route } = endpoints[endpoint];
  const [method = '', template = ''] = route.split(' ');
  return [route, { kind, attributes: { 'http.request.method': method, 'url.template': template } }];
}

/** Below the trace that the message or the request names; a span around it that belongs to another trace is linked. */
function above(traceparent: string | undefined, { api, contexts }: Sdk): { readonly parent: Context; readonly links: otel.Link[] } {
  const { ROOT_CONTEXT, trace } = api;
  const active = contexts?.active() ?? ROOT_CONTEXT;
  const around = trace.getSpan(active)?.spanContext();
  if (traceparent === undefined || around?.traceId === traceparent.slice(3, 35)) return { parent: active, links: [] };
  const parent = trace.setSpanContext(ROOT_CONTEXT, spanContextOf(traceparent));
  return { parent, links: around === undefined ? [] : [{ context: around }] };
}

/** Of one that was parsed: version 00, every part in its place. */
const spanContextOf = (traceparent: string): otel.SpanContext => ({
  traceId: traceparent.slice(3, 35),
  spanId: traceparent.slice(36, 52),
  traceFlags: traceparent.endsWith('1') ? 1 : 0,
  isRemote: true,
});

interface Inner<T> {
  readonly work: () => Promise<T>;
  readonly isOfCall?: true;
}

/** The span is what log lines, records and requests to Kratos name while the work lasts. */
function within<T>(span: Span, { api, contexts }: Sdk, { work, isOfCall }: Inner<T>): Promise<T> {
  const { traceId, spanId, traceFlags } = span.spanContext();
  const { requestId, traceparent } = traceOf(`00-${traceId}-${spanId}-0${traceFlags & 1}`);
  const inner = () => withTrace({ requestId, traceparent, ...(isOfCall && { isOfCall }) }, work);
  if (contexts === undefined) return inner();
  return contexts.with(api.trace.setSpan(contexts.active(), span), inner);
}
