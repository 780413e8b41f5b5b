/**
 * A server with the tools, resources and prompts that the official conformance suite's scenarios call by name, on this program's own HTTP
 * code. A process of its own: prints its address as its only line, ends on SIGTERM.
 */
import { McpServer } from '@modelcontextprotocol/server';
import { registerPrompts, registerResources } from './fixture-rest.ts';
import { registerRounds, verifyState } from './fixture-rounds.ts';
import { registerTools } from './fixture-tools.ts';
import { mount } from './mount.ts';

// As this program's own server has it: nothing that is listed changes while it runs.
const capabilities = {
  tools: { listChanged: false },
  resources: { listChanged: false, subscribe: true },
  prompts: { listChanged: false },
  logging: {},
  completions: {},
};
const HINT = { ttlMs: 60_000, cacheScope: 'private' } as const;
const cacheHints = {
  'tools/list': HINT,
  'prompts/list': HINT,
  'resources/list': HINT,
  'resources/templates/list': HINT,
  'resources/read': HINT,
};

await mount(() => {
  const server = new McpServer(
    { name: 'conformance-fixture', version: '1.0.0' },
    { capabilities, cacheHints, requestState: { verify: verifyState } },
  );
  registerTools(server);
  registerRounds(server);
  registerResources(server);
  registerPrompts(server);
  return server;
});
