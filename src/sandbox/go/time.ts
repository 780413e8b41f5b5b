/** Time as Kratos keeps and prints it. Pure. */

/** Microseconds since 1970; `ZERO` is Go's zero time. */
export type Instant = number;
export const ZERO: Instant = Number.NEGATIVE_INFINITY;
export const MINUTE = 60_000_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

const fraction = (micros: number): string => {
  const digits = String(micros).padStart(6, '0').replace(/0+$/, '');
  return digits === '' ? '' : `.${digits}`;
};
const split = (at: Instant): { date: Date; micros: number } => {
  const seconds = Math.floor(at / 1_000_000);
  return { date: new Date(seconds * 1000), micros: at - seconds * 1_000_000 };
};

/** RFC 3339 with up to six fraction digits, zeros at the end cut. */
export function stamp(at: Instant): string {
  if (at === ZERO) return '0001-01-01T00:00:00Z';
  const { date, micros } = split(at);
  return `${date.toISOString().slice(0, 19)}${fraction(micros)}Z`;
}

/** As in the page tokens of sessions: `2006-01-02 15:04:05.99999`, five digits, cut and not rounded. */
export function tokenStamp(at: Instant): string {
  const { date, micros } = split(at);
  const text = date.toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)}${fraction(micros - (micros % 10))}`;
}

/** Reads either form; undefined if it is none. */
export function parseInstant(text: string): Instant | undefined {
  const parts = /^(\d{4}-\d\d-\d\d)[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  if (parts === null) return undefined;
  const [, day = '', clock = '', digits = '', zone = 'Z'] = parts;
  if (day.startsWith('0001-01-01')) return ZERO;
  const millis = Date.parse(`${day}T${clock}${zone}`);
  return Number.isNaN(millis) ? undefined : millis * 1000 + Number(digits.padEnd(6, '0').slice(0, 6));
}

const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 };

/** A Go duration (`1h30m`, `-1.5h`) in nanoseconds; undefined if it is none. */
export function parseDuration(text: string): number | undefined {
  if (!/^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+)$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g))
    total += Number(amount) * (UNITS[unit] ?? 0);
  return text.startsWith('-') ? -total : total;
}

/** A Go duration printed as Go prints it: `-1h0m0s`, `1.5s`, `10ms`, `0s`. */
export function printDuration(nanos: number): string {
  if (nanos === 0) return '0s';
  const sign = nanos < 0 ? '-' : '';
  const size = Math.abs(nanos);
  if (size < 1e3) return `${sign}${size}ns`;
  if (size < 1e6) return `${sign}${size / 1e3}µs`;
  if (size < 1e9) return `${sign}${size / 1e6}ms`;
  const hours = Math.floor(size / 3.6e12);
  const minutes = Math.floor((size % 3.6e12) / 6e10);
  const seconds = `${(size % 6e10) / 1e9}s`;
  if (hours > 0) return `${sign}${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${sign}${minutes}m${seconds}` : `${sign}${seconds}`;
}
