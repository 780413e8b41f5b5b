/** What the page shows of a plan: the same facts and lines as the form, and exactly what differs and what is sent. Pure. */
import { clean, say } from '../lib/text.ts';
import type { Operation, Plan } from '../operation.ts';
import { MEANING } from '../policy/presets.ts';
import type { Shown } from '../store/types.ts';

export interface ShownParts {
  readonly environment: string;
  readonly requester: string;
  readonly client: string;
  readonly because: string;
  readonly rule: string;
  readonly pattern: string | undefined;
  readonly differences: Shown['differences'];
  readonly requests: Shown['requests'];
}

const CLIENT_CAP = 100;

export function shownOf(op: Operation, plan: Plan, parts: ShownParts): Shown {
  const { pattern, because, ...rest } = parts;
  return {
    ...rest,
    client: clean(parts.client, CLIENT_CAP).text,
    tool: op.name,
    title: op.title,
    effects: plan.effects.map((it) => MEANING[it]),
    concerns: plan.targets.map(({ label, id }) => (label === id ? say`the account ${id}` : say`${label} (id ${id})`)),
    says: plan.says,
    ...(plan.irreversible === undefined ? {} : { irreversible: plan.irreversible }),
    why: because,
    ...(pattern === undefined ? {} : { pattern }),
  };
}
