/** One record per call, as log lines: who, which tool, what became of it. Ids and counts only; never arguments, values or names. */
import type { Log } from '../lib/log.ts';
import type { Operation, Plan } from '../operation.ts';

export interface Entry {
  /** Before the first byte of a write goes out. */
  intent(plan: Plan, rule: string): void;
  /** What became of it; the last word counts. */
  outcome(outcome: string): void;
  /** Always called, once. */
  close(): void;
}

export interface AuditCall {
  readonly op: Operation;
  readonly principal: string;
  readonly client: string;
}

export function openEntry(log: Log, { op, principal, client }: AuditCall, now: () => number): Entry {
  const started = now();
  const common = { tool: op.name, principal, client };
  let last = 'error';
  return {
    intent(plan, rule) {
      const targets = plan.targets.map((it) => it.id);
      log.info('intent', { ...common, effects: plan.effects.join(' '), targets: targets.join(' '), calls: plan.calls.length, rule });
    },
    outcome(outcome) {
      last = outcome;
    },
    close() {
      log.info('call', { ...common, outcome: last, ms: Math.round(now() - started) });
    },
  };
}
