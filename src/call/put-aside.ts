/** Recovery codes and links for the page: the agent never gets them. */
import type { Reply } from '../client/types.ts';
import { Secret } from '../lib/secret.ts';
import { say } from '../lib/text.ts';
import type { ChangeOperation, Plan } from '../operation.ts';
import type { PlanRecord } from '../store/types.ts';
import type { Ports } from './run.ts';

export const isForPage = (op: ChangeOperation, ports: Pick<Ports, 'settings'>): boolean =>
  op.secret !== undefined && ports.settings().recovery.deliver === 'page';

/** A secret that only the person who approved may see waits for them on the page. Answers what the caller has to know beside the result. */
export const putAsideFor =
  (record: PlanRecord, { targets }: Plan, ports: Pick<Ports, 'settings' | 'reveals'>) =>
  async (op: ChangeOperation, replies: readonly Reply[]): Promise<string | undefined> => {
    if (op.reveal === undefined || !isForPage(op, ports)) return undefined;
    const { values, expiresAt } = op.reveal(replies);
    const hidden = Object.entries(values).map(([name, value]): [string, Secret] => [name, new Secret(value)]);
    const about = targets.map(({ label, id }) => say`${label} (id ${id})`).join(', ');
    try {
      await ports.reveals.keep(record.id, { values: Object.fromEntries(hidden), about, expiresAt });
      return undefined;
    } catch {
      return 'It was made, but could not be put on the approvals page, since the store is not reachable: nobody can see it, and another one has to be made.';
    }
  };
