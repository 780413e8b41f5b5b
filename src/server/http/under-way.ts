/** How many requests are under way for whom. */
export class UnderWay {
  readonly #counts = new Map<string, number>();

  /** Call the result once, at the end; undefined: there are as many as may be. */
  enter(key: string, most: number): (() => void) | undefined {
    const count = this.#counts.get(key) ?? 0;
    if (count >= most) return undefined;
    this.#counts.set(key, count + 1);
    return () => this.#leave(key);
  }

  #leave(key: string): void {
    const left = (this.#counts.get(key) ?? 1) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}
