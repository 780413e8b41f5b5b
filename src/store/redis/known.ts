/** Versions of the shared state: which follows which, and what can't be relied upon after a loss. */
import { randomBytes } from 'node:crypto';
import { STATE_VERSION } from '../encode.ts';
import { voidOpen } from '../plans.ts';
import { copyOf, emptyState, type State } from '../state.ts';
import { counterOf, type Head } from './replies.ts';

export interface Known {
  readonly head: Head;
  readonly state: State;
  /** Why all changes are off; undefined: they are not. */
  readonly frozen: string | undefined;
  /** Sealed by a key that may be taken away soon. */
  readonly isOld: boolean;
}
type Content = Pick<Known, 'state' | 'frozen'>;

/** What a document is bound to: no part of it can be exchanged. */
export const aboutOf = ({ epoch, run, version }: Head): string => `state ${STATE_VERSION} ${epoch} ${run} ${version}`;

/** `known`: what this process knew last; `run` and `now`: the server's. */
interface Circumstances {
  readonly known: Known | undefined;
  readonly run: string;
  readonly now: number;
}

/** A copy of one's own, in which what can't be relied upon has ended: what comes next is built on it. */
export function mended(before: Known | undefined, { known, run, now }: Circumstances): Content {
  if (before === undefined) return { state: emptyState(), frozen: undefined };
  const state = copyOf(before.state);
  const isBack = isOlder(before.head, known?.head);
  if (before.head.run !== run || isBack) voidOpen(state, 'lost', now);
  // That changes are off must not end with a loss.
  const isOther = isBack || known?.head.epoch !== before.head.epoch;
  return { state, frozen: before.frozen ?? (isOther ? known?.frozen : undefined) };
}

/** One that was there before what is known, or beside it, was put back. */
function isOlder(head: Head, known: Head | undefined): boolean {
  if (known === undefined || known.epoch !== head.epoch || known.version === head.version) return false;
  return (counterOf(head.version) ?? 0) <= (counterOf(known.version) ?? 0);
}

export function nextHead(before: Head | undefined, { known, run }: { readonly known: Head | undefined; readonly run: string }): Head {
  const epoch = before?.epoch ?? unique();
  const counters = [before, known?.epoch === epoch ? known : undefined].map((it) => counterOf(it?.version ?? '') ?? 0);
  return { epoch, run, version: `${Math.max(...counters) + 1}.${unique()}` };
}

const unique = (): string => randomBytes(9).toString('base64url');

/** Tables hold values that are replaced, never changed. */
export function isSame(before: Content, after: Content): boolean {
  if (before.frozen !== after.frozen) return false;
  const names = Object.keys(before.state) as (keyof State)[]; // its own
  return names.every((name) => {
    const [table, other]: readonly ReadonlyMap<string, unknown>[] = [before.state[name], after.state[name]];
    return table?.size === other?.size && [...(table ?? [])].every(([key, value]) => other?.get(key) === value);
  });
}
