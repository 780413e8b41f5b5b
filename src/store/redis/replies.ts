/** What the scripts answer, read with care: whoever may write to the store can write odd things there. */
import { BadState, STATE_VERSION } from '../encode.ts';

export interface Head {
  /** Which state this is a version of: another one was made anew after a loss. */
  readonly epoch: string;
  /** The server's run that it was written in: another one has been restarted, or is another server. */
  readonly run: string;
  /** Counts up, with something unique behind. */
  readonly version: string;
}
export interface Answer {
  /** Milliseconds since 1970, by the server's clock. */
  readonly now: number;
  readonly run: string;
  /** Undefined: there is no state. */
  readonly head: Head | undefined;
  /** Undefined where its version is the known one. */
  readonly document: string | undefined;
}
export type Written =
  | { readonly kind: 'seen'; readonly answer: Answer }
  | { readonly kind: 'burnt' }
  | { readonly kind: 'kept'; readonly replicas: number };

/** Throws `BadState`. */
export function answerOf(reply: unknown): Answer {
  const [, seconds, micros, run, format, version, itsRun, epoch, document] = listOf(reply);
  const now = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
  if (!Number.isSafeInteger(now) || typeof run !== 'string' || run === '')
    throw new BadState('damaged', 'the server tells no time or no run_id');
  const common = { now, run };
  if ([format, version, itsRun, epoch].every((it) => it === null)) return { ...common, head: undefined, document: undefined };
  checkFormat(format);
  if (typeof version !== 'string' || typeof itsRun !== 'string' || typeof epoch !== 'string' || counterOf(version) === undefined)
    throw new BadState('damaged', 'parts of it are missing');
  return { ...common, head: { version, run: itsRun, epoch }, document: typeof document === 'string' ? document : undefined };
}

/** Throws `BadState`. */
export function writtenOf(reply: unknown): Written {
  const [kind, replicas] = listOf(reply);
  if (kind === 'seen') return { kind, answer: answerOf(reply) };
  if (kind === 'burnt') return { kind };
  if (kind === 'kept') return { kind, replicas: Number(replicas) };
  throw new BadState('damaged', 'the server answers oddly');
}

/** Before anything else of it is looked at: a newer program may keep it in another way. Throws `BadState`. */
function checkFormat(format: unknown): void {
  const number = typeof format === 'string' && /^\d{1,9}$/.test(format) ? Number(format) : 0;
  if (number > STATE_VERSION) throw new BadState('newer', `its version is ${number}, and this program reads ${STATE_VERSION}`);
  if (number !== STATE_VERSION) throw new BadState('damaged', 'its version is none that ever was');
}

/** Undefined: not one of ours. */
export function counterOf(version: string): number | undefined {
  const [, digits] = /^(\d{1,15})\.[\w-]+$/.exec(version) ?? [];
  return digits === undefined ? undefined : Number(digits);
}

const listOf = (reply: unknown): readonly unknown[] => (Array.isArray(reply) ? reply : []);
