/** `approver enroll|list|remove`: the people who may answer on the approvals page. */
import { userInfo } from 'node:os';
import { UsageError } from '../errors.ts';
import { say } from '../lib/text.ts';
import type { Approver } from '../store/types.ts';
import { standingOf } from '../store/standing.ts';
import { withApproval } from './approver-ask.ts';
import { enroll } from './approver-enroll.ts';
import { inOffice, type Office } from './approver-state.ts';
import type { CommandCall } from './commands.ts';
import { table } from './print.ts';

/** Answers the exit code. Throws `UsageError`. */
export async function run({ words, options, flags }: CommandCall): Promise<number> {
  const [what, ...more] = words;
  const allowed = what === 'remove' ? 1 : 0;
  if (more.length > allowed) throw new UsageError(`approver ${what} takes ${allowed === 0 ? 'nothing' : 'one name or id'} after it.`);
  const own = { enroll: ['name', 'totp'], list: ['json'], remove: [] as string[] }[what ?? ''];
  if (own === undefined) throw new UsageError('approver is followed by enroll, list or remove.');
  const foreign = Object.keys(options).find((it) => !own.includes(it));
  if (foreign !== undefined) throw new UsageError(`--${foreign} does not go with approver ${what}.`);
  if (what === 'list') return inOffice(flags, (office) => list(office, options['json'] === true));
  if (what === 'remove') return inOffice(flags, (office) => remove(office, more[0]));
  const name = typeof options['name'] === 'string' ? options['name'] : userInfo().username;
  return inOffice(flags, (office) => enroll(office, { name, totp: options['totp'] === true }));
}

async function list({ approvers, terminal, policy, level, now, folder, signInPage }: Office, json: boolean): Promise<number> {
  const { waitHours } = policy().approvers;
  const rows = (await approvers.list()).map((it) => {
    const standing = standingOf(it, { planCreated: it.enrolledAt, kind: 'approve', waitHours, level, now: now() });
    const countsFrom = standing === 'counts' ? undefined : standing.countsFrom;
    return { it, countsFrom: countsFrom === undefined ? undefined : new Date(countsFrom).toISOString() };
  });
  if (json) {
    const facts = rows.map(({ it: { id, name, method, enrolledAt, enrolledBy }, countsFrom }) => ({
      id,
      name,
      method,
      enrolled_at: new Date(enrolledAt).toISOString(),
      ...(enrolledBy !== undefined && { enrolled_by: enrolledBy }),
      ...(countsFrom !== undefined && { counts_from: countsFrom }),
    }));
    terminal.print(JSON.stringify(facts, null, 2));
    return 0;
  }
  if (signInPage !== undefined)
    terminal.print('Approvers sign in with a provider here, and the policy says who is one (approvers: who). Enrolled ones do not count.');
  if (rows.length === 0) terminal.print(`Nobody is enrolled in ${folder.path}. approver enroll makes a passkey, on this machine.`);
  else {
    const lines = rows.map(({ it, countsFrom }) => [it.name, it.method, it.id, new Date(it.enrolledAt).toISOString(), countsFrom ?? 'now']);
    terminal.print(table([['name', 'factor', 'id', 'enrolled', 'counts for approve from'], ...lines]));
  }
  return 0;
}

async function remove(office: Office, named: string | undefined): Promise<number> {
  if (named === undefined) throw new UsageError('approver remove needs the name or the id of an approver; approver list shows them.');
  const all = await office.approvers.list();
  const found = all.find((it) => it.id === named) ?? all.find((it) => it.name.toLowerCase() === named.toLowerCase());
  if (found === undefined) throw new UsageError('There is no such approver; approver list shows them.');
  return withApproval(office, removal(office, found, all.length === 1));
}

export const removal = ({ approvers, store }: Office, { id, name, method }: Approver, isLast: boolean) =>
  ({
    command: 'approver remove',
    title: 'Remove an approver',
    says: [
      say`Removes the approver ${name}, who will not be able to approve any more.`,
      ...(isLast ? [say`Nobody is left then: the next one is let in by whoever owns the state folder, without anybody's consent.`] : []),
    ],
    subject: { id, name },
    event: 'removed',
    facts: { approver: id, name, method },
    hinders: async () => ((await approvers.list()).some((it) => it.id === id) ? undefined : 'there is no such approver any more.'),
    work: async () => {
      await approvers.remove(id);
      const theirs = (await store.plans.list()).filter(({ decided }) => decided.some((it) => it.by === id));
      for (const plan of theirs) await store.plans.end(plan.id, 'void', 'approver removed'); // of one that is carried out it changes nothing
    },
    done: `${name} is removed, at once and without a restart of anything.`,
  }) as const;
