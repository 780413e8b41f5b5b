/** The pipeline reads it (no durable intent, no write) and commands (exit code 1): the ledger can't be written, or can't be read. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';
}

/** Anything the file system, the lock or our own checks threw, as the one error that callers know. */
export function ledgerError(error: unknown): LedgerError {
  if (error instanceof LedgerError) return error;
  return new LedgerError(`The audit ledger cannot be written (${reasonOf(error)}).`, { cause: error });
}

/** A code where there is one: the message would name paths, and is no help beyond it. */
function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
  return error instanceof Error ? error.name : 'unknown';
}
