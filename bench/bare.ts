/** The least that serves the same call: the SDK's own handler for Node and one tool, which makes the same request to Kratos. A process of its own; prints its address. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { toNodeHandler } from '@modelcontextprotocol/node';
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { Agent, request } from 'undici';
import { z } from 'zod';

const [, , kratos = ''] = process.argv;
const dispatcher = new Agent({ connections: 64 });
const inputSchema = z.object({ id: z.string() });
const outputSchema = z.looseObject({ identity: z.looseObject({ id: z.string() }) });

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'bare', version: '1.0.0' });
  server.registerTool('get_identity', { description: 'Reads an identity', inputSchema, outputSchema }, async ({ id }) => {
    const { body } = await request(`${kratos}/admin/identities/${id}`, { dispatcher });
    const identity = (await body.json()) as { id: string }; // the stub's own
    return { content: [{ type: 'text', text: JSON.stringify(identity) }], structuredContent: { identity } };
  });
  return server;
});
const server = createServer(toNodeHandler(handler) as RequestListener); // cast: exactOptionalPropertyTypes
server.listen(0, '127.0.0.1');
await once(server, 'listening');
process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp\n`); // listening on TCP
await once(process, 'SIGTERM');
server.close();
server.closeAllConnections();
await handler.close();
await dispatcher.close();
