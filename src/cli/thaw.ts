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

export async function frozen({ store, ledger, terminal, principal, where, signInPage }: Office, why: string): Promise<number> {
  await store.freeze(`${new Date().toISOString()} ${principal}${why === '' ? '' : `: ${why}`}`);
  const how = signInPage === undefined ? 'with thaw, or on the approvals page' : `on the page of the server (${signInPage})`;
  terminal.print(`All changes are stopped, at once and in every server on ${where}. An approver allows them again, ${how}.`);
  try {
    await ledger.durable({ event: 'frozen', requester: principal, reason_given: why !== '' });
  } catch {
    terminal.print('It holds, but the audit ledger could not be written, so there is no record of it.');
    return 1;
  }
  return 0;
}

export const thaw = ({ flags }: CommandCall): Promise<number> => inOffice(flags, thawed);

export async function thawed(office: Office): Promise<number> {
  const { store, terminal, where, signInPage } = office;
  if (!(await store.isFrozen())) {
    terminal.print(`Nothing is frozen in ${where}.`);
    return 0;
  }
  if (signInPage !== undefined) return onPage(office, signInPage);
  return withApproval(office, {
    command: 'thaw',
    title: 'Allow changes again',
    says: [say`Ends the freeze: changes that people agree to, or that policy allows, are carried out again.`],
    subject: { frozen: true },
    event: 'thawed',
    work: () => store.thaw(),
    done: 'Changes are allowed again.',
  });
}

export const unlock = ({ words, flags }: CommandCall): Promise<number> => {
  const [principal, ...more] = words;
  if (principal === undefined || more.length > 0) throw new UsageError('unlock needs one principal, for example os:1000:anna.');
  return inOffice(flags, (office) => unlocked(office, principal));
};

export async function unlocked(office: Office, principal: string): Promise<number> {
  const { store, terminal, where, signInPage } = office;
  const since = await store.counters.lockedSince(principal);
  if (since === undefined) {
    const locked = (await store.counters.locked()).map((it) => it.principal);
    terminal.print(`That principal is not locked in ${where}.${locked.length > 0 ? ` Locked: ${locked.join(', ')}.` : ''}`);
    return 0;
  }
  if (signInPage !== undefined) return onPage(office, signInPage);
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
}

/** Nobody is enrolled whom this command could ask. */
function onPage({ terminal }: Office, page: string): number {
  terminal.print(`Not done: approvers sign in with a provider here. One of them does it on the page: ${page}`);
  return 1;
}
