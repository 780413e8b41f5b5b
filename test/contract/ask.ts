// One request as it goes over the wire.
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE' | 'OPTIONS';

export interface Question {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, for bodies that are no JSON, or whose digits count. */
  readonly raw?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** The body as what the case says it is. */
  as<Body>(): Body;
}

// The files of this suite run at the same time, and a Kratos on SQLite answers so (400, 500), even to a GET, when requests overlap.
// It has done nothing then.
const collision = /^\{"error":.*(Unable to serialize access due to a concurrent update|database (table )?is locked)/;

export async function ask(url: string, method: Method, question: Question): Promise<Answer> {
  const body = question.raw ?? (question.body === undefined ? null : JSON.stringify(question.body));
  const headers = { ...(body === null ? {} : { 'content-type': 'application/json' }), ...question.headers };
  for (let attempt = 1; ; attempt += 1) {
    const reply = await request(url, { method, headers, body });
    const text = await reply.body.text();
    if (collision.test(text) && attempt < 20) {
      await sleep(20 * attempt);
      continue;
    }
    const flat = Object.fromEntries(Object.entries(reply.headers).map(([name, value]) => [name, String(value)]));
    // What Kratos says is asserted by the case, member by member.
    return { status: reply.statusCode, headers: flat, text, as: <Body>() => JSON.parse(text) as Body };
  }
}

/** A configured address, so that a path can follow it. */
export const base = (url: string): string => url.replace(/\/+$/, '');
