import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { currentTraceId, logContext, outgoingHeaders, parseTraceparent, traceOf, withTrace } from '../../src/trace.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const GIVEN = `00-${TRACE}-${SPAN}-01`;

test.each([
  ['sampled', GIVEN, GIVEN],
  ['not sampled', `00-${TRACE}-${SPAN}-00`, `00-${TRACE}-${SPAN}-00`],
  ['with flags of a later level: only the sampled one is kept', `00-${TRACE}-${SPAN}-ff`, `00-${TRACE}-${SPAN}-01`],
  ['of a later version: what is known of it counts', `cc-${TRACE}-${SPAN}-01-what-the-future-will-be-like`, GIVEN],
  ['of a later version, without more', `cc-${TRACE}-${SPAN}-01`, GIVEN],
])('a traceparent %s is written again', (_, given, written) => {
  expect(parseTraceparent(given)).toBe(written);
});

test.each([
  ['absent', undefined],
  ['no text', 42],
  ['empty', ''],
  ['of the forbidden version', `ff-${TRACE}-${SPAN}-01`],
  ['of zeros as trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
  ['of zeros as span', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['in upper case', GIVEN.toUpperCase()],
  ['with more than version 00 has', `${GIVEN}-more`],
  ['that goes on without a dash', `cc-${TRACE}-${SPAN}-01.`],
  ['too short', GIVEN.slice(0, -1)],
  ['with spaces', ` ${GIVEN}`],
  ['that came twice, as Node joins it', `${GIVEN}, ${GIVEN}`],
  ['with a line break', `${GIVEN}\r\nx: y`],
  ['endless', `cc-${TRACE}-${SPAN}-01-${'a'.repeat(1000)}`],
])('one that is %s counts as none', (_, given) => {
  expect(parseTraceparent(given)).toBeUndefined();
});

test('a call to Kratos belongs to the trace of the request, as a span of its own', () => {
  withTrace(traceOf(GIVEN), () => {
    const [one, two] = [outgoingHeaders(), outgoingHeaders()];
    for (const { traceparent = '' } of [one, two]) {
      expect(traceparent).toMatch(new RegExp(`^00-${TRACE}-[\\da-f]{16}-01$`));
      expect(traceparent).not.toContain(SPAN);
    }
    expect(one['traceparent']).not.toBe(two['traceparent']);
    expect(one['x-request-id']).toBe(two['x-request-id']);
  });
});

test('a span that was made for the call itself goes out as it is', () => {
  const headers = withTrace({ requestId: 'r', traceparent: GIVEN, isOfCall: true }, outgoingHeaders);
  expect(headers).toEqual({ 'x-request-id': 'r', traceparent: GIVEN });
});

test('where nobody began a trace none is begun, so that Kratos samples as it is configured', () => {
  expect(Object.keys(withTrace(traceOf(undefined), outgoingHeaders))).toEqual(['x-request-id']);
  expect(outgoingHeaders()).toEqual({});
});

test('log lines name the request, and the trace where there is one', () => {
  expect(logContext()).toEqual({});
  expect(currentTraceId()).toBeUndefined();
  withTrace(traceOf('nonsense'), () => {
    expect(logContext()).toEqual({ request_id: expect.stringMatching(/^[\da-f-]{36}$/) as string });
    expect(currentTraceId()).toBeUndefined();
  });
  withTrace(traceOf(GIVEN), () => {
    expect(logContext()).toEqual({ request_id: expect.stringMatching(/^[\da-f-]{36}$/) as string, trace_id: TRACE });
    expect(currentTraceId()).toBe(TRACE);
  });
});

test('a message in a request keeps its request id, and its own trace goes before the one around it', () => {
  const other = GIVEN.replace(TRACE, 'a'.repeat(32));
  withTrace(traceOf(GIVEN), () => {
    const around = logContext();
    expect(withTrace(traceOf(undefined), logContext)).toEqual(around);
    expect(withTrace(traceOf(other), logContext)).toEqual({ request_id: around.request_id, trace_id: 'a'.repeat(32) });
  });
});

test('requests under way at the same time do not see each other', async () => {
  const seen = await Promise.all(
    Array.from({ length: 50 }, (_, index) => {
      const trace = String(index + 1).padStart(32, '0');
      return withTrace(traceOf(`00-${trace}-${SPAN}-01`), async () => {
        const before = logContext();
        await sleep(index % 7);
        expect(logContext()).toEqual(before);
        expect(outgoingHeaders()['traceparent']).toContain(trace);
        return before.request_id;
      });
    }),
  );
  expect(new Set(seen).size).toBe(50);
});
