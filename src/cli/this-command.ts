/** The exact command of this installation, for people to copy. */
import type { Settings } from '../config/load.ts';

const PLAIN = /^[\w@%+=:,./-]+$/;
const quoted = (word: string): string => (PLAIN.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`);

export function enrollCommand(
  { stateDir, origins }: Pick<Settings, 'stateDir' | 'origins'>,
  argv: readonly string[] = process.argv,
): string {
  const [node = 'node', script = 'ory-identity-mcp'] = argv;
  const where = origins.stateDir.source === 'default' ? [] : ['--state-dir', stateDir];
  return [node, script, 'approver', 'enroll', ...where].map(quoted).join(' ');
}
