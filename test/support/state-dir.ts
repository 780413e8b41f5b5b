/** A state folder of its own for each program that a test starts; all of them go when the test's process ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const all = mkdtempSync(join(tmpdir(), 'ory-identity-mcp-test-'));
process.on('exit', () => rmSync(all, { recursive: true, force: true }));

export const stateDir = (): string => mkdtempSync(join(all, 'state-'));
