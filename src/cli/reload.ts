/** The policy file read again while the server runs. */
import type { Ledger } from '../audit/record.ts';
import type { Log } from '../lib/log.ts';
import type { PolicySource } from './policy-source.ts';

/** A policy that cannot be used changes nothing but what is said about it. */
export async function reload(policy: PolicySource, { ledger, log }: { readonly ledger: Ledger; readonly log: Log }): Promise<void> {
  const before = policy.current().hash;
  await policy.reload();
  const { name, hash } = policy.current();
  const notice = policy.notice();
  if (notice !== undefined) log.error('policy not reloaded', { text: notice });
  else log.info('policy reloaded', { policy: name, changed: hash !== before });
  ledger.note({ event: 'policy', policy_hash: hash, rule: name, outcome: notice === undefined ? 'loaded' : 'rejected' });
}
