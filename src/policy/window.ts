/** Whether a moment lies in a time window, on the clock of its zone. Pure. */
import type { TimeWindow } from './policy.ts';

export const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;

/** A window over midnight belongs to the day on which it begins. Undefined: the moment is none. */
export function isWithin({ days, from, to, zone }: TimeWindow, at: Date): boolean | undefined {
  const local = localTime(at, zone);
  if (local === undefined) return undefined;
  const { day, minute } = local;
  const isOn = (it: number) => days === undefined || days.includes((it + 7) % 7);
  if (from < to) return isOn(day) && minute >= from && minute < to;
  return (isOn(day) && minute >= from) || (isOn(day - 1) && minute < to);
}

function localTime(at: Date, zone: string): { readonly day: number; readonly minute: number } | undefined {
  if (Number.isNaN(at.getTime())) return undefined;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = Object.fromEntries(format.formatToParts(at).map((it) => [it.type, it.value]));
  const day = DAYS.findIndex((it) => it === parts['weekday']?.toLowerCase());
  return { day, minute: Number(parts['hour']) * 60 + Number(parts['minute']) };
}

export function isZone(zone: string): boolean {
  if (!/^[A-Za-z_]+(?:\/[A-Za-z0-9_+-]+)*$/.test(zone)) return false;
  try {
    void new Intl.DateTimeFormat('en-US', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
