/** The records that a command is asked for. */
import { readRecords } from '../audit/read.ts';
import type { LedgerRecord } from '../audit/format.ts';
import type { Flags } from '../config/load.ts';
import { UsageError } from '../errors.ts';
import { clean } from '../lib/text.ts';
import { printError } from './print.ts';

export interface AuditCommand {
  readonly stateFolder: string;
  readonly options: Flags;
}

/** The options that name something to look for. Throws `UsageError` for those that the command does not have. */
export function texts<Name extends string>(command: string, options: Flags, names: readonly Name[]): { readonly [N in Name]?: string } {
  const found: { [N in Name]?: string } = {};
  for (const [name, value] of Object.entries(options)) {
    const known = names.find((it) => it === name);
    if (known === undefined && name !== 'json') throw new UsageError(`--${name} does not go with audit ${command}. See --help.`);
    if (known !== undefined && typeof value === 'string') found[known] = value;
  }
  return found;
}

const UNITS = { m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** `90m`, `12h`, `30d`, `4w` ago, or a date: milliseconds since 1970; −∞ where nothing is said. Throws `UsageError`. */
export function sinceOf(text: string | undefined, now: number): number {
  if (text === undefined) return Number.NEGATIVE_INFINITY;
  const [, count, unit] = /^(\d{1,5})([mhdw])$/.exec(text) ?? [];
  if (count !== undefined && unit !== undefined) return now - Number(count) * UNITS[unit as keyof typeof UNITS]; // cast: the pattern has these letters
  const at = /^\d{4}-\d\d-\d\d(?:T[\d:.]+Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(at)) throw new UsageError('--since takes a time span like 90m, 12h, 30d or 4w, or a date like 2026-01-31.');
  return at;
}

/** Names of approvers by their ids, as the records of their enrolment say; an enrolment comes before all that it allows. */
export type Names = Map<string, string>;

/** From a time on, in order; `names` is filled on the way. What is not as it was written is left out, and said on stderr at the end. */
export async function* recordsSince(stateFolder: string, since: number, names: Names = new Map()): AsyncGenerator<LedgerRecord> {
  let skipped = 0;
  for await (const it of readRecords(stateFolder, { skipped: () => (skipped += 1) })) {
    if (it.event === 'enrolled') remember(it, names);
    if (Date.parse(it.ts) >= since) yield it;
  }
  if (skipped > 0) printError(`${skipped} line(s) are not as they were written and are left out: see audit verify.`);
}

export const shownWho = ({ requester, client }: LedgerRecord): string =>
  [requester, client].filter((it) => it !== undefined && it !== '').join(' through ') || '-';

function remember({ facts }: LedgerRecord, names: Names): void {
  const [id, name] = [facts?.['approver'], facts?.['name']];
  if (typeof id === 'string' && typeof name === 'string') names.set(id, name);
}

/** `by Anna (passkey)`; undefined where nobody decided anything. */
export function shownDecision({ event, approvers = [], decision_source, method }: LedgerRecord, names: Names): string | undefined {
  if (method === 'form') return "by the client's form";
  if (method === 'phrase') return 'by a typed phrase on the page';
  const [first, ...more] = approvers;
  if (first === undefined) return decision_source === undefined ? undefined : `by the ${decision_source}`;
  const by = [first, ...more].map((it) => names.get(it) ?? it).join(' and ');
  const methods = event === 'enrolled' || method === undefined ? [] : [...new Set(method.split(' '))];
  return methods.length === 0 ? `by ${by}` : `by ${by} (${methods.join(', ')})`;
}

/** Whom or what an event is about that is no call: `Anna (passkey)`. */
export function shownAbout({ facts = {}, method }: LedgerRecord, names: Names): string | undefined {
  const { approver, principal, method: its = method } = facts;
  if (typeof approver !== 'string') return typeof principal === 'string' ? principal : undefined;
  const name = names.get(approver) ?? approver;
  return typeof its === 'string' ? `${name} (${its})` : name;
}

/** `→ failed (409)`. */
export function shownEnd({ outcome, error_code }: LedgerRecord): string | undefined {
  if (outcome === undefined) return error_code === undefined ? undefined : `(${error_code})`;
  return error_code === undefined ? `→ ${outcome}` : `→ ${outcome} (${error_code})`;
}

/** What is there of it, on one line: whoever wrote into the file himself can't write onto the terminal. */
export const joined = (parts: readonly (string | false | undefined)[], between: string): string =>
  clean(parts.filter((it) => typeof it === 'string').join(between), LONGEST).text;
const LONGEST = 2_000;
