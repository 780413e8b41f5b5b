/** The small vocabulary of a policy file: globs, paths, durations, times of day. Each with what is said of a wrong one. Pure. */
import { z } from 'zod';
import { DAYS } from './window.ts';

const LONGEST_GLOB = 200;

/** What is wrong with it; undefined where it can be used. */
function whyNoGlob(text: string): string | undefined {
  if (text === '') return 'is empty';
  if (text.length > LONGEST_GLOB) return `is longer than ${LONGEST_GLOB} characters`;
  if (/\p{C}|^\s|\s$/u.test(text)) return 'holds characters that nobody can see, or begins or ends with a blank';
  if (/[?[\]{}\\]|^!/.test(text)) return 'holds one of ? [ ] { } \\ or begins with "!": only * is special in a glob';
  if (/\*\*/.test(text)) return 'holds "**": one * stands for anything already';
  return /^\^|\$$|^\.\*|\.\+/.test(text) ? 'looks like a regular expression; in a glob, * stands for anything' : undefined;
}

/** A text checked by `why`; what it says goes after the value. */
export const checked = (why: (text: string) => string | undefined, description: string, wanted = 'a text') =>
  z
    .string({ error: `must be ${wanted}` })
    .superRefine((text, context) => {
      const wrong = why(text);
      if (wrong !== undefined) context.addIssue({ code: 'custom', message: `${JSON.stringify(text.slice(0, 80))} ${wrong}` });
    })
    .meta({ description });

export const Glob = checked(whyNoGlob, 'A text; * stands for anything.');

/** What changes of an account, and what it has besides; the beginning of every path. */
const CHANGING = ['traits', 'metadata_public', 'metadata_admin', 'state', 'schema_id', 'external_id', 'organization_id'] as const;
const HAS = [...CHANGING, 'verifiable_addresses', 'recovery_addresses', 'credentials'];

function whyNoPath(text: string): string | undefined {
  if (text.length > LONGEST_GLOB) return `is longer than ${LONGEST_GLOB} characters`;
  const names = text.split('.');
  if (names.some((it) => it === '' || /\p{C}|^\s|\s$/u.test(it))) return 'has an empty or invisible part between its dots';
  if (names.some((it) => it === '__proto__')) return 'cannot be the name of a value';
  return names.length > 16 ? 'is deeper than 16 names' : undefined;
}
function whyNoRoot(text: string): string | undefined {
  const [root = ''] = text.split('.');
  return HAS.includes(root) ? undefined : `does not begin with one of ${HAS.join(', ')}`;
}
/** Below traits or metadata, without that. */
export const Path = checked((it) => whyNoPath(it) ?? (it.includes('*') ? 'holds a *: name the value' : undefined), 'A dotted path.');
export const ClaimName = checked(
  (it) => whyNoPath(it) ?? (it.includes('*') ? 'holds a *: name the claim' : undefined),
  'The name of a claim, or a dotted path to it.',
);
export const ChangeGlob = checked(
  (it) => whyNoPath(it) ?? whyNoRoot(it) ?? whyNoGlob(it),
  'A dotted path of an account (metadata_public.plan), which also means all below it; * stands for one name or a part of it.',
);
export const HidePath = checked(
  (it) => whyNoPath(it) ?? whyNoRoot(it) ?? (it.split('.').some((name) => /.\*|\*./.test(name)) ? 'holds a * within a name' : undefined),
  'A dotted path of an account (metadata_admin, traits.birthday); * stands for any one name.',
);

/** Of at least one. */
export const listOf = <T extends z.ZodType>(item: T, name: string) =>
  z.array(item).min(1, `an empty list of ${name} would never match; leave it out or name one`).max(200);

/** One, or a list of them. */
export const oneOrMore = <T extends z.ZodType>(item: T, name: string) =>
  z.union([item, listOf(item, name)]).transform((it): readonly z.output<T>[] => (Array.isArray(it) ? it : [it]) as readonly z.output<T>[]); // the cast: either of the two above

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const secondsOf = (text: string): number => {
  const [, digits = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  return Number(digits) * (SECONDS[unit] ?? Number.NaN);
};

/** Comes out in seconds. The limits are durations, too. */
export const Duration = (least: string, most: string) => {
  const isOne = (it: string) => secondsOf(it) >= secondsOf(least) && secondsOf(it) <= secondsOf(most);
  const kind = 'a duration (30s, 15m, 24h, 3d)';
  const why = (it: string) => (isOne(it) ? undefined : `is no duration from ${least} to ${most} (30s, 15m, 24h, 3d)`);
  return checked(why, `A duration from ${least} to ${most}, such as 15m, 24h or 3d.`, kind).transform(secondsOf);
};

/** Comes out in minutes since midnight. */
export const Clock = checked(
  (it) => (/^(?:[01]\d|2[0-3]):[0-5]\d$|^24:00$/.test(it) ? undefined : 'is no time of day from "00:00" to "24:00"'),
  'A time of day, 00:00 to 24:00.',
  'a time of day ("09:00")',
).transform((it) => Number(it.slice(0, 2)) * 60 + Number(it.slice(3)));

const dayOf = (name: string): number => DAYS.findIndex((it) => it === name);
function daysOf(text: string): readonly number[] {
  const [first = '', last = first] = text.toLowerCase().split('-');
  const [from, to] = [dayOf(first), dayOf(last)];
  if (from < 0 || to < 0) return [];
  return Array.from({ length: ((to - from + 7) % 7) + 1 }, (_, index) => (from + index) % 7);
}
/** A day, or from one to another. */
export const Days = checked(
  (it) => (daysOf(it).length > 0 && it.split('-').length <= 2 ? undefined : `is no day: ${DAYS.join(', ')}, or mon-fri`),
  'sun, mon, tue, wed, thu, fri, sat, or from one to another: mon-fri.',
).transform(daysOf);
