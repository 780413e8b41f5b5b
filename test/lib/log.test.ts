import { expect, test } from 'vitest';
import { createLog, LOG_LEVELS, type LogLevel } from '../../src/lib/log.ts';
import { Secret } from '../../src/lib/secret.ts';

function recorded(level: LogLevel) {
  const lines: string[] = [];
  const log = createLog({ level, write: (line) => lines.push(line), now: () => new Date(0) });
  return { log, lines };
}

test('a line is one JSON object', () => {
  const { log, lines } = recorded('info');
  log.info('started', { preset: 'strict', tools: 21, missing: undefined });
  expect(lines).toEqual(['{"time":"1970-01-01T00:00:00.000Z","level":"info","event":"started","preset":"strict","tools":21}\n']);
});

test.each(LOG_LEVELS)('at level %s, graver lines are written and lesser ones are not', (level) => {
  const { log, lines } = recorded(level);
  for (const it of LOG_LEVELS) log[it](it);
  expect(lines.map((it) => (JSON.parse(it) as { level: string }).level)).toEqual(LOG_LEVELS.slice(0, LOG_LEVELS.indexOf(level) + 1));
});

test('nothing reaches a terminal that it would obey, and the value survives', () => {
  const { log, lines } = recorded('info');
  const hostile = 'a\u001b[2J\u009b31m\u0007\r\nb\u007f\u2028c';
  log.info('event', { hostile });
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  expect(lines[0]?.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ hostile });
});

test('a secret is written as a mark', () => {
  expect(JSON.stringify({ key: new Secret('canary') })).toBe('{"key":"[redacted]"}');
  expect(String(new Secret('canary'))).toBe('[redacted]');
});
