/** Outcomes that nobody collected, for ten minutes. */
import type { Kept, Uncollected } from './types.ts';

const KEEP_MS = 10 * 60_000;

export const createUncollected = <Answer>(kept: Kept): Uncollected<Answer> => ({
  async keep(request, answer) {
    await kept.take(`outcome ${request}`); // the later one counts
    await kept.put(`outcome ${request}`, JSON.stringify(answer), KEEP_MS);
  },
  async take(request) {
    const found = await kept.take(`outcome ${request}`);
    return found === undefined ? undefined : (JSON.parse(found) as Answer); // written above
  },
});
