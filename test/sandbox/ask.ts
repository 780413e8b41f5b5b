// How the tests of the sandbox ask it, without a socket.
import { expect } from 'vitest';
import type { WireReply } from '../../src/client/types.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';

export type Ask = (line: string, body?: unknown) => Promise<WireReply>;

/** Takes `GET /admin/…`; paths without `/admin` go to the public port. A text is sent as it is, all else as JSON. */
export function asker(sandbox: Sandbox = createSandbox()): Ask {
  return (line, body) => {
    const [method = '', path = ''] = line.split(' ');
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    // The sandbox routes by the path; the name of the endpoint is for the caller's own use.
    const endpoint = 'listIdentities';
    const port = path.startsWith('/admin') ? 'admin' : 'public';
    return sandbox.send({ endpoint, port, method, path, ...(text === undefined ? {} : { body: text }) });
  };
}

/** The body of an answer with the expected status. What it holds is asserted by the test. */
export function body<T>(reply: WireReply, status = 200): T {
  expect(reply.status, reply.text).toBe(status);
  return JSON.parse(reply.text) as T;
}
