import { expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/arguments.ts';
import { UsageError } from '../../src/errors.ts';

test('no command: MCP is served, with the settings that were given', () => {
  expect(parseArguments(['--sandbox', '--preset', 'strict', '--tools=get_*'])).toEqual({
    command: 'serve',
    flags: { sandbox: true, preset: 'strict', tools: 'get_*' },
    options: {},
    words: [],
  });
});

test('a command may stand before or behind its options, and settings go with it', () => {
  const asked = { command: 'doctor', flags: { 'admin-url': 'http://127.0.0.1:4434' }, options: { json: true }, words: [] };
  expect(parseArguments(['doctor', '--json', '--admin-url', 'http://127.0.0.1:4434'])).toEqual(asked);
  expect(parseArguments(['--admin-url', 'http://127.0.0.1:4434', '--json', 'doctor'])).toEqual(asked);
});

test('what stands behind a command that takes words goes with it', () => {
  expect(parseArguments(['policy', 'check', 'policy.yaml', '--json']).words).toEqual(['check', 'policy.yaml']);
});

test('help and version go before everything else', () => {
  expect(parseArguments(['doctor', '--help']).command).toBe('help');
  expect(parseArguments(['-h']).command).toBe('help');
  expect(parseArguments(['help'])).toEqual({ command: 'help', flags: {}, options: {}, words: [] });
  for (const argv of [
    ['audit', '--help'],
    ['help', 'audit'],
    ['audit', 'query', '-h'],
  ])
    expect(parseArguments(argv).about).toBe('audit');
  expect(parseArguments(['--version']).command).toBe('version');
  expect(parseArguments(['-V']).command).toBe('version');
});

const CANARY = 'canary-1b9d';
test.each([
  [['--nope'], '--nope is no option. See --help.'],
  [[`--nope=${CANARY}`], '--nope is no option. See --help.'],
  [['-x'], '-x is no option. See --help.'],
  [
    [CANARY],
    'There is no such command. The commands are: doctor, tools, sandbox, demo, policy, approver, token, freeze, thaw, unlock, audit; without one, MCP is served.',
  ],
  [
    ['toString'],
    'There is no such command. The commands are: doctor, tools, sandbox, demo, policy, approver, token, freeze, thaw, unlock, audit; without one, MCP is served.',
  ],
  [['doctor', 'tools'], 'Nothing may stand after doctor. See --help.'],
  [['--json'], '--json does not go with serving on stdio. See --help.'],
  [['doctor', '--port', '1'], '--port does not go with doctor. See --help.'],
  [['sandbox', '--preset', 'strict'], '--preset does not go with sandbox. See --help.'],
  [['demo', '--admin-url', CANARY], '--admin-url does not go with demo. See --help.'],
  [['--preset'], '--preset needs a value (--preset=value if it begins with a dash).'],
  [['--preset', '--sandbox'], '--preset needs a value (--preset=value if it begins with a dash).'],
  [[`--sandbox=${CANARY}`], '--sandbox takes no value.'],
])('%j is refused in one line that repeats no value', (argv, message) => {
  expect(() => parseArguments(argv)).toThrow(new UsageError(message));
  expect(message).not.toContain(CANARY);
});

test.each([
  [['--project-api-key', CANARY]],
  [[`--ory-project-api-key=${CANARY}`]],
  [['--apikey', CANARY]],
  [[`--admin-token=${CANARY}`]],
  [['--token', CANARY]],
  [['--password', CANARY]],
  [[`ory_pat_${CANARY.replace('-', '')}`]],
  [['--default-schema', `ory_wak_${CANARY.replace('-', '')}`]],
  [['doctor', `--admin-url=https://x?k=ory_pat_${CANARY.replace('-', '')}`]],
])('%j: a secret is refused as an argument, with the ways to give one', (argv) => {
  let message = '';
  try {
    parseArguments(argv);
  } catch (error) {
    message = error instanceof UsageError ? error.message : '';
  }
  expect(message).toMatch(/^Secrets are not accepted as arguments.*ORY_PROJECT_API_KEY.*--project-api-key-file/);
  expect(message).not.toContain('canary');
});

test('a path to a secret is no secret', () => {
  expect(parseArguments(['--project-api-key-file', '/run/key', '--admin-token-file=/run/token']).flags).toEqual({
    'project-api-key-file': '/run/key',
    'admin-token-file': '/run/token',
  });
});
