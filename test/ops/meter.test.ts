import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { endpoints } from '../../src/client/endpoints.ts';
import { Ambiguous, InputError } from '../../src/errors.ts';
import { GATE_STEPS, GAUGES, noMeter } from '../../src/lib/meter.ts';
import { CHECKS, ROUTES } from '../../src/ops/labels.ts';
import { createMeter } from '../../src/ops/meter.ts';
import { meteredSend } from '../../src/ops/metered-send.ts';
import type { WireRequest } from '../../src/client/types.ts';
import { operations } from '../../src/tools/index.ts';

const tools = operations.map((it) => it.name);
const measured = () => createMeter({ version: '1.2.3', tools });

/** `name{a="b"} 1` → its parts; comments left out. */
function samples(text: string) {
  return text
    .split('\n')
    .filter((it) => it !== '' && !it.startsWith('#'))
    .map((it) => {
      const [, name = '', labels = '', value = ''] = /^([\w:]+)(?:\{(.*)\})? (\S+)$/.exec(it) ?? [];
      return { name, labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, its]) => [key, its])), value };
    });
}
const valueOf = (text: string, name: string, labels: Record<string, string>) =>
  samples(text).find((it) => it.name === name && Object.entries(labels).every(([key, its]) => it.labels[key] === its))?.value;

const PERSONAL = [
  'alice@example.com',
  'https://issuer.example|sub-1|client|jwt',
  '9f425a8d-7efc-4768-8f23-7647a74fdf13',
  'static|robot',
  'alice',
  '__proto__',
  '',
];

test('no principal, id or e-mail becomes a label, whatever the meter is told', async () => {
  const { meter, metricsText } = await measured();
  for (const it of PERSONAL) {
    meter.call(it, it, 1);
    meter.kratos(it, 200, 1);
    meter.store(it as 'ok', 1); // the types stand against it, and the meter must, too
    meter.http(it, 200, 1);
    meter.refused(it);
    meter.gate(it as 'asked');
    meter.set(it as 'frozen', 1);
  }
  const text = await metricsText();
  for (const it of PERSONAL) if (it !== '') expect(text).not.toContain(it);
  expect(valueOf(text, 'ory_identity_mcp_calls_total', { tool: 'other', outcome: 'other' })).toBe(String(PERSONAL.length));
});

test('every label of ours has a closed set of values', async () => {
  const { meter, metricsText } = await measured();
  for (const it of [...tools, ...PERSONAL]) meter.call(it, 'read', 1);
  for (const it of [...Object.keys(endpoints), ...PERSONAL])
    for (const status of [200, 404, 'error', 1e9] as const) meter.kratos(it, status, 1);
  for (const it of [...ROUTES, ...PERSONAL]) for (const status of [200, 503, -1, 2.5]) meter.http(it, status, 1);
  for (const it of GATE_STEPS) meter.gate(it);
  for (const it of GAUGES) meter.set(it, 3);
  const allowed: Readonly<Record<string, readonly string[]>> = {
    tool: [...tools, 'other'],
    outcome: ['read'],
    endpoint: [...Object.keys(endpoints), 'other'],
    route: [...ROUTES, 'other'],
    status: ['2xx', '4xx', 'error', 'other', '200', '503'],
    step: GATE_STEPS,
    version: ['1.2.3'],
    node: [process.versions.node],
  };
  const own = samples(await metricsText()).filter((it) => it.name.startsWith('ory_identity_mcp_'));
  expect(own.length).toBeGreaterThan(100);
  for (const { labels } of own) {
    for (const [key, its] of Object.entries(labels)) if (key !== 'le') expect(allowed[key]).toContain(its);
  }
});

test('calls, Kratos, store and HTTP are counted and timed in seconds', async () => {
  const { meter, metricsText, contentType } = await measured();
  meter.call('delete_identity', 'executed', 1500);
  meter.kratos('getIdentity', 200, 20);
  meter.kratos('getIdentity', 503, 20);
  meter.kratos('getIdentity', 'error', 2000);
  meter.store('error', 1000);
  meter.http('mcp', 401, 3);
  const text = await metricsText();
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(valueOf(text, 'ory_identity_mcp_calls_total', { tool: 'delete_identity', outcome: 'executed' })).toBe('1');
  expect(valueOf(text, 'ory_identity_mcp_call_duration_seconds_sum', { tool: 'delete_identity' })).toBe('1.5');
  for (const status of ['2xx', '5xx', 'error']) {
    expect(valueOf(text, 'ory_identity_mcp_kratos_request_duration_seconds_count', { endpoint: 'getIdentity', status })).toBe('1');
  }
  expect(valueOf(text, 'ory_identity_mcp_store_command_duration_seconds_sum', { result: 'error' })).toBe('1');
  expect(valueOf(text, 'ory_identity_mcp_http_request_duration_seconds_count', { route: 'mcp', status: '401' })).toBe('1');
});

