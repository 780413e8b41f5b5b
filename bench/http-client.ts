/** Raw requests of the 2026-07-28 era to a server over HTTP, so that no client library is measured along. */
import { Agent } from 'undici';
import type { ToolAnswer } from './server.ts';

export interface HttpClient {
  call(name: string, args: Readonly<Record<string, unknown>>): Promise<ToolAnswer>;
  close(): Promise<void>;
}

const VERSION = '2026-07-28';
const _meta = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

/** `token` is shown with each request. */
export function httpClient(
  url: string,
  { token, connections = 1 }: { readonly token?: string; readonly connections?: number } = {},
): HttpClient {
  const { origin, pathname } = new URL(url);
  const agent = new Agent({ connections });
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': VERSION,
    'mcp-method': 'tools/call',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };
  let id = 0;
  return {
    async call(name, args) {
      id += 1;
      const message = { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args, _meta } };
      const { body, statusCode } = await agent.request({
        origin,
        path: pathname,
        method: 'POST',
        headers: { ...headers, 'mcp-name': name },
        body: JSON.stringify(message),
      });
      const text = await body.text();
      const answer = (JSON.parse(text.startsWith('event:') ? text.slice(text.indexOf('data:') + 5) : text) as { result?: ToolAnswer })
        .result; // the protocol's own shape
      if (answer === undefined) throw new Error(`${statusCode} ${text}`);
      return answer;
    },
    close: () => agent.close(),
  };
}
