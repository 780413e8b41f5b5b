/** The arguments of a recovery that need more than a schema. Pure. */
import { InputError } from '../errors.ts';

/** Nanoseconds, by the units of a Go duration. */
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
const SECOND = 1_000_000_000n;

/** A Go duration above zero and within the limit, as it was written; throws `InputError` for anything else. */
export function checkLifetime(text: string, maxS: number): string {
  const parts = text.length <= 40 && /^(?:\d+(?:ns|us|ms|s|m|h))+$/.test(text) ? [...text.matchAll(/(\d+)([a-z]+)/g)] : [];
  const length = parts.reduce((sum, [, digits = '0', unit = '']) => sum + BigInt(digits) * (UNITS[unit] ?? 0n), 0n);
  if (length > 0n && length <= BigInt(maxS) * SECOND) return text;
  const most = durationOf(maxS);
  throw new InputError(
    `\`expires_in\` must be a duration such as 10m or 4m30s, longer than nothing and at most ${most}, the operator's limit for codes and links.`,
    text,
  );
}

const HOUR_S = 3_600;
/** What a call gets that names no lifetime: an hour, or less where the operator allows less. */
export const defaultLifetime = (maxS: number): string => durationOf(Math.min(HOUR_S, maxS));

/** `5400` → `1h30m` */
function durationOf(seconds: number): string {
  const parts = [
    [Math.floor(seconds / HOUR_S), 'h'],
    [Math.floor((seconds % HOUR_S) / 60), 'm'],
    [seconds % 60, 's'],
  ] as const;
  return parts.map(([count, unit]) => (count > 0 ? `${count}${unit}` : '')).join('');
}

const LONGEST = 2_000;
/**
 * An absolute https URL that every parser reads alike: no user, no backslash, no empty path segment, nothing that normalising would
 * change; see `checkOrigin`, too. Kratos compares it with its own list besides. Throws `InputError`.
 */
export function checkReturnTo(text: string): string {
  const refuse = (because: string): never => {
    throw new InputError(`\`return_to\` ${because}. Give the plain https address of a page of yours, or leave it out.`, text.slice(0, 200));
  };
  if (text.length > LONGEST) return refuse(`is longer than ${LONGEST} characters`);
  if (!/^https:\/\/[\x21-\x7e]+$/.test(text)) return refuse('is no absolute https:// address in plain ASCII');
  const rest = text.slice('https://'.length);
  if (rest.includes('\\') || /%5c/i.test(rest)) return refuse('holds a backslash');
  if (/(?:\/|%2f)(?:\/|%2f)/i.test(rest)) return refuse('holds // after its beginning');
  if (!URL.canParse(text)) return refuse('cannot be parsed');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || /^[^/?#]*@/.test(rest)) return refuse('holds a user name');
  if (url.href !== text && url.href !== `${text}/`)
    return refuse('is not in its normal form (lower-case host, no default port, no dot segments)');
  return text;
}

/** Whether the operator lets a link lead to this (checked) address; `origins` undefined: the operator says nothing. Throws `InputError`. */
export function checkOrigin(address: string, origins: readonly string[] | undefined): string {
  if (origins === undefined || origins.includes(new URL(address).origin)) return address;
  const allowed = origins.length === 0 ? 'none' : origins.join(', ');
  throw new InputError(
    `The operator does not let \`return_to\` lead there. Allowed: ${allowed}. Leave it out, or give an address below one of them.`,
    address,
  );
}
