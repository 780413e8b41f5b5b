/** What a user installs: packed, installed into an empty folder without any registry, and asked for its tools. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { operations } from '../../src/tools/index.ts';
import { stateDir } from '../support/state-dir.ts';
import { ROOT } from './program.ts';

const run = promisify(execFile);
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ory-identity-mcp-'));
  // Without scripts: `npm test` has built already, and other tests are using what was built.
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], { cwd: ROOT });
  const [packed] = JSON.parse(stdout) as { filename: string }[];
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', join(folder, packed?.filename ?? '')], { cwd: folder });
}, 60_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the installed program lists every tool, with nothing else installed', { timeout: 30_000 }, async () => {
  const { stdout } = await run('npm', ['ls', '--all', '--parseable'], { cwd: folder });
  expect(stdout.trim().split('\n')).toHaveLength(2); // the folder itself and this package
  const client = new Client({ name: 'pack', version: '1' });
  await client.connect(
    new StdioClientTransport({
      command: join(folder, 'node_modules/.bin/ory-identity-mcp'),
      args: ['--sandbox', '--log-level', 'error', '--state-dir', stateDir()],
    }),
  );
  expect((await client.listTools()).tools.map((it) => it.name)).toEqual(operations.map((it) => it.name));
  await client.close();
});

test('the package holds the program, its licences and its documents, and no sources of tests', async () => {
  const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--dry-run', '--json'], { cwd: ROOT });
  const [packed] = JSON.parse(stdout) as { files: { path: string }[] }[];
  const paths = packed?.files.map((it) => it.path) ?? [];
  expect(paths).toEqual(
    expect.arrayContaining(['dist/index.js', 'dist/demo.js', 'dist/THIRD_PARTY_LICENSES.txt', 'LICENSE', 'README.md', 'mcp.json']),
  );
  expect(paths.filter((it) => /^(src|test|demo|bench|scripts|build)\//.test(it))).toEqual([]);
});