test('the gate counts from zero, so that the first decline is seen as one', async () => {
  const { meter, metricsText } = await measured();
  for (const step of GATE_STEPS) expect(valueOf(await metricsText(), 'ory_identity_mcp_gate_total', { step })).toBe('0');
  meter.gate('declined');
  expect(valueOf(await metricsText(), 'ory_identity_mcp_gate_total', { step: 'declined' })).toBe('1');
});

test('memory, event loop and build are there', async () => {
  const text = await (await measured()).metricsText();
  expect(Number(valueOf(text, 'process_resident_memory_bytes', {}))).toBeGreaterThan(1e6);
  expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
  expect(valueOf(text, 'ory_identity_mcp_build_info', { version: '1.2.3' })).toBe('1');
});

test('two meters of one process are apart', async () => {
  const [one, two] = [await measured(), await measured()];
  one.meter.gate('asked');
  expect(valueOf(await two.metricsText(), 'ory_identity_mcp_gate_total', { step: 'asked' })).toBe('0');
});

test('a request to Kratos is counted by what came of it; one that was never sent is not', async () => {
  const { meter, metricsText } = await measured();
  const request: WireRequest = { endpoint: 'getIdentity', port: 'admin', method: 'GET', path: '/admin/identities/x' };
  const replies = [async () => ({ status: 404, headers: {}, text: '' })];
  const failing = [new Ambiguous('gone'), new InputError('not sent')];
  await meteredSend(replies[0] ?? (() => Promise.reject(new Error('none'))), meter)(request);
  for (const it of failing) await expect(meteredSend(() => Promise.reject(it), meter)(request)).rejects.toBe(it);
  const text = await metricsText();
  const counted = (status: string) =>
    valueOf(text, 'ory_identity_mcp_kratos_request_duration_seconds_count', { endpoint: 'getIdentity', status });
  expect([counted('4xx'), counted('error')]).toEqual(['1', '1']);
});

test('docs/deploy.md lists every metric of ours, and no other', async () => {
  const { meter, metricsText } = await measured();
  for (const it of GAUGES) meter.set(it, 0);
  const names = [...(await metricsText()).matchAll(/^# TYPE (ory_identity_mcp_\w+)/gm)].map(([, it]) => it);
  const documented = [
    ...readFileSync(join(import.meta.dirname, '../../docs/deploy.md'), 'utf8').matchAll(/^\| `(ory_identity_mcp_\w+)` \|/gm),
  ].map(([, it]) => it);
  expect(names.length).toBeGreaterThan(8);
  expect(new Set(documented)).toEqual(new Set(names));
  expect(documented).toHaveLength(names.length);
});

test('every check that can refuse has a name in the list of labels', () => {
  const src = join(import.meta.dirname, '../../src');
  const textsIn = (folder: string) =>
    readdirSync(join(src, folder))
      .map((it) => readFileSync(join(src, folder, it), 'utf8'))
      .join('\n');
  const [, union = ''] = /export type CheckName =([^;]+);/.exec(textsIn('auth')) ?? [];
  const ofTokens = [...union.matchAll(/'([^']+)'/g)].map(([, it = '']) => it);
  const atTheDoor = [...textsIn('server/http').matchAll(/\brefusal\(\d+, '([^']+)'/g)].map(([, it = '']) => it);
  const straight = [...textsIn('auth').matchAll(/meter\.refused\('([^']+)'/g)].map(([, it = '']) => it);
  expect(ofTokens.length).toBeGreaterThan(10);
  expect(atTheDoor.length).toBeGreaterThan(10);
  expect([...ofTokens, ...straight, ...atTheDoor].filter((it) => !CHECKS.includes(it))).toEqual([]);
});

test('without a meter nothing happens, and nothing is missing', () => {
  expect(Object.keys(noMeter).sort()).toEqual(['call', 'gate', 'http', 'kratos', 'refused', 'set', 'store']);
});
