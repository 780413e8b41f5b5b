/** Tokens of machines, from a file that is read anew when it changes. They carry no person's presence: they never approve and never step up. */
import { timingSafeEqual } from 'node:crypto';
import { statSync } from 'node:fs';
import type { Caller } from '../caller.ts';
import { readSettingFile } from '../config/files.ts';
import { UsageError } from '../errors.ts';
import type { Log } from '../lib/log.ts';
import { foldedPerson } from './person.ts';
import { decodeTokens, digestOf, type StaticToken } from './tokens-file.ts';
import { Unavailable, type Check } from './types.ts';

/** Throws `Unavailable` while the file can't be used. */
export type CheckStatic = (token: string) => Caller | Check;

interface Ports {
  readonly log: Log;
  readonly now: () => number;
}

const LOOK_EVERY_MS = 1_000;

/** Throws `UsageError` if the file can't be used now. */
export function createCheckStatic(path: string, { log, now }: Ports): CheckStatic {
  const name = `The file of static tokens (${path})`;
  const read = () => decodeTokens(readSettingFile(path, { name, secret: true }), name).map(withHash);
  let stamp = stampOf(path);
  let tokens: readonly Hashed[] | undefined = read();
  let lookedAt = now();

  /** A file that is being replaced is either the old one or the new one. */
  function look(): void {
    lookedAt = now();
    const fresh = stampOf(path);
    if (fresh === stamp && tokens !== undefined) return;
    try {
      tokens = read();
      stamp = fresh;
      log.info('static tokens read', { tokens: tokens.length });
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      if (fresh !== stamp || tokens !== undefined) log.error('static tokens cannot be used', { reason: error.message });
      tokens = undefined;
      stamp = fresh;
    }
  }

  return (token) => {
    if (Math.abs(now() - lookedAt) >= LOOK_EVERY_MS) look();
    if (tokens === undefined) throw new Unavailable('The file of static tokens cannot be used.');
    const found = withDigest(tokens, digestOf(token));
    if (found === undefined) return refused('a static token that was added here and not removed', 'an unknown one');
    if (found.expires <= now())
      return refused('a static token that is still good', `${found.id}, expired ${new Date(found.expires).toISOString()}`);
    return callerOfStatic(found);
  };
}

export interface Hashed {
  readonly token: StaticToken;
  readonly digest: Buffer;
}
export const withHash = (token: StaticToken): Hashed => ({ token, digest: Buffer.from(token.hash, 'hex') });

/** All are compared, and each takes the same time. */
export function withDigest(tokens: readonly Hashed[], digest: Buffer): StaticToken | undefined {
  let found: StaticToken | undefined;
  for (const it of tokens) if (timingSafeEqual(it.digest, digest)) found = it.token;
  return found;
}

const callerOfStatic = ({ id, scopes, expires, owner }: StaticToken): Caller => ({
  principal: `static|${id}`,
  name: id,
  person: owner === undefined ? undefined : foldedPerson(owner),
  scopes: new Set(scopes),
  canStepUp: false,
  claims: {},
  expiresAt: expires,
});

const refused = (expected: string, found: string): Check => ({ check: 'static', ok: false, expected, found });

/** Changes whenever the file is written or replaced. */
function stampOf(path: string): string {
  try {
    const { mtimeMs, ctimeMs, size, ino } = statSync(path);
    return [mtimeMs, ctimeMs, size, ino].join(' ');
  } catch {
    return 'none';
  }
}
