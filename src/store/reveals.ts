/** Recovery codes and links for the person who approved: kept for a while, and each is seen once. */
import { Secret } from '../lib/secret.ts';
import type { Kept, Reveals, WaitingReveal } from './types.ts';

type Head = Omit<WaitingReveal, 'values'>;

/** Two entries each: whoever looks whether one waits has not had the secret in their hands. */
export function createReveals(kept: Kept, now: () => number): Reveals {
  return {
    async keep(plan, { values, about, expiresAt }) {
      const lifetimeMs = expiresAt - now();
      if (!(lifetimeMs > 0)) return;
      const plain = Object.fromEntries(Object.entries(values).map(([name, secret]) => [name, secret.reveal()]));
      await kept.put(`reveal ${plan}`, JSON.stringify(plain), lifetimeMs);
      await kept.put(`reveals ${plan}`, JSON.stringify({ about, expiresAt }), lifetimeMs);
    },
    async waiting(plan) {
      const head = await kept.get(`reveals ${plan}`);
      return head === undefined ? undefined : (JSON.parse(head) as Head); // written above
    },
    async take(plan) {
      const values = await kept.take(`reveal ${plan}`);
      await kept.take(`reveals ${plan}`);
      if (values === undefined) return undefined;
      const plain = JSON.parse(values) as Readonly<Record<string, string>>; // written above
      return Object.fromEntries(Object.entries(plain).map(([name, value]) => [name, new Secret(value)]));
    },
  };
}
