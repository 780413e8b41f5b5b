/** What the ledger holds of a plan. Pure. */
import type { Plan } from '../operation.ts';

/** What a policy can be replayed on, and whom it concerned: ids and names of fields, never values. */
export function factsOf({ effects, targets, count, subjects: [first], differences = [] }: Plan) {
  const changes = [...new Set(differences.map((it) => it.path.filter((name) => /^[\w-]{1,64}$/.test(name)).join('.')))].slice(0, 50);
  const { state, schema_id, organization_id, verified } = first ?? {};
  return {
    effects,
    target_ids: targets.map((it) => it.id),
    personal: targets.map((it) => it.label),
    count,
    facts: { state, schema_id, organization_id, verified, changes },
  };
}
