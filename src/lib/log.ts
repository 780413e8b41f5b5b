/**
 * JSON lines for the operator. Fields are named and typed, so that nothing is interpolated: an event is a constant text of ours, and what
 * end users or Kratos wrote has no place in a line. Pure: where lines go, and the clock, arrive as arguments.
 */
export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

type Value = string | number | boolean | readonly string[] | undefined;
/** The names that every line has are not for the taking. */
export type Fields = Readonly<Record<string, Value>> & { readonly time?: never; readonly level?: never; readonly event?: never };
type Line = (event: string, fields?: Fields) => void;
export type Log = Readonly<Record<LogLevel, Line>>;

interface LogPorts {
  /** Lines of this level and of graver ones are written. */
  readonly level: LogLevel;
  /** Takes one line, its line break included. */
  readonly write: (line: string) => void;
  readonly now: () => Date;
  /** What belongs to the request under way, for each of its lines. */
  readonly context?: () => Fields;
}

/** `JSON.stringify` escapes C0 only: DEL, C1 (8-bit terminal controls) and the two line separators are left to us. */
const LEFT_RAW = /[\u007f-\u009f\u2028\u2029]/g;
const escaped = (text: string): string => text.replace(LEFT_RAW, (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, '0')}`);

export function createLog({ level, write, now, context }: LogPorts): Log {
  const loudest = LOG_LEVELS.indexOf(level);
  const line =
    (its: LogLevel): Line =>
    (event, fields = {}) => {
      if (LOG_LEVELS.indexOf(its) > loudest) return;
      write(`${escaped(JSON.stringify({ time: now().toISOString(), level: its, event, ...context?.(), ...fields }))}\n`);
    };
  return { error: line('error'), warn: line('warn'), info: line('info'), debug: line('debug') };
}

const quiet = (): void => {};
/** For what is asked beside a server, whose answer says all. */
export const noLog: Log = { error: quiet, warn: quiet, info: quiet, debug: quiet };
