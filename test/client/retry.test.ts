import { describe, expect, test } from 'vitest';
import { nextWait, type RetryPolicy } from '../../src/client/retry.ts';
import { Ambiguous, KratosError, type KratosErrorInit, Unsent } from '../../src/errors.ts';

const policy: RetryPolicy = { reads: 4, unsentWrites: 3, baseMs: 250, random: () => 0.5 };
const failure = (init: Partial<KratosErrorInit>) => new KratosError('no', { hint: '', retryable: true, effect: 'rejected', ...init });
const withCode = (code: string) => Object.assign(new Error(code), { code });
const refused = failure({ cause: new Unsent('x', { cause: withCode('ECONNREFUSED') }) });
const wait = (error: KratosError, more: { write?: boolean; times?: number; leftMs?: number } = {}) =>
  nextWait({ error, write: false, times: 1, leftMs: 30_000, ...more }, policy);

describe('the wait before the next try', () => {
  test('doubles, and ends after the last try', () => {
    const error = failure({ status: 503 });
    expect([1, 2, 3, 4].map((times) => wait(error, { times }))).toEqual([250, 500, 1000, undefined]);
  });

  test('varies by half', () => {
    const error = failure({ status: 503 });
    const at = (random: number) => nextWait({ error, write: false, times: 1, leftMs: 30_000 }, { ...policy, random: () => random });
    expect([at(0), at(0.999)].map((it) => Math.round(it ?? 0))).toEqual([125, 375]);
  });

  test('is what the answer names, if that is longer', () => {
    expect(wait(failure({ status: 429, retryAfter: 7 }))).toBe(7000);
    expect(wait(failure({ status: 429, retryAfter: 0 }))).toBe(250);
  });

  test('is none where it would not fit into the deadline', () => {
    expect(wait(failure({ status: 429, retryAfter: 7 }), { leftMs: 6999 })).toBeUndefined();
    expect(wait(failure({ status: 503 }), { leftMs: 0 })).toBeUndefined();
  });

  test.each([429, 502, 503, 504])('is there for a GET that was answered %i', (status) => {
    expect(wait(failure({ status }))).toBe(250);
  });
  test.each([301, 400, 401, 403, 404, 405, 409, 413, 431, 499, 500, 501])('is none for a GET that was answered %i', (status) => {
    expect(wait(failure({ status }))).toBeUndefined();
  });
  test('is there for a GET that lost against another transaction', () => {
    const message = 'Unable to serialize access due to a concurrent update in another session';
    expect(wait(failure({ status: 400, said: { message } }))).toBe(250);
  });

  test.each(['ECONNREFUSED', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT'])('is there for a GET that could not connect: %s', (code) => {
    expect(wait(failure({ cause: new Unsent('x', { cause: withCode(code) }) }))).toBe(250);
  });
  test.each(['ENOTFOUND', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT'])('is none where it would be the same again: %s', (code) => {
    expect(wait(failure({ cause: new Unsent('x', { cause: withCode(code) }) }))).toBeUndefined();
  });
  test('is there for a GET whose connection was reset, and none where time ran out', () => {
    expect(wait(failure({ cause: new Ambiguous('x', { cause: withCode('ECONNRESET') }) }))).toBe(250);
    expect(wait(failure({ cause: new Ambiguous('x', { cause: withCode('UND_ERR_HEADERS_TIMEOUT') }) }))).toBeUndefined();
  });

  test('is there for a write only while no byte of it got out', () => {
    expect([1, 2, 3].map((times) => wait(refused, { write: true, times }))).toEqual([250, 500, undefined]);
    for (const status of [429, 502, 503, 504, 400]) expect(wait(failure({ status, retryAfter: 1 }), { write: true })).toBeUndefined();
    const reset = failure({ cause: new Ambiguous('x', { cause: withCode('ECONNRESET') }) });
    expect(wait(reset, { write: true })).toBeUndefined();
  });
});
