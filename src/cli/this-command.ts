/** The exact command of this installation, for people to copy. */
import { resolve } from 'node:path';
import type { Settings } from '../config/load.ts';

const PLAIN = /^[\w@%+=:,./-]+$/;
const quoted = (word: string): string => (PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

export function enrollCommand(
  { stateDir, policy, origins }: Pick<Settings, 'stateDir' | 'policy' | 'origins'>,
  argv: readonly string[] = process.argv,
): string {
  const [node = 'node', script = 'ory-identity-mcp'] = argv;
  const where = origins.stateDir.source === 'default' ? [] : ['--state-dir', stateDir];
  const under = policy === undefined ? [] : ['--policy', resolve(policy)]; // it says how long a new approver waits
  return [node, script, 'approver', 'enroll', ...where, ...under].map(quoted).join(' ');
}
