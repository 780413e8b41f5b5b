import { describe, expect, test } from 'vitest';
import type { Called } from '../../src/client/explain.ts';
import { answered } from '../../src/client/failure.ts';
import type { WireReply } from '../../src/client/types.ts';

const NOW = Date.parse('2026-11-25T10:00:00Z');
interface Given {
  readonly error?: Readonly<Record<string, unknown>>;
  readonly text?: string;
  readonly headers?: WireReply['headers'];
  readonly called?: Partial<Called>;
}
function failure(status: number, { error, text = error ? JSON.stringify({ error }) : '', headers = {}, called }: Given = {}) {
  const about: Called = { endpoint: 'getIdentity', write: false, network: false, publicConfigured: true, ...called };
  return answered({ status, headers, text }, about, NOW);
}
const written = { endpoint: 'patchIdentity', write: true } as const;

describe("Kratos' own words", () => {
  test('are kept apart from ours, both halves of them', () => {
    const error = failure(400, { error: { code: 400, message: 'The request was malformed', reason: 'strconv.Atoi: parsing "abc"' } });
    expect(error.said).toEqual({ message: 'The request was malformed', reason: 'strconv.Atoi: parsing "abc"' });
    expect(error.message).toBe('Kratos did not accept the call.');
  });

  test('count less than the status that came with them', () => {
    const error = failure(400, { error: { code: 500, message: 'json: unknown field "x"' }, called: written });
    expect(error).toMatchObject({ status: 400, effect: 'rejected' });
  });

  test.each(['404 page not found\n', '<html>', '', 'null', '[]', '{"error":"text"}', '{"message":"top"}', '{"error":{"message":7}}'])(
    'may be missing: %j',
    (text) => {
      expect(failure(502, { text }).said?.message).toBeUndefined();
    },
  );

  test('are not carried around without end', () => {
    expect(failure(400, { error: { message: 'x'.repeat(1e6) } }).said?.message).toHaveLength(4000);
  });
});

describe('the effect on what is there', () => {
  test.each([400, 401, 403, 404, 405, 409, 413, 422, 429, 431, 499])('of a write that was answered %i: none', (status) => {
    expect(failure(status, { called: written }).effect).toBe('rejected');
  });
  test.each([200, 202, 301, 307, 308, 500, 501, 502, 503, 504, 599])(
    'of a write that was answered %i: unknown, and no reason to try again',
    (status) => {
      expect(failure(status, { called: written })).toMatchObject({ effect: 'ambiguous', retryable: false });
    },
  );
  test.each([200, 307, 404, 429, 500, 504])('of a read that was answered %i: none', (status) => {
    expect(failure(status).effect).toBe('rejected');
  });
});

describe('the time to wait', () => {
  test.each([
    [429, { 'retry-after': '12' }, 12],
    [503, { 'retry-after': ' 12 ' }, 12],
    [503, { 'retry-after': 'Wed, 25 Nov 2026 10:01:00 GMT' }, 60],
    [503, { 'retry-after': 'Wed, 25 Nov 2026 09:00:00 GMT' }, 0],
    [429, { 'x-ratelimit-reset': '7' }, 7],
    [429, { 'retry-after': '3', 'x-ratelimit-reset': '7' }, 3],
    [503, { 'x-ratelimit-reset': '7' }, undefined],
    [429, { 'x-ratelimit-reset': '1795600000' }, undefined],
    [429, { 'retry-after': 'soon' }, undefined],
    [429, { 'retry-after': '-1' }, undefined],
    [429, {}, undefined],
  ])('of a %i with %j is %s', (status, headers, seconds) => {
    const error = failure(status, { headers });
    expect(error.retryAfter).toBe(seconds);
    if (seconds !== undefined) expect(error.hint).toContain(`Wait ${seconds} s first.`);
  });
});

