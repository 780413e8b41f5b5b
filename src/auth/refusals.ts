/** What is told of a token that does not count: to the operator why, to its bearer as much as helps, to the counters which check. */
import { cut } from './shown.ts';
import type { AuthPorts, Challenge, Check, CheckName } from './types.ts';

export interface Refusals {
  /** No token was shown: nothing went wrong, and nothing is logged. */
  none(): Challenge;
  refused(check: Check): Challenge;
  /** Whoever could say is not reachable; `why` in words of ours. */
  unavailable(why: string): Challenge;
}

const LINES_PER_MINUTE = 60;

/** RFC 6750 §3: no quotation marks or backslashes, so that nothing has to be escaped. */
const SENTENCES: Partial<Readonly<Record<CheckName, string>>> = {
  header: 'The Authorization header must be Bearer and one token',
  size: 'The access token is too long',
  kind: 'This kind of token does not count here',
  typ: 'This is not marked as an access token',
  id_token: 'This is not an access token',
  iss: 'The access token was issued by somebody else',
  aud: 'The access token is for another audience',
  exp: 'The access token has expired',
  nbf: 'The access token does not count yet',
  iat: 'The access token does not count yet',
  active: 'The access token is not active',
  static: 'The token is unknown or has expired',
  keys: 'The signature of the access token cannot be checked',
};
const OTHERWISE = 'The access token is not valid';

export function createRefusals(resourceMetadata: string | undefined, { log, meter, now }: AuthPorts): Refusals {
  let minute = { began: -Infinity, lines: 0 };

  /** A flood of bad tokens fills no disk; the counters have them all. */
  function mayLog(): boolean {
    if (Math.abs(now() - minute.began) >= 60_000) {
      const left = minute.lines - LINES_PER_MINUTE;
      if (left > 0) log.warn('tokens refused without a line of their own', { tokens: left });
      minute = { began: now(), lines: 0 };
    }
    minute.lines += 1;
    return minute.lines <= LINES_PER_MINUTE;
  }

  function header(error: string | undefined, description: string): string {
    const parts = [
      ...(error === undefined ? [] : [`error="${error}"`, `error_description="${description}"`]),
      ...(resourceMetadata === undefined ? [] : [`resource_metadata="${resourceMetadata}"`]),
      'scope="kratos:read"',
    ];
    return `Bearer ${parts.join(', ')}`;
  }

  return {
    none: () => ({
      status: 401,
      wwwAuthenticate: header(undefined, ''),
      message: 'An access token is needed: send it as Authorization: Bearer.',
    }),
    refused({ check, expected, found }) {
      meter.refused(check);
      if (mayLog()) log.warn('token refused', { check, expected: cut(expected), found: cut(found) });
      const sentence = SENTENCES[check] ?? OTHERWISE;
      // A request whose form is wrong is no token that is wrong (RFC 6750 §3.1); the transport answers both by 401.
      const error = check === 'header' ? 'invalid_request' : 'invalid_token';
      return { status: 401, wwwAuthenticate: header(error, sentence), message: `${sentence}.` };
    },
    unavailable(why) {
      meter.refused('unavailable');
      if (mayLog()) log.warn('token not checked', { reason: cut(why) });
      return { status: 503, wwwAuthenticate: undefined, message: 'The token cannot be checked just now. Try again later.' };
    },
  };
}
