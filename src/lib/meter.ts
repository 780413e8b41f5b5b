/** What is counted for the operator. Labels are names of ours: never a principal, an id or what a user wrote. */

/** How far a question or the plan behind it has come. The last five are how a plan ended that was claimed. */
export const GATE_STEPS = [
  'asked',
  'approved',
  'declined',
  'expired',
  'void',
  'claimed',
  'executed',
  'failed',
  'unknown',
  'stale',
  'unchanged',
] as const;
export type GateStep = (typeof GATE_STEPS)[number];

/** What has a value now, set anew when it changes. */
export const GAUGES = [
  /** Sessions of 2025-era clients that are open. */
  'sessions',
  /** Questions that wait for a person, over all replicas that share the store. */
  'plans_waiting',
  /** 1 while all changes are frozen. */
  'frozen',
] as const;
export type Gauge = (typeof GAUGES)[number];

export interface Meter {
  /** A tool call has ended, or stands, so. */
  call(tool: string, outcome: string, ms: number): void;
  /** A request to Kratos: its status, or `error` where there was no answer. */
  kratos(endpoint: string, result: number | 'error', ms: number): void;
  /** A command to the store that replicas share. */
  store(result: 'ok' | 'error', ms: number): void;
  /** A request to this server's own HTTP port, by its route (a name of ours) and status. */
  http(route: string, status: number, ms: number): void;
  /** A token or session that was refused, by the check that failed. */
  refused(check: string): void;
  gate(step: GateStep): void;
  set(gauge: Gauge, value: number): void;
}

export const noMeter: Meter = { call() {}, kratos() {}, store() {}, http() {}, refused() {}, gate() {}, set() {} };
