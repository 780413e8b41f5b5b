/** What came of all calls: how long they took, how they ended, and whatever must not be. */
export class Tally {
  readonly #ms: Record<string, number[]> = {};
  readonly #ends: Record<string, number> = {};
  /** Sentences; empty at the end of a run that is right. */
  readonly wrong: string[] = [];

  took(kind: string, ms: number): void {
    (this.#ms[kind] ??= []).push(ms);
  }

  ended(how: string): void {
    this.#ends[how] = (this.#ends[how] ?? 0) + 1;
  }

  /** The first hundred are enough to see what is wrong. */
  accuse(text: string): void {
    if (this.wrong.length < 100) this.wrong.push(text);
  }

  get lines(): readonly string[] {
    const latencies = Object.entries(this.#ms).map(
      ([kind, all]) =>
        `${kind.padEnd(24)} ${String(all.length).padStart(7)} calls, p50 ${ms(quantile(all, 0.5))}, p99 ${ms(quantile(all, 0.99))}`,
    );
    const ends = Object.entries(this.#ends)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([how, count]) => `${how.padEnd(40)} ${count}`);
    return [...latencies, ...ends];
  }

  count(how: string): number {
    return this.#ends[how] ?? 0;
  }
}

const ms = (it: number): string => `${it.toFixed(1)} ms`;

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
