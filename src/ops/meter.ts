/** The meter that Prometheus reads. Its labels come out of closed sets (labels.ts); seconds, as Prometheus' naming asks for. */
import type * as prom from 'prom-client';
import type { Counter, Gauge as PromGauge, Histogram, Registry } from 'prom-client';
import { GATE_STEPS, GAUGES, type Gauge, type Meter } from '../lib/meter.ts';
import { exactStatus, labelsFor, statusClass } from './labels.ts';

export interface MeterOptions {
  readonly version: string;
  /** Names of all tools: what else is called counts as `other`. */
  readonly tools: readonly string[];
}

export interface Measured {
  readonly meter: Meter;
  /** In Prometheus' text format. */
  readonly metricsText: () => Promise<string>;
  readonly contentType: string;
}

const PREFIX = 'ory_identity_mcp_';
/** Up to the 45 seconds that a call waits for a person. */
const CALL_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Up to the deadline of a call of Kratos. */
const KRATOS_S = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const STORE_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

const GAUGE_HELP: Readonly<Record<Gauge, string>> = {
  sessions: 'Sessions of 2025-era clients that are open in this replica.',
  plans_waiting: 'Questions that wait for a person, over all replicas that share the store.',
  frozen: '1 while all changes are frozen.',
};

type Client = Pick<typeof prom, 'Counter' | 'Gauge' | 'Histogram'>;

/** The library is loaded here: who serves on stdio never pays for it. */
export async function createMeter({ version, tools }: MeterOptions): Promise<Measured> {
  const { default: client } = await import('prom-client');
  const registry = new client.Registry();
  client.collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 20 });
  const info = new client.Gauge({
    name: `${PREFIX}build_info`,
    help: 'Always 1; the labels say which build runs.',
    labelNames: ['version', 'node'],
    registers: [registry],
  });
  info.set({ version, node: process.versions.node }, 1);
  return {
    meter: meterOf(seriesIn(registry, client), tools),
    metricsText: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

interface Series {
  readonly calls: Counter;
  readonly call: Histogram;
  readonly kratos: Histogram;
  readonly store: Histogram;
  readonly http: Histogram;
  readonly refused: Counter;
  readonly gate: Counter;
  readonly gauges: Readonly<Record<Gauge, PromGauge>>;
}

function seriesIn(registry: Registry, client: Client): Series {
  const counter = (name: string, help: string, labelNames: string[]) =>
    new client.Counter({ name: PREFIX + name, help, labelNames, registers: [registry] });
  const histogram = (name: string, help: string, { labelNames, buckets }: { labelNames: string[]; buckets: number[] }) =>
    new client.Histogram({ name: PREFIX + name, help, labelNames, buckets, registers: [registry] });
  const gauge = (name: Gauge) => new client.Gauge({ name: PREFIX + name, help: GAUGE_HELP[name], registers: [registry] });
  const gate = counter('gate_total', 'Questions and plans, by how far they came.', ['step']);
  for (const step of GATE_STEPS) gate.inc({ step }, 0); // an alert on a rate needs the zero before the first one
  return {
    calls: counter('calls_total', 'Tool calls, by how they ended or stand.', ['tool', 'outcome']),
    call: histogram('call_duration_seconds', 'Tool calls, the wait for a person included.', { labelNames: ['tool'], buckets: CALL_S }),
    kratos: histogram('kratos_request_duration_seconds', 'Requests to Kratos, each try by itself; status error: no answer.', {
      labelNames: ['endpoint', 'status'],
      buckets: KRATOS_S,
    }),
    store: histogram('store_command_duration_seconds', 'Commands to the store that replicas share.', {
      labelNames: ['result'],
      buckets: STORE_S,
    }),
    http: histogram('http_request_duration_seconds', 'Requests to the main port; streams until their end.', {
      labelNames: ['route', 'status'],
      buckets: CALL_S,
    }),
    refused: counter('refused_total', 'Requests and tokens that were refused, by the check that failed.', ['check']),
    gate,
    gauges: { sessions: gauge('sessions'), plans_waiting: gauge('plans_waiting'), frozen: gauge('frozen') },
  };
}

const secondsOf = (ms: number): number => Math.max(0, ms) / 1000;

function meterOf(series: Series, tools: readonly string[]): Meter {
  const label = labelsFor(tools);
  return {
    call(tool, outcome, ms) {
      const its = label.tool(tool);
      series.calls.inc({ tool: its, outcome: label.outcome(outcome) });
      series.call.observe({ tool: its }, secondsOf(ms));
    },
    kratos(endpoint, result, ms) {
      series.kratos.observe({ endpoint: label.endpoint(endpoint), status: statusClass(result) }, secondsOf(ms));
    },
    store(result, ms) {
      series.store.observe({ result: result === 'ok' ? 'ok' : 'error' }, secondsOf(ms));
    },
    http(route, status, ms) {
      series.http.observe({ route: label.route(route), status: exactStatus(status) }, secondsOf(ms));
    },
    refused(check) {
      series.refused.inc({ check: label.check(check) });
    },
    gate(step) {
      series.gate.inc({ step: label.step(step) });
    },
    set(gauge, value) {
      if (GAUGES.includes(gauge)) series.gauges[gauge].set(value);
    },
  };
}
