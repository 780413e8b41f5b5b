import { setTimeout as sleep } from 'node:timers/promises';
import { context, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { expect, onTestFinished, test } from 'vitest';
import type { Send, WireRequest } from '../../src/client/types.ts';
import { Ambiguous, InputError } from '../../src/errors.ts';
import { noMeter, type Meter } from '../../src/lib/meter.ts';
import { createTelemetry, noTelemetry } from '../../src/ops/telemetry.ts';
import { logContext, outgoingHeaders, traceOf, withTrace } from '../../src/trace.ts';
import { register } from './tracer.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const GIVEN = `00-${TRACE}-00f067aa0ba902b7-01`;
const REQUEST: WireRequest = {
  endpoint: 'getIdentity',
  port: 'admin',
  method: 'GET',
  path: '/admin/identities/9f425a8d-7efc-4768-8f23-7647a74fdf13',
};
const OK: Send = async () => ({ status: 200, headers: {}, text: '{}' });

async function registered() {
  const sdk = register();
  onTestFinished(sdk.unregister);
  return { ...sdk, telemetry: await createTelemetry('1.2.3') };
}

test('without an SDK everything is what it was', async () => {
  const telemetry = await createTelemetry('1.2.3');
  expect(telemetry).toBe(noTelemetry);
  expect(telemetry.send(OK)).toBe(OK);
  expect(telemetry.meter(noMeter)).toBe(noMeter);
  expect(await telemetry.toolCall('get_identity', async () => 7)).toBe(7);
});

test('a tool call is a span of kind SERVER below the trace of its request, and its requests are spans below it', async () => {
  const { telemetry, spans } = await registered();
  const send = telemetry.send(OK);
  const meter = telemetry.meter(noMeter);
  await withTrace(traceOf(GIVEN), () =>
    telemetry.toolCall('get_identity', async () => {
      await sleep(1);
      await send(REQUEST);
      meter.call('get_identity', 'read', 1);
    }),
  );
  expect(spans).toHaveLength(2);
  const [call, request] = spans;
  expect(call).toMatchObject({
    name: 'tools/call get_identity',
    kind: SpanKind.SERVER,
    traceId: TRACE,
    parent: '00f067aa0ba902b7',
    ended: true,
    status: undefined,
  });
  expect(call?.attributes).toEqual({
    'mcp.method.name': 'tools/call',
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': 'get_identity',
    'ory_identity_mcp.outcome': 'read',
  });
  expect(request).toMatchObject({
    name: 'GET /admin/identities/{id}',
    kind: SpanKind.CLIENT,
    traceId: TRACE,
    parent: call?.spanId,
    ended: true,
  });
  expect(request?.attributes).toEqual({
    'http.request.method': 'GET',
    'url.template': '/admin/identities/{id}',
    'http.response.status_code': 200,
  });
});

test('no id is in any span', async () => {
  const { telemetry, spans } = await registered();
  await telemetry.toolCall('get_identity', () => telemetry.send(OK)(REQUEST));
  expect(JSON.stringify(spans)).not.toContain('9f425a8d');
});

test('what goes to Kratos names the span of that very request, and log lines name its trace', async () => {
  const { telemetry, spans } = await registered();
  const seen: Record<string, string>[] = [];
  const send = telemetry.send(async () => {
    seen.push(outgoingHeaders());
    return { status: 200, headers: {}, text: '' };
  });
  await telemetry.toolCall('get_identity', async () => {
    expect(logContext().trace_id).toBe(spans[0]?.traceId);
    await send(REQUEST);
    await send(REQUEST);
  });
  expect(seen.map((it) => it['traceparent'])).toEqual(spans.slice(1).map((it) => `00-${it.traceId}-${it.spanId}-01`));
  expect(new Set(seen.map((it) => it['x-request-id'])).size).toBe(1);
});

test('a request outside of any call is a trace of its own', async () => {
  const { telemetry, spans } = await registered();
  await telemetry.send(OK)(REQUEST);
  expect(spans).toMatchObject([{ parent: undefined, ended: true }]);
});

test('where the port is instrumented, too, the call is below that span', async () => {
  const { telemetry, spans, tracer } = await registered();
  const around = tracer.startSpan('POST /mcp');
  await context.with(trace.setSpan(context.active(), around), () => telemetry.toolCall('get_identity', async () => {}));
  expect(spans[1]).toMatchObject({ parent: around.spanContext().spanId, links: [] });
});

test('a trace that the message names goes before the one around it, which is linked', async () => {
  const { telemetry, spans, tracer } = await registered();
  const around = tracer.startSpan('POST /mcp');
  await context.with(trace.setSpan(context.active(), around), () =>
    withTrace(traceOf(GIVEN), () => telemetry.toolCall('get_identity', async () => {})),
  );
  expect(spans[1]).toMatchObject({ traceId: TRACE, links: [{ context: around.spanContext() }] });
});

test.each(['failed', 'unknown', 'error'])('a call that ends %s is an error', async (outcome) => {
  const { telemetry, spans } = await registered();
  await telemetry.toolCall('delete_identity', async () => telemetry.meter(noMeter).call('delete_identity', outcome, 1));
  expect(spans[0]?.status).toEqual({ code: SpanStatusCode.ERROR });
  expect(spans[0]?.attributes).toMatchObject({ 'ory_identity_mcp.outcome': outcome, 'error.type': 'tool_error' });
});

test.each(['declined', 'pending', 'denied', 'executed'])('one that ends %s is none', async (outcome) => {
  const { telemetry, spans } = await registered();
  await telemetry.toolCall('delete_identity', async () => telemetry.meter(noMeter).call('delete_identity', outcome, 1));
  expect(spans[0]?.status).toBeUndefined();
});

test.each([
  ['that Kratos refuses', { status: 409 }, '409'],
  ['without an answer', new Ambiguous('it broke off: canary'), 'no_answer'],
  ['that was never sent', new InputError('canary'), 'not_sent'],
] as const)('a request %s is an error without words', async (_, answer, type) => {
  const { telemetry, spans } = await registered();
  const send = telemetry.send(() =>
    answer instanceof Error ? Promise.reject(answer) : Promise.resolve({ ...answer, headers: {}, text: 'canary' }),
  );
  await send(REQUEST).catch((error: unknown) => expect(error).toBe(answer));
  expect(spans).toMatchObject([{ status: { code: SpanStatusCode.ERROR }, ended: true, attributes: { 'error.type': type } }]);
  expect(JSON.stringify(spans)).not.toContain('canary');
});

test('a call that throws ends its span, and the error is still thrown', async () => {
  const { telemetry, spans } = await registered();
  const bug = new Error('canary');
  await expect(telemetry.toolCall('get_identity', () => Promise.reject(bug))).rejects.toBe(bug);
  expect(spans).toMatchObject([{ ended: true, status: { code: SpanStatusCode.ERROR } }]);
});

test('calls at the same time keep their own outcomes', async () => {
  const { telemetry, spans } = await registered();
  const meter: Meter = telemetry.meter(noMeter);
  const outcomes = ['read', 'executed', 'failed', 'declined'];
  await Promise.all(
    outcomes.map((outcome, index) =>
      telemetry.toolCall('get_identity', async () => {
        await sleep(5 - index);
        meter.call('get_identity', outcome, 1);
      }),
    ),
  );
  expect(spans.map((it) => it.attributes['ory_identity_mcp.outcome'])).toEqual(outcomes);
});

test('an SDK on an older API of the same major version is used, too', async () => {
  const { spans } = await registered();
  const key = Symbol.for('opentelemetry.js.api.1');
  const global = globalThis as { [key]?: object | undefined };
  const current = global[key];
  global[key] = { ...current, version: '1.0.0' };
  onTestFinished(() => {
    global[key] = current;
  });
  await (await createTelemetry('1.2.3')).toolCall('get_identity', async () => {});
  expect(spans).toHaveLength(1);
});
