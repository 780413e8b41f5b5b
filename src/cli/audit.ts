/** `audit`: the ledger of calls, read. Exit code 0; 1 where there is none, or where it is not as it was written. */
import { LedgerError } from '../audit/error.ts';
import { readValues } from '../config/load.ts';
import { UsageError } from '../errors.ts';
import type { CommandCall } from './commands.ts';
import { printError } from './print.ts';

/** Throws `UsageError`. */
export async function run({ words, options, flags }: CommandCall): Promise<number> {
  const [what, ...more] = words;
  const stateFolder = readValues(flags).values.stateDir;
  try {
    if (what === 'verify') return await (await import('./audit-verify.ts')).verifyLedger(more, { stateFolder, options });
    if (what === 'timeline') return await (await import('./audit-timeline.ts')).timeline(more, { stateFolder, options });
    if (what !== 'query' && what !== 'export') {
      throw new UsageError('Say what to do: audit verify [FILE…], audit query, audit timeline IDENTITY or audit export.');
    }
    if (more.length > 0) throw new UsageError(`Nothing may stand after audit ${what}. See --help.`);
    if (what === 'query') return await (await import('./audit-query.ts')).query({ stateFolder, options });
    return await (await import('./audit-export.ts')).exportRecords({ stateFolder, options });
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    printError(error.message);
    return 1;
  }
}
