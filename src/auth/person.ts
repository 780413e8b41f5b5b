/** Which person it is, in one spelling for callers (by their access token) and for approvers (by their sign-in). Pure. */
import type { Claims } from '../caller.ts';
import { claimAt } from './claims.ts';

export interface PersonRule {
  /** Whoever issued the claims. */
  readonly issuer: string;
  /** A claim, or a dotted path to one. */
  readonly personClaim: string;
}

/**
 * `<issuer>|<sub>` by `sub`; by any other claim its value, case folded, since most of them name mailboxes and accounts where case says
 * nothing. Undefined where the claim is missing, no text, or an address that its issuer has not verified.
 */
export function personOf(claims: Claims, { issuer, personClaim }: PersonRule): string | undefined {
  const value = claimAt(claims, personClaim);
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  if (personClaim === 'sub') return joined([issuer, value]);
  const verified = /(?:^|\.)email$/.test(personClaim) ? claimAt(claims, `${personClaim}_verified`) : true;
  return verified === true ? foldedPerson(value) : undefined;
}

/** As `personOf` folds a claim; what looks like `<issuer>|<sub>` stays as it is. */
export const foldedPerson = (text: string): string => (text.includes('|') ? text : text.trim().normalize('NFC').toLowerCase());

/** One text of several, that no other parts make; what can't be seen is escaped, too. */
export const joined = (parts: readonly string[]): string => parts.map(escaped).join('|');

const escaped = (part: string): string =>
  part.replace(/[%|\s\p{C}]/gu, (it) => `%u{${(it.codePointAt(0) ?? 0).toString(16)}}`).replace(/%u\{(25|7c|20)\}/g, '%$1');
