/** `npm run demo` without a terminal: ends by itself, says that a stand-in answered, leaves no process. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { PROGRAM } from './program.ts';

test('the demo asks, takes a wrong answer for a no, and the right one for a yes', { timeout: 60_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, 'demo'], { timeout: 58_000 });
  expect(stdout).toContain('scripted stand-in');
  expect(stdout).toContain('ada.byron@example.com');
  expect(stdout).toContain('Not done (declined)');
  expect(stdout.match(/^ {2}- active, signed in /gm)).toHaveLength(2 * 3); // before, and after the wrong answer
  expect(stdout).toMatch(/^ {2}Revoked: 3 sessions\.$/m);
  for (const line of stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
  expect(stdout.trim().split('\n').at(-1)).toBe('Done. Every step went as it should.');
});
