/** The typed errors, one class per decision of the reader. Turned into an answer once, in `pipeline.ts` (or an exit code, in `cli/`). */

/** The operator reads it, on stderr, exit code 2: a setting or argument is wrong; nothing was started. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The agent reads it: the arguments can't be carried out as they are, what to change is in the message; nothing was sent that changes anything. */
export class InputError extends Error {
  override readonly name = 'InputError';
  /** Words of others that belong to the message (an end user's value, Kratos' text); shown fenced. */
  readonly quoted: string | undefined;
  constructor(message: string, quoted?: string) {
    super(message);
    this.quoted = quoted;
  }
}

export interface KratosErrorInit {
  /** HTTP status; undefined where there was no answer. */
  readonly status?: number | undefined;
  /** Kratos' own words: `error.message` and `error.reason` of its envelope. Data, shown fenced. */
  readonly said?: { readonly message?: string | undefined; readonly reason?: string | undefined } | undefined;
  /** What to do next. Our words. */
  readonly hint: string;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** `rejected`: provably nothing was changed (4xx, or never sent). `ambiguous`: a write may have happened. */
  readonly effect: 'rejected' | 'ambiguous';
  /** Seconds to wait that Kratos named (`retry-after`, `x-ratelimit-reset`). */
  readonly retryAfter?: number | undefined;
  readonly cause?: unknown;
}

/** The agent reads it: Kratos refused, failed or could not be reached. `message` is our own sentence, without upstream text. */
export class KratosError extends Error {
  override readonly name = 'KratosError';
  readonly status: number | undefined;
  readonly said: KratosErrorInit['said'];
  readonly hint: string;
  readonly retryable: boolean;
  readonly effect: KratosErrorInit['effect'];
  readonly retryAfter: number | undefined;
  constructor(message: string, init: KratosErrorInit) {
    super(message, { cause: init.cause });
    this.status = init.status;
    this.said = init.said;
    this.hint = init.hint;
    this.retryable = init.retryable;
    this.effect = init.effect;
    this.retryAfter = init.retryAfter;
  }
}

/** `client/` reads it: no byte of the request reached anyone (connection refused, DNS, TLS). The only failure after which a write may be sent again. */
export class Unsent extends Error {
  override readonly name = 'Unsent';
}

/** `client/` reads it: the request went out, and what became of it is not known (reset, time-out, oversized body). */
export class Ambiguous extends Error {
  override readonly name = 'Ambiguous';
}
