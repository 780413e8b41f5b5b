/** What stands in an answer that is not the one hoped for. Data of others, to be shown fenced. Pure. */
import { parseJson } from '../lib/json.ts';
import type { WireReply } from './types.ts';

export interface Envelope {
  /** A word for programs, like `security_csrf_violation`. */
  readonly id: string | undefined;
  readonly message: string | undefined;
  readonly reason: string | undefined;
}

/**
 * Kratos' `{"error":{…}}`; undefined where the body is something else (plain 404 and 405, a gateway's HTML). Its `code` is not read: on
 * some routes it differs from the status (Kratos v26.2.0, identity/handler.go:791, courier/handler.go:120).
 */
export function readEnvelope(text: string): Envelope | undefined {
  let body: unknown;
  try {
    body = parseJson(text);
  } catch {
    return undefined;
  }
  const error = member(body, 'error');
  if (typeof error !== 'object' || error === null) return undefined;
  return { id: word(error, 'id'), message: word(error, 'message'), reason: word(error, 'reason') };
}

const member = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined; // own member of an object

/** No sentence of Kratos is near as long; what a hostile one sends is not carried around. */
const LONGEST = 4_000;
function word(error: object, name: string): string | undefined {
  const value = member(error, name);
  return typeof value === 'string' && value !== '' ? value.slice(0, LONGEST) : undefined;
}

const DAY = 86_400;

/**
 * Seconds to wait that the answer names: `retry-after` (seconds or a date), else `x-ratelimit-reset`, which on Ory Network counts seconds
 * too, stands in every answer, and means a wait only in a 429.
 */
export function waitNamed({ status, headers }: WireReply, now: number): number | undefined {
  return after(headers['retry-after'], now) ?? (status === 429 ? seconds(headers['x-ratelimit-reset']) : undefined);
}

function after(header: string | undefined, now: number): number | undefined {
  if (header === undefined || !header.includes('GMT')) return seconds(header);
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : seconds(String(Math.max(0, Math.ceil((at - now) / 1000))));
}

/** Beyond a day it is no wait but a mistake: a time since 1970, say. */
function seconds(header: string | undefined): number | undefined {
  if (header === undefined || !/^\s*\d{1,9}\s*$/.test(header)) return undefined;
  const value = Number(header);
  return value <= DAY ? value : undefined;
}
