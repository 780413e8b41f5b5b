/** A value that must not be printed by accident: it shows as `[redacted]` wherever it is not asked for by `reveal()`. */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  /** The value itself: for the header it goes into, and nothing else. */
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return '[redacted]';
  }
  toJSON(): string {
    return '[redacted]';
  }
  /** What `util.inspect` (and so `console.log` and a thrown error's properties) prints. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[redacted]';
  }
}
