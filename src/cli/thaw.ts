/** `freeze`, `thaw`, `unlock`: stopping is for everybody and at once; what allows changes again needs an approver. */
import { UsageError } from '../errors.ts';
import { clean, own, say } from '../lib/text.ts';
import { withApproval } from './approver-ask.ts';
import { inOffice, type Office } from './approver-state.ts';
import type { CommandCall } from './commands.ts';

const REASON_CAP = 200;

/** Answers the exit code; all three throw `UsageError`. */
export const freeze = ({ options, flags }: CommandCall): Promise<number> => {
  const given = typeof options['reason'] === 'string' ? clean(options['reason'], REASON_CAP).text.trim() : '';
  return inOffice(flags, (office) => frozen(office, given), { withoutPolicy: true });
};

async function frozen({ store, ledger, terminal, principal, folder }: Office, why: string): Promise<number> {
  await store.freeze(`${new Date().toISOString()} ${principal}${why === '' ? '' : `: ${why}`}`);
  terminal.print(`All changes are stopped, at once and in every server on the state folder ${folder.path}. thaw allows them again.`);
  try {
    await ledger.durable({ event: 'frozen', requester: principal, reason_given: why !== '' });
  } catch {
    terminal.print('It holds, but the audit ledger could not be written, so there is no record of it.');
    return 1;
  }
  return 0;
}

export const thaw = ({ flags }: CommandCall): Promise<number> =>
  inOffice(flags, async (office) => {
    const { store, terminal, folder } = office;
    if (!(await store.isFrozen())) {
      terminal.print(`Nothing is frozen in the state folder ${folder.path}.`);
      return 0;
    }
    return withApproval(office, {
      command: 'thaw',
      title: 'Allow changes again',
      says: [say`Ends the freeze: changes that people agree to, or that policy allows, are carried out again.`],
      subject: { frozen: true },
      event: 'thawed',
      work: () => store.thaw(),
      done: 'Changes are allowed again.',
    });
  });

export const unlock = ({ words, flags }: CommandCall): Promise<number> => {
  const [principal, ...more] = words;
  if (principal === undefined || more.length > 0) throw new UsageError('unlock needs one principal, for example os:1000:anna.');
  return inOffice(flags, async (office) => {
    const { store, terminal, folder } = office;
    const since = await store.counters.lockedSince(principal);
    if (since === undefined) {
      const locked = (await store.counters.locked()).map((it) => it.principal);
      terminal.print(
        `That principal is not locked in the state folder ${folder.path}.${locked.length > 0 ? ` Locked: ${locked.join(', ')}.` : ''}`,
      );
      return 0;
    }
    return withApproval(office, {
      command: 'unlock',
      title: 'Allow a requester’s changes again',
      says: [say`Ends the lock on ${principal}, which refusals on the page set at ${own(new Date(since).toISOString())}.`],
      subject: { principal, since },
      event: 'unlocked',
      facts: { principal },
      work: () => store.counters.unlock(principal),
      done: `Changes for ${principal} are allowed again.`,
    });
  });
};
