import { describe, expect, test } from 'vitest';
import { load, readValues } from '../../src/config/load.ts';
import { rows, settings, type Key, type Setting } from '../../src/config/settings.ts';
import { platformStateDir } from '../../src/config/state-dir.ts';
import { UsageError } from '../../src/errors.ts';
import { Secret } from '../../src/lib/secret.ts';

/** A text that the row takes and that is not its default, and the value it becomes. */
function sample(key: Key, row: Setting): readonly [text: string, value: unknown] {
  switch (row.kind) {
    case 'boolean':
      return ['true', true];
    case 'integer':
      return [String(row.min + 1), row.min + 1];
    case 'choice': {
      const other = row.choices.find((it) => it !== row.default) ?? '';
      return [other, other];
    }
    case 'list':
      return ['get_*, list_sessions', ['get_*', 'list_sessions']];
    case 'url':
      return [`https://kratos.example/${key}/`, `https://kratos.example/${key}`];
    case 'folder':
      return [`/somewhere/${key}`, `/somewhere/${key}`];
    case 'file':
    case 'string':
      return [`text of ${key}`, `text of ${key}`];
  }
}
const fallbackOf = (row: Setting): unknown => (row.kind === 'folder' ? row.derive({}) : row.default);
const shown = (value: unknown): unknown => (value instanceof Secret ? value.reveal() : value);

describe.each(rows)('%s', (key, row) => {
  const [text, value] = sample(key, row);

  test('has its default, or nothing, where it is not set', () => {
    const { values, origins } = readValues({}, {});
    expect(values[key]).toBe(fallbackOf(row));
    expect(origins[key]).toEqual({ source: fallbackOf(row) === undefined ? 'unset' : 'default' });
  });

  test('is set by its variable', () => {
    const { values, origins } = readValues({}, { [row.env]: text });
    expect(shown(values[key])).toEqual(value);
    expect(origins[key]).toEqual({ source: 'environment', name: row.env });
  });

  test('is set by its flag, which goes before the variable; a secret has none', () => {
    if (row.flag === undefined) return expect(row.secret).toBe(true);
    const { values, origins } = readValues({ [row.flag]: row.kind === 'boolean' ? true : text }, { [row.env]: 'never read' });
    expect(values[key]).toEqual(value);
    expect(origins[key]).toEqual({ source: 'flag', name: `--${row.flag}` });
  });

  test('counts as unset where a client handed on a placeholder, and a notice says so', () => {
    const { values, notices } = readValues({}, { [row.env]: `\${${row.env}}` });
    expect(values[key]).toBe(fallbackOf(row));
    expect(notices).toEqual([`${row.env} holds a literal \${…} that nobody filled in, and counts as unset.`]);
  });
});

test('a proxy is found under its lower-case name too, and that one goes first', () => {
  const env = { https_proxy: 'http://small.example:1', HTTPS_PROXY: 'http://large.example:2', no_proxy: 'a.example' };
  const { values } = readValues({}, env);
  expect(values.httpsProxy?.reveal()).toBe('http://small.example:1');
  expect(values.noProxy).toBe('a.example');
});

test('a placeholder as a flag counts as unset, and the variable is read', () => {
  const { values, notices } = readValues({ preset: '${PRESET}' }, { KRATOS_MCP_PRESET: 'strict' });
  expect(values.preset).toBe('strict');
  expect(notices).toHaveLength(1);
});

test.each([
  [{}, { KRATOS_ADMIN_URL: 'http://${HOST}:4434' }, 'KRATOS_ADMIN_URL holds a literal ${…} that nobody filled in. Write the value itself.'],
  [{ 'ca-file': '${HOME}/ca.pem' }, {}, '--ca-file holds a literal ${…} that nobody filled in. Write the value itself.'],
])('a placeholder in the middle of a value is refused: %j %j', (flags, env, message) => {
  expect(() => readValues(flags, env)).toThrow(new UsageError(message));
});

test('every false spelling of a switch leaves it off', () => {
  for (const text of ['false', '0', 'no', 'OFF']) expect(readValues({}, { KRATOS_MCP_SANDBOX: text }).values.sandbox).toBe(false);
});

