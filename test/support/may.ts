import { execFileSync } from 'node:child_process';

/** Runs a command that needs rights; false, and the reason on stderr, where they are missing. */
export function may(command: string, ...args: string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'pipe' });
    return true;
  } catch (error) {
    process.stderr.write(`not possible here: ${error instanceof Error ? error.message.split('\n').slice(0, 2).join(' ') : command}\n`);
    return false;
  }
}
