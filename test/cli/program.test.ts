import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { rows } from '../../src/config/settings.ts';
import { annotations } from '../../src/server/annotations.ts';
import { operations } from '../../src/tools/index.ts';
import { run, start } from './program.ts';

const manifest = z.object({ version: z.string() }).parse(JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')));

test('--version says the version of the package and nothing else', async () => {
  expect(await run(['--version'])).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
});

test('--help names every setting by flag and variable, and every command', async () => {
  const { code, stdout, stderr } = await run(['--help']);
  expect([code, stderr]).toEqual([0, '']);
  for (const [, { flag, env }] of rows) expect(stdout).toContain(flag === undefined ? env : `--${flag}`);
  for (const [, { env }] of rows) expect(stdout).toContain(env);
  for (const command of ['doctor', 'tools', 'sandbox', 'demo']) expect(stdout).toMatch(new RegExp(`^  ${command}$`, 'm'));
});

test('COMMAND --help tells of that command alone, in lines that fit', async () => {
  const { code, stdout } = await run(['audit', '--help']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^Usage: ory-identity-mcp audit verify/);
  expect(stdout).toContain('--checkpoints <file>');
  expect(stdout).not.toContain('--admin-url');
  for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(100);
});

describe('a wrong argument or setting ends it before anything starts: one line on stderr, exit code 2', () => {
  test.each([
    [[], {}, 'No Kratos is configured: give --sandbox'],
    [['--nope'], {}, '--nope is no option'],
    [['--project-api-key', 'canary'], {}, 'Secrets are not accepted as arguments'],
    [['--sandbox', '--preset', 'lax'], {}, '--preset must be one of'],
    [['--sandbox'], { KRATOS_MCP_PRESETS: 'strict' }, 'KRATOS_MCP_PRESETS is no setting'],
    [[], { KRATOS_ADMIN_URL: '${KRATOS_ADMIN_URL}' }, 'No Kratos is configured'],
    [[], { KRATOS_ADMIN_URL: 'http://u:canary@127.0.0.1:4434' }, 'KRATOS_ADMIN_URL must not hold a user name or password'],
    [
      [],
      { KRATOS_ADMIN_URL: 'https://x.projects.oryapis.com', ORY_PROJECT_API_KEY: 'ory_wak_canary' },
      'ORY_PROJECT_API_KEY holds a workspace key',
    ],
    [['doctor'], {}, 'No Kratos is configured'],
    [['--sandbox', '--toolsets', 'nonsense'], {}, 'There is no toolset'],
    [['tools', '--tools', 'no_such_tool'], {}, 'No tool is named'],
    [['sandbox', '--port', '70000'], {}, '--port must be a port'],
    [['sandbox', '--public-port', 'x'], {}, '--public-port must be a port'],
  ])('%j %j', async (args, env, message) => {
    const { code, stdout, stderr } = await run(args, env);
    expect(stderr).toMatch(/^ory-identity-mcp: [^\n]+\n$/);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('canary');
    expect([code, stdout]).toEqual([2, '']);
  });
});

describe('served on stdio', () => {
  test('the end of input ends it; stdout holds nothing but the protocol, stderr nothing but JSON lines', async () => {
    const hello = {
      jsonrpc: '2.0',
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 't', version: '1' } },
    };
    const { code, stdout, stderr } = await run(['--sandbox'], {}, `${JSON.stringify(hello)}\n`);
    expect(code).toBe(0);
    const [answer, ...more] = stdout.trimEnd().split('\n');
    expect(JSON.parse(answer ?? '')).toMatchObject({
      id: 1,
      result: { serverInfo: { name: 'ory-identity-mcp', version: manifest.version } },
    });
    expect(more).toEqual([]);
    for (const line of stderr.trimEnd().split('\n'))
      expect(JSON.parse(line)).toMatchObject({ time: expect.any(String), level: expect.any(String) });
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('%s ends it cleanly', async (signal) => {
    const child = start(['--sandbox']);
    if (!child.stderr) throw new Error('no stderr');
    for await (const line of createInterface({ input: child.stderr })) if (line.includes('"started"')) break;
    child.kill(signal);
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('a Kratos that is down is no reason not to start, and no secret is in the log', async () => {
    const env = {
      KRATOS_ADMIN_URL: 'http://127.0.0.1:1',
      ORY_PROJECT_API_KEY: 'canary',
      HTTPS_PROXY: 'http://u:canary@127.0.0.1:2',
      KRATOS_MCP_LOG_LEVEL: 'debug',
    };
    const { code, stderr } = await run([], env);
    expect(code).toBe(0);
    expect(stderr).toContain('started');
    expect(stderr).not.toContain('canary');
  });

  test('what the settings said between the lines is in the log', async () => {
    const { stderr } = await run(['--sandbox'], { KRATOS_MCP_PRESET: '${PRESET}' });
    expect(stderr).toContain('KRATOS_MCP_PRESET holds a literal');
  });

  test('a quiet log level keeps stderr empty', async () => {
    expect((await run(['--sandbox', '--log-level', 'error'])).stderr).toBe('');
  });
});

describe('tools', () => {
  test('lists every tool as a row', async () => {
    const { code, stdout } = await run(['tools']);
    expect(code).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((it) => it.split(' ')[0]),
    ).toEqual(operations.map((it) => it.name));
  });

  test('--json has the schemas and annotations', async () => {
    const { stdout } = await run(['tools', '--json']);
    const listed = z
      .array(z.looseObject({ name: z.string(), inputSchema: z.looseObject({ type: z.literal('object') }), annotations: z.unknown() }))
      .parse(JSON.parse(stdout));
    expect(listed.map(({ name, annotations: its }) => [name, its])).toEqual(operations.map((op) => [op.name, annotations(op)]));
  });

  test('offers what the settings leave', async () => {
    const { stdout } = await run(['tools', '--toolsets', 'sessions', '--tools', 'list_*,delete_*', '--preset', 'read-only']);
    expect(stdout).toMatch(/^list_identity_sessions /m);
    expect(stdout).not.toMatch(/^(?:delete_|get_|list_identities )/m);
  });
});

test('sandbox serves the built-in Kratos until it is told to end', async () => {
  const child = start(['sandbox', '--port', '0', '--public-port', '0']);
  if (!child.stdout) throw new Error('no stdout');
  const addresses: string[] = [];
  const people: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    addresses.push(...(/http:\/\/[\w.[\]:]+/.exec(line) ?? []));
    people.push(...(/\S+@\S+/.exec(line) ?? []));
    if (line.startsWith('Everything is in memory')) break;
  }
  const [admin, open] = addresses;
  expect(people).not.toEqual([]);
  for (const email of people) {
    const found: unknown = await (await fetch(`${admin}/admin/identities?credentials_identifier=${email}`)).json();
    expect(found, email).toHaveLength(1);
  }
  expect((await fetch(`${open}/schemas`)).status).toBe(200);
  const taken = await run(['sandbox', '--port', new URL(admin ?? '').port, '--public-port', '0']);
  expect(taken).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^ory-identity-mcp: Port \d+ [^\n]* is taken[^\n]*\n$/),
  });
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});
