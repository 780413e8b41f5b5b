/** What a Redis or Valkey says when it can't, in our words: its own may hold keys, addresses or values. Pure. */

/** By the code that its error begins with; older servers put that of a script's command behind a dash. */
const REASONS: Readonly<Record<string, string>> = {
  OOM: 'its memory is full (maxmemory)',
  READONLY: 'it is a read-only replica',
  LOADING: 'it is still loading its data',
  MASTERDOWN: 'it is a replica that has lost its primary',
  MISCONF: 'it cannot write its data to disk, and so takes no changes',
  NOREPLICAS: 'too few of its replicas are there',
  NOAUTH: 'it asks for a password (--store-password-file)',
  WRONGPASS: 'it does not accept the password',
  DENIED: 'it runs in protected mode, without a password',
  NOPERM: 'its user may not do what is needed',
  WRONGTYPE: 'something else is kept under our names',
  BUSY: 'it is busy with a script of somebody else',
  CLUSTERDOWN: 'it is a cluster that is down',
  MOVED: 'it is one node of a cluster',
};
const CODE = new RegExp(`(?:^|[ :-])(${Object.keys(REASONS).join('|')})(?: |$)`);

export type Code = string | undefined;

/** Within a script, Redis 7 says so without a code. */
const WITHOUT_CODE = /The user executing the script|ACL failure in script/;

/** Undefined where it is none that we know. */
export function codeOf(error: unknown): Code {
  if (!(error instanceof Error)) return undefined;
  return CODE.exec(error.message)?.[1] ?? (WITHOUT_CODE.test(error.message) ? 'NOPERM' : undefined);
}

/** For a sentence: `The store … cannot be used: <reason>`. */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  if (code !== undefined) return REASONS[code] ?? code;
  const system = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof system === 'string' && /^[A-Z0-9_]{3,60}$/.test(system)) return `it cannot be reached (${system})`;
  return isReply(error) ? 'it answered with an error' : 'the connection to it broke';
}

/** What the server said, and not what became of the connection. The library names its classes so (RESP2: simple errors alone). */
export const isReply = (error: unknown): boolean =>
  error instanceof Error && ['SimpleError', 'ErrorReply'].includes(error.constructor.name);

/** Of these the same connection will hear again, and another one perhaps not: the address may lead elsewhere by now. */
export const isOfTheConnection = (code: Code): boolean =>
  code !== undefined && ['READONLY', 'LOADING', 'MASTERDOWN', 'NOAUTH', 'MOVED'].includes(code);
