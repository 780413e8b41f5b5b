/** A tracer that keeps its spans, and a context manager like the SDK's: what an operator registers, as small as can be. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import {
  context,
  ROOT_CONTEXT,
  trace,
  type Attributes,
  type Context,
  type ContextManager,
  type Link,
  type Span,
  type SpanKind,
  type SpanOptions,
  type SpanStatus,
  type Tracer,
} from '@opentelemetry/api';

export interface Kept {
  readonly name: string;
  readonly kind: SpanKind | undefined;
  readonly attributes: Attributes;
  readonly links: readonly Link[];
  readonly traceId: string;
  readonly spanId: string;
  readonly parent: string | undefined;
  status: SpanStatus | undefined;
  ended: boolean;
}

const hex = (bytes: number) => randomBytes(bytes).toString('hex');

function startSpan(spans: Kept[], { name, options, parent }: { name: string; options: SpanOptions; parent: Context }): Span {
  const above = trace.getSpanContext(parent);
  const kept: Kept = {
    name,
    kind: options.kind,
    attributes: { ...options.attributes },
    links: options.links ?? [],
    traceId: above?.traceId ?? hex(16),
    spanId: hex(8),
    parent: above?.spanId,
    status: undefined,
    ended: false,
  };
  spans.push(kept);
  const span: Span = {
    spanContext: () => ({ traceId: kept.traceId, spanId: kept.spanId, traceFlags: above?.traceFlags ?? 1 }),
    setAttribute(key, value) {
      kept.attributes[key] = value;
      return span;
    },
    setAttributes: () => span,
    addEvent: () => span,
    addLink: () => span,
    addLinks: () => span,
    setStatus(status) {
      kept.status = status;
      return span;
    },
    updateName: () => span,
    end() {
      kept.ended = true;
    },
    isRecording: () => true,
    recordException() {
      throw new Error('the text of an exception may hold what no span may');
    },
  };
  return span;
}

function contextManager(): ContextManager {
  const storage = new AsyncLocalStorage<Context>();
  const manager: ContextManager = {
    active: () => storage.getStore() ?? ROOT_CONTEXT,
    with: (its, work, self, ...args) => storage.run(its, () => work.call(self as ThisParameterType<typeof work>, ...args)), // the API types it loosely
    bind: (_, target) => target,
    enable: () => manager,
    disable: () => manager,
  };
  return manager;
}

/** Registers it in this process; the spans come in the order in which they began. */
export function register(): { readonly spans: readonly Kept[]; readonly tracer: Tracer; readonly unregister: () => void } {
  const spans: Kept[] = [];
  const tracer: Tracer = {
    startSpan: (name, options = {}, parent = context.active()) => startSpan(spans, { name, options, parent }),
    startActiveSpan: () => {
      throw new Error('not used');
    },
  };
  trace.setGlobalTracerProvider({ getTracer: () => tracer });
  context.setGlobalContextManager(contextManager());
  return {
    spans,
    tracer,
    unregister() {
      trace.disable();
      context.disable();
    },
  };
}
