/** From the `Authorization` header to the caller, or to a refusal. Everything fails closed. */
import type { Caller } from '../caller.ts';
import { shownIn } from './header.ts';
import { checkOpaque } from './introspection.ts';
import { createCheckJwt } from './jwt.ts';
import { StaleKeys } from './keys.ts';
import { kindCheck, kindOf, type Kind } from './kind.ts';
import { resourceMetadataUrl } from './metadata.ts';
import { createRefusals } from './refusals.ts';
import { openSources } from './sources.ts';
import { createCheckStatic } from './static-tokens.ts';
import { Unavailable, type AuthOptions, type AuthPorts, type Authenticate, type Check } from './types.ts';

type CheckToken = (token: string) => Promise<Caller | Check> | Caller | Check;

/** Throws `UsageError` where the file of static tokens can't be used. What it gives back never throws. */
export function createAuthenticate(options: AuthOptions, ports: AuthPorts): Authenticate {
  const { log } = ports;
  const checks = checksOf(options, ports);
  const counts = kindsOf(options);
  const refusals = createRefusals(options.oauth && resourceMetadataUrl(options), ports);

  async function judged(token: string): Promise<Caller | Check> {
    const kind = kindCheck(token, counts);
    return kind.ok ? checks[kindOf(token)](token) : kind;
  }

  return async (authorization) => {
    const shown = shownIn(authorization);
    if (shown.kind === 'none') return refusals.none();
    if (shown.kind === 'bad') return refusals.refused(shown.check);
    try {
      const found = await judged(shown.token);
      return 'check' in found ? refusals.refused(found) : found;
    } catch (error) {
      if (error instanceof Unavailable) return refusals.unavailable(error.message);
      if (error instanceof StaleKeys) return refusals.refused(STALE);
      log.error('a token could not be checked', { error: error instanceof Error ? error.name : typeof error });
      return refusals.unavailable('an error of this program');
    }
  };
}

/**
 * After an hour without word from the issuer its last keys count as withdrawn, and so does what they signed: 401, as for a key that never
 * was. Before there ever were keys nothing can be said of a token, and the answer is 503.
 */
const STALE: Check = {
  check: 'keys',
  ok: false,
  expected: 'keys of the issuer that are not older than an hour',
  found: 'older ones, and it cannot be asked',
};

/** The kinds of token that the settings make room for. */
export const kindsOf = ({ oauth, tokensFile }: AuthOptions): readonly Kind[] => [
  ...(oauth === undefined ? [] : (['jwt'] as const)),
  ...(oauth?.introspection === undefined ? [] : (['opaque'] as const)),
  ...(tokensFile === undefined ? [] : (['static'] as const)),
];

function checksOf({ oauth, network, tokensFile }: AuthOptions, { log, now }: AuthPorts): Readonly<Record<Kind, CheckToken>> {
  const failed = (reason: string) => log.error('the keys of the issuer could not be read', { reason });
  const sources = oauth && openSources(oauth, network, { now, failed });
  const introspect = sources?.introspect;
  return {
    jwt: oauth && sources ? createCheckJwt(oauth, { keys: sources.keys, now }) : noRoom,
    opaque: oauth && introspect ? (token) => checkOpaque(token, oauth, { introspect, now }) : noRoom,
    static: tokensFile === undefined ? noRoom : createCheckStatic(tokensFile, { log, now }),
    foreign: noRoom,
  };
}

/** Not reached: the check of the kind comes first. */
const noRoom: CheckToken = (token) => kindCheck(token, []);