describe('what to do', () => {
  test.each([401, 403])('after a %i names the setting that holds the credential', (status) => {
    expect(failure(status).hint).toContain('KRATOS_ADMIN_TOKEN_FILE');
    expect(failure(status, { called: { network: true } }).hint).toContain('ORY_PROJECT_API_KEY');
  });

  test("after the public port's refusals is to set the admin address", () => {
    const csrf = failure(403, { error: { id: 'security_csrf_violation', message: 'x' }, called: written });
    expect(csrf.message).toBe('The public port of Kratos answered.');
    expect(csrf.hint).toContain('KRATOS_ADMIN_URL');
    expect(failure(307, { headers: { location: 'http://admin:4434/admin/identities' } }).hint).toMatch(/KRATOS_ADMIN_URL.*public port/);
    expect(failure(405, { text: 'Method Not Allowed\n' }).hint).toContain('KRATOS_ADMIN_URL');
  });

  test.each([
    ['http://127.0.0.1:4433/schemas/default', 'points at http://127.0.0.1:4433.'],
    ['https://id.example.org/kratos/schemas?page_size=1', 'points at https://id.example.org/kratos.'],
    ['https://user:pass@id.example.org/schemas', 'points at https://id.example.org.'],
    ['https://id.example.org/<b>ignore/schemas/x', 'points at https://id.example.org/%3Cb%3Eignore.'],
  ])('without a public address is to set one: %s', (location, where) => {
    const error = failure(307, { headers: { location }, called: { endpoint: 'getIdentitySchema', publicConfigured: false } });
    expect(error.message).toMatch(/public port of Kratos, and its address is not configured/);
    expect(error.hint).toBe(`The operator has to set KRATOS_PUBLIC_URL. The admin port ${where}`);
  });
  test.each(['', '/schemas', 'javascript:alert(1)', 'https://id.example.org/login', `https://${'x'.repeat(300)}.org/schemas`])(
    'never repeats an address that is none: %j',
    (location) => {
      const error = failure(307, { headers: { location }, called: { endpoint: 'listIdentitySchemas', publicConfigured: false } });
      expect(error.hint).toBe('The operator has to set KRATOS_PUBLIC_URL.');
    },
  );
  test('with a public address that redirects is to correct it', () => {
    expect(failure(301, { called: { endpoint: 'getIdentitySchema' } }).hint).toContain('KRATOS_PUBLIC_URL');
  });

  test('tells a missing record from a missing route', () => {
    const error = { code: 404, message: 'Unable to locate the resource' };
    expect(failure(404, { error }).message).toBe('Kratos has no such identity.');
    expect(failure(404, { error, called: { endpoint: 'getSession' } }).message).toBe('Kratos has no such session.');
    expect(failure(404, { error, called: { endpoint: 'createRecoveryCode', write: true } }).hint).toContain('switched this method off');
    expect(failure(404, { text: '404 page not found\n' }).message).toMatch(/does not know this route/);
    const byExternalId = { endpoint: 'getIdentityByExternalId' } as const;
    expect(failure(404, { text: '404 page not found\n', called: byExternalId }).hint).toContain('25.4');
  });

  test('after a collision in the database is to try again', () => {
    const error = { message: 'Unable to serialize access due to a concurrent update in another session' };
    expect(failure(400, { error, called: written })).toMatchObject({ retryable: true, effect: 'rejected' });
  });

  test('after too large a body is to split it, whatever the status', () => {
    const said = 'Unable to read HTTP POST body: http: request body too large';
    for (const it of [failure(413), failure(400, { error: { message: 'm', reason: said } }), failure(500, { error: { message: said } })]) {
      expect(it.message).toMatch(/5 MiB/);
    }
  });

  test.each([
    [409, false, /in use by another identity/],
    [414, false, /longer than/],
    [431, false, /longer than/],
    [499, true, /whole request in time/],
    [429, true, /rate limit/],
    [500, true, /failed/],
    [502, true, /not available/],
    [503, true, /not available/],
    [504, true, /not available/],
    [407, false, /proxy/],
    [418, false, /did not accept/],
    [599, true, /failed/],
    [200, false, /could not be read/],
  ])('is said for %i', (status, retryable, message) => {
    const error = failure(status);
    expect(error.retryable).toBe(retryable);
    expect(error.message).toMatch(message);
    expect(error.hint).not.toBe('');
  });

  test('is nothing for the agent where Kratos is misconfigured', () => {
    expect(failure(500, { error: { id: 'invalid_configuration', message: 'x' } })).toMatchObject({ retryable: false });
  });
});
