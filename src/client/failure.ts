/** Turns whatever went wrong with a call into exactly one `KratosError`. */
import { Ambiguous, KratosError, Unsent } from '../errors.ts';
import { type Called, explain, type Explained, unreadable } from './explain.ts';
import { codeOf, isPassing } from './retry.ts';
import { readEnvelope, waitNamed } from './said.ts';
import type { WireReply } from './types.ts';

const LOOK_FIRST = 'It is not known whether the change was made: read the account before anything else is done.';

/** An answer with a status that does not mean success. `now` in milliseconds since 1970. */
export function answered(reply: WireReply, called: Called, now: number): KratosError {
  const envelope = readEnvelope(reply.text);
  const retryAfter = waitNamed(reply, now);
  const explained = explain(reply, envelope, called);
  const isRefusal = reply.status >= 400 && reply.status < 500;
  return build(retryAfter === undefined ? explained : { ...explained, hint: `Wait ${retryAfter} s first. ${explained.hint}` }, {
    status: reply.status,
    said: envelope && { message: envelope.message, reason: envelope.reason },
    retryAfter,
    ambiguous: called.write && !isRefusal,
  });
}

/** A success whose body is not what it should be: no JSON, cut off, nested without end. */
export function garbled(reply: WireReply, called: Called, cause: unknown): KratosError {
  return build(unreadable, { status: reply.status, ambiguous: called.write, cause });
}

/** Why a call ended before Kratos answered, if it was not the connection's fault. */
export type Ended = { readonly by: 'caller' } | { readonly by: 'deadline'; readonly ms: number | undefined };

/** No answer: `cause` is what `send` threw. Everything but `Unsent` may have reached Kratos. */
export function unanswered(cause: unknown, called: Called, ended?: Ended): KratosError {
  const sent = !(cause instanceof Unsent);
  const ambiguous = called.write && sent;
  if (ended?.by === 'caller') {
    const hint = ambiguous ? '' : 'Nothing was changed.';
    return build({ message: 'The call was cancelled.', hint, retryable: false }, { ambiguous, cause });
  }
  if (ended?.by === 'deadline') {
    const message = `Kratos did not answer within ${ended.ms === undefined ? 'the time allowed' : `${ended.ms / 1000} s`}.`;
    return build({ message, hint: 'Try again; a list is quicker with a smaller page_size.', retryable: true }, { ambiguous, cause });
  }
  if (!sent) {
    const hint = `The operator has to check that Kratos runs and that KRATOS_ADMIN_URL and KRATOS_PUBLIC_URL are right; \`ory-identity-mcp doctor\` shows which one is not.`;
    return build({ message: cause.message, hint, retryable: isPassing(cause) }, { ambiguous, cause });
  }
  const message = cause instanceof Ambiguous ? cause.message : 'The call to Kratos broke off.';
  const retryable = mayPass(codeOf(cause));
  const hint = retryable ? 'Try again; if it stays so, the operator has to look.' : 'The same call will end the same way.';
  return build({ message, hint, retryable }, { ambiguous, cause });
}

/** Whether the connection was at fault, and not what came over it. What we refuse ourselves has no code. */
const mayPass = (code: string): boolean => code !== '' && !/^(?:UND_ERR_HEADERS_OVERFLOW|HPE_)/.test(code);

interface Facts {
  readonly status?: number;
  readonly said?: KratosError['said'];
  readonly retryAfter?: number | undefined;
  /** Whether a write may have happened. */
  readonly ambiguous: boolean;
  readonly cause?: unknown;
}

/** The same call made again can do harm where the first may have happened, so that what to do is to look. */
function build({ message, hint, retryable }: Explained, { ambiguous, ...facts }: Facts): KratosError {
  return new KratosError(message, {
    ...facts,
    hint: !ambiguous ? hint : retryable || hint === '' ? LOOK_FIRST : `${LOOK_FIRST} ${hint}`,
    retryable: retryable && !ambiguous,
    effect: ambiguous ? 'ambiguous' : 'rejected',
  });
}
