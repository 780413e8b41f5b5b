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

/** All tables, as an object; `beside`: what else is kept with them. */
export function contentOf(state: State, beside: Readonly<Record<string, unknown>> = {}): string {
  const tables = Object.entries(state).map(([name, table]) => [name, Object.fromEntries(table as ReadonlyMap<string, unknown>)]); // all are maps
  return JSON.stringify({ v: STATE_VERSION, ...beside, ...Object.fromEntries(tables) });
}

/** What `contentOf` wrote; of nothing else, so the text must have been found genuine before the state is used. Throws `BadState`. */
export function readContent(text: string): {
  readonly state: State;
  readonly beside: Readonly<Record<string, unknown>>;
  readonly v: unknown;
} {
  const { v, ...read } = objectIn(text);
  if (typeof v === 'number' && v > STATE_VERSION) throw newer(v);
  const names = Object.keys(emptyState());
  const tables = names.map((name) => [name, new Map(Object.entries(deepFreeze(read[name] ?? {})))]);
  const beside = Object.fromEntries(Object.entries(read).filter(([name]) => !names.includes(name)));
  return { state: Object.fromEntries(tables) as State, beside, v }; // the same tables
}

/** Throws `BadState`. */
export function checkVersion(v: unknown): void {
  if (typeof v === 'number' && v > STATE_VERSION) throw newer(v);
  if (v !== STATE_VERSION) throw new BadState('damaged', 'its version is none that ever was');
}

const newer = (v: number) => new BadState('newer', `its version is ${v}, and this program reads ${STATE_VERSION}`);

/** The seal stands first, over the bytes of the object without it. */
export function encodeState(state: State, key: Buffer): string {
  const content = contentOf(state);
  return `{"seal":"${sealOf(content, key)}",${content.slice(1)}`;
}

/** Throws `BadState`. */
export function decodeState(text: string, key: Buffer): State {
  const { state, v } = readContent(text);
  const [head = '', seal] = /^\{"seal":"([\w-]+)",/.exec(text) ?? [];
  if (v !== STATE_VERSION || !isSealed(`{${text.slice(head.length)}`, { seal, key }))
    throw new BadState('damaged', 'it was changed by something other than this program, or the key beside it was: its seal does not fit');
  return state;
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
