/**
 * Counts how far questions and plans come, by looking at what the store is told: both channels and all replicas pass it. An end before the
 * claim is counted by the replica that asked, once, whoever ended it; time ends a question when somebody looks, so `list` has to be called
 * now and then.
 */
import { GATE_STEPS, type GateStep, type Meter } from '../lib/meter.ts';
import type { PlanRecord, Plans, Store } from '../store/types.ts';

/** Asked here, and not yet ended as far as this replica knows; the oldest is forgotten beyond it. */
const MOST_OPEN = 10_000;

const ENDS: ReadonlySet<string> = new Set(['declined', 'expired', 'void']);
const stepOf = (name: string): GateStep | undefined => GATE_STEPS.find((it) => it === name);

export function meteredStore(store: Store, meter: Meter): Store {
  return {
    ...store,
    plans: meteredPlans(store.plans, meter),
    async isFrozen() {
      const frozen = await store.isFrozen();
      meter.set('frozen', frozen ? 1 : 0);
      return frozen;
    },
  };
}

function meteredPlans(plans: Plans, meter: Meter): Plans {
  const open = new Set<string>();
  const seen = (plan: PlanRecord) => {
    const step = ENDS.has(plan.state) ? stepOf(plan.state) : undefined;
    if (step !== undefined && open.delete(plan.id)) meter.gate(step);
  };
  const remember = (id: string) => {
    open.add(id);
    const [oldest] = open;
    if (open.size > MOST_OPEN && oldest !== undefined) open.delete(oldest);
  };
  return {
    ...plans,
    async ask(plan, limits, asking) {
      const asked = await plans.ask(plan, limits, asking);
      if (asked.kind === 'plan' && asked.fresh) {
        remember(asked.plan.id);
        meter.gate('asked');
      }
      return asked;
    },
    async find(id) {
      const plan = await plans.find(id);
      if (plan !== undefined) seen(plan);
      return plan;
    },
    async list() {
      const all = await plans.list();
      for (const it of all) seen(it);
      meter.set('plans_waiting', all.filter((it) => it.state === 'waiting').length);
      return all;
    },
    async answer(id, decided) {
      const taken = await plans.answer(id, decided);
      if (taken === 'approved') meter.gate('approved');
      return taken;
    },
    async claim(id, match, spendings) {
      const isClaimed = await plans.claim(id, match, spendings);
      if (isClaimed) {
        open.delete(id);
        meter.gate('claimed');
      }
      return isClaimed;
    },
    async finish(id, outcome) {
      await plans.finish(id, outcome);
      const step = stepOf(outcome);
      if (step !== undefined) meter.gate(step);
    },
    async end(id, state, outcome) {
      await plans.end(id, state, outcome);
      if (open.delete(id)) meter.gate(state);
    },
  };
}
