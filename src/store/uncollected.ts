/** Outcomes whose caller had gone by the time they were known: the same call made again gets its outcome once, instead of a second execution. */
export interface Uncollected<Answer> {
  keep(request: string, answer: Answer): void;
  take(request: string): Answer | undefined;
}

const KEEP_MS = 10 * 60_000;
const MAX_KEPT = 100;

export function createUncollected<Answer>(now: () => number): Uncollected<Answer> {
  const kept = new Map<string, { answer: Answer; until: number }>();
  return {
    keep(request, answer) {
      for (const [key, it] of kept) if (it.until <= now() || kept.size >= MAX_KEPT) kept.delete(key);
      kept.set(request, { answer, until: now() + KEEP_MS });
    },
    take(request) {
      const found = kept.get(request);
      kept.delete(request);
      return found && found.until > now() ? found.answer : undefined;
    },
  };
}
