/** The state as JSON text and back. What is read is checked: a line that somebody edited must not become a plan without an expiry. Pure. */
import { deepFreeze } from '../lib/freeze.ts';
import { emptyState, type State } from './state.ts';
import type { PlanState } from './types.ts';

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

export function encodeState(state: State): string {
  const tables = Object.entries(state).map(([name, table]) => [name, Object.fromEntries(table as ReadonlyMap<string, unknown>)]); // all are maps
  return JSON.stringify({ v: STATE_VERSION, ...Object.fromEntries(tables) });
}

/** Throws `BadState`. */
export function decodeState(text: string): State {
  const read = objectIn(parse(text), 'the document');
  const version = read['v'];
  if (typeof version === 'number' && version > STATE_VERSION)
    throw new BadState('newer', `its version is ${version}, and this program reads ${STATE_VERSION}`);
  if (version !== STATE_VERSION) damaged('it has no version');
  const tables = Object.entries(CHECKS).map(([name, check]) => {
    const rows = Object.entries(objectIn(read[name], name));
    for (const [key, row] of rows) if (!check(row, key)) damaged(`an entry of ${name} is not as it should be`);
    return [name, new Map(deepFreeze(rows))];
  });
  return { ...emptyState(), ...Object.fromEntries(tables) }; // each row was checked
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return damaged('it is not JSON');
  }
}

function damaged(because: string): never {
  throw new BadState('damaged', because);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function objectIn(value: unknown, name: string): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : damaged(`${name} is missing`);
}

const isTime = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);
const each =
  (check: (row: Readonly<Record<string, unknown>>) => boolean) =>
  (rows: unknown): boolean =>
    Array.isArray(rows) && rows.every((it) => isObject(it) && check(it));

const STATES: Readonly<Record<PlanState, true>> = {
  waiting: true,
  approved: true,
  claimed: true,
  done: true,
  declined: true,
  expired: true,
  void: true,
};
const isText = (value: unknown): boolean => typeof value === 'string';

const PLAN: Readonly<Record<string, (value: unknown) => boolean>> = {
  ...Object.fromEntries(
    ['code', 'digest', 'request', 'principal', 'client', 'tool', 'channel', 'kind', 'phrase'].map((it) => [it, isText]),
  ),
  state: (it) => typeof it === 'string' && Object.hasOwn(STATES, it),
  approvals: (it) => it === 0 || it === 1 || it === 2,
  created: isTime,
  expires: isTime,
  targets: Array.isArray,
  effects: Array.isArray,
  ids: isObject,
  requires: isObject,
  decided: each((it) => isText(it['by']) && isText(it['method']) && isTime(it['at'])),
};

const isPlan = (row: unknown, key: string): boolean =>
  isObject(row) && row['id'] === key && Object.entries(PLAN).every(([name, check]) => check(row[name]));

const CHECKS: Readonly<Record<keyof State, (row: unknown, key: string) => boolean>> = {
  plans: isPlan,
  cooling: isTime,
  wrong: (row) => isObject(row) && isTime(row['count']) && isTime(row['until']),
  spent: each((it) => isTime(it['at']) && isTime(it['items']) && isTime(it['until'])),
  declines: (row) => Array.isArray(row) && row.every(isTime),
  locks: isTime,
  history: each((it) => typeof it['link'] === 'string' && isTime(it['at'])),
};
