/**
 * The values that labels can have: closed sets of names of ours. What is in none of them is counted as `other`, so that no principal, id
 * or word of a user ever becomes a label, and the number of series has a bound.
 */
import type { CallOutcome } from '../audit/entry.ts';
import { endpoints } from '../client/endpoints.ts';
import { GATE_STEPS } from '../lib/meter.ts';

/** Of `entry.ts`; the type makes a missing one an error here. */
const OUTCOMES: Readonly<Record<CallOutcome, true>> = {
  read: true,
  asked: true,
  pending: true,
  replayed: true,
  unchanged: true,
  executed: true,
  failed: true,
  unknown: true,
  declined: true,
  expired: true,
  stale: true,
  denied: true,
  error: true,
};

/** Routes of this server's ports, as `Meter.http` names them. */
export const ROUTES = ['mcp', 'metadata', 'approvals', 'livez', 'readyz', 'metrics', 'none'] as const;

/** Why a request was refused at the door (server/http), … */
const AT_THE_DOOR =
  'target host origin route method repeated-header accept content-type content-encoding body-size json json-depth batch repeated-id session sessions sessions-of-principal under-way pipelined failures closing protocol scope';
/** … and why its token was (auth/). */
const OF_TOKENS =
  'header size kind form alg crit own_key nested typ id_token iss aud exp nbf iat sub client_id scope bound kid keys signature active static unavailable';

/** As `Meter.refused` names them. */
export const CHECKS: readonly string[] = [...AT_THE_DOOR.split(' '), ...OF_TOKENS.split(' ')];

export type Label = (value: string) => string;

const among = (names: readonly string[]): Label => {
  const known = new Set(names);
  return (value) => (known.has(value) ? value : 'other');
};

export interface Labels {
  readonly tool: Label;
  readonly outcome: Label;
  readonly endpoint: Label;
  readonly step: Label;
  readonly route: Label;
  readonly check: Label;
}

export const labelsFor = (tools: readonly string[]): Labels => ({
  tool: among(tools),
  outcome: among(Object.keys(OUTCOMES)),
  endpoint: among(Object.keys(endpoints)),
  step: among(GATE_STEPS),
  route: among(ROUTES),
  check: among(CHECKS),
});

/** `2xx`, or `error` where no answer came. */
export function statusClass(result: number | 'error'): string {
  return result === 'error' ? result : result >= 100 && result <= 599 ? `${Math.floor(result / 100)}xx` : 'other';
}

/** An HTTP status, one by one. */
export const exactStatus = (status: number): string =>
  Number.isInteger(status) && status >= 100 && status <= 599 ? String(status) : 'other';
