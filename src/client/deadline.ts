/**
 * Bounds a call in time. Not `AbortSignal.any` with `AbortSignal.timeout`: in Node 20 the combined signal does not keep the timer's signal
 * alive, and after a garbage collection the deadline never comes (seen on 20.20.2).
 */

/** Why the signal that `within` hands out was aborted, if the caller's own did not come first. */
export class TimedOut extends Error {
  override readonly name = 'TimeoutError';
  readonly ms: number;
  constructor(ms: number) {
    super(`took longer than ${ms} ms`);
    this.ms = ms;
  }
}

/** Runs with a signal that ends with the caller's, or after `ms` milliseconds with `TimedOut`. */
export async function within<T>(ms: number, outer: AbortSignal | undefined, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const inner = new AbortController();
  const follow = () => inner.abort(outer?.reason);
  const timer = setTimeout(() => inner.abort(new TimedOut(ms)), ms);
  if (outer?.aborted) follow();
  outer?.addEventListener('abort', follow, { once: true });
  try {
    return await run(inner.signal);
  } finally {
    clearTimeout(timer);
    outer?.removeEventListener('abort', follow);
  }
}
