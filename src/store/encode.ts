/**
 * The state as JSON text and back. Sealed as a whole by the state folder's key: a plan that somebody set to approved by hand, a lock that
 * was taken out or a budget that was given back must not count. Pure.
 */
import { deepFreeze } from '../lib/freeze.ts';
import { isSealed, sealOf } from './seal.ts';
import { emptyState, type State } from './state.ts';

export const STATE_VERSION = 1;

/** The reader decides whether to start at all (`newer`, `damaged`) or to do nothing (at run time). */
export class BadState extends Error {
  override readonly name = 'BadState';
  readonly kind: 'newer' | 'damaged';
  constructor(kind: 'newer' | 'damaged', because: string) {
    super(because);
    this.kind = kind;
  }
}

/** The seal stands first, over the bytes of the object without it. */
export function encodeState(state: State, key: Buffer): string {
  const tables = Object.entries(state).map(([name, table]) => [name, Object.fromEntries(table as ReadonlyMap<string, unknown>)]); // all are maps
  const content = JSON.stringify({ v: STATE_VERSION, ...Object.fromEntries(tables) });
  return `{"seal":"${sealOf(content, key)}",${content.slice(1)}`;
}

/** Throws `BadState`. */
export function decodeState(text: string, key: Buffer): State {
  const { v, ...read } = objectIn(text);
  if (typeof v === 'number' && v > STATE_VERSION)
    throw new BadState('newer', `its version is ${v}, and this program reads ${STATE_VERSION}`);
  const [head = '', seal] = /^\{"seal":"([\w-]+)",/.exec(text) ?? [];
  if (v !== STATE_VERSION || !isSealed(`{${text.slice(head.length)}`, { seal, key }))
    throw new BadState('damaged', 'it was changed by something other than this program, or the key beside it was: its seal does not fit');
  // Sealed by us, so it is what `encodeState` made of a state.
  const tables = Object.keys(emptyState()).map((name) => [name, new Map(Object.entries(deepFreeze(read[name] ?? {})))]);
  return Object.fromEntries(tables) as State; // the same tables
}

function objectIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // said below
  }
  throw new BadState('damaged', 'it is not JSON');
}
