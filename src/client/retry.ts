/** Which failures are tried again, and after how long. Pure. */
import { Ambiguous, type KratosError, Unsent } from '../errors.ts';

export interface RetryPolicy {
  /** How often a GET is sent at most, the first time included. */
  readonly reads: number;
  /** How often a write is tried at most while no byte of it got out. */
  readonly unsentWrites: number;
  /** The first wait in milliseconds; it doubles each time. */
  readonly baseMs: number;
  /** 0 ≤ n < 1, for jitter. */
  readonly random: () => number;
}
export const defaultPolicy: RetryPolicy = { reads: 4, unsentWrites: 3, baseMs: 250, random: Math.random };

/** Error codes of Node and undici behind which the same request may succeed a moment later. A wrong name or certificate stays wrong. */
const PASSING = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ERR_PROXY_HUNG_UP',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_SOCKET',
]);

/** The `code` of what an error was caused by, as text; empty where there is none. */
export function codeOf(error: unknown): string {
  for (let it: unknown = error, depth = 0; it instanceof Error && depth < 5; it = it.cause, depth += 1) {
    if ('code' in it && typeof it.code === 'string') return it.code;
    // Two addresses of one name, both tried: Node throws one error that holds both.
    if (it instanceof AggregateError) return codeOf(it.errors[0]);
  }
  return '';
}

export const isPassing = (error: unknown): boolean => PASSING.has(codeOf(error));

/** Kratos' word for two transactions that met (oryx/sqlcon/error.go:22-48); SQLite answers it even to GETs that overlap. */
export const isCollision = (status: number | undefined, said: KratosError['said']): boolean =>
  status === 400 && `${said?.message} ${said?.reason}`.includes('Unable to serialize access');

export interface Tried {
  readonly error: KratosError;
  readonly write: boolean;
  /** How often it was sent so far. */
  readonly times: number;
  /** Milliseconds until the call's deadline. */
  readonly leftMs: number;
}

/** Milliseconds to wait before the next try; undefined: give up, also where the wait would not fit. */
export function nextWait({ error, write, times, leftMs }: Tried, policy: RetryPolicy): number | undefined {
  if (times >= (write ? policy.unsentWrites : policy.reads)) return undefined;
  if (write ? !neverGotOut(error) : !isTransient(error)) return undefined;
  const backoff = policy.baseMs * 2 ** (times - 1) * (0.5 + policy.random());
  const wait = Math.max(backoff, (error.retryAfter ?? 0) * 1000);
  return wait < leftMs ? wait : undefined;
}

const neverGotOut = ({ cause }: KratosError): boolean => cause instanceof Unsent && isPassing(cause);

function isTransient({ status, said, cause }: KratosError): boolean {
  if (status === undefined) return (cause instanceof Unsent || cause instanceof Ambiguous) && isPassing(cause);
  return [429, 502, 503, 504].includes(status) || isCollision(status, said);
}
