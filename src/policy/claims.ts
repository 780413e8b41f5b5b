/**
 * Whether a caller's token says what a policy asks for. A claim that is not there is known not to be, and fits nothing; one that nobody can
 * go by (left out for its size, not verified, of a kind that no glob is about) is `unsure`, so that it never lowers a verdict. Pure.
 */
import { all, fitOf, no, unsure, type Fit } from './fit.ts';
import { anyMatchOf } from './globs.ts';
import type { ClaimCondition } from './policy.ts';

type Claims = Readonly<Record<string, unknown>>;

/** All of them hold, beyond doubt. Conditions that name no claim are nobody's. Total, whatever stands in the token. */
export function matchesClaims(conditions: readonly ClaimCondition[], claims: Claims): boolean {
  return conditions.length > 0 && fitOfClaims(conditions, claims).kind === 'yes';
}

export const fitOfClaims = (conditions: readonly ClaimCondition[], claims: Claims): Fit =>
  all(conditions.map((it) => fitOfClaim(it, claims)));

function fitOfClaim({ path, globs }: ClaimCondition, claims: Claims): Fit {
  const name = path.join('.');
  const found = lookUp(claims, path);
  if (found === undefined || found.value === null || found.value === undefined) {
    return isElsewhere(claims, path) ? unsure(`the token leaves the claim ${name} out`) : no(`the caller has no claim ${name}`);
  }
  const items = itemsOf(found);
  const fit = fitOf(anyMatchOf(globs, items.flatMap(textOf)), `the claim ${name} is another one`);
  if (fit.kind === 'yes') return isUnverified(found) ? unsure(`the claim ${name} is not verified`) : fit;
  return items.some(isOdd) ? unsure(`the claim ${name} holds what no glob can be compared with`) : fit;
}

/** A list's items; scopes are one text with blanks (RFC 8693 §4.2), and each of them counts besides. */
function itemsOf({ name, value }: Found): readonly unknown[] {
  if (Array.isArray(value)) return value;
  return typeof value === 'string' && (name === 'scope' || name === 'scp') ? [value, ...value.split(' ')] : [value];
}

interface Found {
  /** What holds it: the claims, or an object in them. */
  readonly holder: Claims;
  readonly name: string;
  readonly value: unknown;
}

/**
 * Own members only. A name may itself hold dots (`https://example.com/roles`), so that at each step the longest name that is there is taken:
 * first the whole path as one name, at last the dotted way through the objects.
 */
function lookUp(holder: unknown, path: readonly string[]): Found | undefined {
  if (!isRecord(holder)) return undefined;
  for (let length = path.length; length > 0; length -= 1) {
    const name = path.slice(0, length).join('.');
    if (!Object.hasOwn(holder, name)) continue;
    const value = holder[name];
    return length === path.length ? { holder, name, value } : lookUp(value, path.slice(length));
  }
  return undefined;
}

const isRecord = (value: unknown): value is Claims => typeof value === 'object' && value !== null && !Array.isArray(value);

/** A number counts where it is exact. */
function textOf(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'boolean' || Number.isSafeInteger(value) ? [String(value)] : [];
}
/** Objects, lists in a list, fractions: there is something, and no glob says anything about it. */
const isOdd = (value: unknown): boolean => value !== null && value !== undefined && textOf(value).length === 0;

/** Claims that a provider keeps elsewhere, for example where somebody is in too many groups (OpenID Connect Core 1.0 §5.6.2). */
function isElsewhere(claims: Claims, path: readonly string[]): boolean {
  const names = lookUp(claims, ['_claim_names'])?.value;
  return isRecord(names) && path.some((_, index) => Object.hasOwn(names, path.slice(0, index + 1).join('.')));
}

/** `email` beside `email_verified: false` is what somebody typed (OpenID Connect Core 1.0 §5.1); some providers write "true" as a text. */
function isUnverified({ holder, name }: Found): boolean {
  const mark = `${name}_verified`;
  return Object.hasOwn(holder, mark) && holder[mark] !== true && holder[mark] !== 'true';
}
