/** Recovery codes and links for the person who approved: in this process, and nowhere else; each is seen once, until it expires. */
import type { Reveals } from './types.ts';

export function createReveals(now: () => number): Reveals {
  const kept = new Map<string, Parameters<Reveals['keep']>[1]>();
  const sweep = () => {
    for (const [plan, { expiresAt }] of kept) if (!(expiresAt > now())) kept.delete(plan);
  };
  return {
    keep(plan, secret) {
      sweep();
      kept.set(plan, secret);
    },
    aboutOf(plan) {
      sweep();
      return kept.get(plan)?.about;
    },
    waitsUntil(plan) {
      sweep();
      return kept.get(plan)?.expiresAt;
    },
    take(plan) {
      sweep();
      const found = kept.get(plan);
      kept.delete(plan);
      return found?.values;
    },
  };
}
