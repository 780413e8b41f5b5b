/** `npm run demo` without a terminal: ends by itself, says who answered, leaves no process. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { hasChromium } from '../page/chromium.ts';
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

test.skipIf(!hasChromium)('the demo of an approval goes through a page, a passkey and a reveal', { timeout: 60_000 }, async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, 'demo', '--approve'], { timeout: 58_000 });
  expect(stdout).toContain('Olga Operator is enrolled');
  expect(stdout).toContain('Not done (pending)');
  expect(stdout).toContain('The page says: Approved, not carried out yet');
  expect(stdout).toContain('The page shows a recovery code of 6 digits');
  expect(stdout).not.toMatch(/"recovery_code"/);
  expect(stdout.trim().split('\n').at(-1)).toBe('Done. Every step went as it should.');
});
