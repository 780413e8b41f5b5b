/** What the suite found, against what is expected of it. Pure. */
import type { Check, Required } from './suite.ts';

/** Which checks fail, or that passing says nothing, and why that is right. */
export interface Exception {
  /** The ids of exactly the checks that fail; empty: nothing is checked, or nothing that counts. */
  readonly failing: readonly string[];
  readonly because: string;
}
export type Expected = Readonly<Record<string, Exception>>;

export interface Row {
  readonly scenario: string;
  readonly passed: number;
  readonly failed: number;
  /** Neither: skipped, warned of, or mere notes. */
  readonly other: number;
  /** Undefined where it is scored; else the suite's reason why it is not. */
  readonly unscored: string | undefined;
  readonly result: 'passed' | 'expected' | 'UNEXPECTED' | 'not scored';
  readonly note: string;
}

/** Made of every message of every scenario; who passes nothing else was asked nothing. */
const OF_EVERY = new Set(['wire-schema-valid', 'wire-schema-harness-error']);

/** Refused by a limit of ours, whatever it would have answered else. */
export const isCrowded = ({ status, errorMessage = '' }: Check): boolean =>
  status === 'FAILURE' && errorMessage.includes('as many as may be');

export function judge(found: ReadonlyMap<string, readonly Check[]>, required: Required, expected: Expected): readonly Row[] {
  const rows = [...required.scored, ...required.unscored.keys()].map((scenario) =>
    rowOf(scenario, { checks: found.get(scenario), exception: expected[scenario], unscored: required.unscored.get(scenario) }),
  );
  const stale = Object.keys(expected).filter((it) => !rows.some(({ scenario }) => scenario === it));
  const nowhere = { passed: 0, failed: 0, other: 0, unscored: undefined, result: 'UNEXPECTED' } as const;
  return [...rows, ...stale.map((scenario) => ({ scenario, ...nowhere, note: 'listed as an exception, and not run' }))];
}

interface Found {
  readonly checks: readonly Check[] | undefined;
  readonly exception: Exception | undefined;
  readonly unscored: string | undefined;
}

function rowOf(scenario: string, { checks = [], exception, unscored }: Found): Row {
  const failing = [...new Set(checks.filter((it) => it.status === 'FAILURE').map((it) => it.id))];
  const isEmpty = !checks.some((it) => (it.status === 'SUCCESS' || it.status === 'FAILURE') && !OF_EVERY.has(it.id));
  const counted = (...statuses: readonly Check['status'][]) => checks.filter((it) => statuses.includes(it.status)).length;
  const counts = { passed: counted('SUCCESS'), failed: counted('FAILURE'), other: counted('WARNING', 'SKIPPED', 'INFO') };
  const row = (result: Row['result'], note: string): Row => ({ scenario, ...counts, unscored, result, note });

  if (checks.some(isCrowded)) return row('UNEXPECTED', 'refused by a limit');
  if (exception !== undefined) {
    if (isSame(failing, exception.failing)) return row('expected', exception.because);
    return row('UNEXPECTED', `expected to fail: ${listed(exception.failing)}; failed: ${listed(failing)}`);
  }
  if (failing.length === 0 && !isEmpty) return row('passed', '');
  const what = failing.length > 0 ? (checks.find((it) => it.status === 'FAILURE')?.errorMessage ?? listed(failing)) : 'nothing was checked';
  return unscored === undefined ? row('UNEXPECTED', `${listed(failing)} ${what}`) : row('not scored', `${unscored}: ${what}`);
}

const listed = (ids: readonly string[]): string => (ids.length === 0 ? 'nothing' : ids.join(', '));
const isSame = (some: readonly string[], others: readonly string[]): boolean =>
  some.length === others.length && some.every((it) => others.includes(it));
