/** What a call is taken apart into before it is judged: each effect, on each account, by each difference. Pure. */
import type { Subject } from '../operation.ts';
import type { Unit } from './match.ts';
import type { Judged } from './policy.ts';
import { FLOOR } from './strictness.ts';

type Path = readonly string[];

/** `byPath`: whether any rule asks what changes. */
export function unitsOf({ effects, subjects, differences }: Judged, byPath: boolean): readonly Unit[] {
  const accounts: readonly Subject[] = subjects.length > 0 ? subjects : [{}];
  const all = [...new Set([...effects, ...differences.map((it) => it.effect)])];
  return all.flatMap((effect) => {
    const own = differences.filter((it) => it.effect === effect).map((it) => it.path);
    const pathsIn = (subject: Subject) =>
      byPath ? pathsOf(own, { effect, subject, hasDifferences: differences.length > 0 }) : [undefined];
    return accounts.flatMap((subject) => pathsIn(subject).map((path) => ({ effect, subject, path })));
  });
}

/**
 * Only a write and a privilege in an account that is there are nothing but their differences, so that a rule may lower them path by path.
 * All else can have other causes, too (a new password), and is judged as a whole besides.
 */
function pathsOf(
  own: readonly Path[],
  { effect, subject, hasDifferences }: { readonly effect: string; readonly subject: Subject; readonly hasDifferences: boolean },
): readonly (Path | undefined)[] {
  const isNew = subject.id === undefined;
  if (own.length > 0) return FLOOR.includes(effect) || isNew ? [undefined, ...own] : own;
  if (!isNew || hasDifferences) return [undefined];
  return [undefined, ...contentsOf(subject), ...(effect === 'takeover' ? UNLISTED : [])];
}

/** What a new account may bring along besides, and be a takeover for; which of it, a batch does not say. */
const UNLISTED: readonly Path[] = [['credentials'], ['verifiable_addresses'], ['recovery_addresses']];

/** Everything in a new account is a difference, wherever the plan does not list them (a batch). */
function contentsOf({ id: _id, verified: _verified, ...facets }: Subject): readonly Path[] {
  return leavesOf(facets, []);
}

const DEEPEST = 32;
function leavesOf(value: unknown, path: Path): readonly Path[] {
  if (value === undefined || value === null) return [];
  const isBranch = typeof value === 'object' && path.length < DEEPEST;
  const below = isBranch ? Object.entries(value).flatMap(([name, it]) => leavesOf(it, [...path, name])) : [];
  return below.length > 0 || path.length === 0 ? below : [path];
}