test('an empty variable is an unset one', () => {
  expect(readValues({}, { KRATOS_MCP_PRESET: '', KRATOS_ADMIN_URL: ' ' }).values).toMatchObject({
    preset: 'standard',
    adminUrl: undefined,
  });
});

test.each([
  [{ 'connect-timeout-ms': '9' }, {}, '--connect-timeout-ms must be a whole number from 10 to 600000 (ms).'],
  [{ 'call-timeout-ms': '1e3' }, {}, '--call-timeout-ms must be a whole number from 10 to 600000 (ms).'],
  [{}, { KRATOS_MCP_MAX_RESULT_TOKENS: '999' }, 'KRATOS_MCP_MAX_RESULT_TOKENS must be a whole number from 1000 to 1000000 (tokens).'],
  [{}, { KRATOS_MCP_MAX_RESULT_TOKENS: '-5000' }, 'KRATOS_MCP_MAX_RESULT_TOKENS must be a whole number from 1000 to 1000000 (tokens).'],
  [{ preset: 'Strict' }, {}, '--preset must be one of: standard, strict, read-only.'],
  [{}, { KRATOS_MCP_RECOVERY_DELIVERY: 'chat' }, 'KRATOS_MCP_RECOVERY_DELIVERY must be one of: page, withhold, reply.'],
  [{ 'log-level': 'trace' }, {}, '--log-level must be one of: error, warn, info, debug.'],
  [{}, { KRATOS_MCP_SANDBOX: 'maybe' }, 'KRATOS_MCP_SANDBOX must be true or false.'],
  [{ preset: '' }, {}, '--preset needs a value.'],
  // An empty allow-list must not turn into "everything".
  [
    {},
    { KRATOS_MCP_TOOLS: '' },
    'KRATOS_MCP_TOOLS must be names separated by commas (small letters, _ and *). Leave it out to offer everything.',
  ],
  [
    { toolsets: 'sessions,' },
    {},
    '--toolsets must be names separated by commas (small letters, _ and *). Leave it out to offer everything.',
  ],
  [{}, { KRATOS_MCP_PRESETS: 'strict' }, 'KRATOS_MCP_PRESETS is no setting of this version. See --help for their names.'],
])('%j %j is refused in one line', (flags, env, message) => {
  const attempt = () => readValues(flags, env);
  expect(attempt).toThrow(UsageError);
  expect(attempt).toThrow(message);
});

test('nothing configured: the message names both ways', () => {
  expect(() => load({}, {})).toThrow(
    'No Kratos is configured: give --sandbox to try the built-in one, or set KRATOS_ADMIN_URL (--admin-url) to the admin address of yours.',
  );
});

test('nothing configured because of a placeholder: the message says that, too', () => {
  expect(() => load({}, { KRATOS_ADMIN_URL: '${KRATOS_ADMIN_URL}' })).toThrow(/^No Kratos is configured.*KRATOS_ADMIN_URL holds a literal/);
});

test('names are unique, and flags are spelt like their variables', () => {
  const all: readonly Setting[] = Object.values(settings);
  const names = all.flatMap((it) => [it.env, it.flag ?? it.env.toLowerCase()]);
  expect(new Set(names).size).toBe(names.length);
  for (const { flag, env } of all) if (flag !== undefined) expect(env).toMatch(new RegExp(`${flag.toUpperCase().replaceAll('-', '_')}$`));
});

test.each<[NodeJS.Platform, Record<string, string>, string]>([
  ['linux', { HOME: '/home/olga' }, '/home/olga/.local/state/ory-identity-mcp'],
  ['linux', { HOME: '/home/olga', XDG_STATE_HOME: '/var/olga' }, '/var/olga/ory-identity-mcp'],
  ['linux', { HOME: '/home/olga', XDG_STATE_HOME: 'relative' }, '/home/olga/.local/state/ory-identity-mcp'],
  ['darwin', { HOME: '/Users/olga', XDG_STATE_HOME: '/var/olga' }, '/Users/olga/Library/Application Support/ory-identity-mcp'],
  ['win32', { LOCALAPPDATA: '/c/olga' }, '/c/olga/ory-identity-mcp'],
])('the state folder is where %s keeps state: %j', (platform, env, folder) => {
  expect(platformStateDir(env, platform)).toBe(folder);
});
