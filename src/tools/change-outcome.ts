/** What became of a change to one identity. */
import { z } from 'zod';
import { KratosIdentity, parseBody } from '../client/bodies.ts';
import type { Kratos, Reply } from '../client/types.ts';
import { own, say } from '../lib/text.ts';
import type { Plan } from '../operation.ts';
import { IdentityOut } from '../shape/identity.ts';
import { quoteList } from './about.ts';
import { carriesCredentials, isThere, lasting } from './change-watch.ts';
import { copy } from './json-value.ts';
import { readIdentity } from './read-identity.ts';
import { identityRecord } from './records.ts';

export const ChangedIdentity = IdentityOut.extend({
  changed: z.boolean(),
  metadata_public: z.unknown().optional(),
  new_addresses: z.array(z.string()).optional(),
  note: z.string().optional(),
});
export type ChangedIdentity = z.input<typeof ChangedIdentity>;

export const addressesOf = ({ verifiable_addresses, recovery_addresses }: KratosIdentity) => [
  ...verifiable_addresses,
  ...recovery_addresses,
];

/** The identity as Kratos answered, and what it did not keep of what was sent. */
export function reportChange([reply]: readonly Reply[], plan: Pick<Plan, 'watch'> & { readonly result: ChangedIdentity }): ChangedIdentity {
  const identity = parseBody(KratosIdentity, reply);
  const dropped = lasting(plan).filter((it) => !isThere(it, identity, plan));
  const note = dropped.length > 0 ? { note: say`Kratos did not keep: ${quoteList(dropped.map((it) => it.path.join('.')))}.` } : {};
  return { ...shown(identity, plan.result), ...note };
}

/** After an ambiguous failure. Credentials cannot be read back, so that with them nothing is ever proven. */
export async function hasLanded(plan: Pick<Plan, 'watch' | 'targets'>, kratos: Kratos<'getIdentity'>): Promise<boolean> {
  const changes = lasting(plan);
  const [target] = plan.targets;
  if (target === undefined || changes.length === 0 || carriesCredentials(plan)) return false;
  const identity = await readIdentity(kratos, target.id);
  return changes.every((it) => isThere(it, identity, plan));
}

const shown = (identity: KratosIdentity, { changed, metadata_public, new_addresses }: ChangedIdentity): ChangedIdentity => ({
  ...identityRecord(identity, { view: 'summary' }),
  changed,
  ...(metadata_public === undefined ? {} : { metadata_public: copy(identity.metadata_public) }),
  ...(new_addresses === undefined ? {} : { new_addresses }),
});

/** They come back with it. */
const INACTIVE = ' (not accepted while the account is inactive)';

/** What is there now. After a change of address also what a person must know about it, and how many sessions it left alone. */
export async function readBackChange(
  result: ChangedIdentity,
  kratos: Kratos<'getIdentity' | 'listIdentitySessions'>,
): Promise<ChangedIdentity> {
  const identity = await readIdentity(kratos, result.id);
  const there = addressesOf(identity).map((it) => it.value);
  const { new_addresses: planned = [], note } = result;
  const fresh = planned.filter((it) => there.includes(it));
  if (fresh.length === 0) return { ...shown(identity, { ...result, new_addresses: undefined }), ...(note === undefined ? {} : { note }) };
  const { total } = await kratos('listIdentitySessions', { id: result.id }, { query: { active: true, page_size: 1 } });
  const sessions =
    total === undefined
      ? 'Its sessions were left alone.'
      : `Sessions that remain: ${total}${identity.state === 'inactive' ? INACTIVE : ''}.`;
  const unverified = identity.verifiable_addresses.some((it) => fresh.includes(it.value) && it.verified) ? 'new' : 'new and unverified';
  const news = say`${quoteList(fresh)}: ${own(unverified)}; Kratos sent no mail. ${own(sessions)}`;
  return { ...shown(identity, { ...result, new_addresses: fresh }), note: note === undefined ? news : `${note} ${news}` };
}
