/** `policy`: whether a file can be used, what it says to calls, and what it would have said to those in the ledger. */
import { readValues, type Flags } from '../config/load.ts';
import { UsageError } from '../errors.ts';
import { loadPolicy } from '../policy/load.ts';
import { operations } from '../tools/index.ts';
import type { CommandCall } from './commands.ts';
import { print, printError } from './print.ts';

/** Exit code 0; 1 for a file that cannot be used, an expectation that is not met, a line that is no call. Throws `UsageError`. */
export async function run(call: CommandCall, input: NodeJS.ReadableStream = process.stdin): Promise<number> {
  const [what, ...words] = call.words;
  if (what !== 'check' && what !== 'explain' && what !== 'simulate') {
    throw new UsageError('Say what to do: policy check FILE, policy explain FILE or policy simulate FILE.');
  }
  const { since } = call.options;
  if (what !== 'simulate' && since !== undefined) throw new UsageError(`--since does not go with policy ${what}.`);
  const { flags } = call;
  const path = fileOf(what, words, flags);
  const json = call.options['json'] === true;
  if (what === 'check') return check(path, json);
  if (what === 'explain') return (await import('./policy-explain.ts')).explainCalls({ path, json, flags, input });
  return (await import('./policy-simulate.ts')).simulate({ path, json, flags, since: String(since ?? '30d') });
}

/** The one that is named, else the one in force. */
function fileOf(what: string, [given, ...more]: readonly string[], flags: Flags): string {
  if (more.length > 0) throw new UsageError(`policy ${what} takes one file.`);
  const path = given ?? readValues(flags).values.policy;
  if (path === undefined) throw new UsageError(`Name a policy file: policy ${what} FILE, or --policy FILE.`);
  return path;
}

async function check(path: string, json: boolean): Promise<number> {
  try {
    const { preset, rules, protected: accounts, hash } = await loadPolicy(path, operations);
    const facts = { ok: true, file: path, preset, rules: rules.length, protected: accounts.length, hash };
    print(
      json
        ? JSON.stringify(facts)
        : `${path} can be used: preset "${preset}", rules: ${rules.length}, protected: ${accounts.length}.\nhash ${hash}`,
    );
    return 0;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    if (json) print(JSON.stringify({ ok: false, file: path, reason: error.message }));
    else printError(error.message);
    return 1;
  }
}
