/** Tells another system that a question waits on the page: its id and address, signed, and nothing personal. Never holds a call up. */
import { createHmac } from 'node:crypto';
import { within } from '../client/deadline.ts';
import type { Log } from '../lib/log.ts';
import type { Secret } from '../lib/secret.ts';
import type { PlanRecord } from '../store/types.ts';

export interface NotifyOptions {
  readonly url: string;
  /** 32 characters or more. */
  readonly secret: Secret;
}

export interface NotifyPorts {
  readonly log: Log;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Before the second and the third try. Left out: half a second, two seconds. */
  readonly pausesMs?: readonly number[];
  /** Of one try, in milliseconds. Left out: three seconds. */
  readonly deadlineMs?: number;
  /** In place of the runtime's, for a proxy or authorities of one's own. */
  readonly fetch?: typeof fetch;
}

export interface Notify {
  /** Returns at once. `link`: the address of the plan. */
  asked(plan: Asked, link: string): void;
  /** Waits for those that are under way, `graceMs` at most. */
  close(graceMs: number): Promise<void>;
}
type Asked = Pick<PlanRecord, 'id' | 'created' | 'expires' | 'kind' | 'approvals'>;

export const SIGNATURE_HEADER = 'Ory-Identity-MCP-Signature';
const DEADLINE_MS = 3_000;
const PAUSES_MS = [500, 2_000];
/** More under way at once means that nobody takes them. */
const MAX_UNDER_WAY = 100;

/** `t=<seconds since 1970>,v1=<HMAC-SHA-256 over "<t>.<body>", hexadecimal>`: the time is signed, so that an old one can be told. */
export function signatureOf(body: string, { secret, at }: { readonly secret: Secret; readonly at: number }): string {
  const t = Math.floor(at / 1000);
  return `t=${t},v1=${createHmac('sha256', secret.reveal()).update(`${t}.${body}`).digest('hex')}`;
}

export function createNotify(
  { url, secret }: NotifyOptions,
  { log, now, pausesMs = PAUSES_MS, deadlineMs = DEADLINE_MS, fetch: fetchBy = fetch }: NotifyPorts,
): Notify {
  const underWay = new Set<Promise<void>>();
  const ended = new AbortController();

  async function sent(body: string): Promise<'taken' | 'refused' | 'again'> {
    const headers = { 'Content-Type': 'application/json', [SIGNATURE_HEADER]: signatureOf(body, { secret, at: now() }) };
    try {
      const status = await within(deadlineMs, ended.signal, async (signal) => {
        const { status: code, body: answer } = await fetchBy(url, { method: 'POST', body, headers, redirect: 'manual', signal });
        await answer?.cancel();
        return code;
      });
      if (status >= 200 && status < 300) return 'taken';
      return status >= 500 || status === 429 || status === 408 ? 'again' : 'refused';
    } catch {
      return 'again';
    }
  }

  async function told(id: string, body: string): Promise<void> {
    for (const pauseMs of [0, ...pausesMs]) {
      if (pauseMs > 0) await pause(pauseMs, ended.signal);
      const how = await sent(body);
      if (how === 'taken') return;
      if (how === 'refused' || ended.signal.aborted) break;
    }
    log.warn('nobody could be told of a question that waits on the approvals page', { plan_id: id });
  }

  return {
    asked({ id, created, expires, kind, approvals }, link) {
      if (underWay.size >= MAX_UNDER_WAY) return log.warn('too many notifications are under way; one was left out', { plan_id: id });
      const times = { created: new Date(created).toISOString(), expires: new Date(expires).toISOString() };
      const telling = told(id, JSON.stringify({ id, link, ...times, kind, approvals })).finally(() => underWay.delete(telling));
      underWay.add(telling);
    },
    async close(graceMs) {
      const cut = setTimeout(() => ended.abort(), graceMs);
      await Promise.all(underWay);
      clearTimeout(cut);
      ended.abort();
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => (clearTimeout(timer), resolve()), { once: true });
  });
}
