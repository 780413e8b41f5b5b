/** The README's configurations, as they would be copied: only the path is filled in. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { rows } from '../../src/config/settings.ts';
import { operations } from '../../src/tools/index.ts';
import { stateDir } from '../support/state-dir.ts';
import { ROOT } from './program.ts';

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8').replaceAll('/absolute/path/to/ory-identity-mcp/', ROOT);
const blocks = [...readme.matchAll(/```json\n([^`]+)```/g)].map(([, text = '']) => text);
const Server = z.object({ command: z.string(), args: z.array(z.string()) });
const configured = blocks
  .filter((it) => it.startsWith('{'))
  .flatMap((it) => Object.values(z.record(z.string(), z.record(z.string(), Server)).parse(JSON.parse(it))))
  .flatMap((it) => Object.values(it));
const [, line = ''] = /claude mcp add ory-identity -- (.+)/.exec(readme) ?? [];
const [command = '', ...args] = line.split(' ');

test.each([...configured, { command, args }])('$command $args lists the tools', async (server) => {
  const client = new Client({ name: 'reader', version: '1' });
  await client.connect(new StdioClientTransport({ ...server, env: { KRATOS_MCP_STATE_DIR: stateDir() }, stderr: 'ignore' }));
  expect((await client.listTools()).tools).toHaveLength(operations.length);
  await client.close();
});

test('there are three, and every variable that the README sets is a setting', () => {
  expect([configured.length, line]).toEqual([2, expect.stringMatching(/^node .*dist\/index\.js --sandbox$/)]);
  const known = rows.map(([, row]) => row.env);
  const set = blocks
    .filter((it) => it.startsWith('"env"'))
    .flatMap((it) => Object.keys(z.object({ env: z.record(z.string(), z.string()) }).parse(JSON.parse(`{${it}}`)).env));
  expect(set.length).toBeGreaterThan(3);
  expect(set.filter((it) => !known.includes(it))).toEqual([]);
});
