/** argv → a command → an exit code: 0 done, 1 it could not work, 2 a wrong argument or setting (one line on stderr; nothing was started). */
import { load } from '../config/load.ts';
import { UsageError } from '../errors.ts';
import { parseArguments, type Arguments } from './arguments.ts';
import { commands } from './commands.ts';
import { print, printError } from './print.ts';

export async function main(argv: readonly string[]): Promise<number> {
  try {
    return await run(parseArguments(argv));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    printError(`ory-identity-mcp: ${error.message}`);
    return 2;
  }
}

async function run({ command, about, flags, options, words }: Arguments): Promise<number> {
  if (command === 'help') print((await import('./help.ts')).help(about));
  else if (command === 'version') print((await import('../lib/version.ts')).VERSION);
  else if (command === 'serve') {
    const { settings, notices } = load(flags);
    if (settings.http !== undefined) return (await import('./serve-http.ts')).serveHttp(settings, notices);
    return (await import('./serve.ts')).serve(settings, notices);
  } else return commands[command].run({ flags, options, words });
  return 0;
}
